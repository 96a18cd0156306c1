/* SPDX-License-Identifier: MIT */
/* What a service may demand of us over TLS, and we of it: client certificates and versions. It is
 * openssl's own server; the key and the token come from the sandbox. */
#include "client.h"
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static void make_certificates(void)
{
    tls_certificate("service", "IP:127.0.0.1");
    tls_certificate("client", "DNS:client.example");
    tls_certificate("other", "DNS:other.example");
}

static const char *config(const char *more)
{
    return daemon_cloud("main", stage_text("ca_file = %s\n%s", stage_path("service.pem"), more));
}

/* The sandbox names that service, which the daemon is to reach with those keys. */
static struct daemon *start(const char *arguments, const char *more)
{
    int port = tls_serve("service", arguments);

    sandbox_start((const char *const[]){"--extra-service",
                                        stage_text("tls,x-tls,,https://127.0.0.1:%d", port), NULL});
    return daemon_start(&(struct daemon_options){.config = config(more)});
}

static const struct reply *get_it(void)
{
    return get("/v1/main/proxy/x-tls/");
}

static void demand_client(const char *name)
{
    const struct reply *r = get_it();

    ck_assert_msg(r->status == 200, "%ld %s", r->status, r->body);
    ck_assert_msg(strstr(r->body, stage_text("Subject: CN=%s", name)) ||
                      strstr(r->body, stage_text("Subject: CN = %s", name)),
                  "%.2000s", r->body);
}

static void demand_failure(const char *said)
{
    const char *detail = reply_problem(get_it(), 502, "tls-failure");

    ck_assert_msg(strstr(detail, said), "no '%s' in: %s", said, detail);
}

#define DEMANDS "-Verify 1 -verify_return_error -CAfile client.pem"

static const char *const versions[] = {"-tls1_2", "-tls1_3"};

START_TEST(shows_its_certificate)
{
    make_certificates();
    (void)start(stage_text(DEMANDS " %s", versions[_i]),
                stage_text("cert_file = %s\nkey_file = %s", stage_path("client.pem"),
                           stage_path("client.key")));
    demand_client("client");
}
END_TEST

/* Where LoadCredential= puts them; and one file may hold both. */
START_TEST(finds_its_certificate_among_the_credentials)
{
    int port;

    make_certificates();
    port = tls_serve("service", DEMANDS);
    sandbox_start((const char *const[]){"--extra-service",
                                        stage_text("tls,x-tls,,https://127.0.0.1:%d", port), NULL});
    (void)stage_write("both", 0600,
                      stage_text("%s%s", stage_read(stage_path("client.pem"), NULL),
                                 stage_read(stage_path("client.key"), NULL)));
    (void)daemon_start(&(struct daemon_options){
        .config = config("cert_file = both"),
        .environment =
            (const char *const[]){stage_text("CREDENTIALS_DIRECTORY=%s", stage_folder()), NULL}});
    demand_client("client");
}
END_TEST

/* Both versions: with 1.3 the refusal comes when the handshake is over. */
START_TEST(has_none)
{
    make_certificates();
    (void)start(stage_text(DEMANDS " %s", versions[_i]), "");
    demand_failure("cert_file");
}
END_TEST

START_TEST(has_the_wrong_one)
{
    make_certificates();
    (void)start(stage_text(DEMANDS " %s", versions[_i]),
                stage_text("cert_file = %s\nkey_file = %s", stage_path("other.pem"),
                           stage_path("other.key")));
    demand_failure("cert_file");
}
END_TEST

START_TEST(names_the_file_that_is_not_there)
{
    make_certificates();
    (void)start(DEMANDS,
                stage_text("cert_file = %s\nkey_file = gone.key", stage_path("client.pem")));
    demand_failure(stage_path("gone.key"));
    demand_failure("key_file");
    demand_failure("No such file");
}
END_TEST

START_TEST(has_a_key_without_a_certificate)
{
    sandbox_start(NULL);
    daemon_refuses(
        &(struct daemon_options){.config = daemon_cloud("main", "key_file = /etc/client.key")},
        "key_file: no certificate goes with it");
}
END_TEST

START_TEST(has_a_key_of_another_certificate)
{
    make_certificates();
    (void)start(DEMANDS, stage_text("cert_file = %s\nkey_file = %s", stage_path("client.pem"),
                                    stage_path("other.key")));
    demand_failure("belong together");
}
END_TEST

/* Nobody is asked for the passphrase, and everything else goes on. */
START_TEST(asks_nobody_for_a_passphrase)
{
    make_certificates();
    tls_openssl("ec -in client.key -out locked.key -aes256 -passout pass:secret");
    (void)start(DEMANDS, stage_text("cert_file = %s\nkey_file = %s", stage_path("client.pem"),
                                    stage_path("locked.key")));
    demand_failure("passphrase");
    demand_failure(stage_path("locked.key"));
    ck_assert_str_eq(daemon_state("main"), "ready");
}
END_TEST

START_TEST(has_a_ca_file_that_is_not_there)
{
    const char *detail;

    make_certificates();
    sandbox_start((const char *const[]){"--tls-cert", stage_path("service.pem"), "--tls-key",
                                        stage_path("service.key"), NULL});
    (void)daemon_start(
        &(struct daemon_options){.config = daemon_cloud("main", "ca_file = /nowhere/ca.pem")});
    detail = reply_problem(get("/v1/main/token"), 503, "tls-failure");
    ck_assert_msg(strstr(detail, "ca_file /nowhere/ca.pem"), "%s", detail);
}
END_TEST

/* A renewed certificate counts from the next connection on. openssl closes each. */
START_TEST(reads_a_changed_certificate)
{
    make_certificates();
    (void)start("-verify 1 -CAfile client.pem",
                stage_text("cert_file = %s\nkey_file = %s", stage_path("client.pem"),
                           stage_path("client.key")));
    demand_client("client");
    tls_openssl("req -x509 -key client.key -days 2 -subj /CN=renewed -out new.pem");
    (void)stage_write("client.pem", 0600, stage_read(stage_path("new.pem"), NULL));
    demand_client("renewed");
}
END_TEST

/* A reload gives later requests the new one, whatever connections and sessions are kept. */
START_TEST(takes_another_certificate_from_a_reload)
{
    struct daemon *d;

    make_certificates();
    d = start("-verify 1 -CAfile client.pem",
              stage_text("cert_file = %s\nkey_file = %s", stage_path("client.pem"),
                         stage_path("client.key")));
    demand_client("client");
    daemon_reload(d, config(stage_text("cert_file = %s\nkey_file = %s", stage_path("other.pem"),
                                       stage_path("other.key"))));
    daemon_wait_state("main", "ready");
    demand_client("other");
}
END_TEST

START_TEST(warns_of_a_key_that_others_can_read)
{
    struct daemon *d;

    make_certificates();
    ck_assert_int_eq(chmod(stage_path("client.key"), 0644), 0);
    d = start(DEMANDS, stage_text("cert_file = %s\nkey_file = %s", stage_path("client.pem"),
                                  stage_path("client.key")));
    daemon_wait_log(d, stage_text("chmod 600 %s", stage_path("client.key")));
}
END_TEST

/* Has those certificates be all that this test's system trusts, one in the file of all authorities and
 * one in their folder (NULL: none). False where that is not for us to do, which a run of CI may not
 * say. */
static bool set_trusted(const char *in_file, const char *in_folder)
{
    const char *folder = stage_path("trusted");

    ck_assert_int_eq(mkdir(folder, 0755), 0);
    if (in_folder) {
        (void)stage_write("trusted/one.pem", 0644,
                          stage_read(stage_path(stage_text("%s.pem", in_folder)), NULL));
        tls_openssl("rehash trusted");
    }
    (void)stage_write("trusted/ca-certificates.crt", 0644,
                      stage_read(stage_path(stage_text("%s.pem", in_file)), NULL));
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(folder, "/etc/ssl/certs", NULL, MS_BIND, NULL) < 0) {
        ck_assert_msg(!getenv("CI"), "no authorities of our own: %s", strerror(errno));
        return false;
    }
    return true;
}

/* Its own authority stands in place of the system's, not beside them. */
START_TEST(trusts_its_ca_file_only)
{
    make_certificates();
    if (!set_trusted("service", _i ? "service" : NULL))
        return;
    sandbox_start((const char *const[]){"--tls-cert", stage_path("service.pem"), "--tls-key",
                                        stage_path("service.key"), NULL});
    (void)daemon_start(&(struct daemon_options){
        .config =
            stage_text("%s%s", daemon_cloud("system", ""),
                       daemon_cloud("own", stage_text("ca_file = %s", stage_path("other.pem"))))});
    daemon_wait_state("system", "ready");
    (void)reply_problem(get("/v1/own/token"), 503, "tls-failure");
}
END_TEST

/* The file of all authorities, which is large, is left alone where there is a folder of them. */
START_TEST(looks_into_the_folder_only)
{
    make_certificates();
    (void)stage_write("odd.pem", 0644, "no certificate\n");
    if (!set_trusted("odd", "service"))
        return;
    sandbox_start((const char *const[]){"--tls-cert", stage_path("service.pem"), "--tls-key",
                                        stage_path("service.key"), NULL});
    (void)daemon_start(&(struct daemon_options){.config = daemon_cloud("system", "")});
    daemon_wait_state("system", "ready");
}
END_TEST

/* Somebody has added to the file what the folder does not have. */
START_TEST(reads_a_file_that_is_newer_than_the_folder)
{
    static const struct timespec later[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 4000000000}};

    make_certificates();
    if (!set_trusted("service", "other"))
        return;
    ck_assert_int_eq(utimensat(AT_FDCWD, stage_path("trusted/ca-certificates.crt"), later, 0), 0);
    sandbox_start((const char *const[]){"--tls-cert", stage_path("service.pem"), "--tls-key",
                                        stage_path("service.key"), NULL});
    (void)daemon_start(&(struct daemon_options){.config = daemon_cloud("system", "")});
    daemon_wait_state("system", "ready");
}
END_TEST

/* A new authority counts from the next connection on. */
START_TEST(reads_a_changed_ca_file)
{
    make_certificates();
    sandbox_start((const char *const[]){"--tls-cert", stage_path("service.pem"), "--tls-key",
                                        stage_path("service.key"), NULL});
    (void)stage_write("ca.pem", 0600, stage_read(stage_path("other.pem"), NULL));
    (void)daemon_start(&(struct daemon_options){
        .config = daemon_cloud("main", stage_text("ca_file = %s", stage_path("ca.pem")))});
    (void)reply_problem(get("/v1/main/token"), 503, "tls-failure");
    (void)stage_write("ca.pem", 0600, stage_read(stage_path("service.pem"), NULL));
    ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
}
END_TEST

START_TEST(speaks_the_version_that_is_demanded)
{
    make_certificates();
    (void)start("-tls1_3", "tls_min_version = 1.3");
    ck_assert_int_eq(get_it()->status, 200);
}
END_TEST

START_TEST(refuses_an_older_version)
{
    make_certificates();
    (void)start("-tls1_2", "tls_min_version = 1.3");
    demand_failure("tls_min_version");
}
END_TEST

START_TEST(takes_the_older_version_without_being_told)
{
    make_certificates();
    (void)start("-tls1_2", "");
    ck_assert_int_eq(get_it()->status, 200);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tls_client");
    TCase *c = stage_case(s, "certificates", 30), *v = stage_case(s, "versions", 30);

    tcase_add_loop_test(c, shows_its_certificate, 0, ARRAY_SIZE(versions));
    tcase_add_test(c, finds_its_certificate_among_the_credentials);
    tcase_add_loop_test(c, has_none, 0, ARRAY_SIZE(versions));
    tcase_add_loop_test(c, has_the_wrong_one, 0, ARRAY_SIZE(versions));
    tcase_add_test(c, names_the_file_that_is_not_there);
    tcase_add_test(c, has_a_key_without_a_certificate);
    tcase_add_test(c, has_a_key_of_another_certificate);
    tcase_add_test(c, asks_nobody_for_a_passphrase);
    tcase_add_test(c, has_a_ca_file_that_is_not_there);
    tcase_add_test(c, reads_a_changed_certificate);
    tcase_add_test(c, takes_another_certificate_from_a_reload);
    tcase_add_test(c, warns_of_a_key_that_others_can_read);
    tcase_add_loop_test(c, trusts_its_ca_file_only, 0, 2);
    tcase_add_test(c, looks_into_the_folder_only);
    tcase_add_test(c, reads_a_file_that_is_newer_than_the_folder);
    tcase_add_test(c, reads_a_changed_ca_file);
    tcase_add_test(v, speaks_the_version_that_is_demanded);
    tcase_add_test(v, refuses_an_older_version);
    tcase_add_test(v, takes_the_older_version_without_being_told);
    return stage_run(s);
}
