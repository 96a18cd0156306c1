#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing of Debian's packages; the one place that knows their names.
#
#   sh tests/install-packages.sh GROUP...
#
#   build       to build daemon, library and command
#   quickstart  what the quickstart needs besides
#   test        to build and run every test
#   ci          compilers, checkers and meters of .ci/run
#   fuzz        what the fuzzers are built with
#   bench       what the benchmarks compare with
#   cloud       Debian's own Keystone and Swift, and the commands that users have for them
set -eu

names_of() {
    case $1 in
    build)
        # dpkg-dev tells meson where libraries go; else they land where nobody looks for them
        echo dpkg-dev gcc libc6-dev meson ninja-build pkg-config
        echo "libcurl4-openssl-dev|libcurl4-gnutls-dev" libinih-dev libjansson-dev
        echo libmicrohttpd-dev libsystemd-dev libyaml-dev nettle-dev
        ;;
    quickstart) echo check curl ;;
    test) echo check curl dbus g++ gdb libpam-systemd nginx-light openssl systemd ;;
    ci)
        echo clang-14 clang-format-14 clang-tidy-14 cppcheck gcovr git libc6-dbg
        echo libclang-rt-14-dev llvm-14 man-db mandoc shellcheck valgrind
        ;;
    fuzz) echo clang-14 libclang-rt-14-dev llvm-14 ;;
    bench) echo haproxy liboidc-agent-dev nginx-light oidc-agent-cli openssl procps python3 strace valgrind ;;
    cloud)
        echo curl openssl python3-keystone python3-keystonemiddleware python3-openstackclient
        echo python3-swift python3-swiftclient uwsgi-core uwsgi-plugin-python3
        ;;
    *)
        echo "install-packages.sh: there is no group '$1'" >&2
        exit 2
        ;;
    esac
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints the first of "a|b", unless one of them is there.
if_missing() {
    for name in $(echo "$1" | tr '|' ' '); do
        ! is_installed "$name" || return 0
    done
    echo "${1%%|*}"
}

wanted=''
for group; do
    names=$(names_of "$group")
    wanted="$wanted $names"
done
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    # shellcheck disable=SC2086 # the names are words
    echo "This is no Debian; what is needed is called there:" $wanted >&2
    exit 0
fi

missing=''
for name in $wanted; do
    missing="$missing $(if_missing "$name")"
done
# shellcheck disable=SC2086 # the names are words
set -- $missing
[ $# -gt 0 ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Packages are missing; as root, run: apt-get install $*" >&2
        exit 1
    fi
    as_root=sudo
fi

echo "Installing $*"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt_get() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" \
        >"$log" 2>&1 </dev/null && return
    cat "$log" >&2
    echo "apt-get $1 failed" >&2
    exit 1
}
apt_get update
apt_get install --no-install-recommends "$@"
