/* SPDX-License-Identifier: MIT */
/* Access rules as they are written: what a section becomes, what is refused and where, and what only gets a
 * warning. */
#include "load_config.h"
#include "suite.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

static void assert_words(const struct policy_words *words, const char *const *wanted)
{
    size_t n = 0;

    for (; wanted[n]; n++) {
        ck_assert_uint_lt(n, words->n);
        ck_assert_str_eq(words->word[n], wanted[n]);
    }
    ck_assert_uint_eq(words->n, n);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(reads_every_key)
{
    struct config *c = load("[allow a b]\n"
                            "Users = 0, 1000 1001\n"
                            "group: 5\n"
                            "unit = a.service,user:b@*.service ; ours\n"
                            "socket = x.socket\n"
                            "cloud = rack*\n"
                            "operation = proxy token\n"
                            "service = object-store, rax:dns\n"
                            "region = DFW , ORD\n"
                            "method = GET,HEAD,VERSION-CONTROL\n"
                            "path = /a/** /b?c\n"
                            "[rackspace]\n");
    const struct policy_rule *r = &c->policy->rules[0];

    ck_assert_uint_eq(c->n_clouds, 1);
    ck_assert_uint_eq(c->n_warnings, 0);
    ck_assert_uint_eq(c->policy->n_rules, 1);
    ck_assert_str_eq(c->policy->source, c->path);
    ck_assert_uint_eq(c->policy->own_uid, geteuid());
    ck_assert_str_eq(r->name, "a b");
    ck_assert(r->users.given && !r->users.everybody && r->users.n == 3);
    ck_assert(r->users.id[0] == 0 && r->users.id[1] == 1000 && r->users.id[2] == 1001);
    ck_assert(r->groups.given && r->groups.n == 1 && r->groups.id[0] == 5);
    assert_words(&r->units, WORDS("a.service", "user:b@*.service"));
    assert_words(&r->sockets, WORDS("x.socket"));
    assert_words(&r->clouds, WORDS("rack*"));
    assert_words(&r->services, WORDS("object-store", "rax:dns"));
    assert_words(&r->regions, WORDS("DFW", "ORD"));
    assert_words(&r->methods, WORDS("GET", "HEAD", "VERSION-CONTROL"));
    assert_words(&r->paths, WORDS("/a/**", "/b?c"));
    for (enum operation o = 0; o < _OPERATION_MAX; o++)
        ck_assert(r->operations[o] == (o == OPERATION_PROXY || o == OPERATION_TOKEN));
    ck_assert(!r->any_operation);
    config_free(c);
}
END_TEST

/* A line has 198 bytes; a list may go on. */
START_TEST(reads_long_lists)
{
    struct config *c = load("[rackspace]\n"
                            "[allow a]\n"
                            "user = *\n"
                            "operation = proxy\n"
                            "path =\n"
                            "    /a/**, /b/**\n"
                            "    # and what is not so plain\n"
                            "\t/c=d/**\n"
                            "\n"
                            "  /e\n"
                            "method = GET\n");
    const struct policy_rule *r = &c->policy->rules[0];

    assert_words(&r->paths, WORDS("/a/**", "/b/**", "/c=d/**", "/e"));
    assert_words(&r->methods, WORDS("GET"));
    ck_assert(r->users.everybody);
    config_free(c);
}
END_TEST

START_TEST(finds_users_and_groups)
{
    const struct passwd *user = getpwuid(0);
    char text[256];
    struct config *c;
    const struct policy_rule *r;

    ck_assert_ptr_nonnull(user);
    (void)snprintf(text, sizeof(text),
                   "[a]\n[allow a]\nuser = %s\ngroup = %s\noperation = *\n"
                   "[allow b]\nuser = %.2s*\ngroup = [%c]*\noperation = *\n",
                   user->pw_name, getgrgid(0)->gr_name, user->pw_name, getgrgid(0)->gr_name[0]);
    c = load(text);
    ck_assert_uint_eq(c->n_warnings, 0);
    for (size_t i = 0; i < 2; i++) {
        bool has_user = false, has_group = false;

        r = &c->policy->rules[i];
        for (size_t j = 0; j < r->users.n; j++)
            has_user |= r->users.id[j] == 0;
        for (size_t j = 0; j < r->groups.n; j++)
            has_group |= r->groups.id[j] == 0;
        ck_assert(has_user && has_group && !r->users.everybody && !r->groups.everybody);
    }
    config_free(c);
}
END_TEST

/* ---- refusals */

#define OPERATIONS "status, identity, catalog, token, refresh, credential, proxy, metrics or *"
#define OWN_LINE "is no name; begin a line with a key at its very start, and let `=` stand once"
#define CALLS "only signed requests have it; add proxy to `operation`, or take the line out"
#define HEADING                                                                          \
    ": an access rule is headed [allow NAME]; give it a name of letters, digits, dots, " \
    "underscores, hyphens and blanks between them"
#define RULE "[a]\n[allow r]\nuser = *\noperation = proxy\n"

static const struct {
    const char *text, *error; /* without `FILE:` */
} bad[] = {
    {"[allow]\n", "1: [allow]" HEADING},
    {"[allow ]\n", "1: [allow ]" HEADING},
    {"[allow  a]\n", "1: [allow  a]" HEADING},
    {"[allow a/b]\n", "1: [allow a/b]" HEADING},
    {"[Allow a]\n", "1: [Allow a]" HEADING},
    {"[ALLOW]\n", "1: [ALLOW]" HEADING},
    {RULE "[allow s]\n[allow r]\n",
     "6: [allow r]: a second rule of that name, the first is in line 2; give this one another"},
    {"[allow r]\noperation = token\n",
     "1: [allow r]: names nobody; give user, group, unit or socket; `user = *` is everybody"},
    {"[allow r]\ncloud = *\noperation = token\n",
     "1: [allow r]: names nobody; give user, group, unit or socket; `user = *` is everybody"},
    {"[allow r]\nuser = *\n", "1: [allow r]: allows nothing; give `operation`: " OPERATIONS},
    {"[allow r]\nusername = joe\n",
     "2: username: not a key of an access rule; there are user, group, unit, socket, cloud, "
     "operation, service, region, method and path"},
    {"[allow r]\nuserss = joe\n",
     "2: userss: not a key of an access rule; there are user, group, unit, socket, cloud, "
     "operation, service, region, method and path"},
    {"[allow r]\nobject_store_endpoint_override = http://h/\n",
     "2: object_store_endpoint_override: not a key of an access rule; there are user, group, unit, "
     "socket, cloud, operation, service, region, method and path"},
    {RULE "users = 5\n",
     "5: users: given twice, first in line 3; make them one, which may go on in indented lines"},
    {"[allow r]\nuser =\noperation = token\n",
     "2: user: has no value; give users: names, numbers, patterns or *, or take the line out"},
    {"[allow r]\nuser = , ,\noperation = token\n",
     "2: user: has no value; give users: names, numbers, patterns or *, or take the line out"},
    {RULE "path =\n", "5: path: has no value; give paths behind the service, as in "
                      "`/container/**`, or take the line out"},
    {"[allow r]\noperation = tokens\n", "2: operation: `tokens` is no operation; give " OPERATIONS},
    {"[allow r]\noperations = token, Proxy\n",
     "2: operations: `Proxy` is no operation; give " OPERATIONS},
    {"[allow r]\nuser = 4294967295\n",
     "2: user: `4294967295` is too large a number for an id; give a name or an id"},
    {"[allow r]\ngroup = 99999999999999999999\n",
     "2: group: `99999999999999999999` is too large a number for an id; give a name or an id"},
    {"[allow r]\nunit = user:\n",
     "2: unit: `user:` names no unit; write it behind the colon, as in `user:backup.service`"},
    {RULE "method = get\n",
     "5: method: `get` is no method; write it in capitals, as in `GET, HEAD`"},
    {RULE "path = a\n", "5: path: `a` begins with no slash; write the path behind the service, as "
                        "in `/container/**`"},
    {RULE "path = /a\n  /b//c\n", "6: path: `/b//c` has two slashes in a row; write one"},
    {RULE "path = /a/../b\n", "5: path: `/a/../b` has a segment of dots, with which no path is let "
                              "through; take it out"},
    {RULE "path = /a**\n",
     "5: path: `/a**` has `**` within a segment; let it stand alone between slashes"},
    {RULE "path = /a%20b\n",
     "5: path: `/a%20b` is to be written decoded, and no path with a backslash is let through; "
     "give the characters themselves, with `?` for a blank or a comma"},
    {"[allow r]\nuser = *\n  operation = token\n", "3: user: `=` " OWN_LINE},
    {"[allow r]\nuser = *\n  operation=token\n", "3: user: `operation=token` " OWN_LINE},
    {"[allow r]\nuser = *\noperation = token\nservice = dns\n", "4: service: " CALLS},
    {"[allow r]\nuser = *\noperation = token\nregion = *\n", "4: region: " CALLS},
    {"[allow r]\nuser = *\noperation = token\nmethod = GET\n", "4: method: " CALLS},
    {"[allow r]\nuser = *\noperation = token\npath = /\n", "4: path: " CALLS},
    {"[allow r]\nuser = joe = jim\n", "2: user: `=` " OWN_LINE},
};

START_TEST(refuses)
{
    char *path = scratch_write("a.conf", bad[_i].text, 0600), *wanted, *error = NULL;
    struct config *c = NULL;

    ck_assert_int_ge(asprintf(&wanted, "%s:%s", path, bad[_i].error), 0);
    ck_assert_int_eq(config_load(path, &c, &error), -EBADMSG);
    ck_assert_str_eq(error, wanted);
    free(wanted);
    free(error);
    free(path);
}
END_TEST

/* ---- warnings */

static const struct {
    const char *lines, *warning; /* without folder; NULL: none */
} warned[] = {
    {"user = no-such-user\n", "a.conf:4: user: `no-such-user` is no user that there is, and allows "
                              "nobody anything; correct it or take it out"},
    {"user = no-such-*\n", "a.conf:4: user: `no-such-*` is no user that there is, and allows "
                           "nobody anything; correct it or take it out"},
    {"user = 0,\n  no-such-user\n",
     "a.conf:5: user: `no-such-user` is no user that there is, and allows nobody anything; correct "
     "it or take it out"},
    {"group = no-such-group\n", "a.conf:4: group: `no-such-group` is no group that there is, and "
                                "allows nobody anything; correct it or take it out"},
    {"user = 0\ncloud = a, c\n",
     "a.conf:5: cloud: `c` is no cloud that there is; correct it or take it out"},
    {"user = 0\ncloud = a* b?\n",
     "a.conf:5: cloud: `b?` is no cloud that there is; correct it or take it out"},
    {"unit = user:x.service\n",
     "a.conf:4: unit: any user can have a unit `x.service`; say with `user` whose is meant"},
    {"unit = user:x.service\nuser = 5\n", NULL},
    {"unit = x.service\n", NULL},
    {"user = 3999999999\n", NULL},
    {"socket = *\nservices = dns\n", NULL},
};

START_TEST(warns)
{
    struct config *c;
    char *text;

    ck_assert_int_ge(asprintf(&text, "[a]\n[allow r]\noperation = *\n%s", warned[_i].lines), 0);
    c = load(text);
    ck_assert_uint_eq(c->n_warnings, warned[_i].warning != NULL);
    if (warned[_i].warning)
        ck_assert_str_eq(c->warnings[0] + strlen(scratch) + 1, warned[_i].warning);
    ck_assert_uint_eq(c->policy->n_rules, 1);
    config_free(c);
    free(text);
}
END_TEST

/* Whom nobody is to be matched by is not everybody. */
START_TEST(matches_nobody_that_there_is_not)
{
    struct config *c = load("[a]\n[allow r]\nuser = no-such-user\noperation = *\n"
                            "[allow s]\ngroup = no-such-group\noperation = *\n");
    const struct peer root = {.socket = "x"};

    ck_assert(!policy_decide(c->policy, &root, "a", OPERATION_TOKEN).allowed);
    ck_assert(!policy_sees(c->policy, &root, "a"));
    config_free(c);
}
END_TEST

/* Nothing but a rule is a rule. */
START_TEST(leaves_other_sections_alone)
{
    struct config *c = load("[allowance]\n[allow-all]\n");

    ck_assert_uint_eq(c->n_clouds, 2);
    ck_assert_uint_eq(c->policy->n_rules, 0);
    config_free(c);
    ck_assert_int_eq(config_default(NULL, NULL, &c), 0);
    ck_assert_uint_eq(c->policy->n_rules, 0);
    ck_assert_ptr_null(c->policy->source);
    config_free(c);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("config allow");
    TCase *t = tcase_create("rules");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, reads_every_key);
    tcase_add_test(t, reads_long_lists);
    tcase_add_test(t, finds_users_and_groups);
    tcase_add_loop_test(t, refuses, 0, ARRAY_SIZE(bad));
    tcase_add_loop_test(t, warns, 0, ARRAY_SIZE(warned));
    tcase_add_test(t, matches_nobody_that_there_is_not);
    tcase_add_test(t, leaves_other_sections_alone);
    suite_add_tcase(s, t);
    return s;
}
