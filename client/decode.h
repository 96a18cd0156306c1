/* SPDX-License-Identifier: MIT */
/*
 * The daemon's JSON answers. A document keeps the text as it came and what it says; a node is a
 * place in it. Only decode.c knows which JSON library does it.
 *
 * Nodes belong to their document. Every node function accepts NULL, a node of another type and a
 * member that is missing or null: the answer is then NULL, 0, false or the fallback.
 */
#ifndef DECODE_H
#define DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

typedef struct json_t node;

struct document;

/*
 * Reads a JSON object and takes the text over (on failure it stays with the caller).
 * -EPROTO: the text is not an object; -ENOMEM.
 */
int document_new(struct buffer *text, struct document **ret_document);
void document_free(struct document *document);
DEFINE_CLEANUP(struct document *, document_free)

const char *document_text(const struct document *document);
const node *document_root(const struct document *document);

const node *node_member(const node *n, const char *key);
const char *node_string(const node *n, const char *key);
int64_t node_integer(const node *n, const char *key, int64_t fallback);
bool node_flag(const node *n, const char *key);

bool node_is_array(const node *n);
size_t node_count(const node *n);
const node *node_at(const node *n, size_t index);
const char *node_string_at(const node *n, size_t index);

/*
 * Copies the string member of an object's text out and overwrites it in the text with blanks, so
 * that a secret does not pass through the JSON library, which does not wipe what it frees. -ENOENT:
 * the object has no such member; -EILSEQ: its value is no string, or one with escapes.
 */
int decode_cut_secret(struct buffer *text, const char *key, char **ret_secret);

#endif
