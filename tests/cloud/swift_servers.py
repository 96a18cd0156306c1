# SPDX-License-Identifier: MIT
"""Swift's servers in one family of processes: two regions with account, container and object server and a
proxy that asks Keystone, and a proxy with TempAuth on the first region's disk.

Debian has their programs in packages that start services, so these are started here: everything is imported
and patched once, which takes most of a start, and each server is a fork. The family ends together. Its log is
this program's output.
"""
import ctypes
import os
import pwd
import signal
import socket
import sys
from time import monotonic

from swift.common import utils, wsgi
from swift.common.ring import RingBuilder

PR_SET_PDEATHSIG = 1
KINDS = ("account", "container", "object")

DEFAULTS = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {place}
devices = {place}/srv
mount_check = false
workers = 0
disable_fallocate = true
fallocate_reserve = 0
log_udp_host = 127.0.0.1
log_udp_port = {log_port}
log_name = {name}

[filter:healthcheck]
use = egg:swift#healthcheck

"""

STORE = """\
[pipeline:main]
pipeline = healthcheck {kind}-server

[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY = """\
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck proxy-logging {auth} copy slo dlo versioned_writes proxy-logging proxy-server

[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:tempurl]
use = egg:swift#tempurl
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
error_suppression_interval = 0
conn_timeout = 10
node_timeout = 60

"""

KEYSTONE = """\
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = {KEYSTONE_URL}/v3
auth_url = {KEYSTONE_URL}/v3
auth_type = password
project_domain_id = default
user_domain_id = default
project_name = service
username = swift
password = {SWIFT_SERVICE_PASSWORD}
delay_auth_decision = true
include_service_catalog = false
token_cache_time = {TOKEN_CACHE_TIME}

[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, member
"""

TEMPAUTH = """\
[filter:cache]
paste.filter_factory = swift_servers:memory_cache

[filter:tempauth]
use = egg:swift#tempauth
token_life = {TOKEN_LIFETIME}
user_test_tester = {TEMPAUTH_KEY} .admin
"""


class MemoryCache:
    """What TempAuth wants of memcached, which has one client here."""

    def __init__(self):
        self.items = {}

    def get(self, key, **_):
        value, end = self.items.get(key, (None, 0))
        return value if end == 0 or end > monotonic() else None

    def set(self, key, value, time=0, **_):  # the name is Swift's
        self.items[key] = (value, time and time + monotonic())

    def delete(self, key, **_):
        self.items.pop(key, None)

    def incr(self, key, delta=1, time=0, **_):
        value = int(self.get(key) or 0) + delta
        self.set(key, value, time)
        return value


def memory_cache(_global_conf, **_):
    cache = MemoryCache()

    def wrap(app):
        def application(env, start_response):
            env["swift.cache"] = cache
            return app(env, start_response)
        return application
    return wrap


class Family:
    def __init__(self, log_port):
        self.log_port = log_port
        self.names = {}

    def fork(self, name, run):
        """Runs that in a process which does not outlive this one."""
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self.names[pid] = name
            return
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        try:
            status = run()
        except BaseException as error:  # a fork must not go on with its parent's work
            print(f"{name}: {error!r}", file=sys.__stderr__, flush=True)
            status = 1
        os._exit(status or 0)

    def start(self, name, place, port, kind, text):
        """Starts one server; kind is what Swift calls it, text the configuration that is its own."""
        path = os.path.join(place, name + ".conf")
        user = pwd.getpwuid(os.geteuid()).pw_name
        with open(path, "w") as file:
            file.write(DEFAULTS.format(port=port, place=place, user=user, name=name,
                                       log_port=self.log_port) + text)

        def run():
            utils.set_swift_dir(place)
            return wsgi.run_wsgi(path, kind + "-server")
        self.fork(name, run)

    def end(self, *_):
        for pid in self.names:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)

    def wait(self):
        signal.signal(signal.SIGTERM, self.end)
        pid, status = os.wait()
        print(f"{self.names.pop(pid)} ended by itself: {status}", flush=True)
        self.end()


def make_region(place, ports):
    os.makedirs(place + "/srv/disk")
    with open(place + "/swift.conf", "w") as file:
        file.write(f"[swift-hash]\nswift_hash_path_suffix = {os.urandom(8).hex()}\n"
                   "[storage-policy:0]\nname = one\ndefault = yes\n")
    for kind, port in zip(KINDS, ports):
        ring = RingBuilder(2, 1, 0)
        ring.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "port": port,
                      "device": "disk"})
        ring.rebalance()
        ring.get_ring().save(f"{place}/{kind}.ring.gz")


def keep_log(log):
    while True:
        line = log.recv(65536).decode(errors="replace").rstrip("\0\n")
        print(line.split(">", 1)[-1], flush=True)


def main():
    root = sys.argv[1]
    ports = [int(port) for port in os.environ["SWIFT_PORTS"].split()]
    log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    log.bind(("127.0.0.1", 0))
    family = Family(log.getsockname()[1])
    family.fork("log", lambda: keep_log(log))
    log.close()
    utils.eventlet_monkey_patch()

    proxy_ports, store_ports = ports[:3], [ports[3:6], ports[6:9]]
    for region, proxy_port, region_ports in zip(("one", "two"), proxy_ports, store_ports):
        place = f"{root}/{region}"
        make_region(place, region_ports)
        for kind, port in zip(KINDS, region_ports):
            family.start(f"{kind}-{region}", place, port, kind, STORE.format(kind=kind))
        family.start(f"proxy-{region}", place, proxy_port, "proxy",
                     PROXY.format(auth="tempurl authtoken keystoneauth") + KEYSTONE.format(**os.environ))
    family.start("proxy-tempauth", f"{root}/one", proxy_ports[2], "proxy",
                 PROXY.format(auth="cache tempurl tempauth") + TEMPAUTH.format(**os.environ))

    family.wait()


if __name__ == "__main__":
    main()
