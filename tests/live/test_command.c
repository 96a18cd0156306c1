/* SPDX-License-Identifier: MIT */
/* What the verbs that ask for something print, for people and as JSON: the real daemon's answers. */
#include "command.h"
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"

#include <string.h>

static void start(void)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
}

/* A JSON document of the daemon, as it came, with a line end. */
static void demand_document(const struct command *c, const char *target)
{
    (void)demand_json(c);
    ck_assert_str_eq(c->out, stage_text("%s\n", get("%s", target)->body));
}

/* ---- identity and refresh */

START_TEST(shows_the_identity)
{
    start();
    (void)demand_done(latchkey("identity"), "cloud           rackspace\n"
                                            "state           ready\n"
                                            "user            myusername (123456)\n"
                                            "tenant          sandbox (000000)\n"
                                            "roles           *, *\n"
                                            "default region  -\n"
                                            "regions         ORD, DFW\n"
                                            "issued          2*Z\n"
                                            "expires         2*Z\n"
                                            "expires in      23 h 59 min\n"
                                            "renewal in      * h * min\n");
    ck_assert_str_eq(
        json_string_value(json_object_get(demand_json(latchkey("--json", "identity")), "state")),
        "ready");
}
END_TEST

/* What went wrong last, and what to do about it. */
START_TEST(shows_the_last_error)
{
    start();
    sandbox_set("'login_fault': 'service_unavailable'");
    demand_failure(latchkey("refresh"), 1, "*");
    (void)demand_done(latchkey("identity"), "cloud           rackspace\n"
                                            "state           degraded\n"
                                            "*\nlast error      identity-unavailable\n"
                                            "since           2*Z\n"
                                            "what to do      ?*\n");
}
END_TEST

START_TEST(refreshes)
{
    start();
    ck_assert_str_eq(demand_done(latchkey("refresh"), "*"),
                     "rackspace: ready, the token lives for 23 h 59 min\n");
    ck_assert_int_eq(look_generation("default"), 2);
    ck_assert_int_eq(json_integer_value(
                         json_object_get(demand_json(latchkey("refresh", "--json")), "generation")),
                     3);
    ck_assert_int_eq(sandbox_count("logins"), 3);
}
END_TEST

/* ---- token */

START_TEST(prints_the_token)
{
    start();
    ck_assert_str_eq(demand_done(latchkey("token"), "*"),
                     stage_text("%s\n", look_token("default")));
    ck_assert_str_eq(
        json_string_value(json_object_get(demand_json(latchkey("token", "--json")), "token")),
        look_token("default"));
    ck_assert_int_eq(sandbox_count("logins"), 1);
}
END_TEST

/* The daemon logs in for this at most once in 5 s. */
static bool may_renew(_unused_ void *userdata)
{
    return json_integer_value(json_object_get(look_identity("default"), "expires_in")) < 594;
}

START_TEST(prints_a_token_that_lives_long_enough)
{
    const char *before;

    sandbox_start((const char *const[]){"--token-lifetime", "600", NULL});
    (void)daemon_start(NULL);
    before = look_token("default");
    ck_assert(wait_until(15, may_renew, NULL));
    ck_assert_str_eq(demand_done(latchkey("token", "--min-ttl", "60"), "*"),
                     stage_text("%s\n", before));
    ck_assert_str_ne(demand_done(latchkey("token", "--min-ttl", "599"), "?*\n"),
                     stage_text("%s\n", before));
    ck_assert_int_eq(look_generation("default"), 2);
}
END_TEST

/* ---- catalog and endpoint */

START_TEST(prints_the_catalog)
{
    const char *head = "SERVICE * NAME * REGION  INTERFACE  URL\n";

    start();
    (void)demand_done(latchkey("catalog"),
                      stage_text("%srax:load-balancer * ORD *"
                                 "\nobject-store       cloudFiles             DFW     internal   "
                                 "%s/snet-DFW/v1/MossoCloudFS_aaaa\n*"
                                 "\nrax:dns            cloudDNS               -       public     *",
                                 head, sandbox_url()));
    (void)demand_done(latchkey("catalog", "swift", "--region", "ord", "--interface", "internal"),
                      stage_text("%sobject-store  cloudFiles  ORD     internal   "
                                 "%s/snet-ORD/v1/MossoCloudFS_aaaa\n",
                                 head, sandbox_url()));
    (void)demand_done(latchkey("catalog", "nonsense"), "SERVICE  NAME  REGION  INTERFACE  URL\n");
    demand_document(latchkey("catalog", "--json"), "/v1/default/catalog");
    demand_document(latchkey("catalog", "dns", "--json"), "/v1/default/catalog?service=dns");
}
END_TEST

START_TEST(prints_an_endpoint)
{
    const char *public = stage_text("/DFW/v1/MossoCloudFS_aaaa\n");

    start();
    ck_assert_str_eq(demand_done(latchkey("endpoint", "object-store", "--region", "DFW"), "*"),
                     stage_text("%s%s", sandbox_url(), public));
    ck_assert_str_eq(demand_done(latchkey("endpoint", "--region=dfw", "cloudFiles"), "*"),
                     stage_text("%s%s", sandbox_url(), public));
    (void)demand_done(latchkey("endpoint", "swift", "--interface", "internal", "--region", "DFW"),
                      stage_text("%s/snet-DFW/v1/MossoCloudFS_aaaa\n", sandbox_url()));
    (void)demand_done(latchkey("endpoint", "dns"), stage_text("%s/dns/*\n", sandbox_url()));
    demand_document(latchkey("--json", "endpoint", "dns"), "/v1/default/endpoint?service=dns");
}
END_TEST

/* Each says what could be asked for instead. */
START_TEST(explains_why_there_is_no_endpoint)
{
    start();
    demand_failure(latchkey("endpoint", "swift"), 1, "*DFW*ORD*");
    demand_failure(latchkey("endpoint", "swift", "--region", "LON"), 1, "*LON*DFW*ORD*");
    demand_failure(
        latchkey("endpoint", "cloudFilesCDN", "--region", "DFW", "--interface", "internal"), 1,
        "*internal*");
    demand_failure(latchkey("endpoint", "nonsense"), 1, "*nonsense*");
}
END_TEST

/* ---- which cloud */

START_TEST(asks_for_a_cloud)
{
    static const char *const second[] = {"LATCHKEY_CLOUD=second", NULL};
    const struct command_options elsewhere = {.environment = second};

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\ndefault = first\n%s%s", daemon_cloud("first", ""),
                             daemon_cloud("second", "region = DFW"))});
    (void)demand_done(latchkey("identity"), "cloud           first\n*");
    (void)demand_done(latchkey_with(&elsewhere, "identity"), "cloud           second\n*");
    (void)demand_done(latchkey_with(&elsewhere, "--cloud", "first", "identity"),
                      "cloud           first\n*");
    (void)demand_done(latchkey("endpoint", "swift", "--cloud", "second"), "*/DFW/*");
    (void)demand_done(latchkey("logout", "--cloud", "second"),
                      "The daemon has forgotten key and token.\n");
    look_demand("first", "ready", NULL);
    ck_assert_str_eq(daemon_state("second"), "signed-out");
}
END_TEST

/* ---- help */

START_TEST(explains_itself)
{
    static const char *const verbs[] = {"status",   "identity", "token", "catalog",
                                        "endpoint", "request",  "login", "logout",
                                        "refresh",  "env",      "run"};
    const struct command_options nobody = {.socket = "/nonexistent/socket"};
    const char *help =
        demand_done(latchkey_with(&nobody, "--help"), "usage: latchkey *exit status: 0 done*\n");

    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        ck_assert_ptr_nonnull(strstr(help, stage_text("\n  %s ", verbs[i])));
        (void)demand_done(latchkey_with(&nobody, verbs[i], "--help"),
                          stage_text("usage: latchkey *OPTION*... %s *--socket PATH*", verbs[i]));
    }
    (void)demand_done(latchkey_with(&nobody, "--version"), "latchkey [0-9]*.[0-9]*.[0-9]*\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("command");
    TCase *c = stage_case(s, "answers", 20);

    tcase_add_test(c, shows_the_identity);
    tcase_add_test(c, shows_the_last_error);
    tcase_add_test(c, refreshes);
    tcase_add_test(c, prints_the_token);
    tcase_add_test(c, prints_a_token_that_lives_long_enough);
    tcase_add_test(c, prints_the_catalog);
    tcase_add_test(c, prints_an_endpoint);
    tcase_add_test(c, explains_why_there_is_no_endpoint);
    tcase_add_test(c, asks_for_a_cloud);
    tcase_add_test(c, explains_itself);
    return stage_run(s);
}
