/* SPDX-License-Identifier: MIT */
/* See resource.h. */
#include "resource.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PASSING_STATUS "sandbox:status"
#define PASSING_END "sandbox:until"
#define PASSING_NS 500000000

json_t *resource_list(struct sandbox *s, const char *kind, const char *region)
{
    json_t *regions = json_object_get(s->resources, kind);
    json_t *list;

    if (!regions) {
        regions = json_object();
        json_object_set_new(s->resources, kind, regions);
    }
    list = json_object_get(regions, region);
    if (!list) {
        list = json_array();
        json_object_set_new(regions, region, list);
    }
    return list;
}

static size_t position(const json_t *list, const char *id)
{
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_object_get(json_array_get(list, i), "id");
        char number[24] = "";

        if (json_is_integer(value))
            snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        if (strcmp(json_is_string(value) ? json_string_value(value) : number, id) == 0)
            break;
    }
    return i;
}

json_t *resource_find(const json_t *list, const char *id)
{
    return json_array_get(list, position(list, id));
}

void resource_remove(json_t *list, const char *id)
{
    json_array_remove(list, position(list, id));
}

void resource_pass_through(json_t *resource, const char *status)
{
    json_object_set_new(resource, PASSING_STATUS, json_string(status));
    json_object_set_new(resource, PASSING_END, json_integer(clock_boot_ns() + PASSING_NS));
}

json_t *resource_show(const json_t *resource)
{
    json_t *shown = json_deep_copy(resource);
    json_t *status = json_object_get(shown, PASSING_STATUS);

    if (status) {
        if (clock_boot_ns() < json_integer_value(json_object_get(shown, PASSING_END)))
            json_object_set(shown, "status", status);
        json_object_del(shown, PASSING_STATUS);
        json_object_del(shown, PASSING_END);
    }
    return shown;
}

void resource_random_uuid(char ret_id[static RESOURCE_ID_LENGTH + 1])
{
    char digits[TOKEN_ID_LENGTH + 1];

    token_random_id(digits);
    snprintf(ret_id, RESOURCE_ID_LENGTH + 1, "%.8s-%.4s-4%.3s-8%.3s-%.12s", digits, digits + 8,
             digits + 12, digits + 15, digits + 18);
}
