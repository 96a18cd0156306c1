/* SPDX-License-Identifier: MIT */
/* The answers to a login at Swift itself. */
#include "answer.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_decode_login(&identity_swift_v1, data, size);
    return 0;
}
