/* SPDX-License-Identifier: MIT */
/* The answers to a login at Keystone v3. */
#include "answer.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_decode_login(&identity_keystone_v3, data, size);
    return 0;
}
