/* SPDX-License-Identifier: MIT */
/*
 * What a cloud needs to go on where it was before a restart, as a JSON document: its session, and what that
 * was made with. Whoever could write such a document could hand us any token, so that it is read as if an
 * enemy had written it. Pure.
 */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

#include "digest.h"
#include "session.h"

/* An identity service's answer has 1 MiB at most, and is in here twice: as it came, with a `\` before each
 * quotation mark, and taken apart. */
#define STORE_DOCUMENT_MOST ((size_t)4 * 1024 * 1024)

#define STORE_BOOT_LENGTH 32

struct store_record {
    char *cloud;
    uint64_t salt;               /* of the two digests: of what its login was made with */
    struct digest configuration; /* cloud_config_digest() without keys */
    struct digest credential;
    char *place; /* where the identity service's protocol is spoken; NULL: at its usual place */
    usec_t next_login;       /* as it was planned, CLOCK_BOOTTIME */
    struct session *session; /* with its generation */
};

void store_record_free(struct store_record *r);
DEFINE_CLEANUP(struct store_record *, store_record_free)

/* `boot` is an id of the boot that its times are of. 0 with a text in secret memory; -E2BIG; -EINVAL for
 * what no document can carry; -ENOMEM. */
int store_encode(const struct store_record *record, const char boot[static STORE_BOOT_LENGTH + 1],
                 char **ret, size_t *ret_length);

/*
 * 0; -ENOMEM; or -EBADMSG for what store_encode() has not written in this boot, or not before `now`, with
 * ret_wrong (static) naming the member that gives it away. The token may have ended since.
 */
int store_decode(const char *text, size_t length, const char boot[static STORE_BOOT_LENGTH + 1],
                 usec_t now, struct store_record **ret, const char **ret_wrong);

#endif
