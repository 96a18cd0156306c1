/* SPDX-License-Identifier: MIT */
#include "template.h"

#include "cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const struct {
    const char *name;
    enum template_field field;
} names[] = {
    {"project_id", TEMPLATE_PROJECT_ID},
    {"user_id", TEMPLATE_USER_ID},
    {"region_name", TEMPLATE_REGION_NAME},
    {"tenant_id", TEMPLATE_PROJECT_ID},
};

static const struct {
    const char *before, *behind;
} spellings[] = {{"%(", ")s"}, {"$(", ")s"}, {"{", "}"}};

const char *template_field_name(enum template_field field)
{
    size_t i = 0;

    while (names[i].field != field)
        i++;
    return names[i].name;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The length of the gap that the text begins with, and its field; 0: it begins with none. */
static size_t gap_length(const char *text, enum template_field *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
        const char *name = text + strlen(spellings[i].before);

        if (!begins(text, spellings[i].before))
            continue;
        for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
            const char *end = name + strlen(names[j].name);

            if (!begins(name, names[j].name) || !begins(end, spellings[i].behind))
                continue;
            *ret = names[j].field;
            return (size_t)(end - text) + strlen(spellings[i].behind);
        }
    }
    return 0;
}

/* What only a gap may begin with, or end with. */
static bool is_broken(const char *text)
{
    if (*text == '%')
        return !isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]);
    return *text == '{' || *text == '}' || begins(text, "$(");
}

int template_check(const char *text)
{
    enum template_field field;

    while (*text) {
        size_t length = gap_length(text, &field);

        if (length == 0 && is_broken(text))
            return -EINVAL;
        text += length > 0 ? length : 1;
    }
    return 0;
}

/* RFC 3986, 2.3 */
static void put_value(FILE *f, const char *value)
{
    for (; *value; value++)
        if (isalnum((unsigned char)*value) || strchr("-._~", *value))
            fputc(*value, f);
        else
            fprintf(f, "%%%02X", (unsigned char)*value);
}

static int fill(FILE *f, const char *text, const char *const values[static _TEMPLATE_FIELD_MAX],
                enum template_field *ret_missing)
{
    enum template_field field;

    while (*text) {
        size_t length = gap_length(text, &field);

        if (length == 0) {
            fputc(*text++, f);
            continue;
        }
        if (!values[field] || !*values[field]) {
            *ret_missing = field;
            return 1;
        }
        put_value(f, values[field]);
        text += length;
    }
    return 0;
}

int template_fill(const char *text, const char *const values[static _TEMPLATE_FIELD_MAX],
                  char **ret, enum template_field *ret_missing)
{
    _cleanup_(freep) char *filled = NULL;
    size_t size;
    FILE *f;
    int r;

    if (template_check(text) < 0)
        return -EINVAL;
    f = open_memstream(&filled, &size);
    if (!f)
        return -ENOMEM;
    r = fill(f, text, values, ret_missing);
    if (fclose(f) != 0)
        return -ENOMEM;
    if (r == 0)
        *ret = TAKE_PTR(filled);
    return r;
}
