/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include "patience.h"
#include "process.h"
#include "procfs.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CHUNK ((size_t)1024 * 1024)

bool memory_may_look(void)
{
    if (geteuid() == 0 && !process_is_instrumented())
        return true;
    puts("not looked at: that takes root, and a daemon without instruments");
    return false;
}

/* Neighbouring chunks overlap by less than the text's length, so that each is found once. */
static size_t count_in(int mem, size_t start, size_t end, const char *text)
{
    size_t length = strlen(text), n = 0;
    char *chunk = malloc(CHUNK + length);

    ck_assert_ptr_nonnull(chunk);
    for (size_t at = start; at < end; at += CHUNK) {
        size_t size = end - at < CHUNK + length - 1 ? end - at : CHUNK + length - 1;
        ssize_t got = pread(mem, chunk, size, (off_t)at);
        char *from = chunk, *found;

        while (got > 0 && (found = memmem(from, (size_t)(chunk + got - from), text, length))) {
            n++;
            from = found + 1;
        }
    }
    free(chunk);
    return n;
}

size_t memory_count(pid_t pid, const char *text)
{
    char *maps = stage_text("%s", procfs_read(pid, "maps", NULL)), *line;
    _cleanup_(closep) int mem = open(stage_text("/proc/%d/mem", (int)pid), O_RDONLY | O_CLOEXEC);
    size_t n = 0, regions = 0;

    ck_assert_int_ge(mem, 0);
    while ((line = strsep(&maps, "\n"))) {
        size_t start, end;
        char rights[5];

        if (sscanf(line, "%zx-%zx %4s", &start, &end, rights) != 3 || rights[0] != 'r' ||
            strstr(line, "[vsyscall]"))
            continue;
        regions++;
        n += count_in(mem, start, end, text);
    }
    ck_assert_uint_gt(regions, 10);
    return n;
}

struct needle {
    pid_t pid;
    const char *text;
};

static bool is_gone(void *userdata)
{
    const struct needle *needle = userdata;

    return memory_count(needle->pid, needle->text) == 0;
}

void memory_demand_gone(pid_t pid, const char *what, const char *text)
{
    struct needle needle = {pid, text};

    ck_assert_msg(wait_until(5, is_gone, &needle), "the %s is still there %zu times", what,
                  memory_count(pid, text));
}

bool memory_is_hidden(pid_t pid)
{
    return strstr(procfs_read(pid, "maps", NULL), "/secretmem") != NULL;
}

bool memory_can_be_hidden(void)
{
    _cleanup_(closep) int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

    return fd >= 0;
}

void memory_hide_nothing(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_secret, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    ck_assert(!memory_can_be_hidden());
}
