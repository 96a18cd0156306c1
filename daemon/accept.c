/* SPDX-License-Identifier: MIT */
#include "accept.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t"
#define WHOLE 1000

static const char *const ranges[_ACCEPT_MAX] = {
    [ACCEPT_TEXT_PLAIN] = "text/plain",
    [ACCEPT_TEXT] = "text/*",
    [ACCEPT_APPLICATION_JSON] = "application/json",
    [ACCEPT_APPLICATION] = "application/*",
    [ACCEPT_ANYTHING] = "*/*",
};

/* A piece of a value without the blanks around it. */
struct piece {
    const char *start;
    size_t length;
};

/* The next piece up to a separator that is not quoted; steps behind that. False at the end. */
static bool next_piece(const char **p, const char *end, char separator, struct piece *ret)
{
    const char *start, *stop;
    bool quoted = false;

    if (*p >= end)
        return false;
    for (start = stop = *p; stop < end && (quoted || *stop != separator); stop++) {
        if (*stop == '"')
            quoted = !quoted;
        else if (quoted && *stop == '\\' && stop + 1 < end)
            stop++;
    }
    *p = stop < end ? stop + 1 : end;
    while (start < stop && strchr(BLANKS, *start))
        start++;
    while (stop > start && strchr(BLANKS, stop[-1]))
        stop--;
    *ret = (struct piece){start, (size_t)(stop - start)};
    return true;
}

/* A weight in thousandths: more digits than three are read over. What is none counts as 0, as
 * nobody can say how much it is wanted. */
static unsigned read_weight(const char *p, const char *end)
{
    unsigned weight, unit = WHOLE / 10;

    if (p == end || (*p != '0' && *p != '1'))
        return 0;
    weight = *p++ == '1' ? WHOLE : 0;
    if (p < end && *p++ != '.')
        return 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++, unit /= 10)
        weight += unit * (unsigned)(*p - '0');
    return p == end && weight <= WHOLE ? weight : 0;
}

static void add_range(struct accept *a, const struct piece *element)
{
    const char *p = element->start, *end = p + element->length;
    unsigned weight = WHOLE;
    struct piece name, parameter;

    if (!next_piece(&p, end, ';', &name))
        return;
    while (next_piece(&p, end, ';', &parameter))
        if (parameter.length >= 2 && strncasecmp(parameter.start, "q=", 2) == 0)
            weight = read_weight(parameter.start + 2, parameter.start + parameter.length);
    for (size_t i = 0; i < _ACCEPT_MAX; i++)
        if (strlen(ranges[i]) == name.length &&
            strncasecmp(ranges[i], name.start, name.length) == 0 && a->weights[i] < weight + 1)
            a->weights[i] = weight + 1;
}

void accept_add(struct accept *a, const char *value)
{
    const char *end = value + strlen(value);
    struct piece element;

    while (next_piece(&value, end, ',', &element))
        add_range(a, &element);
}

/* The more precise range says it. */
static unsigned first_named(const struct accept *a, enum accept_range precise,
                            enum accept_range broad)
{
    return a->weights[precise] > 0 ? a->weights[precise] : a->weights[broad];
}

bool accept_prefers_text(const struct accept *a)
{
    unsigned text = first_named(a, ACCEPT_TEXT_PLAIN, ACCEPT_TEXT);
    unsigned json = first_named(a, ACCEPT_APPLICATION_JSON, ACCEPT_APPLICATION);

    if (text <= 1) /* not named, or refused */
        return false;
    if (json > 0)
        return text > json;
    return text >= a->weights[ACCEPT_ANYTHING];
}
