/* SPDX-License-Identifier: MIT */
/*
 * The page that shows a cloud's token to those who have asked for it, from the first one who does on. It
 * shows what cloud_session() says, and is retired with everything that is a reason to ask anew.
 */
#include "cloud_private.h"

#include <errno.h>

static int show(struct cloud *c, const struct session *s)
{
    const struct token_page_value value = {
        .token = s->token,
        .generation = s->generation,
        .deadline = s->deadline, /* USEC_INFINITY, too, is what it is there */
        .expires = s->expires,
    };

    return token_page_write(c->page, &value);
}
_Static_assert(USEC_INFINITY == LATCHKEY_TOKEN_PAGE_NEVER, "a token that never ends is another");

void cloud_page_update(struct cloud *c)
{
    if (!c->page)
        return;
    if (!c->session || !c->session->token)
        token_page_clear(c->page);
    else if (show(c, c->session) < 0)
        cloud_retire_page(c); /* the token is too long: those who ask anew are told it */
}

int cloud_page(struct cloud *c, int *ret_fd)
{
    const struct session *s = cloud_session(c);
    int r;

    if (!s || !s->token)
        return -ENODATA;
    if (!c->page) {
        r = token_page_new(&c->page);
        if (r < 0)
            return r;
        r = show(c, s);
        if (r < 0) {
            cloud_retire_page(c);
            return r;
        }
    }
    *ret_fd = token_page_fd(c->page);
    return 0;
}

void cloud_retire_page(struct cloud *c)
{
    token_page_free(TAKE_PTR(c->page));
}
