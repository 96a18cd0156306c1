/* SPDX-License-Identifier: MIT */
/*
 * What comes back from systemd's store. What is taken is fit for use, and is what would be written; what is not
 * is refused with the name of a member.
 */
#include "fuzz.h"
#include "identity.h"
#include "secret.h"
#include "store_document.h"

#include <errno.h>
#include <string.h>

#define BOOT "0123456789abcdef0123456789abcdef"
#define NOW (5000 * USEC_PER_SEC)

static void check_session(const struct session *s)
{
    fuzz_check(s->refs == 1 && s->generation > 0);
    fuzz_check(identity_is_visible(s->token));
    fuzz_check(!strstr(s->document, s->token));
    fuzz_check(s->expires > s->issued);
    fuzz_check(s->obtained <= NOW && s->deadline > s->obtained && session_ends(s));
    fuzz_check(s->deadline - s->obtained == s->expires - s->issued);
    fuzz_check(s->user_id && s->user_name);
    for (size_t i = 0; i < s->n_roles; i++)
        fuzz_check(s->roles[i].id && s->roles[i].name);
    for (size_t i = 0; i < s->catalog->n_services; i++) {
        const struct service *service = &s->catalog->services[i];

        fuzz_check(service->type && service->name);
        for (size_t k = 0; k < service->n_endpoints; k++)
            fuzz_check(service->endpoints[k].interface && service->endpoints[k].url);
    }
}

/* What was written once is written so again. */
static void check_way_back(const struct store_record *record)
{
    _cleanup_(secret_freep) char *text = NULL, *again = NULL;
    _cleanup_(store_record_freep) struct store_record *back = NULL;
    const char *wrong = NULL;
    size_t length = 0, length_again = 0;

    fuzz_check(store_encode(record, BOOT, &text, &length) == 0);
    fuzz_check(store_decode(text, length, BOOT, NOW, &back, &wrong) == 0 && !wrong);
    fuzz_check(store_encode(back, BOOT, &again, &length_again) == 0);
    fuzz_check(length == length_again && !memcmp(text, again, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(store_record_freep) struct store_record *record = NULL;
    const char *wrong = NULL;
    int r;

    identity_init();
    r = store_decode((const char *)data, size, BOOT, NOW, &record, &wrong);
    fuzz_check((r == 0 && record && !wrong) || (r == -EBADMSG && !record && wrong));
    if (r < 0)
        return 0;
    fuzz_check(record->cloud);
    fuzz_check(record->next_login <= record->session->deadline);
    check_session(record->session);
    check_way_back(record);
    return 0;
}
