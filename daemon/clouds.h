/* SPDX-License-Identifier: MIT */
/* All configured clouds, and which of them is the default. A reload changes them in place; whoever
 * holds a reference keeps its cloud. */
#ifndef CLOUDS_H
#define CLOUDS_H

#include "cloud.h"

struct clouds {
    struct cloud **all; /* in the configuration's order */
    size_t n;
    struct cloud **by_name;       /* the same, sorted; NULL in a view */
    struct cloud *preset;         /* what `default` stands for; one of them */
    struct clouds_watch *watches; /* one for each cloud, in the same order */
    const struct config *config;

    struct cloud **leaving; /* configured no more, with a revocation under way */
    size_t n_leaving;
};

/*
 * Makes the clouds be what the configuration says: starts new ones, tells the others, stops those
 * that are gone. The credentials are read here; one that is malformed fails the whole, with
 * ret_error set to a sentence, and nothing has changed then; with `forgiving` it fails its cloud only.
 * 0 or a negative errno; with -ENOMEM a cloud may have its new settings already, but the clouds and
 * their configuration are the old ones.
 */
int clouds_configure(struct clouds *c, const struct cloud_host *host, const struct config *config,
                     bool forgiving, char **ret_error);

/* The cloud of that name, or NULL; `default` stands for the default cloud unless one has that name. Borrowed. */
struct cloud *clouds_find(const struct clouds *c, const char *name);

/* Whether every cloud holds a usable token. */
bool clouds_ready(const struct clouds *c);

/* Whether no first login is under way any more: each has succeeded, or has failed and said so. */
bool clouds_settled(const struct clouds *c);

/* Has everybody who waits for any cloud look again. */
void clouds_wake(struct clouds *c);

/* Retires the pages of all. */
void clouds_retire_pages(struct clouds *c);

/* Has them leave, all at once; then whether one of them, or one that has been removed, still has a
 * revocation under way. */
void clouds_leave(struct clouds *c);
bool clouds_are_revoking(const struct clouds *c);

/* Whether one of them is to revoke its token when it leaves. */
bool clouds_will_revoke(const struct clouds *c);

void clouds_stop(struct clouds *c);
void clouds_done(struct clouds *c);

#endif
