/* SPDX-License-Identifier: MIT */
/* The answers to a login at Keystone v2.0. */
#include "answer.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_decode_login(&identity_keystone_v2, data, size);
    return 0;
}
