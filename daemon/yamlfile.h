/* SPDX-License-Identifier: MIT */
/*
 * YAML files, JSON among them, read into a small tree in wiped memory. The grammar is libyaml's; what
 * PyYAML's safe loader makes of it on top is done here: aliases, `<<` and nothing. Every other scalar
 * is its text as it was written: a password of digits is no number. Refused are keys given twice, more
 * than one document, tags of somebody's own, and files that would unfold into more than a few MiB.
 */
#ifndef YAMLFILE_H
#define YAMLFILE_H

#include "cleanup.h"

#include <stdbool.h>
#include <sys/stat.h>

enum yamlfile_kind { YAMLFILE_SCALAR, YAMLFILE_SEQUENCE, YAMLFILE_MAPPING };

struct yamlfile_entry {
    char *key; /* NULL in a sequence; else secret memory, for it may be a key in the wrong place */
    const char *path;
    unsigned line;
    struct yamlfile_node *value;
};

struct yamlfile_node {
    enum yamlfile_kind kind;
    const char *path; /* borrowed from whoever had the file read */
    unsigned line;
    char *text;                     /* of a scalar: secret memory; NULL: nothing is given */
    struct yamlfile_entry *entries; /* of the others */
    size_t n;
};

/*
 * 0 with ret set, to NULL for a file with nothing in it. As textfile_read() otherwise, with -EBADMSG
 * and file and line also for what is malformed. The path has to outlive the tree.
 */
int yamlfile_read(const char *path, struct yamlfile_node **ret, struct stat *ret_stat,
                  char **ret_error);
int yamlfile_parse(const char *path, const char *text, size_t length, struct yamlfile_node **ret,
                   char **ret_error);

/* An empty one, or NULL without memory. */
struct yamlfile_node *yamlfile_new(enum yamlfile_kind kind, const char *path, unsigned line);
void yamlfile_free(struct yamlfile_node *node);
DEFINE_CLEANUP(struct yamlfile_node *, yamlfile_free)

/* One with that text; NULL without memory. */
struct yamlfile_node *yamlfile_new_scalar(const char *path, unsigned line, const char *text);

/* Puts a value, which it takes in any case, at the end; the key is copied. 0 or -ENOMEM. */
int yamlfile_add(struct yamlfile_node *to, const char *key, unsigned line,
                 struct yamlfile_node *value);

/* What stands at that key of a mapping, or NULL; also of a node that is none, or NULL. */
const struct yamlfile_entry *yamlfile_find(const struct yamlfile_node *node, const char *key);
const struct yamlfile_node *yamlfile_get(const struct yamlfile_node *node, const char *key);

static inline bool yamlfile_is(const struct yamlfile_node *node, enum yamlfile_kind kind)
{
    return node && node->kind == kind;
}

/* Whether nothing is given: no node, or one that is null or an empty text. */
static inline bool yamlfile_is_empty(const struct yamlfile_node *node)
{
    return !node || (node->kind == YAMLFILE_SCALAR && (!node->text || !*node->text));
}

/* How much memory it takes, about. */
size_t yamlfile_size(const struct yamlfile_node *node);

int yamlfile_copy(const struct yamlfile_node *from, struct yamlfile_node **ret);
/* Lays copies of one mapping's values over another's, mappings in them likewise; a null covers
 * nothing. 0 or -ENOMEM, and then `to` is half done. */
int yamlfile_merge(struct yamlfile_node *to, const struct yamlfile_node *over);

#endif
