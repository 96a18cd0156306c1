/* SPDX-License-Identifier: MIT */
/*
 * Who owns what, said in the declaration. A variable marked _cleanup_(fn) is released when its
 * scope ends; TAKE_PTR and TAKE_FD hand the value on and leave the variable empty. Every release
 * function accepts the empty value.
 *
 * Not installed: this is for the rooms of this project, not for users of the library.
 */
#ifndef CLEANUP_H
#define CLEANUP_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_ __attribute__((unused))

#define TAKE_PTR(p)               \
    ({                            \
        __auto_type _taken = (p); \
        (p) = NULL;               \
        _taken;                   \
    })

#define TAKE_FD(fd)        \
    ({                     \
        int _taken = (fd); \
        (fd) = -1;         \
        _taken;            \
    })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Defines fn##p(), the function that _cleanup_() wants, for a release function that takes the
 * pointer itself. */
#define DEFINE_CLEANUP(type, fn)      \
    static inline void fn##p(type *p) \
    {                                 \
        if (*p)                       \
            fn(*p);                   \
    }

static inline void freep(void *p)
{
    free(*(void **)p);
}

static inline void closep(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

DEFINE_CLEANUP(FILE *, fclose)

#endif
