/* SPDX-License-Identifier: MIT */
/* One set of rules, as an operator would write them, and callers of all kinds, for the policy's suites. */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "load_config.h"

static const char rules[] = "[rackspace]\n[staging]\n[lab 1]\n[default]\n"
                            "[allow admin]\n"
                            "user = 0\n"
                            "operation = *\n"
                            "[allow operators]\n"
                            "group = 500, 501\n"
                            "cloud = rackspace\n"
                            "operation = status, identity, refresh, credential\n"
                            "[allow monitoring]\n"
                            "unit = prometheus.service, node-exporter@*.service\n"
                            "operations = status metrics\n"
                            "[allow backup]\n"
                            "user = 1001\n"
                            "unit = backup.service\n"
                            "cloud = rackspace\n"
                            "operation = proxy\n"
                            "service = object-store\n"
                            "region = DFW\n"
                            "method = PUT, HEAD\n"
                            "path = /backups/**\n"
                            "[allow reader]\n"
                            "user = 1002\n"
                            "cloud = rackspace, staging\n"
                            "operation = catalog, proxy\n"
                            "method = GET\n"
                            "[allow desktop]\n"
                            "user = 1003\n"
                            "unit = user:sync*.service\n"
                            "cloud = lab*\n"
                            "operation = token\n"
                            "[allow by the door]\n"
                            "socket = staging.socket, lab-*\n"
                            "cloud = staging, lab?1\n"
                            "operation = token, identity\n"
                            "[allow star]\n"
                            "user = 1004\n"
                            "operation = *\n"
                            "[allow nobody]\n"
                            "user = no-such-user-here\n"
                            "operation = *\n"
                            "[allow writer]\n"
                            "user = 1005\n"
                            "operation = proxy\n"
                            "service = swift, cloud_dns\n"
                            "region = *\n"
                            "path = / /up /up/** /new/ /one/report.txt\n"
                            "[allow servers]\n"
                            "user = 1006\n"
                            "operation = proxy\n"
                            "service = compute\n"
                            "[allow old servers]\n"
                            "user = 1007\n"
                            "operation = proxy\n"
                            "service = cloudServers\n"
                            "method = TRACE *\n";

enum who {
    ROOT,
    OWN, /* the daemon's user */
    STRANGER,
    OPERATOR,     /* by its own group */
    SECOND_GROUP, /* by a supplementary one */
    PROMETHEUS,
    EXPORTER,
    FALSE_EXPORTER, /* a user's own unit of such a name */
    BACKUP,
    BACKUP_SHELL, /* its user, elsewhere */
    BACKUP_UNIT,  /* its unit, another user */
    BACKUP_FAKE,  /* its user, a unit of its own by that name */
    READER,
    DESKTOP,
    DESKTOP_SYSTEM, /* a system's unit of that name */
    AT_THE_DOOR,
    AT_ANOTHER_DOOR,
    STAR,
    WRITER,
    SERVERS,
    OLD_SERVERS,
    _WHO_MAX,
};

#define OWN_UID 900

static gid_t some_groups[] = {7, 501, 8};
static char prometheus[] = "prometheus.service", exporter[] = "node-exporter@a\\x2db.service",
            backup[] = "backup.service", sync_photos[] = "sync-photos.service",
            session[] = "session-4.scope", manager[] = "user@1003.service";

#define USUAL .socket = "latchkeyd.socket"

static const struct peer peers[_WHO_MAX] = {
    [ROOT] = {.uid = 0, USUAL},
    [OWN] = {.uid = OWN_UID, .gid = OWN_UID, USUAL},
    [STRANGER] = {.uid = 4000, .gid = 4000, .unit = session, USUAL},
    [OPERATOR] = {.uid = 4001, .gid = 500, USUAL},
    [SECOND_GROUP] = {.uid = 4002, .gid = 4002, .groups = some_groups, .n_groups = 3, USUAL},
    [PROMETHEUS] = {.uid = 200, .gid = 200, .unit = prometheus, USUAL},
    [EXPORTER] = {.uid = 201, .gid = 201, .unit = exporter, USUAL},
    [FALSE_EXPORTER] = {.uid = 4003, .gid = 4003, .unit = manager, .user_unit = exporter, USUAL},
    [BACKUP] = {.uid = 1001, .gid = 1001, .unit = backup, USUAL},
    [BACKUP_SHELL] = {.uid = 1001, .gid = 1001, .unit = session, USUAL},
    [BACKUP_UNIT] = {.uid = 4004, .gid = 1001, .unit = backup, USUAL},
    [BACKUP_FAKE] = {.uid = 1001, .gid = 1001, .unit = manager, .user_unit = backup, USUAL},
    [READER] = {.uid = 1002, .gid = 1002, USUAL},
    [DESKTOP] = {.uid = 1003, .gid = 1003, .unit = manager, .user_unit = sync_photos, USUAL},
    [DESKTOP_SYSTEM] = {.uid = 1003, .gid = 1003, .unit = sync_photos, USUAL},
    [AT_THE_DOOR] = {.uid = 4005, .gid = 4005, .socket = "staging.socket"},
    [AT_ANOTHER_DOOR] = {.uid = 4005, .gid = 4005, .socket = "lab-7"},
    [STAR] = {.uid = 1004, .gid = 1004, USUAL},
    [WRITER] = {.uid = 1005, .gid = 1005, USUAL},
    [SERVERS] = {.uid = 1006, .gid = 1006, USUAL},
    [OLD_SERVERS] = {.uid = 1007, .gid = 1007, USUAL},
};

static struct config *config;

static inline void rules_setup(void)
{
    scratch_setup();
    config = load(rules);
    config->policy->own_uid = OWN_UID;
}

static inline void rules_teardown(void)
{
    config_free(config);
    scratch_teardown();
}

#endif
