/* SPDX-License-Identifier: MIT */
/*
 * A service's answer, out of the bytes of its connection: HTTP/1.1 (RFC 9112) as a client reads it, and no
 * more lenient than it has to be, as whatever two programs read in two ways becomes two answers. Pure.
 *
 * Debian's http-parser was tried in its place. Nobody keeps it any more, and it is built to let through
 * what has to be refused here: what remained to be checked was as much as this.
 */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "header_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The head of the answer and of any number of interim answers before it, all together; and then the lines
 * between two parts of its body, and its trailers. */
#define RESPONSE_LINES_MOST ((size_t)256 * 1024)

/* What is called from within response_feed(). */
struct response_handler {
    /* An interim answer is over (RFC 9110, 15.2); its headers are not kept. */
    void (*interim)(unsigned status, void *userdata);
    /* The final status and headers are here; false ends it. */
    bool (*head)(unsigned status, void *userdata);
    /* Part of the body, without what the chunks add; false ends it. */
    bool (*body)(const char *data, size_t length, void *userdata);
};

/* What comes next. */
enum response_part {
    RESPONSE_STATUS,
    RESPONSE_HEADER,
    RESPONSE_BODY,     /* of a length that is known */
    RESPONSE_BODY_END, /* what is left until the connection ends */
    RESPONSE_CHUNK_SIZE,
    RESPONSE_CHUNK,
    RESPONSE_CHUNK_END,
    RESPONSE_TRAILER,
    RESPONSE_NOTHING,
};

struct response {
    const struct response_handler *handler;
    void *userdata;
    enum response_part part;
    struct header_list headers; /* of the final answer */
    unsigned status;
    uint64_t left; /* of the body or chunk */
    char *line;    /* what has come of a line that is not whole */
    size_t line_length, line_size;
    size_t lines;  /* bytes of them */
    int error;     /* why it has ended, a negative errno */
    bool to_head;  /* the request was a HEAD: there is no body */
    bool is_old;   /* HTTP/1.0 */
    bool has_head; /* the final status and headers have come */
    bool is_last;  /* no other may follow over the same connection */
    bool is_whole; /* nothing of it is missing */
};

void response_init(struct response *r, bool to_head, const struct response_handler *handler,
                   void *userdata);
void response_done(struct response *r);

/*
 * Takes what has come. 0, with the bytes that belong to it in ret_used: all of them unless it is whole now;
 * -EBADMSG for what is no answer, or one that could be read in two ways; -EMSGSIZE for headers that are
 * too large; -ECANCELED when the handler has ended it; -ENOMEM.
 */
int response_feed(struct response *r, const char *data, size_t length, size_t *ret_used);

/* The connection has ended. 0 when the answer is whole with that, else -EPIPE, or what was wrong before. */
int response_end(struct response *r);

/* Whether the next request may go over the same connection (RFC 9112, 9.3). */
bool response_keeps_connection(const struct response *r);

#endif
