/* SPDX-License-Identifier: MIT */
/*
 * Requests that wait: for an answer, for room in the client's socket, for their turn among large bodies.
 */
#include "server_private.h"

#define IN_PLACE_MOST 64
#define BLOCKS_AT_ONCE 4
#define PIECE_SIZE ((size_t)16 * 1024)
#define LARGE_BODY (64 * 1024) /* of a request */
/* Who asks again and again may be kept from the processor for a while. */
#define SMALL_REMEMBERED (100 * USEC_PER_MSEC)

static void set_wait(struct connection *c, enum wait wait)
{
    struct listener *l = c->listener;

    l->in_place -= c->wait == WAIT_IN_PLACE;
    l->in_place += wait == WAIT_IN_PLACE;
    if (c->wait == WAIT_FOR_TURN)
        TAILQ_REMOVE(&l->turns, c, turn);
    if (wait == WAIT_FOR_TURN)
        TAILQ_INSERT_TAIL(&l->turns, c, turn);
    c->wait = wait;
}

void connection_suspend(struct connection *c)
{
    set_wait(c, WAIT_SUSPENDED);
    MHD_suspend_connection(c->mhd);
}

/*
 * A connection that is not suspended and has no answer is asked for one at each of libmicrohttpd's runs.
 * That is cheaper than to suspend it, which takes it out of an epoll set, puts it in again, and reads from
 * it in vain: so do those that wait for moments, as long as they are few.
 */
void connection_wait(struct connection *c)
{
    if (c->request.ops->brief && c->listener->in_place < IN_PLACE_MOST)
        set_wait(c, WAIT_IN_PLACE);
    else
        connection_suspend(c);
}

void connection_stop_waiting(struct connection *c)
{
    set_wait(c, WAIT_NONE);
}

static void go_on(struct connection *c)
{
    if (c->wait == WAIT_NONE)
        return;
    if (c->wait != WAIT_IN_PLACE)
        MHD_resume_connection(c->mhd);
    connection_stop_waiting(c);
    /* Without a thread of its own, libmicrohttpd acts on that at its next run only. */
    (void)later_schedule(&c->listener->again);
}

void request_wake(struct request *r)
{
    struct connection *c = connection_of(r);

    if (c->wait != WAIT_FOR_TURN || c->gone)
        go_on(c);
}

/* ---- turns */

/*
 * However many large bodies are on their way, some blocks of them pass at a time, and as much as that is
 * fetched or sent on: whoever asks for something small waits for those, and not for all. The others queue up.
 */
static bool has_to_queue(struct connection *c)
{
    struct listener *l = c->listener;

    if (l->large == 1)
        return false;
    if (l->blocks > 0) {
        l->blocks--;
        return false;
    }
    set_wait(c, WAIT_FOR_TURN);
    MHD_suspend_connection(c->mhd);
    (void)later_schedule(&l->again);
    return true;
}

static void note_large(struct connection *c)
{
    c->listener->large += !c->is_large;
    c->is_large = true;
}

bool connection_has_to_queue(struct connection *c)
{
    note_large(c);
    return has_to_queue(c);
}

/* What has been read is not taken, and so nothing more is read. That costs more than to leave out a piece of an
 * answer, so that it is done for somebody only. */
bool connection_body_has_to_queue(struct connection *c)
{
    int64_t length = c->request.length;

    if (length != REQUEST_UNKNOWN_LENGTH && length < LARGE_BODY)
        return false;
    note_large(c);
    return c->listener->is_shared && has_to_queue(c);
}

size_t connection_piece(const struct connection *c, size_t room)
{
    const struct listener *l = c->listener;

    return l->is_shared && l->large > 1 && room > PIECE_SIZE ? PIECE_SIZE : room;
}

/* Whether somebody asks for small things while large bodies are on their way. */
static bool is_shared(struct listener *l)
{
    usec_t now;

    if (l->large == 0)
        return false;
    now = clock_of_loop(l->server->event);
    if (l->small)
        l->shared_until = now + SMALL_REMEMBERED;
    l->small = false;
    return now < l->shared_until;
}

/* One block at a time while they are shared, and more when nobody else is there. */
void listener_take_turns(struct listener *l)
{
    unsigned blocks;

    l->is_shared = is_shared(l);
    l->blocks = blocks = l->is_shared ? 1 : BLOCKS_AT_ONCE;
    for (unsigned i = 0; i < blocks && !TAILQ_EMPTY(&l->turns); i++)
        go_on(TAILQ_FIRST(&l->turns));
    if (!TAILQ_EMPTY(&l->turns))
        (void)later_schedule(&l->again);
}
