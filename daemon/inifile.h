/* SPDX-License-Identifier: MIT */
/*
 * INI files of the kind that Python's ConfigParser takes, read entry by entry. The grammar is
 * inih's; this room adds what inih leaves out: line numbers, sections without a key, and an error
 * wherever inih would cut a name, a value or a line short without a word. The text passes through
 * wiped memory only, for it may hold keys.
 *
 * `=` and `:` both end a key, and keys know no case. Values are raw: a `%` is a `%`. A line that
 * begins with `;` or `#` is a comment, and so is what follows a blank and `;`. An indented line
 * goes on with the value above it, as ConfigParser has it: whoever takes one line only refuses it.
 */
#ifndef INIFILE_H
#define INIFILE_H

#include "textfile.h"

#include <stdbool.h>
#include <sys/stat.h>

/* All borrowed, good for the call only. */
struct inifile_entry {
    const char *path;
    unsigned line;
    const char *section;
    const char *key;   /* in lower case; NULL: the header of the section itself */
    const char *value; /* NULL with it; "" where nothing is given */
    bool cut;          /* something followed the value and was taken for a comment */
    bool more;         /* goes on with the value of the same key that came last */
};

/* 0 to go on; a negative errno, with ret_error set, to stop with it. */
typedef int (*inifile_fn)(const struct inifile_entry *entry, void *userdata, char **ret_error);

/*
 * Calls fn for each section header and each key, in the file's order. 0, with ret_stat set to what
 * was really read; -ENOENT, -EACCES or another errno of the operating system; -EBADMSG for a file
 * that is malformed or not a file; or what fn returned. ret_error is a sentence that names the file
 * and, where there is one, line and key; the caller frees it. It never holds a value. It can stay
 * unset with -ENOMEM only.
 */
int inifile_read(const char *path, inifile_fn fn, void *userdata, struct stat *ret_stat,
                 char **ret_error);

/* Refuses a key or password behind which something was cut: nobody could see later why it is
 * refused, so that it is not to be guessed what was meant. */
int inifile_refuse_cut(const struct inifile_entry *entry, char **ret_error);

/* Refuses a line that goes on with a value of one line. */
int inifile_refuse_more(const struct inifile_entry *entry, char **ret_error);

#endif
