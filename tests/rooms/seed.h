/* SPDX-License-Identifier: MIT */
/* The login answer that pyrax's first documentation showed, as the suites of the rooms use it. */
#ifndef SEED_H
#define SEED_H

#include "session.h"

#define SEED_TOKEN "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
#define SEED_TENANT "000000"
#define SEED_FILES_TENANT "MossoCloudFS_ffffffff-ffff-ffff-ffff-ffffffffffff"

/* The answer's text. The caller frees it. */
char *seed_access(void);

/* The session that it decodes to. */
struct session *seed_session(void);

#endif
