/* SPDX-License-Identifier: MIT */
/* Credential files while the daemon runs: every way in which one can change is noticed at once, and
 * one that is of no use takes nothing away. */
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define NOBODY 65534
#define WRONG_KEY "a-key-that-nobody-gave"
#define NEW_KEY "the-key-of-next-month"
#define AT_ONCE 5 /* s: a refused login is tried again after 60 at the earliest */

/* A cloud whose credential is in the test's folder. */
static struct daemon *start_with(const char *name)
{
    return daemon_start(&(struct daemon_options){
        .config = stage_text("[rackspace]\nauth_endpoint = %s/v2.0\ncredential_file = %s\n",
                             sandbox_url(), stage_path(name))});
}

static bool is_ready(void *userdata)
{
    (void)userdata;
    return !strcmp(daemon_state("rackspace"), "ready");
}

static void demand_ready_at_once(void)
{
    ck_assert_msg(wait_until(AT_ONCE, is_ready, NULL), "it is %s, last error %s",
                  daemon_state("rackspace"), look_error("rackspace"));
    ck_assert(sandbox_takes(look_token("rackspace")));
}

static void write_in_place(const char *path, const char *text)
{
    _cleanup_(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* ---- a key that is refused */

static struct daemon *start_rejected(void)
{
    struct daemon *d;

    sandbox_start(NULL);
    (void)stage_write("key", 0600, daemon_credential(SANDBOX_USER, WRONG_KEY));
    d = start_with("key");
    look_demand("rackspace", "rejected", "credentials-rejected");
    ck_assert_int_ge(look_refresh_in("rackspace"), 50);
    return d;
}

START_TEST(notices_a_renamed_file)
{
    (void)start_rejected();
    (void)stage_write("key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    demand_ready_at_once();
    look_demand("rackspace", "ready", NULL);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

START_TEST(notices_a_rewritten_file)
{
    (void)start_rejected();
    write_in_place(stage_path("key"), daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    demand_ready_at_once();
}
END_TEST

START_TEST(notices_a_file_that_was_away)
{
    (void)start_rejected();
    ck_assert_int_eq(unlink(stage_path("key")), 0);
    write_in_place(stage_path("key"), daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    demand_ready_at_once();
}
END_TEST

/* As a link into another folder, which deployment tools point elsewhere. */
START_TEST(notices_a_link_that_was_changed)
{
    (void)start_rejected();
    (void)stage_write("right", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    ck_assert_int_eq(symlink(stage_path("right"), stage_path("link")), 0);
    ck_assert_int_eq(rename(stage_path("link"), stage_path("key")), 0);
    demand_ready_at_once();
}
END_TEST

/* Either way in which one can point to a file that is new: the daemon knows of the right key only by
 * what happens behind the link. */
static void start_rejected_link(const char *target)
{
    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(stage_path("far"), 0755), 0);
    (void)stage_write(target, 0600, daemon_credential(SANDBOX_USER, WRONG_KEY));
    ck_assert_int_eq(symlink(target, stage_path("key")), 0);
    (void)start_with("key");
    look_demand("rackspace", "rejected", "credentials-rejected");
}

START_TEST(notices_a_file_behind_a_link)
{
    start_rejected_link("far/real");
    if (_i == 0)
        write_in_place(stage_path("far/real"), daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    else
        (void)stage_write("far/real", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    demand_ready_at_once();
    /* And still, once that has happened. */
    sandbox_set("'api_key': '%s'", NEW_KEY);
    (void)stage_write("far/real", 0600, daemon_credential(SANDBOX_USER, NEW_KEY));
    sandbox_wait_count("logins", 2);
}
END_TEST

/* A link to a link to a folder, which is how Kubernetes changes all files of a folder at once. */
START_TEST(notices_a_link_on_the_way)
{
    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(stage_path("1"), 0755), 0);
    ck_assert_int_eq(mkdir(stage_path("2"), 0755), 0);
    (void)stage_write("1/key", 0600, daemon_credential(SANDBOX_USER, WRONG_KEY));
    (void)stage_write("2/key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    ck_assert_int_eq(symlink("1", stage_path("data")), 0);
    ck_assert_int_eq(symlink("data/key", stage_path("key")), 0);
    (void)start_with("key");
    look_demand("rackspace", "rejected", "credentials-rejected");
    ck_assert_int_eq(symlink("2", stage_path("new")), 0);
    ck_assert_int_eq(rename(stage_path("new"), stage_path("data")), 0);
    demand_ready_at_once();
}
END_TEST

static void start_rejected_in_folder(void)
{
    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(stage_path("folder"), 0755), 0);
    (void)stage_write("folder/key", 0600, daemon_credential(SANDBOX_USER, WRONG_KEY));
    (void)start_with("folder/key");
    look_demand("rackspace", "rejected", "credentials-rejected");
}

START_TEST(notices_a_folder_that_was_replaced)
{
    start_rejected_in_folder();
    ck_assert_int_eq(mkdir(stage_path("new"), 0755), 0);
    (void)stage_write("new/key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    ck_assert_int_eq(rename(stage_path("folder"), stage_path("old")), 0);
    usleep(_i == 0 ? 0 : 200000);
    ck_assert_int_eq(rename(stage_path("new"), stage_path("folder")), 0);
    demand_ready_at_once();
    /* It is the new one that counts from now on. */
    sandbox_set("'api_key': '%s'", NEW_KEY);
    (void)stage_write("folder/key", 0600, daemon_credential(SANDBOX_USER, NEW_KEY));
    sandbox_wait_count("logins", 2);
}
END_TEST

START_TEST(notices_a_folder_that_was_away)
{
    start_rejected_in_folder();
    ck_assert_int_eq(unlink(stage_path("folder/key")), 0);
    ck_assert_int_eq(rmdir(stage_path("folder")), 0);
    usleep(_i == 0 ? 0 : 200000);
    ck_assert_int_eq(mkdir(stage_path("folder"), 0755), 0);
    write_in_place(stage_path("folder/key"), daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    demand_ready_at_once();
}
END_TEST

START_TEST(reads_it_again_at_a_reload)
{
    struct daemon *d = start_rejected();

    sandbox_set("'api_key': '%s'", WRONG_KEY);
    daemon_reload(d, NULL);
    demand_ready_at_once();
}
END_TEST

/* ---- a file that cannot be read */

static void demand_unreadable(const char *name)
{
    look_demand("rackspace", "signed-out", "credential-unreadable");
    ck_assert_int_eq(get("/v1/rackspace/token")->status, 503);
    ck_assert_ptr_nonnull(strstr(get("/v1/rackspace/token")->body, stage_path(name)));
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 0);
}

static struct daemon *start_without_file(void)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = start_with("key");
    demand_unreadable("key");
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "credential-unreadable"));
    return d;
}

START_TEST(says_which_file_it_cannot_read)
{
    static const char *const requests[] = {"GET token", "GET catalog", "POST refresh"};

    (void)start_without_file();
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        const char *space = strchr(requests[i], ' ');
        const char *method = stage_text("%.*s", (int)(space - requests[i]), requests[i]);
        const struct reply *r =
            send_text(method, stage_text("/v1/rackspace/%s", space + 1), NULL, NULL);
        const char *detail = reply_problem(r, 503, "credential-unreadable");

        ck_assert_msg(strstr(detail, stage_path("key")), "%s", detail);
    }
}
END_TEST

START_TEST(notices_a_file_that_is_moved_in)
{
    (void)start_without_file();
    (void)stage_write("key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    demand_ready_at_once();
    look_demand("rackspace", "ready", NULL);
}
END_TEST

START_TEST(notices_a_file_that_is_written)
{
    (void)start_without_file();
    write_in_place(stage_path("key"), daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    demand_ready_at_once();
}
END_TEST

START_TEST(notices_a_link_that_is_made)
{
    (void)start_without_file();
    (void)stage_write("elsewhere", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    ck_assert_int_eq(symlink(stage_path("elsewhere"), stage_path("key")), 0);
    demand_ready_at_once();
}
END_TEST

/* What the error advises is enough: nobody has to touch the file's text. */
START_TEST(notices_a_file_that_becomes_readable)
{
    const char *folder = stage_path("own");
    struct daemon *d;

    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(chown(folder, NOBODY, NOBODY), 0);
    d = daemon_start(
        &(struct daemon_options){.uid = NOBODY, .socket = stage_text("%s/socket", folder)});
    demand_unreadable(strrchr(d->credential, '/') + 1);
    ck_assert_int_eq(chown(d->credential, NOBODY, NOBODY), 0);
    demand_ready_at_once();
}
END_TEST

/* Its folders may come with it: then a reload finds them all. */
START_TEST(finds_a_folder_that_came_later)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = start_with("later/still/key");
    demand_unreadable("later/still/key");
    ck_assert_int_eq(mkdir(stage_path("later"), 0755), 0);
    ck_assert_int_eq(mkdir(stage_path("later/still"), 0755), 0);
    (void)stage_write("later/still/key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    process_signal(&d->process, SIGHUP);
    demand_ready_at_once();
}
END_TEST

/* ---- a file while a token is held */

static struct daemon *start_ready(void)
{
    sandbox_start(NULL);
    (void)stage_write("key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    return start_with("key");
}

START_TEST(logs_in_with_a_new_key)
{
    (void)start_ready();
    sandbox_set("'api_key': '%s'", NEW_KEY);
    (void)stage_write("key", 0600, daemon_credential(SANDBOX_USER, NEW_KEY));
    sandbox_wait_count("logins", 2);
    daemon_wait_state("rackspace", "ready");
    ck_assert_int_eq(look_generation("rackspace"), 2);
}
END_TEST

static void demand_untouched(const char *token)
{
    look_demand("rackspace", "ready", NULL);
    ck_assert_str_eq(look_token("rackspace"), token);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}

/* The key goes on in every case; the last line shows that the changes were seen at all. */
START_TEST(keeps_its_key_whatever_happens_to_the_file)
{
    struct daemon *d = start_ready();
    const char *token = look_token("rackspace");

    (void)stage_write("key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    (void)stage_write("key", 0600, "[rackspace_cloud]\nusername = me\napi_kye = " WRONG_KEY "\n");
    daemon_wait_log(d, stage_text("%s:3: api_kye: ", stage_path("key")));
    demand_untouched(token);
    write_in_place(stage_path("key"), "");
    daemon_wait_log(d, "holds no credential");
    demand_untouched(token);
    ck_assert_int_eq(unlink(stage_path("key")), 0);
    daemon_reload(d, NULL);
    demand_untouched(token);
    (void)stage_write("key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    (void)reply_json(send_text("POST", "/v1/rackspace/refresh", "", NULL), 200);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

/* ---- where it is, and what is in it */

/* Not a word of it may get into the log, which stage looks at in the end. */
START_TEST(does_not_start_on_a_broken_file)
{
    static const struct {
        const char *text, *place;
    } files[] = {
        {"[rackspace_cloud]\nusername = me\n" WRONG_KEY "\n", ":3: "},
        {"[rackspace_cloud]\nusername = me\napi_kye = " WRONG_KEY "\n", ":3: api_kye: "},
        {"[rackspace_cloud]\nusername = me\napi_key = " WRONG_KEY "\napi_key = x\n",
         ":4: api_key: "},
        {"[rackspace_cloud]\nusername =\napi_key = " WRONG_KEY "\n", ":2: username: "},
        {"[rackspace_cloud]\napi_key = " WRONG_KEY "\n", ":1: username: "},
        {"[rackspace_cloud]\nusername = me\n", ":1: api_key: "},
        {"api_key = " WRONG_KEY "\n", ":1: api_key: "},
    };

    sandbox_start(NULL);
    secrets_add(WRONG_KEY);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct daemon *d = daemon_start(
            &(struct daemon_options){.credential = files[i].text, .wait = DAEMON_NOTHING});

        ck_assert_int_eq(daemon_wait_end(d, 10), 1);
        daemon_wait_log(d, stage_text("%s%s", d->credential, files[i].place));
        ck_assert_int_ne(access(d->socket, F_OK), 0);
    }
}
END_TEST

START_TEST(reads_it_raw)
{
    static const char key[] = "100%%(sure)s %d #1 = it's \"so\"";

    sandbox_start(NULL);
    sandbox_set("'api_key': '100%%%%(sure)s %%d #1 = it\\u0027s \\u0022so\\u0022'");
    (void)daemon_start(
        &(struct daemon_options){.credential = daemon_credential(SANDBOX_USER, key)});
    look_demand("rackspace", "ready", NULL);
}
END_TEST

START_TEST(warns_of_a_file_that_others_can_read)
{
    struct daemon *d;

    d = start_ready();
    ck_assert_ptr_null(strstr(daemon_log(d), "chmod"));
    (void)stage_write("key", 0640, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    daemon_wait_log(d, stage_text("chmod 600 %s", stage_path("key")));
}
END_TEST

/* What systemd passes comes first, by the file's name or the cloud's, and is nothing to warn of. */
START_TEST(looks_where_systemd_passes_credentials)
{
    const char *folder = stage_path("passed");
    struct daemon *d;

    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    (void)stage_write("passed/key", 0440, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    (void)stage_write("passed/second", 0440, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    (void)stage_write("key", 0600, daemon_credential(SANDBOX_USER, WRONG_KEY));
    d = daemon_start(&(struct daemon_options){
        .environment = (const char *const[]){stage_text("CREDENTIALS_DIRECTORY=%s", folder), NULL},
        .config = stage_text("[first]\nauth_endpoint = %s\ncredential_file = key\n"
                             "[second]\nauth_endpoint = %s\n[third]\nauth_endpoint = %s\n",
                             sandbox_url(), sandbox_url(), sandbox_url())});
    daemon_wait_state("first", "ready");
    daemon_wait_state("second", "ready");
    look_demand("third", "signed-out", NULL);
    ck_assert_ptr_null(strstr(daemon_log(d), "chmod"));
}
END_TEST

/* Else a relative name is beside the configuration. */
START_TEST(looks_beside_the_configuration)
{
    sandbox_start(NULL);
    (void)stage_write("key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    (void)daemon_start(&(struct daemon_options){
        .config =
            stage_text("[rackspace]\nauth_endpoint = %s\ncredential_file = key\n", sandbox_url())});
    look_demand("rackspace", "ready", NULL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("credential files");
    TCase *c = stage_case(s, "files", 20);

    tcase_add_test(c, notices_a_renamed_file);
    tcase_add_test(c, notices_a_rewritten_file);
    tcase_add_test(c, notices_a_file_that_was_away);
    tcase_add_test(c, notices_a_link_that_was_changed);
    tcase_add_loop_test(c, notices_a_file_behind_a_link, 0, 2);
    tcase_add_test(c, notices_a_link_on_the_way);
    tcase_add_loop_test(c, notices_a_folder_that_was_replaced, 0, 2);
    tcase_add_loop_test(c, notices_a_folder_that_was_away, 0, 2);
    tcase_add_test(c, reads_it_again_at_a_reload);
    tcase_add_test(c, says_which_file_it_cannot_read);
    tcase_add_test(c, notices_a_file_that_is_moved_in);
    tcase_add_test(c, notices_a_file_that_is_written);
    tcase_add_test(c, notices_a_link_that_is_made);
    tcase_add_test(c, notices_a_file_that_becomes_readable);
    tcase_add_test(c, finds_a_folder_that_came_later);
    tcase_add_test(c, logs_in_with_a_new_key);
    tcase_add_test(c, keeps_its_key_whatever_happens_to_the_file);
    tcase_add_test(c, does_not_start_on_a_broken_file);
    tcase_add_test(c, reads_it_raw);
    tcase_add_test(c, warns_of_a_file_that_others_can_read);
    tcase_add_test(c, looks_where_systemd_passes_credentials);
    tcase_add_test(c, looks_beside_the_configuration);
    return stage_run(s);
}
