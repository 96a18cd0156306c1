/* SPDX-License-Identifier: MIT */
/* The suite of the room that reads and writes times. */
#include "rfc3339.h"
#include "suite.h"

#include "cleanup.h"

#include <errno.h>

static const struct {
    const char *text;
    usec_t expected;
} valid[] = {
    /* the five spellings that identity services are known to use */
    {"2013-06-26T18:11:57.637Z", 1372270317637000},
    {"2013-06-26T12:11:57.645-06:00", 1372270317645000},
    {"2222-02-22T22:22:22.000-02:00", 7956922942000000},
    {"2013-06-26T18:11:57Z", 1372270317000000},
    {"2013-06-26T18:11:57.123456", 1372270317123456},
    /* without a zone and a fraction, as a capped application credential has it */
    {"2013-06-26T18:11:57", 1372270317000000},
    /* zones east, west, and with minutes */
    {"2013-06-26T20:11:57+02:00", 1372270317000000},
    {"2013-06-26T23:41:57+05:30", 1372270317000000},
    {"2013-06-26T08:41:57-09:30", 1372270317000000},
    {"2013-06-26T18:11:57-00:00", 1372270317000000},
    /* without the colon, and in small letters (RFC 3339, 5.6) */
    {"2013-06-26T18:11:57+0000", 1372270317000000},
    {"2013-06-26T18:11:57.637+0000", 1372270317637000},
    {"2013-06-26T08:41:57-0930", 1372270317000000},
    {"2013-06-26t18:11:57z", 1372270317000000},
    {"2013-06-26t18:11:57Z", 1372270317000000},
    {"2013-06-26T18:11:57.5z", 1372270317500000},
    /* a fraction of any length, cut off behind the microsecond */
    {"2013-06-26T18:11:57.5Z", 1372270317500000},
    {"2013-06-26T18:11:57.123456789012345678901234567890Z", 1372270317123456},
    {"2013-06-26T18:11:57.9999999Z", 1372270317999999},
    /* the ends, leap days and leap seconds */
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T02:00:00+02:00", 0},
    {"9999-12-31T23:59:59.999999Z", 253402300799999999},
    {"2000-02-29T00:00:00Z", 951782400000000},
    {"2024-02-29T12:00:00Z", 1709208000000000},
    {"2016-12-31T23:59:60Z", 1483228799999000},
    {"2016-12-31T23:59:60.75Z", 1483228799999000},
    {"2017-01-01T00:59:60+01:00", 1483228799999000},
};

START_TEST(reads)
{
    usec_t t = 42;

    ck_assert_msg(rfc3339_parse(valid[_i].text, &t) == 0, "%s was refused", valid[_i].text);
    ck_assert_msg(t == valid[_i].expected, "%s was read as %ju", valid[_i].text, (uintmax_t)t);
}
END_TEST

static const char *const invalid[] = {
    "",
    "now",
    "1700000000",
    "2013-06-26",
    "2013-06-26T",
    "2013-06-26T18:11",
    "2013-06-26T18:11Z",
    "2013-06-26 18:11:57Z",
    " 2013-06-26T18:11:57Z",
    "2013-06-26T18:11:57Z ",
    "2013-06-26T18:11:57Z\n",
    "2013-06-26T18:11:57ZZ",
    "2013-06-26T18:11:57.Z",
    "2013-06-26T18:11:57.",
    "2013-06-26T18:11:57,5Z",
    "2013-06-26T18:11:57.5 Z",
    "2013-06-26T18:11:57+",
    "2013-06-26T18:11:57+02",
    "2013-06-26T18:11:57+020",
    "2013-06-26T18:11:57+02000",
    "2013-06-26T18:11:57+2400",
    "2013-06-26T18:11:57+0260",
    "2013-06-26T18:11:57zz",
    "2013-06-26tt18:11:57Z",
    "2013-06-26T18:11:57+02:0",
    "2013-06-26T18:11:57+02:000",
    "2013-06-26T18:11:57+24:00",
    "2013-06-26T18:11:57+02:60",
    "2013-06-26T18:11:57 02:00",
    "2013-06-26T24:00:00Z",
    "2013-06-26T18:60:00Z",
    "2013-06-26T18:11:61Z",
    "2013-06-26T1:11:57Z",
    "2013-06-26T+1:11:57Z",
    "2013-6-26T18:11:57Z",
    "2013-00-26T18:11:57Z",
    "2013-13-26T18:11:57Z",
    "2013-06-00T18:11:57Z",
    "2013-06-31T18:11:57Z",
    "2023-02-29T18:11:57Z",
    "2023-02-30T18:11:57Z",
    "2024-02-30T18:11:57Z",
    "2100-02-29T00:00:00Z",
    "-013-06-26T18:11:57Z",
    "+2013-06-26T18:11:57Z",
    "02013-06-26T18:11:57Z",
    "12013-06-26T18:11:57Z",
    "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "2013-06-26T18:11:5\xd9\xa7Z",
};

START_TEST(refuses)
{
    usec_t t = 42;

    ck_assert_msg(rfc3339_parse(invalid[_i], &t) == -EINVAL, "'%s' was taken", invalid[_i]);
    ck_assert_uint_eq(t, 42);
}
END_TEST

static const struct {
    usec_t t;
    const char *expected;
} written[] = {
    {0, "1970-01-01T00:00:00Z"},
    {1372270317000000, "2013-06-26T18:11:57Z"},
    {1372270317637000, "2013-06-26T18:11:57.637Z"},
    {1372270317637999, "2013-06-26T18:11:57.637Z"},
    {1372270317007000, "2013-06-26T18:11:57.007Z"},
    {1372270317000999, "2013-06-26T18:11:57Z"},
    {7956922942000000, "2222-02-23T00:22:22Z"},
    {253402300799999999, "9999-12-31T23:59:59.999Z"},
    {253402300800000000, "9999-12-31T23:59:59.999Z"},
    {USEC_INFINITY, "9999-12-31T23:59:59.999Z"},
};

START_TEST(writes)
{
    char buffer[RFC3339_LENGTH];

    ck_assert_ptr_eq(rfc3339_format(written[_i].t, buffer), buffer);
    ck_assert_str_eq(buffer, written[_i].expected);
}
END_TEST

/* A day of every month of the years in which 4, 100 and 400 matter. */
START_TEST(reads_what_it_writes)
{
    static const unsigned years[] = {1970, 1999, 2000, 2024, 2100, 2400, 9999};

    for (size_t i = 0; i < ARRAY_SIZE(years); i++)
        for (unsigned month = 1; month <= 12; month++) {
            char text[64], again[RFC3339_LENGTH];
            usec_t t = 0;

            snprintf(text, sizeof(text), "%04u-%02u-%02uT01:02:03.004Z", years[i], month,
                     month == 2 ? 28U : 30U);
            ck_assert_int_eq(rfc3339_parse(text, &t), 0);
            ck_assert_str_eq(rfc3339_format(t, again), text);
        }
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("rfc3339");
    TCase *t = tcase_create("times");

    tcase_add_loop_test(t, reads, 0, (int)ARRAY_SIZE(valid));
    tcase_add_loop_test(t, refuses, 0, (int)ARRAY_SIZE(invalid));
    tcase_add_loop_test(t, writes, 0, (int)ARRAY_SIZE(written));
    tcase_add_test(t, reads_what_it_writes);
    suite_add_tcase(s, t);
    return s;
}
