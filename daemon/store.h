/* SPDX-License-Identifier: MIT */
/*
 * The sessions that outlive this process: each lies as a sealed memfd in systemd's file descriptor store
 * (FileDescriptorStoreMax=), which hands it to the next latchkeyd, and is forgotten with a stop of the
 * service, or the machine's. Without a service manager nothing is kept, and where it has no room for what is
 * sent it says so in its own log.
 *
 * A new session is laid down before the former one is taken out, so that whenever we die there is one. The two
 * have different names for that, which take turns. Nothing here blocks but the sending of a datagram to
 * the service manager.
 */
#ifndef STORE_H
#define STORE_H

#include "store_document.h"

struct store;

/* 0 or -ENOMEM. */
int store_new(struct store **ret);
void store_free(struct store *s);
DEFINE_CLEANUP(struct store *, store_free)

/* Whether a descriptor of that name, passed by systemd, is for us. */
bool store_has_name(const char *name);

/* Takes such a descriptor over, and reads what is in it; what is not to be used is logged, and taken out. */
void store_add_passed(struct store *s, int fd, const char *name);

/* The newest session of that cloud from before this process, the caller's now; NULL: there is none. It
 * stays with systemd until store_put() or store_remove(). As these two, it takes no store for an empty one. */
struct store_record *store_take(struct store *s, const char *cloud);

/* Takes out whatever no cloud has taken. */
void store_remove_untaken(struct store *s);

/* Has systemd keep that record, in place of what it has of that cloud. All of it is borrowed. What cannot be
 * kept is logged. */
void store_put(struct store *s, const struct store_record *record);

void store_remove(struct store *s, const char *cloud);

#endif
