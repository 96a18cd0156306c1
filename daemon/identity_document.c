/* SPDX-License-Identifier: MIT */
#include "identity_document.h"

/* Behind the quote that ends the string; NULL when it is too long. */
static const char *skip_string(const char *at, const char *end, size_t most)
{
    const char *begin = at;

    for (; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return (size_t)(at - begin) > most ? NULL : at + (at < end);
}

bool identity_text_fits(const char *text, size_t length, size_t text_most)
{
    const char *at = text, *end = text + length;
    size_t values = 1, depth = 0;

    while (at && at < end && values <= IDENTITY_VALUES_MOST && depth <= IDENTITY_DEPTH_MOST)
        switch (*at++) {
        case '"':
            at = skip_string(at, end, text_most);
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

bool identity_document_fits(const struct identity_answer *answer)
{
    return identity_text_fits(answer->body, answer->length, IDENTITY_TEXT_MOST);
}

json_t *identity_document_load(const struct identity_answer *answer)
{
    return identity_document_fits(answer) ? json_loadb(answer->body, answer->length, 0, NULL)
                                          : NULL;
}
