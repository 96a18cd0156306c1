/* SPDX-License-Identifier: MIT */
/*
 * URLs with gaps: the first line is the URL, the next are the values. What is found right can be filled,
 * or says which value is missing; nothing of a value gets out of its segment; and no gap is left.
 */
#include "fuzz.h"
#include "template.h"

#include <errno.h>
#include <string.h>

/* Separators that come of a value change where the URL leads. */
static size_t count_separators(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += strchr("/?#", *text) != NULL;
    return n;
}

static void check_filled(const char *text, const char *filled)
{
    fuzz_check(count_separators(filled) == count_separators(text));
    fuzz_check(!strstr(filled, "%(") && !strstr(filled, "$("));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *lines = fuzz_text(data, size);
    _cleanup_(freep) char *filled = NULL;
    const char *values[_TEMPLATE_FIELD_MAX];
    enum template_field missing = _TEMPLATE_FIELD_MAX;
    char *rest = lines, *text = strsep(&rest, "\n");
    int right = template_check(text), r;

    for (size_t i = 0; i < _TEMPLATE_FIELD_MAX; i++)
        values[i] = strsep(&rest, "\n");
    r = template_fill(text, values, &filled, &missing);
    fuzz_check(right == 0 || right == -EINVAL);
    fuzz_check((r == 0 && filled) || ((r == 1 || r == -EINVAL) && !filled));
    fuzz_check((r == -EINVAL) == (right == -EINVAL) || r == 1);
    if (r == 1)
        fuzz_check(missing < _TEMPLATE_FIELD_MAX && (!values[missing] || !*values[missing]));
    if (r == 0)
        check_filled(text, filled);
    return 0;
}
