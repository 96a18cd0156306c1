/* SPDX-License-Identifier: MIT */
/* The token's end, however the identity service writes it and however wrong our clock is: the
 * sandbox shifts its clock, which is the same as ours being wrong the other way. */
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"

#include <string.h>
#include <time.h>

#define LIFETIME 3600
#define TOLERANCE 2 /* s */

static const char *const spellings[] = {"ms_z", "ms_offset", "offset_west2", "seconds_z",
                                        "seconds_offset"};
static const int offsets[] = {-7200, 0, 7200};

static double parse_time(const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    double fraction = 0;

    ck_assert_msg(end, "no time: %s", text);
    if (*end == '.')
        fraction = strtod(end, (char **)(uintptr_t)&end);
    ck_assert_msg(!strcmp(end, "Z"), "not in UTC: %s", text);
    return (double)timegm(&tm) + fraction;
}

struct circumstances {
    int offset;
    const char *spelling;
    double begin; /* before the login, time_wall() */
};

/* Right to 2 s, however long it took to get here. */
static void demand_near(const struct circumstances *c, const char *what, double value, double least,
                        double most)
{
    ck_assert_msg(value >= least - TOLERANCE && value <= most + TOLERANCE,
                  "%s with %s at %d s: %.2f and not %.2f", what, c->spelling, c->offset, value,
                  most);
}

/* What identity, token and list say. */
static void demand_lifetime(const struct circumstances *c)
{
    const char *issued, *expires, *token_expires;
    json_int_t left, token_left, listed_left, refresh;
    double least, login = c->begin + c->offset, now;

    json_demand(reply_json(get("/v1/default/identity"), 200), "{s:s, s:s, s:I, s:I}", "issued",
                &issued, "expires", &expires, "expires_in", &left, "refresh_in", &refresh);
    json_demand(reply_json(get("/v1/default/token"), 200), "{s:s, s:I}", "expires", &token_expires,
                "expires_in", &token_left);
    json_demand(reply_json(get("/v1"), 200), "{s:[{s:I}]}", "clouds", "expires_in", &listed_left);

    least = LIFETIME - (time_wall() - c->begin);
    now = time_wall() + c->offset;
    demand_near(c, "expires_in", (double)left, least, LIFETIME);
    demand_near(c, "the token's expires_in", (double)token_left, least, LIFETIME);
    demand_near(c, "the list's expires_in", (double)listed_left, least, LIFETIME);
    demand_near(c, "expires", parse_time(expires), login + LIFETIME, now + LIFETIME);
    demand_near(c, "issued", parse_time(issued), login, now);
    ck_assert_str_eq(token_expires, expires);
    ck_assert(refresh >= (least - TOLERANCE) * 0.7 - (LIFETIME - least) - 1);
    ck_assert_int_le(refresh, LIFETIME * 85 / 100);
}

START_TEST(is_right_in_every_spelling_with_every_clock)
{
    sandbox_start((const char *const[]){"--token-lifetime", "3600", NULL});
    (void)daemon_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(offsets); i++)
        for (size_t j = 0; j < ARRAY_SIZE(spellings); j++) {
            struct circumstances c = {offsets[i], spellings[j], time_wall()};

            sandbox_set("'expires_format': '%s', 'clock_offset': %d", c.spelling, c.offset);
            ck_assert_int_eq(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 200);
            demand_lifetime(&c);
        }
}
END_TEST

START_TEST(is_right_from_the_first_login_on)
{
    struct circumstances c = {offsets[_i], "ms_z", time_wall()};

    sandbox_start((const char *const[]){"--token-lifetime", "3600", NULL});
    sandbox_set("'clock_offset': %d", c.offset);
    (void)daemon_start(NULL);
    ck_assert_str_eq(daemon_state("default"), "ready");
    demand_lifetime(&c);
}
END_TEST

/* With a wrong clock the renewal comes when it should, too. */
START_TEST(renews_in_time_with_a_wrong_clock)
{
    const struct reply *r;
    double begin;

    sandbox_start((const char *const[]){"--token-lifetime", "4", NULL});
    sandbox_set("'clock_offset': %d", offsets[_i]);
    (void)daemon_start(NULL);
    begin = time_now();
    r = get("/v1/default/token?after=1&timeout=10");
    ck_assert_int_eq(r->status, 200);
    ck_assert_msg(time_now() - begin > 4 * 0.7 - 1.1 &&
                      time_now() - begin < 4 * 0.85 + patience(1.5),
                  "renewed after %.2f s", time_now() - begin);
    ck_assert_int_eq(sandbox_count("logins"), 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("expiry");
    TCase *c = stage_case(s, "expiry", 30);

    tcase_add_test(c, is_right_in_every_spelling_with_every_clock);
    tcase_add_loop_test(c, is_right_from_the_first_login_on, 0, ARRAY_SIZE(offsets));
    tcase_add_loop_test(c, renews_in_time_with_a_wrong_clock, 0, ARRAY_SIZE(offsets));
    return stage_run(s);
}
