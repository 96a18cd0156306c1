/* SPDX-License-Identifier: MIT */
/*
 * Credential files: what is taken has a user and a key that a login can carry; what is not is
 * refused with a sentence that names the file and holds no key.
 */
#include "credential.h"
#include "fuzz.h"
#include "text_file.h"

#include <errno.h>

static void check_credential(const struct credential *c)
{
    _cleanup_(credential_freep) struct credential *copy = NULL;
    enum credential_field field, key;
    struct digest digest = credential_digest(c, 7), other = credential_digest(c, 8);

    fuzz_check(credential_check(c, &field, &key) == CREDENTIAL_WHOLE);
    fuzz_check(credential_field_is_key(key));
    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++)
        fuzz_check(!c->fields[i] || fuzz_is_sentence(c->fields[i]));
    if (credential_copy(c, &copy) < 0)
        abort();
    fuzz_check(credential_equal(c, copy));
    fuzz_check(!digest_equal(&digest, &other));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_open = size % 2 == 0;
    const char *path = text_file(data, size, is_open ? 0644 : 0600);
    _cleanup_(credential_freep) struct credential *c = NULL;
    _cleanup_(freep) char *warning = NULL, *error = NULL;
    int r = credential_read(path, &c, &warning, &error);

    fuzz_check((r == 0 && c && !error) || (r == -EBADMSG && !c && !warning));
    if (r < 0) {
        text_file_check_error(data, size, error);
        return 0;
    }
    check_credential(c);
    fuzz_check(is_open == !!warning);
    if (warning)
        text_file_check_error(data, size, warning);
    return 0;
}
