/* SPDX-License-Identifier: MIT */
/*
 * Requests that wait: for an answer, for room in the client's socket, for their turn among large answers.
 */
#include "server_private.h"

#define IN_PLACE_MOST 64
#define BLOCKS_AT_ONCE 4
#define TURNS_REMEMBERED 256
#define PIECE_SIZE ((size_t)16 * 1024)

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
 * However many large answers are on their way, some blocks of them go out at a time, and as much as that is
 * fetched: whoever asks for something small waits for those, and not for all. The others queue up.
 */
bool connection_has_to_queue(struct connection *c)
{
    struct listener *l = c->listener;

    l->large += !c->is_large;
    c->is_large = true;
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

size_t connection_piece(const struct connection *c, size_t room)
{
    const struct listener *l = c->listener;

    return l->small > 0 && l->large > 1 && room > PIECE_SIZE ? PIECE_SIZE : room;
}

void listener_note_small(struct listener *l)
{
    l->small = TURNS_REMEMBERED;
}

/* One block at a time while somebody asks for small things, and more when nobody does. */
void listener_take_turns(struct listener *l)
{
    unsigned blocks = l->small > 0 ? 1 : BLOCKS_AT_ONCE;

    l->small -= l->small > 0;
    l->blocks = blocks;
    for (unsigned i = 0; i < blocks && !TAILQ_EMPTY(&l->turns); i++)
        go_on(TAILQ_FIRST(&l->turns));
    if (!TAILQ_EMPTY(&l->turns))
        (void)later_schedule(&l->again);
}
