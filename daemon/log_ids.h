/* SPDX-License-Identifier: MIT */
/*
 * What kind of record a journal entry is: its MESSAGE_ID, for good, made with `systemd-id128 new`.
 * systemd/latchkey.catalog explains each to an operator; tests/layout.sh holds the two together.
 */
#ifndef LOG_IDS_H
#define LOG_IDS_H

#include <systemd/sd-id128.h>

#define MESSAGE_TOKEN \
    SD_ID128_MAKE_STR(22, ed, 3f, 62, bd, f7, 49, ea, bb, e5, ce, 13, d2, cd, 54, fa)
#define MESSAGE_TOKEN_PAGE \
    SD_ID128_MAKE_STR(00, 41, f3, c5, 8b, e4, 4a, 21, 82, 76, ea, 31, ed, 55, cd, f1)
#define MESSAGE_REFUSAL \
    SD_ID128_MAKE_STR(e8, b7, 8e, 2d, 8b, 56, 45, af, 8a, 8c, a3, 4c, bc, 89, 25, c0)
#define MESSAGE_LOGIN \
    SD_ID128_MAKE_STR(6e, bd, 99, 3b, d0, da, 4d, 72, 93, 5a, 12, aa, 77, e4, fd, ea)
#define MESSAGE_LOGIN_FAILED \
    SD_ID128_MAKE_STR(2a, 95, 60, 01, 3f, 2a, 40, 00, 86, 32, c8, 5e, 63, 47, 0a, c6)
#define MESSAGE_CREDENTIAL \
    SD_ID128_MAKE_STR(81, 2e, 80, 04, 42, d8, 43, c5, af, 2c, 93, d6, e2, e1, 7f, a2)
#define MESSAGE_CREDENTIAL_FORGOTTEN \
    SD_ID128_MAKE_STR(3c, ac, 01, 8d, 17, d3, 4f, f7, 83, 00, 13, 64, 60, 19, f4, 21)
#define MESSAGE_RELOAD \
    SD_ID128_MAKE_STR(34, 52, d9, 11, 95, 9e, 4e, a0, a6, 8d, 4f, 2f, 36, 01, 33, 75)
#define MESSAGE_RELOAD_FAILED \
    SD_ID128_MAKE_STR(07, 5b, 19, e0, 58, 9b, 41, 69, 8e, d9, 3f, af, 20, 9f, d1, 92)
#define MESSAGE_READY \
    SD_ID128_MAKE_STR(9e, ae, 9a, 64, 11, a0, 41, 4b, 8a, f2, 6e, 0f, 11, 65, f0, 59)
#define MESSAGE_STOPPING \
    SD_ID128_MAKE_STR(a9, 65, 85, 71, c6, 02, 4c, 29, a8, 9b, db, 11, 64, 66, 4f, 63)

#endif
