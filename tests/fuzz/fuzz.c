/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <jansson.h>
#include <string.h>

void fuzz_finding(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: finding: not true: %s\n", file, line, condition);
    abort();
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    size_t length = strnlen((const char *)data, size);
    char *text = malloc(length + 1);

    if (!text)
        abort();
    memcpy(text, data, length);
    text[length] = '\0';
    return text;
}

const char *fuzz_field(char **line)
{
    return strsep(line, "|");
}

bool fuzz_is_sentence(const char *text)
{
    _cleanup_(json_decrefp) json_t *as_json = json_string(text);

    for (const char *p = text; *p; p++)
        if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
            return false;
    return *text && as_json;
}
