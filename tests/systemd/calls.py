#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which system calls the service's sandbox refuses, of those that the daemon needs now and then or must not
have: run as a command of the service's, it prints their names. What a kernel does not have counts as
allowed."""
import ctypes
import errno
import mmap
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
page = mmap.mmap(-1, mmap.PAGESIZE)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
size = ctypes.c_size_t(mmap.PAGESIZE)
own = os.pidfd_open(os.getpid())
somebody = os.getuid() + 1

# those of newer kernels have the same number everywhere
CALLS = {
    "memfd_secret": lambda: libc.syscall(447, 0),
    "memfd_create": lambda: libc.memfd_create(b"session", 3),
    "mlock": lambda: libc.mlock(ctypes.c_void_p(address), size),
    "mlock2": lambda: libc.mlock2(ctypes.c_void_p(address), size, 1),
    "madvise": lambda: libc.madvise(ctypes.c_void_p(address), size, 16),
    "pidfd_open": lambda: libc.syscall(434, os.getpid(), 0),
    "pidfd_send_signal": lambda: signal.pidfd_send_signal(own, 0),
    "chown": lambda: libc.chown(b"/tmp", somebody, -1),
    "setuid": lambda: libc.setuid(somebody),
    "setns": lambda: libc.setns(own, 0x20000),
    "unshare": lambda: libc.unshare(0x10000000),
    "ptrace": lambda: libc.ptrace(0, 0, 0, 0),
    "mount": lambda: libc.mount(b"/", b"/tmp", 0, 4096, 0),
    "io_uring_setup": lambda: libc.syscall(425, 1, 0),
}


def is_refused(call):
    ctypes.set_errno(0)
    return call() == -1 and ctypes.get_errno() == errno.EPERM


print("refused:", *(name for name, call in CALLS.items() if is_refused(call)))
