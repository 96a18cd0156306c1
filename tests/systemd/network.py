#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the box has in place of a network, on its loopback.

    network.py LOG

A nameserver on 127.0.0.1:53, which knows every name below cloud.test as 127.0.0.1, leaves questions
below silent.test without an answer, and writes each name that it is asked for into LOG. And at
169.254.169.254 the service that a machine in a cloud has there, which tells its secrets to whoever
asks. Says so to systemd when both are there.
"""
import fcntl
import http.server
import os
import socket
import socketserver
import struct
import sys
import threading

METADATA = "169.254.169.254"
TYPE_A = 1
NO_SUCH_NAME = 3


def name_and_type(query):
    """Of the first question, and where it ends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii").lower())
        at += 1 + query[at]
    return ".".join(labels), struct.unpack_from("!H", query, at + 1)[0], at + 5


def answer_to(query, name, kind, end):
    known = name.endswith(".cloud.test")
    records = b""
    if known and kind == TYPE_A:
        records = struct.pack("!HHHIH", 0xC00C, TYPE_A, 1, 1, 4) + socket.inet_aton("127.0.0.1")
    flags = 0x8580 | (0 if known else NO_SUCH_NAME)
    header = query[:2] + struct.pack("!HHHHH", flags, 1, 1 if records else 0, 0, 0)
    return header + query[12:end] + records


def serve_names(server, log):
    while True:
        query, client = server.recvfrom(4096)
        name, kind, end = name_and_type(query)
        log.write(f"{name}\n")
        if not name.endswith(".silent.test"):
            server.sendto(answer_to(query, name, kind, end), client)


class Metadata(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the machine's secrets\n")


def add_address(address):
    """To loopback, under a label of its own: the box need not have a program for it."""
    request = struct.pack("16sHH4s8x", b"lo:metadata", socket.AF_INET, 0, socket.inet_aton(address))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8916, request)  # SIOCSIFADDR


def notify(state):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.sendto(state, os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))


def main():
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 53))
    add_address(METADATA)
    metadata = socketserver.ThreadingTCPServer((METADATA, 80), Metadata)
    threading.Thread(target=metadata.serve_forever, daemon=True).start()
    notify(b"READY=1")
    with open(sys.argv[1], "w", buffering=1, encoding="ascii") as log:
        serve_names(names, log)


main()
