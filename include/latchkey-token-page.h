/* SPDX-License-Identifier: MIT */
/*
 * The token of a cloud as a page of memory that latchkeyd writes and others read. liblatchkey does all of
 * this (lk_token_page_read() in latchkey.h); this is for who reads it himself, in whichever language.
 *
 * Getting it
 *     GET /v1/{cloud}/token on the daemon's socket, with HTTP/1.1 and the headers `Connection: upgrade` and
 *     `Upgrade: latchkey-token-page`. The answer 101 is followed by one byte, and with that byte comes, by
 *     SCM_RIGHTS, a descriptor of a memfd: receive with recvmsg(2) and room for it from the first byte on,
 *     and close the connection then, as it counts among those of its user. Any other answer is the one
 *     that there is without the header: no page is to be had for a token that does not fit into one.
 * Mapping it
 *     mmap(2), PROT_READ and MAP_SHARED, LATCHKEY_TOKEN_PAGE_SIZE bytes. The memfd has the seals
 *     F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_FUTURE_WRITE: only the daemon can write there, and nobody can
 *     take the memory away from under its readers.
 * Reading it
 *     Load `sequence`; odd: the daemon is writing, begin again. Load what is wanted. Load `sequence` again;
 *     another one: begin again. All loads are aligned, of a member each and of 8 bytes each for the token,
 *     and load-acquire, but for the last, which may be relaxed.
 *     The token is good while CLOCK_BOOTTIME has not reached `deadline`. Without a token at present, that
 *     is 0: ask the daemon, as it may tell why, or be about to have one.
 * Its end
 *     It is dead for ever with `state` LATCHKEY_TOKEN_PAGE_RETIRED (the daemon stops, the credential is
 *     forgotten, the access rules may be others), and when the daemon is: `owner` is a robust futex, in
 *     which the kernel sets FUTEX_OWNER_DIED (0x40000000) when its thread ends, however that comes. Ask
 *     for another page then.
 * Waiting
 *     Load `changes`, look at the rest, then FUTEX_WAIT on `changes` with the value that it had; not the
 *     private kind. It grows, and its waiters are woken, with all that the daemon writes; at the death of a
 *     daemon that was killed nobody is, so wait for some seconds at a time and look at `owner`.
 *
 * Numbers are in the machine's byte order. What stands here does not change in version 1.
 */
#ifndef LATCHKEY_TOKEN_PAGE_H
#define LATCHKEY_TOKEN_PAGE_H

#include <stdint.h>

#define LATCHKEY_TOKEN_PAGE_PROTOCOL "latchkey-token-page"
#define LATCHKEY_TOKEN_PAGE_MAGIC "latchkey" /* 8 bytes, no NUL */
#define LATCHKEY_TOKEN_PAGE_VERSION 1
#define LATCHKEY_TOKEN_PAGE_SIZE 4096
#define LATCHKEY_TOKEN_PAGE_ROOM 4032 /* for the token */
#define LATCHKEY_TOKEN_PAGE_NEVER UINT64_MAX

enum latchkey_token_page_state {
    LATCHKEY_TOKEN_PAGE_EMPTY = 0,  /* no usable token at present */
    LATCHKEY_TOKEN_PAGE_USABLE = 1, /* until the deadline */
    LATCHKEY_TOKEN_PAGE_RETIRED = 2 /* for ever */
};

struct latchkey_token_page {
    char magic[8];       /*  0 */
    uint32_t version;    /*  8: another one: not for who knows this one only */
    uint32_t owner;      /* 12: a robust futex: the id of the daemon's thread; 0: dead */
    uint64_t sequence;   /* 16: odd while what follows changes; begins anywhere */
    uint64_t generation; /* 24: of the token, as everywhere */
    uint64_t
        deadline; /* 32: its end, µs on CLOCK_BOOTTIME; LATCHKEY_TOKEN_PAGE_NEVER; 0: no token */
    uint64_t expires; /* 40: the same by the identity service's clock, µs since 1970; 0: never */
    uint32_t state;   /* 48: one of the above */
    uint32_t changes; /* 52: a futex; grows with each change, behind it */
    uint64_t length;  /* 56: of the token, without the NULs behind it */
    uint64_t
        token[LATCHKEY_TOKEN_PAGE_ROOM / 8]; /* 64: its bytes, NULs up to the end of the page */
};

#endif
