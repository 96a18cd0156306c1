/* SPDX-License-Identifier: MIT */
#include "header_list.h"

#include "secret.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define LENGTH_MOST ((size_t)128 * 1024)

void header_list_done(struct header_list *l)
{
    secret_free(l->data);
    *l = (struct header_list){0};
}

void header_list_clear(struct header_list *l)
{
    l->length = 0;
}

/* Makes place for `need` more bytes; returns where they go, or NULL. */
static char *reserve(struct header_list *l, size_t need)
{
    size_t size = l->size * 2 + 1024;
    char *grown;

    if (l->length + need > LENGTH_MOST)
        return NULL;
    if (l->length + need > l->size) {
        if (size < l->length + need)
            size = l->length + need;
        grown = secret_realloc(l->data, size);
        if (!grown)
            return NULL;
        l->data = grown;
        l->size = size;
    }
    return l->data + l->length;
}

static const char *skip_blanks(const char *from, const char *end)
{
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    return from;
}

static const char *drop_blanks(const char *from, const char *end)
{
    while (end > from && end[-1] && strchr(" \t\r\n", end[-1]))
        end--;
    return end;
}

static char *put(char *to, const char *from, const char *end)
{
    to = mempcpy(to, from, (size_t)(end - from));
    *to++ = '\0';
    return to;
}

/* Behind a blank, the line is part of the value before it. */
static int unfold(struct header_list *l, const char *from, const char *end)
{
    char *to;

    if (l->length == 0 || from == end)
        return 0;
    to = reserve(l, (size_t)(end - from) + 1);
    if (!to)
        return -EMSGSIZE;
    if (to[-2]) /* behind a value that is empty until now, no blank */
        to[-1] = ' ';
    else
        to--;
    l->length = (size_t)(put(to, from, end) - l->data);
    return 0;
}

int header_list_add(struct header_list *l, const char *line, size_t length)
{
    const char *end = drop_blanks(line, line + length);
    const char *colon = memchr(line, ':', (size_t)(end - line));
    char *to;

    if (end == line)
        return 0;
    /* What one program takes for a length, or for the end of a line, and the next one does not. */
    if (memchr(line, '\r', (size_t)(end - line)) || memchr(line, '\0', (size_t)(end - line)))
        return -EBADMSG;
    if (*line == ' ' || *line == '\t')
        return unfold(l, skip_blanks(line, end), end);
    if (!colon || colon == line)
        return 0;
    if (memchr(line, ' ', (size_t)(colon - line)) || memchr(line, '\t', (size_t)(colon - line)))
        return -EBADMSG;
    to = reserve(l, length + 2);
    if (!to)
        return -EMSGSIZE;
    to = put(to, line, colon);
    to = put(to, skip_blanks(colon + 1, end), end);
    l->length = (size_t)(to - l->data);
    return 0;
}

const char *header_list_next(const struct header_list *l, size_t *position, const char **ret_value)
{
    const char *name, *value;

    if (*position >= l->length)
        return NULL;
    name = l->data + *position;
    value = name + strlen(name) + 1;
    *position = (size_t)(value + strlen(value) + 1 - l->data);
    *ret_value = value;
    return name;
}

const char *header_list_find(const struct header_list *l, const char *name)
{
    const char *candidate, *value;
    size_t position = 0;

    while ((candidate = header_list_next(l, &position, &value)))
        if (header_is(candidate, name))
            return value;
    return NULL;
}

bool header_is_token(const char *text)
{
    const char *end = text;

    while (isalnum((unsigned char)*end) || (*end && strchr("!#$%&'*+-.^_`|~", *end)))
        end++;
    return end > text && *end == '\0';
}
