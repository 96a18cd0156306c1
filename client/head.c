/* SPDX-License-Identifier: MIT */
#include "head.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define HEAD_LIMIT ((size_t)256 * 1024)

void head_done(lk_head *head)
{
    for (size_t i = 0; i < head->n_fields; i++) {
        free(head->fields[i].name);
        free(head->fields[i].value);
    }
    free(head->fields);
    free(head->reason);
    *head = (lk_head){};
}

/* "HTTP/1.1 404 Not Found" */
static int add_status_line(lk_head *head, const char *line)
{
    const char *p = strchr(line, ' ');
    char *end;
    unsigned long status;

    head_done(head);
    if (!p || !isdigit((unsigned char)p[1]))
        return -EPROTO;
    status = strtoul(p + 1, &end, 10);
    if (end != p + 4 || (*end != '\0' && *end != ' '))
        return -EPROTO;
    head->reason = strdup(*end ? end + 1 : "");
    if (!head->reason)
        return -ENOMEM;
    head->status = (unsigned)status;
    return 0;
}

static int add_field(lk_head *head, const char *line)
{
    const char *colon = strchr(line, ':');
    struct head_field *fields, *field;

    if (!colon || colon == line || isblank((unsigned char)*line))
        return -EPROTO;
    fields = reallocarray(head->fields, head->n_fields + 1, sizeof(*fields));
    if (!fields)
        return -ENOMEM;
    head->fields = fields;

    field = &fields[head->n_fields];
    field->name = strndup(line, (size_t)(colon - line));
    field->value = strdup(colon + 1 + strspn(colon + 1, " \t"));
    if (!field->name || !field->value) {
        free(field->name);
        free(field->value);
        return -ENOMEM;
    }
    head->n_fields++;
    return 0;
}

int head_add_line(lk_head *head, const char *line, size_t length)
{
    _cleanup_(freep) char *copy = NULL;

    while (length > 0 && strchr(" \t\r\n", line[length - 1]))
        length--;
    if (length == 0)
        return 0;
    if (memchr(line, '\0', length))
        return -EPROTO;
    copy = strndup(line, length);
    if (!copy)
        return -ENOMEM;
    if (strncmp(copy, "HTTP/", 5) == 0)
        return add_status_line(head, copy);

    head->size += length;
    if (head->size > HEAD_LIMIT)
        return -EMSGSIZE;
    return add_field(head, copy);
}

unsigned lk_head_status(const lk_head *head)
{
    return head->status;
}

const char *lk_head_reason(const lk_head *head)
{
    return head->reason ? head->reason : "";
}

const char *lk_head_header(const lk_head *head, const char *name)
{
    for (size_t i = 0; i < head->n_fields; i++)
        if (strcasecmp(head->fields[i].name, name) == 0)
            return head->fields[i].value;
    return NULL;
}

size_t lk_head_count(const lk_head *head)
{
    return head->n_fields;
}

const char *lk_head_name(const lk_head *head, size_t index)
{
    return index < head->n_fields ? head->fields[index].name : NULL;
}

const char *lk_head_value(const lk_head *head, size_t index)
{
    return index < head->n_fields ? head->fields[index].value : NULL;
}
