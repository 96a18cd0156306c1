/* SPDX-License-Identifier: MIT */
/*
 * libyaml tells of a file event by event, and a tree is built of them on the way. An alias becomes a
 * copy of what it stands for, so that a tree is a tree; what all of it may take is bounded, and with
 * it what a file of aliases to aliases can do.
 *
 * libyaml keeps every text in memory of its own functions, which a program may replace: so it is put
 * into wiped memory, like jansson's.
 */
#include "yamlfile.h"

#include "secret.h"
#include "textfile.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#define SIZE_MOST ((size_t)2 * 1024 * 1024)
#define DEPTH_MOST 32
#define YAML_TAGS "tag:yaml.org,2002:"

struct reader {
    yaml_parser_t parser;
    const char *path;
    const char *text;
    struct yamlfile_node *anchors; /* a mapping: each to a copy of what it stands at */
    size_t size;
    char **ret_error;
};

/* ---- libyaml's memory: the functions that it calls by these names */

void *yaml_malloc(size_t size);
void *yaml_realloc(void *p, size_t size);
void yaml_free(void *p);
yaml_char_t *yaml_strdup(const yaml_char_t *text);

void *yaml_malloc(size_t size)
{
    return secret_malloc(size > 0 ? size : 1);
}

void *yaml_realloc(void *p, size_t size)
{
    return secret_realloc(p, size > 0 ? size : 1);
}

void yaml_free(void *p)
{
    secret_free(p);
}

yaml_char_t *yaml_strdup(const yaml_char_t *text)
{
    return text ? (yaml_char_t *)secret_strdup((const char *)text) : NULL;
}

/* ---- refusals */

static unsigned line_of(yaml_mark_t mark)
{
    return (unsigned)mark.line + 1;
}

_printf_(3, 4) static int refuse(struct reader *r, unsigned line, const char *format, ...)
{
    va_list ap;
    int error;

    va_start(ap, format);
    error = textfile_vrefuse(r->path, line, NULL, r->ret_error, format, ap);
    va_end(ap);
    return error;
}

/* What libyaml says is of its own words: nothing of the file is in it. */
static int refuse_syntax(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    unsigned line = line_of(p->problem_mark);

    if (p->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    if (p->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < p->problem_offset; i++)
            line += r->text[i] == '\n';
    }
    return refuse(r, line, "not YAML: %s; mend it", p->problem ? p->problem : "malformed");
}

/* ---- the tree */

static int next(struct reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) ? 0 : refuse_syntax(r);
}

static void event_done(yaml_event_t *event)
{
    yaml_event_delete(event);
}

static int account(struct reader *r, unsigned line, size_t size)
{
    r->size += size;
    if (r->size <= SIZE_MOST)
        return 0;
    return refuse(r, line, "all aliases unfolded, it takes more than %zu MiB; shorten it",
                  SIZE_MOST >> 20);
}

/* Those that every loader knows. A mapping or a list may have none of another shape. */
static bool is_known_tag(const char *tag)
{
    static const char *const tags[] = {"str", "int", "float", "bool", "null", "map", "seq"};

    if (!tag || strcmp(tag, "!") == 0)
        return true;
    if (strncmp(tag, YAML_TAGS, strlen(YAML_TAGS)) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
        if (strcmp(tag + strlen(YAML_TAGS), tags[i]) == 0)
            return true;
    return false;
}

static bool is_null(const yaml_event_t *event)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    const char *text = (const char *)event->data.scalar.value;

    if (!event->data.scalar.plain_implicit)
        return event->data.scalar.tag &&
               strcmp((const char *)event->data.scalar.tag, YAML_TAGS "null") == 0;
    for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
        if (strcmp(text, nulls[i]) == 0)
            return true;
    return false;
}

static int take_scalar(struct reader *r, const yaml_event_t *event, struct yamlfile_node **ret)
{
    const char *text = (const char *)event->data.scalar.value;
    unsigned line = line_of(event->start_mark);

    if (strlen(text) != event->data.scalar.length)
        return refuse(r, line, "a NUL stands in this text; take it out");
    *ret = is_null(event) ? yamlfile_new(YAMLFILE_SCALAR, r->path, line)
                          : yamlfile_new_scalar(r->path, line, text);
    return *ret ? 0 : -ENOMEM;
}

static int take_alias(struct reader *r, const yaml_event_t *event, struct yamlfile_node **ret)
{
    const struct yamlfile_node *anchored =
        yamlfile_get(r->anchors, (const char *)event->data.alias.anchor);
    unsigned line = line_of(event->start_mark);
    int error;

    if (!anchored)
        return refuse(r, line, "an alias of what does not stand above it; write `&NAME` there");
    error = account(r, line, yamlfile_size(anchored));
    return error < 0 ? error : yamlfile_copy(anchored, ret);
}

static int take_node(struct reader *r, const yaml_event_t *event, unsigned depth,
                     struct yamlfile_node **ret);

static int take_sequence(struct reader *r, unsigned line, unsigned depth,
                         struct yamlfile_node **ret)
{
    _cleanup_(yamlfile_freep) struct yamlfile_node *sequence =
        yamlfile_new(YAMLFILE_SEQUENCE, r->path, line);

    if (!sequence)
        return -ENOMEM;
    for (;;) {
        _cleanup_(event_done) yaml_event_t event = {0};
        struct yamlfile_node *value;
        int error = next(r, &event);

        if (error >= 0 && event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (error >= 0)
            error = take_node(r, &event, depth + 1, &value);
        if (error >= 0)
            error = yamlfile_add(sequence, NULL, line_of(event.start_mark), value);
        if (error < 0)
            return error;
    }
    *ret = TAKE_PTR(sequence);
    return 0;
}

/* What `<<` brings: a mapping, or a list of them of which the first counts most. */
static int inherit(struct reader *r, struct yamlfile_node *mapping,
                   const struct yamlfile_node *from, bool in_list)
{
    int error = 0;

    if (yamlfile_is(from, YAMLFILE_SEQUENCE) && !in_list) {
        for (size_t i = 0; error >= 0 && i < from->n; i++)
            error = inherit(r, mapping, from->entries[i].value, true);
        return error;
    }
    if (!yamlfile_is(from, YAMLFILE_MAPPING))
        return refuse(r, from->line, "`<<` takes a mapping or a list of mappings; give one");
    for (size_t i = 0; error >= 0 && i < from->n; i++) {
        const struct yamlfile_entry *entry = &from->entries[i];
        struct yamlfile_node *copy;

        if (yamlfile_find(mapping, entry->key))
            continue;
        error = yamlfile_copy(entry->value, &copy);
        if (error >= 0)
            error = yamlfile_add(mapping, entry->key, entry->line, copy);
    }
    return error;
}

/* A key and its value: into the mapping, or aside if it is `<<`. */
static int take_entry(struct reader *r, const yaml_event_t *key, unsigned depth,
                      struct yamlfile_node *mapping, struct yamlfile_node **heritage)
{
    _cleanup_(event_done) yaml_event_t event = {0};
    const char *name = (const char *)key->data.scalar.value;
    unsigned line = line_of(key->start_mark);
    const struct yamlfile_entry *twin;
    struct yamlfile_node *value;
    bool inherits;
    int error;

    if (key->type != YAML_SCALAR_EVENT || strlen(name) != key->data.scalar.length)
        return refuse(r, line, "a key has to be a plain text; write one");
    twin = yamlfile_find(mapping, name);
    inherits = key->data.scalar.plain_implicit && strcmp(name, "<<") == 0;
    if (twin || (inherits && *heritage))
        return refuse(r, line, "a key given twice in one mapping, first in line %u; take one out",
                      twin ? twin->line : (*heritage)->line);
    error = account(r, line, sizeof(struct yamlfile_entry) + strlen(name));
    if (error >= 0)
        error = next(r, &event);
    if (error >= 0)
        error = take_node(r, &event, depth + 1, &value);
    if (error < 0)
        return error;
    if (!inherits)
        return yamlfile_add(mapping, name, line, value);
    *heritage = value;
    return 0;
}

static int take_mapping(struct reader *r, unsigned line, unsigned depth, struct yamlfile_node **ret)
{
    _cleanup_(yamlfile_freep) struct yamlfile_node *heritage = NULL;
    _cleanup_(yamlfile_freep) struct yamlfile_node *mapping =
        yamlfile_new(YAMLFILE_MAPPING, r->path, line);
    int error = 0;

    if (!mapping)
        return -ENOMEM;
    for (;;) {
        _cleanup_(event_done) yaml_event_t key = {0};

        error = next(r, &key);
        if (error >= 0 && key.type == YAML_MAPPING_END_EVENT)
            break;
        if (error >= 0)
            error = take_entry(r, &key, depth, mapping, &heritage);
        if (error < 0)
            return error;
    }
    if (heritage)
        error = inherit(r, mapping, heritage, false);
    if (error < 0)
        return error;
    *ret = TAKE_PTR(mapping);
    return 0;
}

static int take_value(struct reader *r, const yaml_event_t *event, unsigned depth,
                      struct yamlfile_node **ret, const char **ret_anchor)
{
    unsigned line = line_of(event->start_mark);
    const yaml_char_t *tag = NULL, *anchor = NULL;

    if (event->type == YAML_ALIAS_EVENT)
        return take_alias(r, event, ret);
    if (event->type == YAML_SCALAR_EVENT)
        tag = event->data.scalar.tag, anchor = event->data.scalar.anchor;
    else if (event->type == YAML_MAPPING_START_EVENT)
        tag = event->data.mapping_start.tag, anchor = event->data.mapping_start.anchor;
    else
        tag = event->data.sequence_start.tag, anchor = event->data.sequence_start.anchor;

    if (!is_known_tag((const char *)tag))
        return refuse(r, line, "a tag that is not YAML's own; take it out");
    *ret_anchor = (const char *)anchor;
    if (event->type == YAML_SCALAR_EVENT)
        return take_scalar(r, event, ret);
    if (event->type == YAML_MAPPING_START_EVENT)
        return take_mapping(r, line, depth, ret);
    return take_sequence(r, line, depth, ret);
}

/* One of a name that was there before takes its place. */
static int keep_anchor(struct reader *r, const char *name, const struct yamlfile_node *node)
{
    struct yamlfile_node *copy;
    int error = account(r, node->line, yamlfile_size(node));

    if (error >= 0)
        error = yamlfile_copy(node, &copy);
    if (error < 0)
        return error;
    for (size_t i = 0; i < r->anchors->n; i++)
        if (strcmp(r->anchors->entries[i].key, name) == 0) {
            yamlfile_free(r->anchors->entries[i].value);
            r->anchors->entries[i].value = copy;
            return 0;
        }
    return yamlfile_add(r->anchors, name, node->line, copy);
}

static int take_node(struct reader *r, const yaml_event_t *event, unsigned depth,
                     struct yamlfile_node **ret)
{
    _cleanup_(yamlfile_freep) struct yamlfile_node *node = NULL;
    unsigned line = line_of(event->start_mark);
    const char *anchor = NULL;
    int error = 0;

    if (depth > DEPTH_MOST)
        return refuse(r, line, "more than %d levels, one in the other; make it flatter",
                      DEPTH_MOST);
    error = account(r, line, sizeof(*node));
    if (error >= 0 && event->type == YAML_SCALAR_EVENT)
        error = account(r, line, event->data.scalar.length);
    if (error >= 0)
        error = take_value(r, event, depth, &node, &anchor);
    if (error >= 0 && anchor)
        error = keep_anchor(r, anchor, node);
    if (error < 0)
        return error;
    *ret = TAKE_PTR(node);
    return 0;
}

/* The one document, between the events that frame it. */
static int take_stream(struct reader *r, struct yamlfile_node **ret)
{
    _cleanup_(yamlfile_freep) struct yamlfile_node *root = NULL;

    for (;;) {
        _cleanup_(event_done) yaml_event_t event = {0};
        int error = next(r, &event);

        if (error < 0)
            return error;
        if (event.type == YAML_STREAM_END_EVENT)
            break;
        if (event.type == YAML_DOCUMENT_START_EVENT && root)
            return refuse(r, line_of(event.start_mark),
                          "a second document begins; a file holds one, so make them one");
        if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT ||
            event.type == YAML_DOCUMENT_END_EVENT)
            continue;
        error = take_node(r, &event, 0, &root);
        if (error < 0)
            return error;
    }
    *ret = yamlfile_is_empty(root) ? NULL : TAKE_PTR(root);
    return 0;
}

int yamlfile_parse(const char *path, const char *text, size_t length, struct yamlfile_node **ret,
                   char **ret_error)
{
    struct reader r = {.path = path, .text = text, .ret_error = ret_error};
    int error;

    r.anchors = yamlfile_new(YAMLFILE_MAPPING, path, 0);
    if (!r.anchors)
        return -ENOMEM;
    if (!yaml_parser_initialize(&r.parser)) {
        yamlfile_free(r.anchors);
        return -ENOMEM;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, length);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    error = take_stream(&r, ret);
    yaml_parser_delete(&r.parser);
    yamlfile_free(r.anchors);
    return error;
}

int yamlfile_read(const char *path, struct yamlfile_node **ret, struct stat *ret_stat,
                  char **ret_error)
{
    _cleanup_(secret_freep) char *text = NULL;
    size_t length = 0;
    struct stat st;
    int r;

    r = textfile_read(path, &text, &length, &st, ret_error);
    if (r >= 0)
        r = yamlfile_parse(path, text, length, ret, ret_error);
    if (r < 0)
        return r;
    *ret_stat = st;
    return 0;
}
