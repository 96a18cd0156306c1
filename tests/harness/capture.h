/* SPDX-License-Identifier: MIT */
/*
 * A server that understands nothing: it keeps each request byte by byte and plays an answer back as
 * it was written down. For what a real server would tidy up on the way. It has a thread, and one
 * connection at a time.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <stddef.h>

struct capture;

enum capture_end {
    CAPTURE_KEEP,  /* the connection stays open behind the answer */
    CAPTURE_CLOSE, /* it ends */
    CAPTURE_RESET, /* it ends at once, before anything is answered */
};

struct capture_answer {
    const char *bytes; /* NULL: 200 with an empty body */
    size_t length;     /* 0: bytes is text */
    enum capture_end end;
    const char *again; /* said behind the bytes, over and over; NULL: nothing */
    size_t times;      /* that often; 0: for as long as somebody listens */
    unsigned pause;    /* ms before each time */
    size_t after; /* answers once so many bytes of the body have come, and reads no more; 0: all */
};

/* Listens on a free port; ends with the test. */
struct capture *capture_new(void);
int capture_port(const struct capture *c);
/* http://127.0.0.1:PORT */
const char *capture_url(const struct capture *c);

/* What the requests from now on get; what it points to must last. */
void capture_set(struct capture *c, const struct capture_answer *answer);

/* Waits for the request of that number, the first is 0: head and body as they came, with a NUL
 * behind them. It lasts until the test's end. ret_length may be NULL. */
const char *capture_wait(struct capture *c, size_t number, size_t *ret_length);

/* How many requests have come. */
size_t capture_count(struct capture *c);

#endif
