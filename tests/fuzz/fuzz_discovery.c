/* SPDX-License-Identifier: MIT */
/*
 * Version documents: the place that is found is below the address that was asked, and has a provider
 * that is asked for. And the addresses that people configure, for which Location stands.
 */
#include "answer.h"
#include "fuzz.h"
#include "identity_discovery.h"

#include <string.h>

static char keystone[] = "keystone";
static const char root[] = "http://127.0.0.1:15000";

static bool is_in_table(const struct identity_provider *provider)
{
    for (const struct identity_row *row = identity_table; row->type; row++)
        if (row->provider == provider && strcmp(row->type, keystone) == 0)
            return true;
    return false;
}

static void check_discovery(const struct identity_answer *answer, char *version)
{
    const struct cloud_config cloud = {.identity_type = keystone, .identity_api_version = version};
    _cleanup_(identity_place_done) struct identity_place place = {0};
    _cleanup_(problem_freep) struct problem *problem = NULL;
    int r = identity_decode_discovery(&cloud, root, answer, &place, &problem);

    fuzz_check((r == 0 && !problem) || (r == 1 && problem && !place.provider && !place.endpoint));
    if (r > 0) {
        fuzz_check_problem(answer, problem);
        return;
    }
    fuzz_check(is_in_table(place.provider) && place.provider->version);
    fuzz_check(!version || strcmp(place.provider->version, version) == 0);
    fuzz_check(strncmp(place.endpoint, root, strlen(root)) == 0);
    fuzz_check(strncmp(place.endpoint + strlen(root), "/v", 2) == 0 ||
               strncmp(place.endpoint + strlen(root), "/V", 2) == 0);
    fuzz_check(!strchr(place.endpoint + strlen(root) + 1, '/'));
}

static void check_explanation(const struct identity_answer *answer)
{
    _cleanup_(problem_freep) struct problem *problem =
        identity_explain_discovery("http://127.0.0.1:15000/v2.0", answer);

    fuzz_check(problem);
    fuzz_check_problem(answer, problem);
}

static void check_place(const char *url, char *version)
{
    _cleanup_(freep) char *endpoint = fuzz_text((const uint8_t *)url, strlen(url));
    const struct cloud_config cloud = {
        .identity_type = keystone,
        .auth_endpoint = endpoint,
        .identity_api_version = version,
    };
    _cleanup_(identity_place_done) struct identity_place place = {0};
    int r = identity_place_of(&cloud, &place);

    fuzz_check((r == 1 && is_in_table(place.provider)) || (r == 0 && !place.provider));
    if (place.endpoint)
        fuzz_check(strncmp(url, place.endpoint, strlen(place.endpoint)) == 0);
    if (place.endpoint && *place.endpoint)
        fuzz_check(place.endpoint[strlen(place.endpoint) - 1] != '/');
    fuzz_check(!version || !place.provider || strcmp(place.provider->version, version) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char v2[] = "v2", v3[] = "v3";
    char *const versions[] = {NULL, v2, v3};
    _cleanup_(fuzz_answer_done) struct fuzz_answer a = {0};
    const char *location;

    identity_init();
    fuzz_answer_init(&a, data, size);
    location = identity_answer_header(&a.answer, "Location");
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        check_discovery(&a.answer, versions[i]);
        if (location)
            check_place(location, versions[i]);
    }
    check_explanation(&a.answer);
    return 0;
}
