/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include "secret.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define STATUS_FIRST 100
#define STATUS_COUNT 900

struct metrics {
    const char *const *route_names;
    size_t n_routes;
    uint64_t **requests; /* by route and status; NULL for a route that nobody has asked for */
    usec_t started;
};

int metrics_new(const char *const *route_names, size_t n_routes, struct metrics **ret)
{
    struct metrics *m = calloc(1, sizeof(*m));

    if (!m)
        return -ENOMEM;
    m->requests = calloc(n_routes, sizeof(*m->requests));
    if (!m->requests) {
        free(m);
        return -ENOMEM;
    }
    m->route_names = route_names;
    m->n_routes = n_routes;
    m->started = clock_realtime();
    *ret = m;
    return 0;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_routes; i++)
        free(m->requests[i]);
    free(m->requests);
    free(m);
}

void metrics_count_request(struct metrics *m, size_t route, unsigned status)
{
    if (route >= m->n_routes || status < STATUS_FIRST || status >= STATUS_FIRST + STATUS_COUNT)
        return;
    if (!m->requests[route])
        m->requests[route] = calloc(STATUS_COUNT, sizeof(**m->requests));
    if (m->requests[route]) /* without memory it goes uncounted */
        m->requests[route][status - STATUS_FIRST]++;
}

static void family(FILE *f, const char *name, const char *type, const char *unit, const char *help)
{
    fprintf(f, "# TYPE %s %s\n", name, type);
    if (unit)
        fprintf(f, "# UNIT %s %s\n", name, unit);
    fprintf(f, "# HELP %s %s\n", name, help);
}

static void write_requests(FILE *f, const struct metrics *m)
{
    family(f, "latchkey_requests", "counter", NULL, "Requests answered, by route and status.");
    for (size_t route = 0; route < m->n_routes; route++)
        for (unsigned i = 0; i < STATUS_COUNT; i++)
            if (m->requests[route] && m->requests[route][i])
                fprintf(f, "latchkey_requests_total{route=\"%s\",status=\"%u\"} %llu\n",
                        m->route_names[route], STATUS_FIRST + i,
                        (unsigned long long)m->requests[route][i]);
}

static void write_logins(FILE *f, const struct clouds *clouds)
{
    family(f, "latchkey_logins", "counter", NULL, "Logins, by outcome.");
    for (size_t i = 0; i < clouds->n; i++) {
        const struct cloud *c = clouds->all[i];

        fprintf(f, "latchkey_logins_total{cloud=\"%s\",outcome=\"success\"} %llu\n", c->config.name,
                (unsigned long long)c->counters.logins_succeeded);
        for (int code = 0; code < _PROBLEM_MAX; code++)
            if (c->counters.logins_failed[code])
                fprintf(f, "latchkey_logins_total{cloud=\"%s\",outcome=\"%s\"} %llu\n",
                        c->config.name, problem_word(code),
                        (unsigned long long)c->counters.logins_failed[code]);
    }
    family(f, "latchkey_renewals", "counter", NULL, "New tokens after the first.");
    for (size_t i = 0; i < clouds->n; i++)
        fprintf(f, "latchkey_renewals_total{cloud=\"%s\"} %llu\n", clouds->all[i]->config.name,
                (unsigned long long)clouds->all[i]->counters.renewals);
}

static void write_clouds(FILE *f, const struct clouds *clouds)
{
    family(f, "latchkey_proxied_bytes", "counter", "bytes",
           "Body bytes of signed requests, sent to the cloud and received from it.");
    for (size_t i = 0; i < clouds->n; i++) {
        const struct cloud *c = clouds->all[i];

        fprintf(f, "latchkey_proxied_bytes_total{cloud=\"%s\",direction=\"sent\"} %llu\n",
                c->config.name, (unsigned long long)c->counters.bytes_sent);
        fprintf(f, "latchkey_proxied_bytes_total{cloud=\"%s\",direction=\"received\"} %llu\n",
                c->config.name, (unsigned long long)c->counters.bytes_received);
    }
    family(f, "latchkey_token_left_seconds", "gauge", "seconds", "Seconds until the token dies.");
    for (size_t i = 0; i < clouds->n; i++) {
        const struct session *s = cloud_session(clouds->all[i]);

        if (s && !session_ends(s))
            continue; /* nobody has to be warned of its end */
        fprintf(f, "latchkey_token_left_seconds{cloud=\"%s\"} %llu\n", clouds->all[i]->config.name,
                s ? (unsigned long long)session_seconds_left(s, clock_boottime()) : 0ULL);
    }
    family(f, "latchkey_cloud_state", "stateset", NULL, "Each cloud's state.");
    for (size_t i = 0; i < clouds->n; i++)
        for (int state = 0; state < _CLOUD_STATE_MAX; state++)
            fprintf(f, "latchkey_cloud_state{cloud=\"%s\",latchkey_cloud_state=\"%s\"} %d\n",
                    clouds->all[i]->config.name, cloud_state_name(state),
                    clouds->all[i]->state == (enum cloud_state)state);
}

static void write_gauges(FILE *f, const struct metrics_gauges *g)
{
    family(f, "latchkey_connections", "gauge", NULL, "Open connections of consumers.");
    fprintf(f, "latchkey_connections %zu\n", g->connections);
    family(f, "latchkey_requests_in_flight", "gauge", NULL, "Requests being answered.");
    fprintf(f, "latchkey_requests_in_flight %zu\n", g->requests);
    family(f, "latchkey_transfers_in_flight", "gauge", NULL, "Transfers to clouds under way.");
    fprintf(f, "latchkey_transfers_in_flight %zu\n", g->transfers);
    family(f, "latchkey_users", "gauge", NULL, "Users with a connection.");
    fprintf(f, "latchkey_users %zu\n", quota_users(g->quota));
    family(f, "latchkey_too_many", "counter", NULL,
           "Connections and requests beyond their user's quota, by its key.");
    for (enum quota_kind kind = 0; kind < QUOTA_LIMITS; kind++)
        fprintf(f, "latchkey_too_many_total{quota=\"%s\"} %llu\n", quota_key(kind),
                (unsigned long long)quota_refused(g->quota, kind));
}

static unsigned count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    if (!dir)
        return 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n < 3 ? 0 : n - 3; /* ".", ".." and the one that looks */
}

static unsigned long long resident_bytes(void)
{
    unsigned long long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (!f)
        return 0;
    if (fscanf(f, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    fclose(f);
    return resident * (unsigned long long)sysconf(_SC_PAGESIZE);
}

static void write_process(FILE *f, const struct metrics *m)
{
    struct rusage usage = {0};
    double cpu;

    (void)getrusage(RUSAGE_SELF, &usage);
    cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
          (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    family(f, "process_cpu_seconds", "counter", "seconds", "User and system CPU time.");
    fprintf(f, "process_cpu_seconds_total %.6f\n", cpu);
    family(f, "process_resident_memory_bytes", "gauge", "bytes", "Resident memory.");
    fprintf(f, "process_resident_memory_bytes %llu\n", resident_bytes());
    family(f, "process_open_fds", "gauge", NULL, "Open file descriptors.");
    fprintf(f, "process_open_fds %u\n", count_descriptors());
    family(f, "process_start_time_seconds", "gauge", "seconds", "Start, since 1970.");
    fprintf(f, "process_start_time_seconds %.3f\n", (double)m->started / 1e6);
    family(f, "latchkey_build", "info", NULL, "The version that runs.");
    fprintf(f, "latchkey_build_info{version=\"%s\"} 1\n", LATCHKEY_VERSION);
}

int metrics_write(const struct metrics *m, const struct clouds *clouds,
                  const struct metrics_gauges *gauges, char **ret_text, size_t *ret_length)
{
    char *text = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&text, &length);

    if (!f)
        return -ENOMEM;
    write_requests(f, m);
    write_logins(f, clouds);
    write_clouds(f, clouds);
    write_gauges(f, gauges);
    write_process(f, m);
    fputs("# EOF\n", f);
    if (fclose(f) != 0) {
        free(text);
        return -ENOMEM;
    }
    *ret_text = text;
    *ret_length = length;
    return 0;
}
