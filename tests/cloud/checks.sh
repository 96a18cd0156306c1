#!/bin/bash
# SPDX-License-Identifier: MIT
# The daemon on a real Keystone and a real Swift (cloud.sh). The report is TAP; parts that take their time
# run beside the others. It is skipped where there is no such cloud to be had, except in CI ($CI), where
# that is a failure.
#
#   checks.sh BUILD-DIRECTORY daemon     logins, objects, lives and ends of tokens
#   checks.sh BUILD-DIRECTORY clients    openstack and swift on what the command hands them
set -u
here=$(dirname "$(realpath "$0")")
build=$(realpath "$1")
work=$(mktemp -d) || exit 1
bed=$work/bed
trap '"$here/cloud.sh" stop "$bed" >/dev/null 2>&1; kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 143' INT TERM HUP
export LC_ALL=C

skip() {
    if [ -n "${CI-}" ]; then
        echo "Bail out! in CI this must run: $*"
        exit 1
    fi
    echo "1..0 # SKIP $*"
    exit 0
}

[ "$2" = clients ] || export TOKEN_LIFETIME=30
"$here/cloud.sh" start "$bed" 2>"$work/start.log"
case $? in
0) ;;
77) skip "$(tail -n 1 "$work/start.log")" ;;
*)
    cat "$work/start.log" >&2
    echo "Bail out! the cloud did not start"
    exit 1
    ;;
esac
if [ "$2" = clients ]; then
    sh "$here/clients.sh" "$bed" "$build"
    exit
fi
# shellcheck source=/dev/null
. "$bed/env"
# shellcheck source=tests/cloud/common.sh
. "$here/common.sh"

beside() { # beside PART: in the background, its report in a file
    # shellcheck source=/dev/null
    (n=0 failed=0 && . "$here/$1.sh") >"$work/$1.tap" 2>"$work/$1.errors" &
    echo $! >"$work/$1.part"
}

join() { # join PART
    wait "$(cat "$work/$1.part")"
    cat "$work/$1.errors" >&2
    merge "$work/$1.tap"
}

beside ending
beside life
# shellcheck source=tests/cloud/logins.sh
. "$here/logins.sh"
beside revoked
# shellcheck source=tests/cloud/objects.sh
. "$here/objects.sh"
join ending
join life
join revoked
# shellcheck source=tests/cloud/outage.sh
. "$here/outage.sh"

echo "1..$n"
[ "$failed" = 0 ]
