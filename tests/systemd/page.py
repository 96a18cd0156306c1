#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The token page in another language, by its documented layout: `page.py SOCKET CLOUD` gets the page, has the
daemon log in anew, and ends well when the page shows the next generation's token."""
import mmap
import socket
import struct
import sys

path, cloud = sys.argv[1:]


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect(path)
    return s


def get_page():
    head, fds = b"", []
    with connect() as s:
        s.sendall(b"GET /v1/%s/token HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n"
                  b"Upgrade: latchkey-token-page\r\n\r\n" % cloud.encode())
        while not fds:
            data, received, _, _ = socket.recv_fds(s, 4096, 1)
            if not data:
                sys.exit(f"no page: {head}")
            head += data
            fds += received
    return mmap.mmap(fds[0], 4096, mmap.MAP_SHARED, mmap.PROT_READ)


def look(page):
    while True:
        sequence, generation, deadline, _, state, _, length = struct.unpack_from("=QQQQIIQ", page, 16)
        token = page[64:64 + length]
        if sequence % 2 == 0 and page[16:24] == struct.pack("=Q", sequence):
            return generation, token, state, deadline


def refresh():
    with connect() as s:
        s.sendall(b"POST /v1/%s/refresh HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  b"Content-Length: 0\r\n\r\n" % cloud.encode())
        while s.recv(4096):
            pass


page = get_page()
before = look(page)
refresh()
after = look(page)
sys.exit(not (before[2] == after[2] == 1 and after[0] > before[0] and after[1] != before[1]))
