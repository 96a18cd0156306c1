/* SPDX-License-Identifier: MIT */
#include "identity_document.h"

/* Behind the quote that ends the string; NULL when it is too long. */
static const char *skip_string(const char *at, const char *end)
{
    const char *begin = at;

    for (; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return (size_t)(at - begin) > IDENTITY_TEXT_MOST ? NULL : at + (at < end);
}

bool identity_document_fits(const struct identity_answer *answer)
{
    const char *at = answer->body, *end = at + answer->length;
    size_t values = 1, depth = 0;

    while (at && at < end && values <= IDENTITY_VALUES_MOST && depth <= IDENTITY_DEPTH_MOST)
        switch (*at++) {
        case '"':
            at = skip_string(at, end);
            break;
        case '{':
        case '[':
            values++;
            depth++;
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            break;
        case ',':
            values++;
            break;
        default:
            break;
        }
    return at == end;
}

json_t *identity_document_load(const struct identity_answer *answer)
{
    return identity_document_fits(answer) ? json_loadb(answer->body, answer->length, 0, NULL)
                                          : NULL;
}
