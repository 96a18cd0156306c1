/* SPDX-License-Identifier: MIT */
/*
 * status, identity and refresh: how the daemon stands at its clouds.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "command.h"
#include "display.h"

/* ---- status ---------------------------------------------------------------------------------- */

static int print_clouds(const struct command *command, const lk_clouds *clouds)
{
    _cleanup_(table_done) struct table table = {.n_columns = 4};
    const char *preset = lk_clouds_default(clouds);
    int r;

    if (command->arguments->json) {
        command_print_json(lk_clouds_json(clouds));
        return 0;
    }
    if (lk_clouds_count(clouds) == 0) {
        puts("The daemon has no cloud that you may see.");
        return 0;
    }
    r = table_add(&table, (const char *[TABLE_COLUMNS]){"CLOUD", "STATE", "EXPIRES IN", ""});
    for (size_t i = 0; i < lk_clouds_count(clouds) && r == 0; i++) {
        const char *name = lk_clouds_name(clouds, i);
        char left[DURATION_SIZE];

        r = table_add(&table, (const char *[TABLE_COLUMNS]){
                                  name, lk_clouds_state(clouds, i),
                                  display_duration(left, lk_clouds_expires_in(clouds, i)),
                                  name && preset && strcmp(name, preset) == 0 ? "default" : ""});
    }
    if (r < 0)
        return r;
    table_print(stdout, &table);
    return 0;
}

/* Whether names or states differ; the seconds that run down are no change. */
static bool differ(const lk_clouds *a, const lk_clouds *b)
{
    if (!a || lk_clouds_count(a) != lk_clouds_count(b))
        return true;
    for (size_t i = 0; i < lk_clouds_count(a); i++)
        if (strcmp(lk_clouds_name(a, i), lk_clouds_name(b, i)) != 0 ||
            strcmp(lk_clouds_state(a, i), lk_clouds_state(b, i)) != 0 ||
            lk_clouds_expires_in(b, i) > lk_clouds_expires_in(a, i))
            return true;
    return false;
}

/* What is on the screen, or was printed last, and whether its daemon has been missed since. */
struct view {
    bool is_screen;
    bool is_stale;
    lk_clouds *clouds;
};

static void view_done(struct view *view)
{
    lk_clouds_free(view->clouds);
}

/* Every second on a terminal, every change elsewhere. Takes the clouds over. */
static int view_show(struct view *view, const struct command *command, lk_clouds *clouds)
{
    bool is_news = view->is_stale || differ(view->clouds, clouds);
    const char *before = view->clouds && !command->arguments->json ? "\n" : "";

    lk_clouds_free(view->clouds);
    view->clouds = clouds;
    view->is_stale = false;
    if (!view->is_screen && !is_news)
        return 0;
    fputs(view->is_screen ? "\033[H\033[J" : before, stdout);
    return print_clouds(command, clouds);
}

/* Lets a second pass. False: who read what we print is gone. */
static bool is_read_on(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};

    return poll(&output, 1, 1000) <= 0 || !(output.revents & (POLLERR | POLLHUP));
}

/* Goes on until somebody ends it, or has seen enough; a daemon that goes away is said once and
 * waited for. */
static int watch(const struct command *command)
{
    _cleanup_(view_done) struct view view = {
        .is_screen = isatty(STDOUT_FILENO) && !command->arguments->json,
    };
    int r = 0;

    while (r >= 0 && fflush(stdout) == 0) {
        _cleanup_(lk_error_freep) lk_error *error = NULL;
        lk_clouds *clouds = NULL;

        if (view.clouds && !is_read_on())
            return DONE;
        r = lk_clouds_get(command->client, &clouds, &error);
        if (r == 0) {
            r = view_show(&view, command, clouds);
        } else if (!view.clouds) {
            return command_failed(r, error);
        } else {
            if (!view.is_stale)
                command_failed(r, error);
            view.is_stale = true;
            r = 0;
        }
    }
    return r < 0 ? command_failed(r, NULL) : DONE;
}

int verb_status(struct command *command)
{
    _cleanup_(lk_clouds_freep) lk_clouds *clouds = NULL;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r;

    if (command->arguments->watch)
        return watch(command);
    r = lk_clouds_get(command->client, &clouds, &error);
    if (r != 0)
        return command_failed(r, error);
    r = print_clouds(command, clouds);
    return r < 0 ? command_failed(r, NULL) : DONE;
}

/* ---- identity and refresh -------------------------------------------------------------------- */

/* "NAME (ID)", or whichever of them there is; NULL when there is neither. The caller frees it. */
static char *name_and_id(const char *name, const char *id)
{
    char *text = NULL;

    if (!name && !id)
        return NULL;
    if (asprintf(&text, name && id ? "%s (%s)" : "%s%s", name ? name : "", id ? id : "") < 0)
        return NULL;
    return text;
}

typedef size_t (*count_fn)(const lk_identity *identity);
typedef const char *(*nth_fn)(const lk_identity *identity, size_t index);

/* "A, B, C". The caller frees it. */
static char *join(const lk_identity *identity, count_fn count, nth_fn nth)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    for (size_t i = 0; i < count(identity); i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", nth(identity, i) ? nth(identity, i) : "-");
    fclose(out);
    return text;
}

static int print_identity(const lk_identity *identity)
{
    _cleanup_(table_done) struct table table = {.n_columns = 2};
    _cleanup_(freep) char *user =
        name_and_id(lk_identity_user_name(identity), lk_identity_user_id(identity));
    _cleanup_(freep) char *tenant =
        name_and_id(lk_identity_tenant_name(identity), lk_identity_tenant_id(identity));
    _cleanup_(freep) char *roles = join(identity, lk_identity_role_count, lk_identity_role_name);
    _cleanup_(freep) char *regions = join(identity, lk_identity_region_count, lk_identity_region);
    char expires_in[DURATION_SIZE], refresh_in[DURATION_SIZE];
    const char *const rows[][TABLE_COLUMNS] = {
        {"cloud", lk_identity_cloud(identity)},
        {"state", lk_identity_state(identity)},
        {"user", user},
        {"tenant", tenant},
        {"roles", roles},
        {"default region", lk_identity_default_region(identity)},
        {"regions", regions},
        {"issued", lk_identity_issued(identity)},
        {"expires", lk_identity_expires(identity)},
        {"expires in", display_duration(expires_in, lk_identity_expires_in(identity))},
        {"renewal in", display_duration(refresh_in, lk_identity_refresh_in(identity))},
        {"last error", lk_identity_error_code(identity)},
        {"since", lk_identity_error_at(identity)},
        {"what to do", lk_identity_error_detail(identity)},
    };
    size_t n = ARRAY_SIZE(rows) - (lk_identity_error_code(identity) ? 0 : 3);
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++)
        r = table_add(&table, rows[i]);
    if (r == 0)
        table_print(stdout, &table);
    return r;
}

int verb_identity(struct command *command)
{
    _cleanup_(lk_identity_freep) lk_identity *identity = NULL;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r;

    r = lk_identity_get(command->client, command->arguments->cloud, &identity, &error);
    if (r != 0)
        return command_failed(r, error);
    if (command->arguments->json) {
        command_print_json(lk_identity_json(identity));
        return DONE;
    }
    r = print_identity(identity);
    return r < 0 ? command_failed(r, NULL) : DONE;
}

void command_print_outcome(const struct command *command, const lk_identity *identity)
{
    char left[DURATION_SIZE];

    if (command->arguments->json) {
        command_print_json(lk_identity_json(identity));
        return;
    }
    display_text(stdout, lk_identity_cloud(identity));
    fputs(": ", stdout);
    display_text(stdout, lk_identity_state(identity));
    if (lk_identity_expires_in(identity) >= 0)
        printf(", the token lives for %s",
               display_duration(left, lk_identity_expires_in(identity)));
    putchar('\n');
}

int verb_refresh(struct command *command)
{
    _cleanup_(lk_identity_freep) lk_identity *identity = NULL;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r;

    r = lk_refresh(command->client, command->arguments->cloud, &identity, &error);
    if (r != 0)
        return command_failed(r, error);
    command_print_outcome(command, identity);
    return DONE;
}
