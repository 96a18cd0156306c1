# SPDX-License-Identifier: MIT
"""Prints so many free ports of loopback, below those that outgoing connections are given."""
import random
import socket
import sys

taken = []
candidates = iter(random.sample(range(10000, 32000), 5000))
while len(taken) < int(sys.argv[1]):
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", next(candidates)))
    except OSError:
        continue
    taken.append(listener)
print(*(listener.getsockname()[1] for listener in taken))
