/* SPDX-License-Identifier: MIT */
/* The suite of the tally: the journal is bounded whatever comes, and nothing is lost from the count. The
 * time is made up. */
#include "suite.h"
#include "tally.h"

#include <stdio.h>
#include <string.h>

#define NOW (1000 * USEC_PER_SEC)
#define TOKEN 0
#define REFUSAL 1

static struct tally *t;

/* What has come out. */
static unsigned records, summaries;
static uint64_t counted;
static struct tally_event last; /* the last summary's, without its texts */
static char last_texts[_TALLY_TEXT_MAX][64];

static void setup(void)
{
    t = tally_new();
    ck_assert_ptr_nonnull(t);
    records = summaries = 0;
    counted = 0;
}

static void teardown(void)
{
    tally_free(t);
}

static void on_summary(const struct tally_event *common, uint64_t count, void *userdata _unused_)
{
    ck_assert_uint_gt(count, 0);
    records++;
    summaries++;
    counted += count;
    last = *common;
    for (size_t i = 0; i < _TALLY_TEXT_MAX; i++)
        snprintf(last_texts[i], sizeof(last_texts[i]), "%s",
                 common->texts[i] ? common->texts[i] : "-");
}

static bool add(usec_t now, const struct tally_event *e)
{
    if (!tally_add(t, now, e))
        return false;
    records++;
    counted++;
    return true;
}

static struct tally_event refusal(uid_t uid, const char *operation)
{
    return (struct tally_event){.kind = REFUSAL,
                                .uid = uid,
                                .gid = uid,
                                .pid = 7,
                                .texts[TALLY_OPERATION] = operation,
                                .texts[TALLY_CLOUD] = "cloud",
                                .texts[TALLY_UNIT] = "some.service"};
}

START_TEST(writes_the_first_and_counts_the_others)
{
    struct tally_event e = refusal(1000, "token");

    for (unsigned i = 0; i < 10000; i++)
        ck_assert_int_eq(add(NOW + i, &e), i < TALLY_FIRST);
    ck_assert_uint_eq(tally_due(t), NOW + TALLY_WINDOW);
    tally_flush(t, NOW + TALLY_WINDOW, on_summary, NULL);
    ck_assert_uint_eq(records, TALLY_FIRST + 1);
    ck_assert_uint_eq(counted, 10000);
    ck_assert_uint_eq(last.kind, REFUSAL);
    ck_assert_uint_eq(last.uid, 1000);
    ck_assert_uint_eq(last.gid, 1000);
    ck_assert_int_eq(last.pid, 7);
    ck_assert_str_eq(last_texts[TALLY_OPERATION], "token");
    ck_assert_str_eq(last_texts[TALLY_CLOUD], "cloud");
    ck_assert_str_eq(last_texts[TALLY_RULE], "-");
    ck_assert_str_eq(last_texts[TALLY_UNIT], "some.service");
}
END_TEST

START_TEST(waits_for_nothing_when_nothing_is_pending)
{
    struct tally_event e = refusal(1000, "token");

    ck_assert_uint_eq(tally_due(t), USEC_INFINITY);
    for (unsigned i = 0; i < TALLY_FIRST; i++)
        ck_assert(add(NOW, &e));
    ck_assert_uint_eq(tally_due(t), USEC_INFINITY);
    tally_flush(t, USEC_INFINITY, on_summary, NULL);
    ck_assert_uint_eq(summaries, 0);
    ck_assert_uint_eq(tally_due(t), USEC_INFINITY);
}
END_TEST

START_TEST(begins_anew_with_each_window)
{
    struct tally_event e = refusal(1000, "token");

    for (unsigned window = 0; window < 5; window++) {
        usec_t now = NOW + window * TALLY_WINDOW;

        tally_flush(t, now, on_summary, NULL);
        ck_assert_uint_eq(summaries, window);
        for (unsigned i = 0; i < 100; i++)
            ck_assert_int_eq(add(now, &e), i < TALLY_FIRST);
        tally_flush(t, now + TALLY_WINDOW - 1, on_summary, NULL);
        ck_assert_uint_eq(summaries, window);
    }
    tally_flush(t, USEC_INFINITY, on_summary, NULL);
    ck_assert_uint_eq(counted, 500);
}
END_TEST

/* Nobody looked when it was due: what comes meanwhile is in the summary, too. */
START_TEST(may_be_flushed_late)
{
    struct tally_event e = refusal(1000, "token");

    for (unsigned i = 0; i < 10; i++)
        (void)add(NOW, &e);
    ck_assert(!add(NOW + 2 * TALLY_WINDOW, &e));
    tally_flush(t, NOW + 2 * TALLY_WINDOW, on_summary, NULL);
    ck_assert_uint_eq(summaries, 1);
    ck_assert_uint_eq(counted, 11);
    ck_assert(add(NOW + 2 * TALLY_WINDOW, &e));
}
END_TEST

START_TEST(is_due_with_the_first_of_several)
{
    struct tally_event first = refusal(1, "token"), second = refusal(2, "token");

    for (unsigned i = 0; i < 10; i++) {
        (void)add(NOW + 5, &second);
        (void)add(NOW, &first);
    }
    ck_assert_uint_eq(tally_due(t), NOW + TALLY_WINDOW);
    tally_flush(t, NOW + TALLY_WINDOW, on_summary, NULL);
    ck_assert_uint_eq(summaries, 1);
    ck_assert_uint_eq(last.uid, 1);
    ck_assert_uint_eq(tally_due(t), NOW + 5 + TALLY_WINDOW);
    tally_flush(t, NOW + 5 + TALLY_WINDOW, on_summary, NULL);
    ck_assert_uint_eq(last.uid, 2);
    ck_assert_uint_eq(tally_due(t), USEC_INFINITY);
    ck_assert_uint_eq(counted, 20);
}
END_TEST

/* Each difference makes another kind, the process aside: a summary then has none. */
START_TEST(tells_kinds_apart)
{
    struct tally_event e = refusal(1000, "token"), other;

    for (unsigned i = 0; i < 10; i++)
        (void)add(NOW, &e);
    other = e;
    other.kind = TOKEN;
    ck_assert(add(NOW, &other));
    other = e;
    other.uid = 1001;
    ck_assert(add(NOW, &other));
    for (size_t i = 0; i < _TALLY_TEXT_MAX; i++) {
        other = e;
        other.texts[i] = "other";
        ck_assert(add(NOW, &other));
    }
    other = e;
    other.texts[TALLY_CLOUD] = NULL;
    ck_assert(add(NOW, &other));
    other = e;
    other.pid = 8;
    ck_assert(!add(NOW, &other));
    tally_flush(t, USEC_INFINITY, on_summary, NULL);
    ck_assert_uint_eq(summaries, 1);
    ck_assert_uint_eq(last.uid, 1000);
    ck_assert_uint_eq(last.gid, 1000);
    ck_assert_int_eq(last.pid, 0);
    ck_assert_uint_eq(counted, 14 + _TALLY_TEXT_MAX);
}
END_TEST

/* Whoever thinks of ever new names. */
START_TEST(bounds_one_caller)
{
    struct tally_event quiet = refusal(2000, "token");
    char name[16];

    for (unsigned i = 0; i < 10000; i++) {
        struct tally_event e = refusal(1000, "token");

        snprintf(name, sizeof(name), "%u", i);
        e.texts[TALLY_CLOUD] = name;
        (void)add(NOW, &e);
        if (i % 1000 == 500) {
            e.kind = TOKEN;
            (void)add(NOW, &e);
        }
    }
    ck_assert(add(NOW, &quiet)); /* nobody else is concerned */
    tally_flush(t, USEC_INFINITY, on_summary, NULL);
    ck_assert_uint_eq(counted, 10011);
    ck_assert_uint_lt(records, 100);
    /* two summaries, of refusals and of tokens, say what is common to all that they count */
    ck_assert_uint_eq(summaries, 2);
    ck_assert_uint_eq(last.uid, 1000);
    ck_assert_str_eq(last_texts[TALLY_CLOUD], "-");
    ck_assert_str_eq(last_texts[TALLY_UNIT], "some.service");
}
END_TEST

/* Or has ever new users, each with new names; at any rate. */
START_TEST(bounds_everybody)
{
    const unsigned windows = 10, callers = 3000;
    char name[16];

    for (unsigned i = 0; i < windows * callers; i++) {
        usec_t now = NOW + i * (TALLY_WINDOW / callers);
        struct tally_event e = refusal(1000 + i % callers, "token");

        snprintf(name, sizeof(name), "%u", i);
        e.texts[TALLY_CLOUD] = name;
        e.kind = i % TALLY_KINDS;
        for (unsigned k = 0; k < 5; k++) {
            if (now >= tally_due(t))
                tally_flush(t, now, on_summary, NULL);
            (void)add(now, &e);
        }
    }
    tally_flush(t, USEC_INFINITY, on_summary, NULL);
    ck_assert_uint_eq(counted, windows * callers * 5);
    ck_assert_uint_le(records, (windows + 1) * TALLY_RECORDS);
}
END_TEST

START_TEST(counts_everybody_together_when_it_is_full)
{
    for (unsigned i = 0; i < 2 * TALLY_SLOTS; i++) {
        struct tally_event e = refusal(1000 + i, "token");

        (void)add(NOW, &e);
    }
    tally_flush(t, USEC_INFINITY, on_summary, NULL);
    ck_assert_uint_eq(counted, 2 * TALLY_SLOTS);
    ck_assert_uint_eq(summaries, 1);
    ck_assert_uint_eq(last.uid, TALLY_NOBODY);
    ck_assert_uint_eq(last.gid, (gid_t)-1);
    ck_assert_str_eq(last_texts[TALLY_OPERATION], "token");
}
END_TEST

/* As many as there are clouds, which nobody but the operator has a say in. */
START_TEST(has_room_for_the_daemons_own)
{
    char name[16];

    for (unsigned i = 0; i < 200; i++) {
        struct tally_event e = {.kind = TOKEN, .uid = TALLY_NOBODY, .texts[TALLY_CLOUD] = name};

        snprintf(name, sizeof(name), "%u", i);
        ck_assert(add(NOW, &e));
    }
}
END_TEST

/* The texts are the event's own: it keeps none of them. */
START_TEST(borrows_nothing)
{
    char cloud[] = "cloud";
    struct tally_event e = refusal(1000, "token");

    e.texts[TALLY_CLOUD] = cloud;
    for (unsigned i = 0; i < 10; i++)
        (void)add(NOW, &e);
    memset(cloud, 'x', strlen(cloud));
    ck_assert(add(NOW, &e));
    tally_flush(t, USEC_INFINITY, on_summary, NULL);
    ck_assert_str_eq(last_texts[TALLY_CLOUD], "cloud");
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("tally");
    TCase *c = tcase_create("pure");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, writes_the_first_and_counts_the_others);
    tcase_add_test(c, waits_for_nothing_when_nothing_is_pending);
    tcase_add_test(c, begins_anew_with_each_window);
    tcase_add_test(c, may_be_flushed_late);
    tcase_add_test(c, is_due_with_the_first_of_several);
    tcase_add_test(c, tells_kinds_apart);
    tcase_add_test(c, bounds_one_caller);
    tcase_add_test(c, bounds_everybody);
    tcase_add_test(c, counts_everybody_together_when_it_is_full);
    tcase_add_test(c, has_room_for_the_daemons_own);
    tcase_add_test(c, borrows_nothing);
    suite_add_tcase(s, c);
    return s;
}
