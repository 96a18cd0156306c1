/* SPDX-License-Identifier: MIT */
/*
 * The suite of the answers that come over the wire (RFC 9112). Each is read whole, byte by byte, and cut in
 * two at every place, and it has to be the same answer.
 */
#include "response.h"
#include "suite.h"

#include "cleanup.h"

#include <errno.h>
#include <string.h>

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define OK_CHUNKED OK CHUNKED "\r\n"
#define BYTES(text) (text), sizeof(text) - 1

enum {
    TO_HEAD = 1 << 0,
    UNTIL_END = 1 << 1,    /* it is whole when the connection ends, and not before */
    CLOSES = 1 << 2,       /* nothing follows over the same connection */
    REFUSES_HEAD = 1 << 3, /* the handler does */
    REFUSES_BODY = 1 << 4,
};

struct row {
    const char *bytes;
    size_t length;
    const char *seen; /* "(interim)" status "[name=value]" body */
    int flags;
    int outcome;
    size_t surplus; /* bytes that are not of this answer */
};

/* ---- a reader that writes down what it is given */

struct reader {
    struct response response;
    const struct row *row;
    FILE *seen;
    size_t headers_length;
};

static void on_interim(unsigned status, void *userdata)
{
    struct reader *reader = userdata;

    fprintf(reader->seen, "(%u)", status);
}

static bool on_head(unsigned status, void *userdata)
{
    struct reader *reader = userdata;
    const char *name, *value;
    size_t position = 0;

    fprintf(reader->seen, "%u", status);
    while ((name = header_list_next(&reader->response.headers, &position, &value)))
        fprintf(reader->seen, "[%s=%s]", name, value);
    reader->headers_length = reader->response.headers.length;
    return !(reader->row->flags & REFUSES_HEAD);
}

static bool on_body(const char *data, size_t length, void *userdata)
{
    struct reader *reader = userdata;

    fwrite(data, 1, length, reader->seen);
    return !(reader->row->flags & REFUSES_BODY);
}

static const struct response_handler handler = {on_interim, on_head, on_body};

/* A piece in a block of its own, as each read of a connection may be. */
static int feed(struct reader *reader, const char *data, size_t length, size_t *used)
{
    _cleanup_(freep) char *piece = malloc(length);
    size_t n = 0;
    int r;

    ck_assert_ptr_nonnull(piece);
    memcpy(piece, data, length);
    r = response_feed(&reader->response, piece, length, &n);
    ck_assert(r < 0 || n == length || reader->response.is_whole);
    *used += n;
    return r;
}

/* Reads it in pieces of `first` bytes, then `next`. */
static void read_row(const struct row *row, size_t first, size_t next)
{
    _cleanup_(freep) char *seen = NULL;
    struct reader reader = {.row = row};
    size_t size, used = 0, at = 0;
    bool is_ended = false;
    int r = 0;

    reader.seen = open_memstream(&seen, &size);
    response_init(&reader.response, row->flags & TO_HEAD, &handler, &reader);
    for (size_t step = first; r == 0 && at < row->length && !reader.response.is_whole;
         step = next) {
        step = step < row->length - at ? step : row->length - at;
        r = feed(&reader, row->bytes + at, step, &used);
        at += step;
    }
    if (r == 0 && !reader.response.is_whole) {
        r = response_end(&reader.response);
        is_ended = r == 0;
    }
    fclose(reader.seen);
    ck_assert_msg(r == row->outcome, "%d, not %d: cut at %zu", r, row->outcome, first);
    ck_assert_msg(!strncmp(seen, row->seen, strlen(seen)), "'%s', not '%s': cut at %zu", seen,
                  row->seen, first);
    /* How much of a body comes before it is refused depends on the pieces. */
    if (!(row->flags & REFUSES_BODY))
        ck_assert_str_eq(seen, row->seen);
    if (r == 0) {
        ck_assert_uint_eq(used, row->length - row->surplus);
        ck_assert_uint_eq(reader.response.headers.length, reader.headers_length);
        ck_assert_int_eq(is_ended, !!(row->flags & UNTIL_END));
    }
    ck_assert_int_eq(response_keeps_connection(&reader.response),
                     r == 0 && !(row->flags & (CLOSES | UNTIL_END)));
    ck_assert_int_eq(response_end(&reader.response), r);
    response_done(&reader.response);
}

static void read_in_all_ways(const struct row *row)
{
    read_row(row, row->length, 1);
    read_row(row, 1, 1);
    for (size_t i = 1; i < row->length; i++)
        read_row(row, i, row->length);
}

/* ---- where an answer ends (RFC 9112, 6.3) */

static const struct row whole[] = {
    {BYTES(OK "Content-Length: 5\r\n\r\nhello"), "200[Content-Length=5]hello"},
    {BYTES(OK "content-LENGTH:5 \r\n\r\nhello"), "200[content-LENGTH=5]hello"},
    {BYTES(OK "Content-Length: 0\r\n\r\n"), "200[Content-Length=0]"},
    {BYTES(OK "Content-Length: 0005\r\n\r\nhello"), "200[Content-Length=0005]hello"},
    {BYTES("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx"), "200[Content-Length=1]x"},
    {BYTES("HTTP/1.1 999 \r\nContent-Length: 1\r\n\r\nx"), "999[Content-Length=1]x"},
    {BYTES("HTTP/1.9 200 OK\r\nContent-Length: 1\r\n\r\nx"), "200[Content-Length=1]x"},

    {BYTES(OK_CHUNKED "5\r\nhello\r\n0\r\n\r\n"), "200[Transfer-Encoding=chunked]hello"},
    {BYTES(OK_CHUNKED "2\r\nhe\r\n0000003\r\nllo\r\n00\r\n\r\n"),
     "200[Transfer-Encoding=chunked]hello"},
    {BYTES(OK_CHUNKED "a\r\n0123456789\r\nB\r\n0\r\n\r\n0\r\n\r\nx\r\n0\r\n\r\n"),
     "200[Transfer-Encoding=chunked]01234567890\r\n\r\n0\r\n\r\nx"},
    {BYTES(OK_CHUNKED "0\r\n\r\n"), "200[Transfer-Encoding=chunked]"},
    {BYTES(OK_CHUNKED "1;name\r\nx\r\n1;a=b;c=\"d;e\"\r\ny\r\n0 ;f\r\n\r\n"),
     "200[Transfer-Encoding=chunked]xy"},
    {BYTES(OK_CHUNKED "1\r\nx\r\n0\r\nA: b\r\nC:\r\n folded\r\n\r\n"),
     "200[Transfer-Encoding=chunked]x"},
    {BYTES(OK CHUNKED " \r\nTransfer-Encoding-X: y\r\n\r\n0\r\n\r\n"),
     "200[Transfer-Encoding=chunked][Transfer-Encoding-X=y]"},
    {BYTES(OK "transfer-encoding:CHUNKED\t\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
     "200[transfer-encoding=CHUNKED]x"},

    {BYTES(OK "\r\nhello"), "200hello", UNTIL_END},
    {BYTES(OK "\r\n"), "200", UNTIL_END},
    {BYTES(OK "Connection: keep-alive\r\n\r\nhello"), "200[Connection=keep-alive]hello", UNTIL_END},
    {BYTES("HTTP/1.0 200 OK\r\n\r\nHTTP/1.0 200 OK\r\n\r\n"), "200HTTP/1.0 200 OK\r\n\r\n",
     UNTIL_END},

    {BYTES(OK "Content-Length: 5\r\n\r\n"), "200[Content-Length=5]", TO_HEAD},
    {BYTES(OK CHUNKED "\r\n"), "200[Transfer-Encoding=chunked]", TO_HEAD},
    {BYTES(OK "\r\n"), "200", TO_HEAD},
    {BYTES("HTTP/1.1 204 No Content\r\n\r\n"), "204"},
    {BYTES("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"), "204[Content-Length=5]",
     CLOSES, .surplus = 5},
    {BYTES("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), "304[Content-Length=5]"},
    {BYTES("HTTP/1.1 304 Not Modified\r\n" CHUNKED "\r\n"), "304[Transfer-Encoding=chunked]"},

    {BYTES(OK "Content-Length: 5\r\n\r\nhello, world"), "200[Content-Length=5]hello", .surplus = 7},
    {BYTES(OK "Content-Length: 0\r\n\r\n\r\n"), "200[Content-Length=0]", .surplus = 2},
    {BYTES(OK_CHUNKED "0\r\n\r\n" OK), "200[Transfer-Encoding=chunked]", .surplus = 17},
    {BYTES(OK "\r\n" OK), "200", TO_HEAD, .surplus = 17},
};

START_TEST(ends_where_it_says)
{
    read_in_all_ways(&whole[_i]);
}
END_TEST

static const struct row early[] = {
    {BYTES(""), ""},
    {BYTES("H"), ""},
    {BYTES(OK "Content-Le"), ""},
    {BYTES(OK "A: b\r\n"), ""},
    {BYTES(OK "A: b\r\n\r"), ""},
    {BYTES(OK "Content-Length: 5\r\n\r\nhell"), "200[Content-Length=5]hell"},
    {BYTES(OK_CHUNKED), "200[Transfer-Encoding=chunked]"},
    {BYTES(OK_CHUNKED "5"), "200[Transfer-Encoding=chunked]"},
    {BYTES(OK_CHUNKED "5\r\nhell"), "200[Transfer-Encoding=chunked]hell"},
    {BYTES(OK_CHUNKED "5\r\nhello"), "200[Transfer-Encoding=chunked]hello"},
    {BYTES(OK_CHUNKED "5\r\nhello\r\n"), "200[Transfer-Encoding=chunked]hello"},
    {BYTES(OK_CHUNKED "7fffffffffffffff\r\nx"), "200[Transfer-Encoding=chunked]x"},
    {BYTES(OK_CHUNKED "0\r\n"), "200[Transfer-Encoding=chunked]"},
    {BYTES(OK_CHUNKED "0\r\nA: b\r\n"), "200[Transfer-Encoding=chunked]"},
    {BYTES("HTTP/1.1 100 Continue\r\n\r\n"), "(100)"},
    {BYTES(OK "Content-Length: 9223372036854775807\r\n\r\nx"),
     "200[Content-Length=9223372036854775807]x"},
};

START_TEST(is_not_whole_when_it_ends_early)
{
    struct row row = early[_i];

    row.outcome = -EPIPE;
    read_in_all_ways(&row);
}
END_TEST

/* ---- interim answers (RFC 9110, 15.2) */

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define HINTS "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

static const struct row interim[] = {
    {BYTES(CONTINUE OK "Content-Length: 1\r\n\r\nx"), "(100)200[Content-Length=1]x"},
    {BYTES(HINTS OK "Content-Length: 1\r\n\r\nx"), "(103)200[Content-Length=1]x"},
    {BYTES(CONTINUE HINTS "HTTP/1.1 102 \r\n" CHUNKED "\r\n" CONTINUE OK_CHUNKED "0\r\n\r\n"),
     "(100)(103)(102)(100)200[Transfer-Encoding=chunked]", CLOSES},
    {BYTES(CONTINUE "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"), "(100)417[Content-Length=0]"},
    {BYTES(HINTS OK "Content-Length: 5\r\n\r\n"), "(103)200[Content-Length=5]", TO_HEAD},
    {BYTES(CONTINUE "HTTP/1.1 204 \r\n\r\n" CONTINUE), "(100)204", .surplus = 25},
};

START_TEST(takes_interim_answers_before_it)
{
    read_in_all_ways(&interim[_i]);
}
END_TEST

/* What comes of so many bytes of the same, in pieces of `step`. */
static int flood(const char *first, const char *then, size_t length, size_t step)
{
    static const struct row row;
    struct reader reader = {.row = &row, .seen = fopen("/dev/null", "w")};
    _cleanup_(freep) char *text = malloc(length);
    size_t used = 0;
    int r = 0;

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0, n = strlen(first); i < length; i++)
        text[i] = i < n ? first[i] : then[(i - n) % strlen(then)];
    response_init(&reader.response, false, &handler, &reader);
    for (size_t at = 0; r == 0 && at < length; at += step)
        r = feed(&reader, text + at, step < length - at ? step : length - at, &used);
    fclose(reader.seen);
    response_done(&reader.response);
    return r;
}

static const struct {
    const char *first, *then;
    bool has_body; /* which may be of any size */
} floods[] = {
    {OK, "X-Name: value\r\n"},
    {OK "X-Name: ", "value"},
    {OK "X-Name", "more"},
    {OK "X-Name: a", "\r\n b"},
    {"HTTP/1.1 200 ", "OK "},
    {CONTINUE, HINTS},
    {CONTINUE, "HTTP/1.1 100\r\n\r\n"},
    {OK_CHUNKED "0\r\n", "X-Name: value\r\n"},
    {OK_CHUNKED "0\r\nX-Name: ", "value"},
    {OK_CHUNKED "1;", "name=value"},
    {OK_CHUNKED, "1\r\nx\r\n", true},
};

START_TEST(has_headers_of_some_size_only)
{
    static const size_t steps[] = {7, 4 * RESPONSE_LINES_MOST};

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        const char *first = floods[_i].first, *then = floods[_i].then;

        ck_assert_int_eq(flood(first, then, RESPONSE_LINES_MOST / 4, steps[i]), 0);
        ck_assert_int_eq(flood(first, then, 2 * RESPONSE_LINES_MOST, steps[i]),
                         floods[_i].has_body ? 0 : -EMSGSIZE);
    }
}
END_TEST

/* ---- header lines (RFC 9112, 5) */

#define EMPTY "Content-Length: 0\r\n\r\n"

static const struct row lines[] = {
    {BYTES(OK "A:b\r\nA: \t c d \t\r\nB:\r\nC: \r\n" EMPTY),
     "200[A=b][A=c d][B=][C=][Content-Length=0]"},
    {BYTES(OK "A: b: c\r\n" EMPTY), "200[A=b: c][Content-Length=0]"},
    {BYTES(OK "A: \xc3\xa4\x80\r\n" EMPTY), "200[A=\xc3\xa4\x80][Content-Length=0]"},
    {BYTES("HTTP/1.1 200 OK\nA: b\nC:\nContent-Length: 1\n\nx"), "200[A=b][C=][Content-Length=1]x"},

    /* obs-fold (5.2) */
    {BYTES(OK "A: b\r\n c\r\n" EMPTY), "200[A=b c][Content-Length=0]"},
    {BYTES(OK "A: b\r\n   c\r\n\td: e\r\n" EMPTY), "200[A=b c d: e][Content-Length=0]"},
    {BYTES(OK "A: b\r\n  \r\nC: d\r\n" EMPTY), "200[A=b][C=d][Content-Length=0]"},
    {BYTES(OK "A:\r\n b\r\n" EMPTY), "200[A=b][Content-Length=0]"},
    {BYTES(OK "A:\r\n \r\n\r\n"), "200[A=]", UNTIL_END},
    {BYTES("HTTP/1.1 200 OK\nA: b\n c\nContent-Length: 0\n\n"), "200[A=b c][Content-Length=0]"},
    {BYTES(OK "Content-Length:\r\n 1\r\n\r\nx"), "200[Content-Length=1]x"},
    {BYTES(OK "Content-Length: 1\r\n \r\n\r\nx"), "200[Content-Length=1]x"},
};

START_TEST(takes_header_lines)
{
    read_in_all_ways(&lines[_i]);
}
END_TEST

/* ---- whether another one may follow (RFC 9112, 9.3) */

static const struct row connections[] = {
    {BYTES(OK "Connection: close\r\n" EMPTY), "200[Connection=close][Content-Length=0]", CLOSES},
    {BYTES(OK "connection:x, CLOSE\r\n" EMPTY), "200[connection=x, CLOSE][Content-Length=0]",
     CLOSES},
    {BYTES(OK "Connection: closed, x\r\n" EMPTY), "200[Connection=closed, x][Content-Length=0]"},
    {BYTES(OK "Connection: Upgrade\r\nUpgrade: h2c\r\n" EMPTY),
     "200[Connection=Upgrade][Upgrade=h2c][Content-Length=0]"},
    {BYTES("HTTP/1.0 200 OK\r\n" EMPTY), "200[Content-Length=0]", CLOSES},
    {BYTES("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" EMPTY),
     "200[Connection=Keep-Alive][Content-Length=0]"},
    {BYTES("HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n"), "200[Connection=close]",
     TO_HEAD | CLOSES},
    {BYTES("HTTP/1.0 204 \r\n\r\n"), "204", CLOSES},
    {BYTES("HTTP/1.1 204 \r\nConnection: x, close\t\r\n\r\n"), "204[Connection=x, close]", CLOSES},
    {BYTES("HTTP/1.1 204 \r\nConnection: close\r\n ,x\r\n\r\n"), "204[Connection=close ,x]",
     CLOSES},
    {BYTES("HTTP/1.1 204 \r\nConnection: x,\r\n close\r\n\r\n"), "204[Connection=x, close]",
     CLOSES},
    {BYTES("HTTP/1.1 204 \r\nConnection: x\r\nConnection: ,close\r\n\r\n"),
     "204[Connection=x][Connection=,close]", CLOSES},
    {BYTES("HTTP/1.0 204 \r\nConnection: keep-alive, close\r\n\r\n"),
     "204[Connection=keep-alive, close]", CLOSES},
    {BYTES("HTTP/1.0 204 \r\nProxy-Connection: keep-alive\r\n\r\n"),
     "204[Proxy-Connection=keep-alive]", CLOSES},
    {BYTES("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" CHUNKED "\r\n0\r\n\r\n"),
     "200[Connection=keep-alive][Transfer-Encoding=chunked]", CLOSES},
    {BYTES(OK "Content-Length: 9\r\n" CHUNKED "\r\n1\r\nx\r\n0\r\n\r\n"),
     "200[Content-Length=9][Transfer-Encoding=chunked]x", CLOSES},
    {BYTES(OK CHUNKED "Content-Length: 9\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
     "200[Transfer-Encoding=chunked][Content-Length=9]x", CLOSES},
    {BYTES(OK "Content-Length: 9\r\n" CHUNKED "\r\n"),
     "200[Content-Length=9][Transfer-Encoding=chunked]", TO_HEAD | CLOSES},
    {BYTES("HTTP/1.0 304 \r\nConnection: keep-alive\r\n" CHUNKED "\r\n"),
     "304[Connection=keep-alive][Transfer-Encoding=chunked]", CLOSES},
    {BYTES("HTTP/1.1 204 \r\n" CHUNKED "\r\n"), "204[Transfer-Encoding=chunked]", CLOSES},
    {BYTES("HTTP/1.1 204 \r\nContent-Length: 0\r\n\r\n"), "204[Content-Length=0]"},
    {BYTES("HTTP/1.1 103 \r\nContent-Length: 7\r\n\r\nHTTP/1.1 204 \r\n\r\n"), "(103)204", CLOSES},
    {BYTES("HTTP/1.1 103 \r\nContent-Length: 0\r\n\r\nHTTP/1.1 204 \r\n\r\n"), "(103)204"},
    {BYTES("HTTP/1.1 103 \r\nConnection: close\r\n\r\nHTTP/1.1 204 \r\n\r\n"), "(103)204", CLOSES},
    {BYTES("HTTP/1.0 100 \r\n\r\n" CONTINUE "HTTP/1.1 204 \r\n\r\n"), "(100)(100)204", CLOSES},
};

START_TEST(says_whether_another_may_follow)
{
    read_in_all_ways(&connections[_i]);
}
END_TEST

/* ---- what is no answer, or can be read in two ways */

#define BAD(text) BYTES(text), ""
#define BAD_CHUNK(text, body) BYTES(OK_CHUNKED text), "200[Transfer-Encoding=chunked]" body

static const struct row bad[] = {
    {BAD("GET / HTTP/1.1\r\n\r\n")},
    {BAD("ICY 200 OK\r\n\r\n")},
    {BAD("HTTP/0.9 200 OK\r\n" EMPTY)},
    {BAD("HTTP/2.0 200 OK\r\n" EMPTY)},
    {BAD("HTTP/1.10 200 OK\r\n" EMPTY)},
    {BAD("HTTP/1.1 OK\r\n" EMPTY)},
    {BAD("HTTP/1.1 20 OK\r\n" EMPTY)},
    {BAD("HTTP/1.1 2000 OK\r\n" EMPTY)},
    {BAD("HTTP/1.1 101 Switching Protocols\r\n\r\n")},
    {BYTES(CONTINUE "HTTP/1.1 101 \r\n\r\n"), "(100)"},

    {BAD("\r\n" OK EMPTY)},
    {BAD("HTTP/1.1  200 OK\r\n" EMPTY)},
    {BAD("HTTP/1.1 099 \r\n\r\n" OK EMPTY)},
    {BAD("HTTP/1.1 0200 OK\r\n" EMPTY)},
    {BAD("HXXX/1.1 200 OK\r\n" EMPTY)},
    {BAD("HTTP/1.1 200 \0\r\n" EMPTY)},
    {BAD("HTTP/1.1 200 OK\rAA: b\r\n" EMPTY)},
    {BAD(OK "A: \rb\r\n" EMPTY)},
    {BAD(OK "Content-Length: 1\r\n\rxy")},
    {BYTES(CONTINUE "\r\n" OK EMPTY), "(100)"},
    {BAD("HTTP/1.1 100 Continue\r\n\rx" OK EMPTY)},

    {BAD(OK "none\r\n" EMPTY)},
    {BAD(OK " A: b\r\n" EMPTY)},
    {BAD(OK ": nobody's\r\n" EMPTY)},
    {BAD(OK "A : b\r\n" EMPTY)},
    {BAD(OK "A\t: b\r\n" EMPTY)},
    {BAD(OK "A b: c\r\n" EMPTY)},
    {BAD(OK "\"A\": b\r\n" EMPTY)},
    {BAD(OK "A\0: b\r\n" EMPTY)},
    {BAD(OK "A: b\0c\r\n" EMPTY)},
    {BAD(OK "A: \0b\r\n" EMPTY)},
    {BAD(OK "A: b\rc\r\n" EMPTY)},
    {BAD(OK "A: b\r\r\n" EMPTY)},
    {BAD("HTTP/1.1 103 \r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n")},
    {BAD("HTTP/1.1 103 \r\nA : b\r\n\r\n")},

    {BAD(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello")},
    {BAD(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")},
    {BAD(OK "Content-Length: 5, 5\r\n\r\nhello")},
    {BAD(OK "Content-Length: -5\r\n\r\nhello")},
    {BAD(OK "Content-Length: +5\r\n\r\nhello")},
    {BAD(OK "Content-Length: 0x5\r\n\r\nhello")},
    {BAD(OK "Content-Length: 5 0\r\n\r\nhello")},
    {BAD(OK "Content-Length: 5\r\n 0\r\n\r\nhello")},
    {BAD(OK "Content-Length:\r\n\r\nhello")},
    {BAD(OK "Content-Length : 5\r\n\r\nhello")},
    {BAD(OK "Content-Length: 9223372036854775808\r\n\r\nhello")},
    {BAD(OK "Content-Length: 18446744073709551621\r\n\r\nhello")},
    {BAD(OK "Content-Length: 99999999999999999999999\r\n\r\nhello")},

    {BAD(OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")},
    {BAD(OK "Transfer-Encoding: chunked, identity\r\n\r\nx")},
    {BAD(OK "Transfer-Encoding: identity\r\n\r\nx")},
    {BAD(OK "Transfer-Encoding: chunkedx\r\n\r\nx")},
    {BAD(OK "Transfer-Encoding:\r\n\r\nx")},
    {BAD(OK CHUNKED CHUNKED "\r\n0\r\n\r\n")},
    {BAD(OK CHUNKED "Transfer-Encoding: identity\r\n\r\nx")},

    {BAD_CHUNK("\r\nx", "")},
    {BAD_CHUNK("x\r\n", "")},
    {BAD_CHUNK("0x1\r\nx\r\n", "")},
    {BAD_CHUNK(" 1\r\nx\r\n", "")},
    {BAD_CHUNK("1\nx\r\n", "")},
    {BAD_CHUNK("1\rxy\r\n", "")},
    {BAD_CHUNK("\xb2\r\n\r\n", "")},
    {BAD_CHUNK("1\x80\r\n0123456789abcdef\r\n0\r\n\r\n", "")},
    {BAD_CHUNK("1;a\nx\r\n0\r\n\r\n", "")},
    {BAD_CHUNK("1;a\rbx\r\n", "")},
    {BAD_CHUNK("1\r\nxy\r\n0\r\n\r\n", "x")},
    {BAD_CHUNK("1\r\nx\n\n0\r\n\r\n", "x")},
    {BAD_CHUNK("1\r\nx\ry0\r\n\r\n", "x")},
    {BAD_CHUNK("0\r\n\rx", "")},
    {BAD_CHUNK("0\r\nA: b\n\r\n", "")},
    {BAD_CHUNK("8000000000000000\r\nx\r\n", "")},
    {BAD_CHUNK("10000000000000001\r\nx\r\n", "")},
    {BAD_CHUNK("1\r\nx\r\n0\r\nnone\r\n\r\n", "x")},
    {BAD_CHUNK("1\r\nx\r\n0\r\nA: b\rc\r\n\r\n", "x")},
};

START_TEST(refuses_what_is_none)
{
    struct row row = bad[_i];

    row.outcome = -EBADMSG;
    read_in_all_ways(&row);
}
END_TEST

/* ---- handlers that have seen enough */

static const struct row ended[] = {
    {BYTES(OK "Content-Length: 5\r\n\r\nhello"), "200[Content-Length=5]", REFUSES_HEAD},
    {BYTES(CONTINUE "HTTP/1.1 204 \r\n\r\n"), "(100)204", REFUSES_HEAD},
    {BYTES(OK "Content-Length: 5\r\n\r\nhello"), "200[Content-Length=5]hello", REFUSES_BODY},
    {BYTES(OK_CHUNKED "1\r\nx\r\n0\r\n\r\n"), "200[Transfer-Encoding=chunked]x", REFUSES_BODY},
    {BYTES(OK "\r\nhello"), "200hello", REFUSES_BODY},
};

START_TEST(can_be_ended_by_the_handler)
{
    struct row row = ended[_i];

    row.outcome = -ECANCELED;
    read_in_all_ways(&row);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("response");
    TCase *t = tcase_create("pure");

    tcase_add_loop_test(t, ends_where_it_says, 0, (int)ARRAY_SIZE(whole));
    tcase_add_loop_test(t, is_not_whole_when_it_ends_early, 0, (int)ARRAY_SIZE(early));
    tcase_add_loop_test(t, takes_interim_answers_before_it, 0, (int)ARRAY_SIZE(interim));
    tcase_add_loop_test(t, has_headers_of_some_size_only, 0, (int)ARRAY_SIZE(floods));
    tcase_add_loop_test(t, takes_header_lines, 0, (int)ARRAY_SIZE(lines));
    tcase_add_loop_test(t, says_whether_another_may_follow, 0, (int)ARRAY_SIZE(connections));
    tcase_add_loop_test(t, refuses_what_is_none, 0, (int)ARRAY_SIZE(bad));
    tcase_add_loop_test(t, can_be_ended_by_the_handler, 0, (int)ARRAY_SIZE(ended));
    suite_add_tcase(s, t);
    return s;
}
