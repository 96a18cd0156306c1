/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

/* The letters of the options that every verb takes. */
#define FOR_ALL "schVjt"

enum kind {
    FLAG,
    TEXT,
    SECONDS,
    LIST,
};

#define FIELD(kind, field) kind, offsetof(struct arguments, field)

static const struct option_spec {
    char letter;
    bool is_short; /* the letter can be given; else only the name */
    const char *name;
    const char *value; /* stands for the value in the help; NULL: it takes none */
    enum kind kind;
    size_t offset;
    const char *help;
} specs[] = {
    {'s', false, "socket", "PATH", FIELD(TEXT, socket), "the daemon's socket"},
    {'c', false, "cloud", "NAME", FIELD(TEXT, cloud), "the cloud, if not the default one"},
    {'j', false, "json", NULL, FIELD(FLAG, json), "print the daemon's JSON document"},
    {'t', false, "timeout", "SECONDS", FIELD(SECONDS, timeout), "wait for the daemon no longer"},
    {'h', true, "help", NULL, FIELD(FLAG, help), "show this help, or the verb's"},
    {'V', false, "version", NULL, FIELD(FLAG, version), "show the version"},
    {'w', false, "watch", NULL, FIELD(FLAG, watch), "go on and show every change"},
    {'m', false, "min-ttl", "SECONDS", FIELD(SECONDS, min_ttl),
     "a token that lives this long at least"},
    {'p', false, "password", NULL, FIELD(FLAG, password), "take a password, not an API key"},
    {'r', false, "region", "NAME", FIELD(TEXT, region), "the region"},
    {'I', false, "interface", "NAME", FIELD(TEXT, interface), "public, internal or admin"},
    {'S', false, "service", "NAME", FIELD(TEXT, service),
     "the one service that 'openstack' is for"},
    {'H', true, "header", "NAME:VALUE", FIELD(LIST, headers), "add a header"},
    {'d', true, "data", "DATA", FIELD(TEXT, data), "send this body; @FILE: a file's content"},
    {'T', true, "upload-file", "FILE", FIELD(TEXT, upload),
     "send a file's content; -: standard input"},
    {'o', true, "output", "FILE", FIELD(TEXT, output),
     "write the answer's body to a file; -: standard output"},
    {'i', true, "include", NULL, FIELD(FLAG, include_head), "show the answer's status and headers"},
};

static int complain(struct arguments *arguments, const char *format, ...) _printf_(2, 3);

static int complain(struct arguments *arguments, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(arguments->wrong, sizeof(arguments->wrong), format, ap);
    va_end(ap);
    return -EINVAL;
}

static int read_seconds(struct arguments *arguments, const char *text, unsigned *ret)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno || *end || !*text || strspn(text, "0123456789") != strlen(text) || value > INT_MAX)
        return complain(arguments, "'%s' is not a number of seconds", text);
    *ret = (unsigned)value;
    return 0;
}

static int add_header(struct arguments *arguments, const char *header)
{
    const char **headers =
        reallocarray(arguments->headers, arguments->n_headers + 1, sizeof(*headers));

    if (!headers)
        return -ENOMEM;
    arguments->headers = headers;
    headers[arguments->n_headers++] = header;
    return 0;
}

static int take_option(struct arguments *arguments, const struct option_spec *spec,
                       const char *value)
{
    void *field = (char *)arguments + spec->offset;

    switch (spec->kind) {
    case FLAG:
        *(bool *)field = true;
        return 0;
    case TEXT:
        *(const char **)field = value;
        return 0;
    case SECONDS:
        return read_seconds(arguments, value, field);
    case LIST:
        return add_header(arguments, value);
    }
    return -EINVAL;
}

static const struct option_spec *find_spec(int letter)
{
    for (size_t i = 0; i < ARRAY_SIZE(specs); i++)
        if (specs[i].letter == letter)
            return &specs[i];
    return NULL;
}

/*
 * Reads the options of one stretch of the command line, up to the first operand (stop_early) or to
 * its end, and notes the letters seen. Returns the index of the first operand.
 */
static int read_options(struct arguments *arguments, int argc, char **argv, bool stop_early,
                        char *seen)
{
    struct option longs[ARRAY_SIZE(specs) + 1] = {};
    char shorts[2 * ARRAY_SIZE(specs) + 3];
    size_t n = 0;
    int letter, r;

    if (stop_early)
        shorts[n++] = '+';
    shorts[n++] = ':';
    for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
        longs[i] = (struct option){specs[i].name, specs[i].value ? required_argument : no_argument,
                                   NULL, specs[i].letter};
        if (specs[i].is_short) {
            shorts[n++] = specs[i].letter;
            if (specs[i].value)
                shorts[n++] = ':';
        }
    }
    shorts[n] = '\0';

    opterr = 0;
    optind = 0; /* glibc: starts anew */
    while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const struct option_spec *spec = find_spec(letter);

        if (letter == ':')
            return complain(arguments, "the option '%s' wants a value", argv[optind - 1]);
        if (!spec)
            return complain(arguments, "unknown option '%s'", argv[optind - 1]);
        r = take_option(arguments, spec, optarg);
        if (r < 0)
            return r;
        seen[spec - specs] = spec->letter;
    }
    return optind;
}

static int check(struct arguments *arguments, const char *seen)
{
    const struct verb *verb = arguments->verb;

    for (size_t i = 0; i < ARRAY_SIZE(specs); i++)
        if (seen[i] && !strchr(FOR_ALL, seen[i]) && !strchr(verb->options, seen[i]))
            return complain(arguments, "'%s' takes no option '--%s'", verb->name, specs[i].name);
    if (seen[find_spec('t') - specs] && arguments->timeout == 0)
        return complain(arguments, "a timeout of 0 seconds leaves no time for an answer");
    if (arguments->n_operands < verb->min_operands)
        return complain(arguments, "something is missing behind '%s': %s", verb->name,
                        verb->synopsis);
    if (verb->max_operands >= 0 && arguments->n_operands > verb->max_operands)
        return complain(arguments, "'%s' cannot make sense of '%s'", verb->name,
                        arguments->operands[verb->max_operands]);
    return 0;
}

int arguments_read(struct arguments *arguments, const struct verb *verbs, int argc, char **argv)
{
    char seen[ARRAY_SIZE(specs)] = {};
    const struct verb *verb = verbs;
    int at, r;

    at = read_options(arguments, argc, argv, true, seen);
    if (at < 0)
        return at;
    argc -= at;
    argv += at;
    if (argc == 0)
        return arguments->help || arguments->version ? 0 : complain(arguments, "a verb is missing");
    while (verb->name && strcmp(verb->name, argv[0]) != 0)
        verb++;
    if (!verb->name)
        return complain(arguments, "there is no verb '%s'", argv[0]);

    arguments->verb = verb;
    r = read_options(arguments, argc, argv, verb->max_operands < 0, seen);
    if (r < 0)
        return r;
    arguments->operands = argv + r;
    arguments->n_operands = argc - r;
    return arguments->help || arguments->version ? 0 : check(arguments, seen);
}

void arguments_done(struct arguments *arguments)
{
    free(arguments->headers);
    arguments->headers = NULL;
    arguments->n_headers = 0;
}

void arguments_explain(FILE *out, const struct verb *verb)
{
    const char *letters = verb ? verb->options : FOR_ALL;

    for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
        const struct option_spec *spec = &specs[i];
        char names[40];

        if (!strchr(letters, spec->letter))
            continue;
        snprintf(names, sizeof(names), "%c%c%c --%s%s%s", spec->is_short ? '-' : ' ',
                 spec->is_short ? spec->letter : ' ', spec->is_short ? ',' : ' ', spec->name,
                 spec->value ? " " : "", spec->value ? spec->value : "");
        fprintf(out, "  %-28s %s\n", names, spec->help);
    }
}
