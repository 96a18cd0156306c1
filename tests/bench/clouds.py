#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures a start with many clouds at one identity service, the bundled sandbox cloud.

    python3 tests/bench/clouds.py [CLOUDS]        1000 of them, if it is not said

The service works on 16 logins at a time, 50 ms each, and so could not be done sooner than the row of the table that
says so. BUILD names the build directory (default: build-bench in the top folder, made when missing).
"""
import array
import datetime
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", TOP / "build-bench"))
LATCHKEYD = BUILD / "daemon/latchkeyd"
SANDBOX = BUILD / "tests/sandbox/latchkey-sandbox"
PLACES = 16
LATENCY = 0.05  # s
PATIENCE = 120  # s


class Manager:
    """systemd's side: takes what is said, and closes the sessions that it is to keep."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(PATIENCE)

    def wait_for(self, *lines):
        """When each of them came."""
        times = {}
        while len(times) < len(lines):
            said, control, _, _ = self.socket.recvmsg(65536, 4096)
            for _, _, data in control:
                for fd in array.array("i", data):
                    os.close(fd)
            for line in lines:
                if line in said.decode().split("\n"):
                    times.setdefault(line, time.monotonic())
        return [times[line] for line in lines]


class Service:
    """The sandbox cloud."""

    def __init__(self, folder):
        port = folder / "port"
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            [SANDBOX, "--port-file", port, "--die-with-parent"], stdout=subprocess.DEVNULL
        )
        while not port.exists():
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{port.read_text()}".strip()
        self.ask("settings", {"login_delay": LATENCY, "login_places": PLACES})

    def ask(self, what, body=None):
        """One request to its control plane."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/sandbox/{what}", data) as answer:
            return json.load(answer)

    def end(self):
        self.process.terminate()
        self.process.wait()


def write_config(path, url, clouds, at_once):
    text = f"[latchkeyd]\nlog_level = error\nlogins_at_once = {at_once}\n"
    for i in range(clouds):
        text += f"[cloud-{i}]\nauth_endpoint = {url}/v2.0\nusername = myusername\napi_key = 01234567890abcdef\n"
    path.write_text(text)
    path.chmod(0o600)


def cpu(pid):
    """Seconds, of user and system."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def anonymous(pid):
    """KiB."""
    return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def measure(clouds, at_once):
    """A row of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        service = Service(folder)
        manager = Manager(folder / "notify")
        config = folder / "conf"
        write_config(config, service.url, clouds, at_once)
        start = time.monotonic()
        with subprocess.Popen(
            [LATCHKEYD, "--config", config, "--socket", folder / "socket"],
            env={**os.environ, "NOTIFY_SOCKET": manager.path},
        ) as daemon:
            ready, everybody = manager.wait_for("READY=1", f"STATUS={clouds} of {clouds} clouds ready")
            row = [ready - start, everybody - start, service.ask("stats")["logins_at_once"]]
            row += [cpu(daemon.pid), anonymous(daemon.pid)]
            before, start = cpu(daemon.pid), time.monotonic()
            daemon.send_signal(signal.SIGHUP)
            row += [manager.wait_for("READY=1")[0] - start, cpu(daemon.pid) - before]
            daemon.terminate()
        start = time.monotonic()
        subprocess.run([LATCHKEYD, "--config", config, "--check"], stdout=subprocess.DEVNULL, check=True)
        row.append(time.monotonic() - start)
        service.end()
    return row


def main():
    clouds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", "--buildtype=release", BUILD, TOP], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        ["ninja", "-C", BUILD, LATCHKEYD.relative_to(BUILD), SANDBOX.relative_to(BUILD)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    print(f"{datetime.date.today()}, {os.cpu_count()} cores; the service could do it in {clouds * LATENCY / PLACES:.2f} s")
    print(f"{'clouds':>7} {'logins_at_once':>14} {'READY':>8} {'all':>8} {'at once':>8} {'CPU':>8}"
          f" {'memory':>10} {'reload':>9} {'its CPU':>8} {'--check':>8}")
    for n, at_once in ((1, 16), (clouds, 4), (clouds, 16), (clouds, 64), (clouds, 1000)):
        ready, everybody, most, used, memory, reload, its, check = measure(n, at_once)
        print(f"{n:7} {at_once:14} {ready:6.2f} s {everybody:6.2f} s {most:8} {used:6.2f} s"
              f" {memory:6} KiB {reload:7.3f} s {its:6.2f} s {check:6.2f} s")


if __name__ == "__main__":
    main()
