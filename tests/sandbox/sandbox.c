/* SPDX-License-Identifier: MIT */
/* See sandbox.h. */
#include "sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cleanup.h"

int sandbox_init(struct sandbox *s)
{
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->stop_fd < 0)
        return -errno;
    s->settings = s->start_settings;
    s->resources = json_object();
    pthread_mutex_init(&s->lock, NULL);
    store_init(&s->store);
    return s->resources ? 0 : -ENOMEM;
}

static void counters_done(struct sandbox_counters *counters)
{
    free(counters->login_times.values);
    free(counters->login_attempt_times.values);
    *counters = (struct sandbox_counters){0};
}

void sandbox_done(struct sandbox *s)
{
    counters_done(&s->counters);
    token_table_done(&s->tokens);
    store_done(&s->store);
    json_decref(s->resources);
    closep(&s->stop_fd);
    pthread_mutex_destroy(&s->lock);
    for (size_t i = 0; i < s->options.service_count; i++)
        free(s->options.services[i].name);
    free(s->options.services);
}

struct sandbox *sandbox_lock(struct sandbox *s)
{
    pthread_mutex_lock(&s->lock);
    return s;
}

void sandbox_unlock(struct sandbox *s)
{
    pthread_mutex_unlock(&s->lock);
}

double sandbox_time(const struct sandbox *s)
{
    return clock_wall() + s->settings.clock_offset;
}

void sandbox_times_add(struct sandbox_times *times, double time)
{
    if (times->count == times->room) {
        size_t room = times->room ? times->room * 2 : 64;
        double *values = reallocarray(times->values, room, sizeof(*values));

        if (!values)
            return;
        times->values = values;
        times->room = room;
    }
    times->values[times->count++] = time;
}

void sandbox_reset(struct sandbox *s)
{
    counters_done(&s->counters);
    s->settings = s->start_settings;
}

static json_t *show_times(const struct sandbox_times *times)
{
    json_t *array = json_array();

    for (size_t i = 0; i < times->count; i++)
        json_array_append_new(array, json_real(times->values[i]));
    return array;
}

json_t *sandbox_stats(struct sandbox *s)
{
    const struct sandbox_counters *c = &s->counters;
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"logins", c->logins},
        {"login_failures", c->login_failures},
        {"logins_with_token", c->logins_with_token},
        {"logins_at_once", c->logins_at_once},
        {"revocations", c->revocations},
        {"live_tokens", (token_sweep(&s->tokens), s->tokens.live.count)},
        {"requests", c->requests},
        {"unauthorized", c->unauthorized},
        {"active_transfers", s->active_transfers},
        {"dead_token_uses", c->dead_token_uses},
    };
    json_t *stats = json_object();

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        json_object_set_new(stats, numbers[i].name, json_integer((json_int_t)numbers[i].value));
    json_object_set_new(stats, "login_times", show_times(&c->login_times));
    json_object_set_new(stats, "login_attempt_times", show_times(&c->login_attempt_times));
    return stats;
}
