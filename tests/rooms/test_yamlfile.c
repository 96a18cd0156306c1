/* SPDX-License-Identifier: MIT */
/*
 * What yamlfile_parse() makes of a text, written down again in one line, and what it refuses: each
 * sentence is compared in full, so that file and line are known to be right and no value is in it.
 */
#include "scratch.h"
#include "suite.h"
#include "yamlfile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

/* `{key@LINE=value,…}`, `[value,…]`, `"text"` or `null`. */
static void write_node(FILE *f, const struct yamlfile_node *node)
{
    if (!node || (node->kind == YAMLFILE_SCALAR && !node->text)) {
        fputs("null", f);
        return;
    }
    if (node->kind == YAMLFILE_SCALAR) {
        fprintf(f, "\"%s\"", node->text);
        return;
    }
    fputc(node->kind == YAMLFILE_MAPPING ? '{' : '[', f);
    for (size_t i = 0; i < node->n; i++) {
        if (i > 0)
            fputc(',', f);
        if (node->kind == YAMLFILE_MAPPING)
            fprintf(f, "%s@%u=", node->entries[i].key, node->entries[i].line);
        write_node(f, node->entries[i].value);
    }
    fputc(node->kind == YAMLFILE_MAPPING ? '}' : ']', f);
}

static void assert_tree(const struct yamlfile_node *node, const char *wanted)
{
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(f);
    write_node(f, node);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_str_eq(text, wanted);
    free(text);
}

static struct yamlfile_node *parse(const char *text)
{
    struct yamlfile_node *node = NULL;
    char *error = NULL;
    int r = yamlfile_parse("f", text, strlen(text), &node, &error);

    ck_assert_msg(r == 0, "%s: %s", text, error ? error : strerror(-r));
    ck_assert_ptr_null(error);
    return node;
}

static const struct {
    const char *text, *tree;
} good[] = {
    {"", "null"},
    {"\n# nothing\n", "null"},
    {"---\n...\n", "null"},
    {"~", "null"},
    {"a: b\n", "{a@1=\"b\"}"},
    {"\xef\xbb\xbf"
     "a: b\n",
     "{a@1=\"b\"}"},
    {"a: b\r\nc: d\r\n", "{a@1=\"b\",c@2=\"d\"}"},
    {"---\na:\n  b: c\n  d:\n  - e\n  - f: g\n", "{a@2={b@3=\"c\",d@4=[\"e\",{f@6=\"g\"}]}}"},
    /* what YAML takes for a number or a truth is the text that it is */
    {"[0123, 1_0, 0x1f, 2.0, 1:30, yes, False, 2020-01-01, +1]",
     "[\"0123\",\"1_0\",\"0x1f\",\"2.0\",\"1:30\",\"yes\",\"False\",\"2020-01-01\",\"+1\"]"},
    /* but nothing is nothing, unless it is written as a text */
    {"[~, null, Null, NULL, nUll, '', 'null', \"~\", !!str null, !!null x]",
     "[null,null,null,null,\"nUll\",\"\",\"null\",\"~\",\"null\",null]"},
    {"a:\nb: \n", "{a@1=null,b@2=null}"},
    {"a: 'it''s # no comment'\nb: x # one\nc: x#y\n",
     "{a@1=\"it's # no comment\",b@2=\"x\",c@3=\"x#y\"}"},
    {"a: \"\\x41\\u00e9\\t\"\n", "{a@1=\"A\xc3\xa9\t\"}"},
    {"a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{a@1=\"x\ny\n\",b@4=\"x y\"}"},
    {"{\"a\": {\"b\": [1, true, null]},\n\t\"c\\/d\": \"e\"}",
     "{a@1={b@1=[\"1\",\"true\",null]},c/d@2=\"e\"}"},
    {"a: !!map {b: !!int 1}\n", "{a@1={b@1=\"1\"}}"},
    /* aliases and what `<<` brings */
    {"a: &x {b: c}\nd: *x\n", "{a@1={b@1=\"c\"},d@2={b@1=\"c\"}}"},
    {"- &x 1\n- *x\n- &x 2\n- *x\n", "[\"1\",\"1\",\"2\",\"2\"]"},
    {"a: &x {b: 1, c: 2}\nd:\n  c: 3\n  <<: *x\n",
     "{a@1={b@1=\"1\",c@1=\"2\"},d@2={c@3=\"3\",b@1=\"1\"}}"},
    {"<<: [{a: 1}, {a: 2, b: 3}]\n", "{a@1=\"1\",b@1=\"3\"}"},
    {"\"<<\": 1\n", "{<<@1=\"1\"}"},
};

START_TEST(test_good)
{
    struct yamlfile_node *node = parse(good[_i].text);

    assert_tree(node, good[_i].tree);
    yamlfile_free(node);
}
END_TEST

static const struct {
    const char *text, *sentence;
} bad[] = {
    {"a: b\n c: d\n", "f:2: not YAML: mapping values are not allowed in this context; mend it"},
    {"a: [b\n", "f:2: not YAML: did not find expected ',' or ']'; mend it"},
    {"\na: \"SECRET\n", "f:3: not YAML: found unexpected end of stream; mend it"},
    {"a:\n\tb: c\n", "f:2: not YAML: found character that cannot start any token; mend it"},
    {"a: 1\nb: \xff\n", "f:2: not YAML: invalid leading UTF-8 octet; mend it"},
    {"a: 1\n\nb: \x01\n", "f:3: not YAML: control characters are not allowed; mend it"},
    {"a: \"\\0SECRET\"\n", "f:1: a NUL stands in this text; take it out"},
    {"a: 1\nb: 2\na: SECRET\n",
     "f:3: a key given twice in one mapping, first in line 1; take one out"},
    {"{a: 1, \"a\": 2}", "f:1: a key given twice in one mapping, first in line 1; take one out"},
    {"<<: {a: 1}\n<<: {b: 1}\n",
     "f:2: a key given twice in one mapping, first in line 1; take one out"},
    {"[a]: b\n", "f:1: a key has to be a plain text; write one"},
    {"&x a: b\n*x : d\n", "f:2: a key has to be a plain text; write one"},
    {"a: *SECRET\n", "f:1: an alias of what does not stand above it; write `&NAME` there"},
    {"a: &x\n  b: *x\n", "f:2: an alias of what does not stand above it; write `&NAME` there"},
    {"<<: SECRET\n", "f:1: `<<` takes a mapping or a list of mappings; give one"},
    {"<<: [[{a: b}]]\n", "f:1: `<<` takes a mapping or a list of mappings; give one"},
    {"a: !!python/name:os.system SECRET\n", "f:1: a tag that is not YAML's own; take it out"},
    {"a: !mine {}\n", "f:1: a tag that is not YAML's own; take it out"},
    {"a: !!binary SECRET\n", "f:1: a tag that is not YAML's own; take it out"},
    {"a: 1\n---\nb: 1\n", "f:2: a second document begins; a file holds one, so make them one"},
};

START_TEST(test_bad)
{
    struct yamlfile_node *node = NULL;
    char *error = NULL;

    ck_assert_int_eq(yamlfile_parse("f", bad[_i].text, strlen(bad[_i].text), &node, &error),
                     -EBADMSG);
    ck_assert_str_eq(error, bad[_i].sentence);
    ck_assert_ptr_null(node);
    ck_assert_ptr_null(strstr(error, "SECRET"));
    free(error);
}
END_TEST

static void assert_refused(const char *text, const char *sentence)
{
    struct yamlfile_node *node = NULL;
    char *error = NULL;

    ck_assert_int_eq(yamlfile_parse("f", text, strlen(text), &node, &error), -EBADMSG);
    ck_assert_str_eq(error, sentence);
    ck_assert_ptr_null(node);
    free(error);
}

/* 10^9 texts out of ten lines. */
START_TEST(test_laughs)
{
    static const char laughs[] = "a: &a [ha,ha,ha,ha,ha,ha,ha,ha,ha,ha]\n"
                                 "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                                 "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                                 "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                                 "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
                                 "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
                                 "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
                                 "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
                                 "i: &i [*h,*h,*h,*h,*h,*h,*h,*h,*h,*h]\n";

    assert_refused(laughs, "f:5: all aliases unfolded, it takes more than 2 MiB; shorten it");
}
END_TEST

START_TEST(test_depth)
{
    char text[4096] = "";

    for (size_t i = 0; i < 32; i++)
        strcat(text, "[");
    for (size_t i = 0; i < 32; i++)
        strcat(text, "]");
    yamlfile_free(parse(text));
    memset(text, '[', 2000);
    text[2000] = '\0';
    assert_refused(text, "f:1: more than 32 levels, one in the other; make it flatter");
}
END_TEST

static const struct {
    const char *under, *over, *both;
} merges[] = {
    {"{a: 1, b: 2}", "{b: 3, c: 4}", "{a@1=\"1\",b@1=\"3\",c@1=\"4\"}"},
    {"{a: {b: 1, c: 2}}", "{a: {c: 3}}", "{a@1={b@1=\"1\",c@1=\"3\"}}"},
    {"{a: {b: 1}}", "{a: [1]}", "{a@1=[\"1\"]}"},
    {"{a: [1, 2]}", "{a: [3]}", "{a@1=[\"3\"]}"},
    {"{a: 1}", "{a: {b: 1}}", "{a@1={b@1=\"1\"}}"},
    {"{a: 1}", "{a: ~}", "{a@1=\"1\"}"},
    {"{a: 1}", "\n{a: ''}", "{a@2=\"\"}"},
};

START_TEST(test_merge)
{
    struct yamlfile_node *under = parse(merges[_i].under), *over = parse(merges[_i].over);

    ck_assert_int_eq(yamlfile_merge(under, over), 0);
    yamlfile_free(over);
    assert_tree(under, merges[_i].both);
    yamlfile_free(under);
}
END_TEST

START_TEST(test_file)
{
    char *path = scratch_write("a.yaml", "a: b\n", 0640), *error = NULL;
    struct yamlfile_node *node = NULL;
    struct stat st;

    ck_assert_int_eq(yamlfile_read(path, &node, &st, &error), 0);
    assert_tree(node, "{a@1=\"b\"}");
    ck_assert_ptr_eq(node->path, path);
    ck_assert_uint_eq(st.st_mode & 0777, 0640);
    ck_assert_uint_eq(st.st_size, 5);
    yamlfile_free(node);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(yamlfile_read(path, &node, &st, &error), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error, path));
    free(error);
    free(path);
}
END_TEST

/* ---- what is left in memory */

/* What is looked for is longer than a register, which may be saved on the stack for a while. */
#define KEY_LENGTH 150
#define MASK 0x5a
#define SEEN_FROM 20 /* free() writes over the beginning of a block */
#define SEEN_TO 110  /* and one that became too small for the key ends behind that */

static unsigned char masked(size_t i)
{
    return (unsigned char)(('A' + (i * 7 + i / 26) % 26) ^ MASK);
}

static bool is_part_of_key(const volatile unsigned char *p)
{
    for (size_t i = SEEN_FROM; i < SEEN_TO; i++)
        if ((p[i - SEEN_FROM] ^ MASK) != masked(i))
            return false;
    return true;
}

/* Nothing may be allocated before all was counted: it would write over what was freed. */
static unsigned count_in_memory(void)
{
    static char maps[65536];
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    unsigned count = 0;
    size_t length = 0;
    ssize_t n;

    if (fd < 0)
        abort();
    while ((n = read(fd, maps + length, sizeof(maps) - 1 - length)) > 0)
        length += (size_t)n;
    maps[length] = '\0';
    close(fd);
    for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
        uintptr_t start, end;
        char mode[5];

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, mode) != 3)
            abort();
        if (strncmp(mode, "rw", 2) != 0 || strstr(line, "/dev/"))
            continue;
        for (uintptr_t p = start; p + SEEN_TO <= end; p++)
            count += is_part_of_key((const volatile unsigned char *)p);
    }
    return count;
}

/* AddressSanitizer and valgrind keep copies of their own of what was written. */
extern void __asan_init(void) __attribute__((weak));

static bool memory_is_plain(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return !__asan_init && !(preloaded && strstr(preloaded, "valgrind"));
}

static char *write_key(const char *head, const char *tail)
{
    char text[256];
    size_t head_length = strlen(head), tail_length = strlen(tail);
    char *path;

    memcpy(text, head, head_length);
    for (size_t i = 0; i < KEY_LENGTH; i++)
        text[head_length + i] = (char)(masked(i) ^ MASK);
    memcpy(text + head_length + KEY_LENGTH, tail, tail_length);
    path = scratch_write_bytes("a.yaml", text, head_length + KEY_LENGTH + tail_length, 0600);
    explicit_bzero(text, sizeof(text));
    return path;
}

/* The key is held once while there is a tree, and not at all after it, nor after a refusal: nor in
 * what libyaml had it in, which it had to enlarge more than once for so long a text. */
static const struct {
    const char *head, *tail;
    bool is_read;
} keys[] = {
    {"a: ", "\n", true},        {"a: \"", "\"\n", true}, {"a: '", "'\n", true},
    {"a: |\n  ", "\n", true},   {"", ": a\n", true},     {"{\"a\": \"", "\"}", true},
    {"a: ", ": b: c\n", false}, {"a: *", "\n", false},   {"a: !", " b\n", false},
    {"a: \"", "\n", false},
};

START_TEST(test_wiped)
{
    char *path = write_key(keys[_i].head, keys[_i].tail), *error = NULL;
    struct yamlfile_node *node = NULL;
    unsigned with, without;
    struct stat st;
    int r;

    if (!memory_is_plain()) {
        free(path);
        return;
    }
    r = yamlfile_read(path, &node, &st, &error);
    with = count_in_memory();
    yamlfile_free(node);
    without = count_in_memory();
    ck_assert_int_eq(r, keys[_i].is_read ? 0 : -EBADMSG);
    ck_assert_uint_eq(with, keys[_i].is_read);
    ck_assert_uint_eq(without, 0);
    free(error);
    free(path);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("yamlfile");
    TCase *tcase = tcase_create("yamlfile");

    tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
    tcase_add_loop_test(tcase, test_good, 0, (int)(sizeof(good) / sizeof(good[0])));
    tcase_add_loop_test(tcase, test_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
    tcase_add_loop_test(tcase, test_merge, 0, (int)(sizeof(merges) / sizeof(merges[0])));
    tcase_add_test(tcase, test_laughs);
    tcase_add_test(tcase, test_depth);
    tcase_add_test(tcase, test_file);
    tcase_add_loop_test(tcase, test_wiped, 0, (int)(sizeof(keys) / sizeof(keys[0])));
    suite_add_tcase(suite, tcase);
    return suite;
}
