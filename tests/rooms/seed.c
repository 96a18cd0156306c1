/* SPDX-License-Identifier: MIT */
#include "seed.h"

#include "rackspace_answers.h"

#include "identity.h"

#include <check.h>
#include <string.h>

#ifndef TEST_DATA_DIR
#define TEST_DATA_DIR getenv("TEST_DATA_DIR")
#endif

char *seed_access(void)
{
    _cleanup_(freep) char *path = NULL;
    _cleanup_(fclosep) FILE *f = NULL;
    char *text = NULL;
    size_t size = 0;

    ck_assert_int_ge(asprintf(&path, "%s/seed_access.json", TEST_DATA_DIR), 0);
    f = fopen(path, "re");
    ck_assert_msg(f != NULL, "%s is not there", path);
    ck_assert_int_gt(getdelim(&text, &size, '\0', f), 0);
    return text;
}

struct session *seed_session(void)
{
    _cleanup_(freep) char *text = seed_access();
    struct identity_answer answer = {.status = 200, .body = text, .length = strlen(text)};
    struct session *session = NULL;
    struct problem *problem = NULL;

    answer.received_realtime = 1700000000 * USEC_PER_SEC;
    ck_assert_int_eq(decode_with(&identity_rackspace, &answer, &session, &problem), 0);
    return session;
}
