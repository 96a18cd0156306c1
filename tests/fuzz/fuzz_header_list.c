/* SPDX-License-Identifier: MIT */
/*
 * Headers as they come over the wire, line by line: each that is taken is there once, with a name
 * and a value in one line, and what was there before stays.
 */
#include "fuzz.h"
#include "header_list.h"

#include <errno.h>
#include <string.h>

static size_t count(const struct header_list *l)
{
    const char *name, *value;
    size_t position = 0, n = 0;

    for (; (name = header_list_next(l, &position, &value)); n++) {
        fuzz_check(*name && !strpbrk(name, " \t\r\n:"));
        fuzz_check(!strpbrk(value, "\r\n"));
        fuzz_check(value + strlen(value) < l->data + l->length);
    }
    fuzz_check(position == l->length);
    return n;
}

/* Whoever asks for a name gets the first of it. */
static void check_names(const struct header_list *l)
{
    const char *name, *value, *found;
    size_t position = 0;

    while ((name = header_list_next(l, &position, &value))) {
        found = header_list_find(l, name);
        fuzz_check(found && found <= value);
    }
}

/* A line in a block of its own size, its end included. */
static size_t take_line(const uint8_t *data, size_t size, char **ret)
{
    const uint8_t *newline = memchr(data, '\n', size);
    size_t length = newline ? (size_t)(newline - data) + 1 : size;

    *ret = malloc(length);
    if (!*ret)
        abort();
    memcpy(*ret, data, length);
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(header_list_done) struct header_list l = {0};
    size_t n = 0;

    while (size > 0) {
        _cleanup_(freep) char *line = NULL;
        size_t length = take_line(data, size, &line), before = n;
        int r = header_list_add(&l, line, length);

        fuzz_check(r == 0 || r == -EBADMSG || r == -EMSGSIZE);
        n = count(&l);
        fuzz_check(n == before || (r == 0 && n == before + 1));
        data += length;
        size -= length;
    }
    check_names(&l);
    return 0;
}
