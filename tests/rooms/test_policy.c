/* SPDX-License-Identifier: MIT */
/* Rule × caller × operation: who gets what by one set of rules. */
#include "policy_rules.h"
#include "suite.h"

#define ST OPERATION_STATUS
#define ID OPERATION_IDENTITY
#define CA OPERATION_CATALOG
#define TO OPERATION_TOKEN
#define RE OPERATION_REFRESH
#define CR OPERATION_CREDENTIAL
#define PR OPERATION_PROXY
#define ME OPERATION_METRICS

static const struct {
    enum who who;
    const char *cloud; /* NULL: any */
    enum operation operation;
    const char *rule; /* NULL: refused */
} decisions[] = {
    {ROOT, "rackspace", TO, "admin"},
    {ROOT, "staging", CR, "admin"},
    {ROOT, "nowhere", PR, "admin"},
    {ROOT, NULL, ME, "admin"},
    /* nobody else is above the rules */
    {OWN, "rackspace", TO, NULL},
    {OWN, "rackspace", CR, NULL},
    {OWN, NULL, ST, NULL},
    {STRANGER, "rackspace", TO, NULL},
    {STRANGER, "rackspace", ST, NULL},
    {STRANGER, "nowhere", ID, NULL},
    {STRANGER, NULL, ST, NULL},
    {STRANGER, NULL, ME, NULL},
    {STRANGER, "rackspace", CR, NULL},
    {STRANGER, "", TO, NULL},
    /* groups */
    {OPERATOR, "rackspace", ST, "operators"},
    {OPERATOR, "rackspace", ID, "operators"},
    {OPERATOR, "rackspace", RE, "operators"},
    {OPERATOR, "rackspace", CR, "operators"},
    {OPERATOR, "rackspace", TO, NULL},
    {OPERATOR, "rackspace", CA, NULL},
    {OPERATOR, "rackspace", PR, NULL},
    {OPERATOR, "Rackspace", ID, NULL},
    {OPERATOR, "rackspace2", ID, NULL},
    {OPERATOR, "staging", ID, NULL},
    {OPERATOR, NULL, ST, "operators"},
    {OPERATOR, NULL, ME, NULL},
    {SECOND_GROUP, "rackspace", RE, "operators"},
    {SECOND_GROUP, "staging", RE, NULL},
    /* units */
    {PROMETHEUS, NULL, ME, "monitoring"},
    {PROMETHEUS, NULL, ST, "monitoring"},
    {PROMETHEUS, "rackspace", ME, "monitoring"},
    {PROMETHEUS, "rackspace", TO, NULL},
    {EXPORTER, NULL, ME, "monitoring"},
    {FALSE_EXPORTER, NULL, ME, NULL},
    {BACKUP, "rackspace", PR, "backup"},
    {BACKUP, "rackspace", TO, NULL},
    {BACKUP, "rackspace", CA, NULL},
    {BACKUP, "staging", PR, NULL},
    {BACKUP, NULL, ST, NULL},
    {BACKUP_SHELL, "rackspace", PR, NULL},
    {BACKUP_UNIT, "rackspace", PR, NULL},
    {BACKUP_FAKE, "rackspace", PR, NULL},
    {DESKTOP, "lab 1", TO, "desktop"},
    {DESKTOP, "rackspace", TO, NULL},
    {DESKTOP_SYSTEM, "lab 1", TO, NULL},
    /* clouds */
    {READER, "rackspace", CA, "reader"},
    {READER, "staging", PR, "reader"},
    {READER, "lab 1", PR, NULL},
    {READER, "default", PR, NULL},
    {READER, "rackspace,", CA, NULL},
    /* sockets */
    {AT_THE_DOOR, "staging", TO, "by the door"},
    {AT_THE_DOOR, "lab 1", ID, "by the door"},
    {AT_THE_DOOR, "rackspace", TO, NULL},
    {AT_THE_DOOR, "staging", ST, NULL},
    {AT_ANOTHER_DOOR, "staging", TO, "by the door"},
    /* `*` is not the credential */
    {STAR, "rackspace", TO, "star"},
    {STAR, "nowhere", RE, "star"},
    {STAR, NULL, ME, "star"},
    {STAR, "rackspace", PR, "star"},
    {STAR, "rackspace", CR, NULL},
};

START_TEST(decides)
{
    struct policy_verdict verdict = policy_decide(config->policy, &peers[decisions[_i].who],
                                                  decisions[_i].cloud, decisions[_i].operation);

    ck_assert_pstr_eq(verdict.rule, decisions[_i].rule);
    ck_assert(verdict.allowed == (decisions[_i].rule != NULL));
}
END_TEST

static const struct {
    enum who who;
    const char *clouds; /* initials of those that are seen */
} sights[] = {
    {ROOT, "rsld"},       {OWN, ""},           {STRANGER, ""},          {OPERATOR, "r"},
    {PROMETHEUS, "rsld"}, {BACKUP, "r"},       {BACKUP_SHELL, ""},      {READER, "rs"},
    {DESKTOP, "l"},       {AT_THE_DOOR, "sl"}, {AT_ANOTHER_DOOR, "sl"}, {STAR, "rsld"},
};

START_TEST(shows_clouds)
{
    char seen[8] = "";
    size_t n = 0;

    for (size_t i = 0; i < config->n_clouds; i++)
        if (policy_sees(config->policy, &peers[sights[_i].who], config->clouds[i].name))
            seen[n++] = config->clouds[i].name[0];
    ck_assert_str_eq(seen, sights[_i].clouds);
}
END_TEST

/* ---- without a rule */

static const struct {
    uid_t peer, own;
    enum operation operation;
    bool allowed;
} open_cases[] = {
    {1000, 2000, TO, true}, {1000, 2000, PR, true},  {1000, 2000, RE, true},
    {1000, 2000, ME, true}, {1000, 2000, CR, false}, {2000, 2000, CR, true},
    {0, 2000, CR, true},    {2000, 0, CR, false},    {(uid_t)-1, 2000, CR, false},
};

START_TEST(is_open_without_rules)
{
    const struct peer peer = {.uid = open_cases[_i].peer};
    _cleanup_(policy_unrefp) struct policy *p = NULL;
    struct policy_verdict verdict;

    ck_assert_int_eq(policy_new(NULL, open_cases[_i].own, &p), 0);
    verdict = policy_decide(p, &peer, "any", open_cases[_i].operation);
    ck_assert(verdict.allowed == open_cases[_i].allowed);
    ck_assert_ptr_null(verdict.rule);
    ck_assert(policy_sees(p, &peer, "any"));
    verdict = policy_decide_call(p, &peer, "any", &(struct policy_call){.target = "/.."});
    ck_assert(verdict.allowed);
    ck_assert_ptr_null(verdict.rule);
}
END_TEST

/* The daemon's own user may hand in a credential by `*`. */
START_TEST(has_words_for_operations)
{
    for (enum operation o = 0; o < _OPERATION_MAX; o++)
        ck_assert_int_eq(operation_find(operation_names[o]), o);
    ck_assert_int_eq(operation_find("nonsense"), _OPERATION_MAX);
    ck_assert_int_eq(operation_find("*"), _OPERATION_MAX);
    config->policy->own_uid = peers[STAR].uid;
    ck_assert_str_eq(policy_decide(config->policy, &peers[STAR], "a", CR).rule, "star");
}
END_TEST

/* Whoever has decided by it keeps its names. */
START_TEST(outlives_its_configuration)
{
    struct policy *p = policy_ref(config->policy);
    const char *rule = policy_decide(p, &peers[BACKUP], "rackspace", PR).rule;

    config_free(config);
    config = NULL;
    ck_assert_str_eq(rule, "backup");
    policy_unref(p);
    policy_unref(NULL);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("policy");
    TCase *t = tcase_create("rules");

    tcase_add_checked_fixture(t, rules_setup, rules_teardown);
    tcase_add_loop_test(t, decides, 0, ARRAY_SIZE(decisions));
    tcase_add_loop_test(t, shows_clouds, 0, ARRAY_SIZE(sights));
    tcase_add_loop_test(t, is_open_without_rules, 0, ARRAY_SIZE(open_cases));
    tcase_add_test(t, has_words_for_operations);
    tcase_add_test(t, outlives_its_configuration);
    suite_add_tcase(s, t);
    return s;
}
