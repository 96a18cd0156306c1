/* SPDX-License-Identifier: MIT */
/* The answers to a login at Rackspace's identity service. */
#include "answer.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_decode_login(&identity_rackspace, data, size);
    return 0;
}
