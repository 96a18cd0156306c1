/* SPDX-License-Identifier: MIT */
/*
 * inih asks for the text line by line, so that a reader of our own stands between it and the file:
 * the reader counts the lines, turns away those that inih would cut, and sees the headers that inih
 * keeps to itself. What inih then makes of a line comes back in take_entry(); a line that promised
 * an entry and brought none is a syntax error.
 */
#include "inifile.h"

#include "secret.h"
#include "textfile.h"
#include "utf8.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>

#define NAME_LENGTH_MAX 49 /* inih's own: it cuts names that are longer */
#define BLANKS " \t\v\f\r\n"

struct reader {
    const char *path;
    inifile_fn fn;
    void *userdata;

    const char *next; /* what is left of the text */
    const char *end;
    unsigned line;
    char section[NAME_LENGTH_MAX + 1];
    bool after_key;      /* inih takes an indented line for more of that key's value */
    bool indented;       /* the current line is one */
    bool commented;      /* the current line holds a comment behind its value */
    bool entry_expected; /* inih has not said yet what it makes of the current line */

    int error;
    char *message;
};

int inifile_refuse_cut(const struct inifile_entry *entry, char **ret_error)
{
    return textfile_refuse(entry->path, entry->line, entry->key, ret_error,
                           "` ;` begins a comment; put it on a line of its own, or use `latchkey "
                           "login` for a key that holds ` ;`");
}

int inifile_refuse_more(const struct inifile_entry *entry, char **ret_error)
{
    return textfile_refuse(entry->path, entry->line, entry->key, ret_error,
                           "this indented line would continue its value, which is one line; take "
                           "the blanks before it out");
}

/* Stops the reader at its current line. */
_printf_(3, 4) static void refuse(struct reader *r, const char *key, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    r->error = textfile_vrefuse(r->path, r->line, key, &r->message, format, ap);
    va_end(ap);
}

static bool is_blank(char c)
{
    return c && strchr(BLANKS, c);
}

static void take_header(struct reader *r, const char *text)
{
    struct inifile_entry entry = {.path = r->path, .line = r->line, .section = r->section};
    size_t length = strcspn(text + 1, "];");
    const char *rest = text + 1 + length;

    if (*rest != ']') {
        refuse(r, NULL, "the section's name does not end; write `[name]`");
        return;
    }
    rest += 1 + strspn(rest + 1, BLANKS);
    if (*rest && *rest != ';' && *rest != '#') {
        refuse(r, NULL, "something follows the section's `]`; write it on a line of its own");
        return;
    }
    if (length == 0 || length > NAME_LENGTH_MAX) {
        refuse(r, NULL, "the section's name has %zu characters; give it 1 to %d", length,
               NAME_LENGTH_MAX);
        return;
    }
    memcpy(r->section, text + 1, length);
    r->section[length] = '\0';
    r->after_key = false;
    if (!utf8_is_valid(r->section, strlen(r->section)))
        refuse(r, NULL, "the section's name is not UTF-8; save the file as UTF-8");
    else
        r->error = r->fn(&entry, r->userdata, &r->message);
}

/* Control characters are of no use in any value and change what a terminal or a header shows. */
static bool is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
            return false;
    return true;
}

/* Brings the next line into inih's buffer, comments left out; without what stands at its end. */
static void take_line(struct reader *r, char *buffer, size_t size)
{
    const char *line = r->next;
    const char *newline = memchr(line, '\n', (size_t)(r->end - line));
    size_t length = (size_t)((newline ? newline : r->end) - line);
    size_t indent = 0;

    r->next = newline ? newline + 1 : r->end;
    r->line++;
    memcpy(buffer, "\n", 2);

    while (length > 0 && is_blank(line[length - 1]))
        length--;
    if (!is_plain(line, length)) {
        refuse(r, NULL, "a control character stands in this line; take it out");
        return;
    }
    while (indent < length && is_blank(line[indent]))
        indent++;
    if (indent == length || line[indent] == ';' || line[indent] == '#')
        return;
    if (length > size - 2) {
        refuse(r, NULL, "the line has %zu characters; shorten it to %zu", length, size - 2);
        return;
    }
    memcpy(buffer, line, length);
    memcpy(buffer + length, "\n", 2);

    r->indented = indent > 0 && r->after_key;
    r->commented = strstr(buffer, " ;") || strstr(buffer, "\t;");
    if (line[indent] == '[' && !r->indented)
        take_header(r, buffer + indent);
    else
        r->entry_expected = true;
}

static void refuse_syntax(struct reader *r)
{
    refuse(r, NULL, "neither `[section]` nor `key = value`; mend it or put a `#` before it");
}

/* inih's ini_reader, the shape of fgets(). */
static char *next_line(char *buffer, int size, void *stream)
{
    struct reader *r = stream;

    if (r->entry_expected)
        refuse_syntax(r);
    if (r->error >= 0 && r->next < r->end) {
        take_line(r, buffer, (size_t)size);
        if (r->error >= 0)
            return buffer;
    }
    /* inih's own buffer: it still holds the last values. */
    explicit_bzero(buffer, (size_t)size);
    return NULL;
}

static bool entry_is_whole(struct reader *r, const char *section, const char *name,
                           const char *value)
{
    size_t length = strlen(name);

    if (length == 0 || length > NAME_LENGTH_MAX)
        refuse(r, NULL, "the key has %zu characters; give it 1 to %d", length, NAME_LENGTH_MAX);
    else if (!utf8_is_valid(name, length))
        refuse(r, NULL, "the key is not UTF-8; save the file as UTF-8");
    else if (!*section)
        refuse(r, name, "stands before the first section; write `[name]` above it");
    else if (!utf8_is_valid(value, strlen(value)))
        refuse(r, name, "the value is not UTF-8; save the file as UTF-8");
    return r->error >= 0;
}

/* inih's ini_handler. It always says "go on": next_line() is who stops, and wipes. */
static int take_entry(void *userdata, const char *section, const char *name, const char *value)
{
    struct reader *r = userdata;
    char key[NAME_LENGTH_MAX + 1] = "";
    const struct inifile_entry entry = {
        .path = r->path,
        .line = r->line,
        .section = section,
        .key = key,
        .value = value,
        .cut = r->commented,
        .more = r->indented,
    };

    r->entry_expected = false;
    if (!entry_is_whole(r, section, name, value))
        return 1;
    for (size_t i = 0; name[i]; i++)
        key[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
    r->after_key = true;
    r->error = r->fn(&entry, r->userdata, &r->message);
    return 1;
}

int inifile_read(const char *path, inifile_fn fn, void *userdata, struct stat *ret_stat,
                 char **ret_error)
{
    struct reader reader = {.path = path, .fn = fn, .userdata = userdata};
    _cleanup_(secret_freep) char *text = NULL;
    size_t length = 0;
    struct stat st;
    int r;

    r = textfile_read(path, &text, &length, &st, ret_error);
    if (r < 0)
        return r;

    reader.next = text;
    reader.end = text + length;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        reader.next += 3;
    r = ini_parse_stream(next_line, &reader, take_entry, &reader);
    if (r < 0)
        return -ENOMEM;
    if (r > 0 && reader.error >= 0) /* an inih that was built to stop at the first error */
        refuse_syntax(&reader);
    if (reader.error < 0) {
        *ret_error = reader.message;
        return reader.error;
    }
    *ret_stat = st;
    return 0;
}
