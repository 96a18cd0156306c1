/* SPDX-License-Identifier: MIT */
/*
 * HTTP messages as bytes, taken apart without being understood, and a service of the catalog that
 * the test plays itself: what went over the wire is compared, not what a library made of it.
 */
#ifndef WIRE_H
#define WIRE_H

#include "capture.h"

struct wire {
    char *first;  /* the request line or the status line */
    char **lines; /* "Name: value", in their order; blanks around a value are left out */
    size_t n;
    const char *body; /* everything behind the head */
    size_t length;
};

/* What it points to lasts until the test's end. */
struct wire wire_parse(const char *message, size_t length);

/* Takes the header of that name out, in any case: its value, or NULL. Demands that there is no
 * second one. */
const char *wire_take(struct wire *w, const char *name);

/* The headers that are left, in order, each with a newline. */
const char *wire_headers(const struct wire *w);

/* The body out of its chunks, with a NUL behind it; demands that they are whole, that nothing
 * follows them and that there is no trailer. */
char *wire_unchunk(const struct wire *w, size_t *ret_length);

/* The sandbox, a capture server that answers for these services of its catalog, and the daemon.
 * A service is "NAME,TYPE,REGION,PATH", the path that of its endpoint; NULL-terminated. */
struct capture *wire_start(const char *const *services);

/* The service x-bare answers with those bytes, once: what comes to a client that asks for that. */
struct wire wire_answered(struct capture *c, const char *method, const char *bytes, size_t length);
struct wire wire_answered_text(struct capture *c, const char *method, const char *text);
int wire_status(const struct wire *w);
/* Takes out what each hop says for itself. */
void wire_take_framing(struct wire *w);

/* The token that requests are signed with. */
const char *wire_token(void);

/* Reads the body whose length that head announces. */
char *wire_read_body(int fd, const char *head);

/* The sandbox with a service x-bare that the test plays itself, and the daemon: where the service
 * listens. */
int wire_play(void);

/* A port of that IPv4 address at which nobody gets connected, nor hears why: the queue of who listens
 * is full. 0: any port; which it is. wire_fill_hole() makes the port free again. */
int wire_dig_hole(const char *address, int port);
void wire_fill_hole(void);

/* A listening TCP socket on a free port of 127.0.0.1, and the next connection to it. */
int wire_listen(int *ret_port);
int wire_accept(int fd);

#endif
