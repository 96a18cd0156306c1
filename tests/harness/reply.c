/* SPDX-License-Identifier: MIT */
/* What a reply says, and what a test demands of it. */
#include "client.h"

#include "stage.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

/* The line of that header behind `from`, or NULL. */
static const char *find_header(const char *from, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = strstr(from, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (!strncasecmp(line, name, length) && line[length] == ':')
            return line;
    }
    return NULL;
}

const char *reply_header(const struct reply *r, const char *name)
{
    const char *line = find_header(r->head, name), *end;

    if (!line)
        return NULL;
    line += strlen(name) + 1;
    line += strspn(line, " \t");
    end = line + strcspn(line, "\r\n");
    while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return stage_text("%.*s", (int)(end - line), line);
}

size_t reply_header_count(const struct reply *r, const char *name)
{
    size_t n = 0;

    for (const char *line = find_header(r->head, name); line; line = find_header(line, name))
        n++;
    return n;
}

static void unload(void *document)
{
    json_decref(document);
}

static json_t *load(const struct reply *r)
{
    json_error_t error;
    json_t *document =
        json_loadb(r->body, r->length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

    ck_assert_msg(document, "no JSON: %s in '%s'", error.text, r->body);
    return stage_keep_with(document, unload);
}

json_t *reply_json(const struct reply *r, long status)
{
    const char *type = reply_header(r, "Content-Type");

    ck_assert_msg(r->status == status, "HTTP status %ld instead of %ld (curl %d): %s", r->status,
                  status, r->error, r->body);
    ck_assert_int_eq(r->error, 0);
    ck_assert_str_eq(type ? type : "none", "application/json");
    return load(r);
}

static bool is_kebab_case(const char *code)
{
    for (const char *p = code; *p; p++)
        if (!islower((unsigned char)*p) && (*p != '-' || p == code || p[1] == '-' || !p[1]))
            return false;
    return *code;
}

const char *reply_problem(const struct reply *r, long status, const char *code)
{
    const char *media = reply_header(r, "Content-Type"), *type, *title, *detail, *word;
    json_t *document, *clouds = NULL;
    json_int_t number;
    size_t length;

    ck_assert_msg(r->status == status, "HTTP status %ld instead of %ld (curl %d): %s", r->status,
                  status, r->error, r->body);
    ck_assert_int_eq(r->error, 0);
    ck_assert_str_eq(media ? media : "none", "application/problem+json");
    document = load(r);
    json_demand(document, "{s:s, s:s, s:I, s:s, s:s, s?o !}", "type", &type, "title", &title,
                "status", &number, "detail", &detail, "code", &word, "clouds", &clouds);
    ck_assert_str_eq(word, code);
    ck_assert(is_kebab_case(word));
    ck_assert_int_eq(number, status);
    ck_assert(*type && *title);
    /* One sentence that says what to do. */
    length = strlen(detail);
    ck_assert_msg(length > 10 && strchr(".`?", detail[length - 1]), "no sentence: %s", detail);
    return detail;
}

void json_demand(json_t *document, const char *format, ...)
{
    json_error_t error;
    va_list ap;
    int r;

    va_start(ap, format);
    r = json_vunpack_ex(document, &error, 0, format, ap);
    va_end(ap);
    if (r != 0) {
        char *text = json_dumps(document, JSON_ENCODE_ANY | JSON_INDENT(2));

        ck_abort_msg("%s in %s", error.text, (char *)stage_keep(text));
    }
}
