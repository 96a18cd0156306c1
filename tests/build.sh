#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds quietly: says something only if it fails.
#
#   sh tests/build.sh DIRECTORY [TARGET]...
set -eu
directory=$1
shift
source=$(cd "$(dirname "$0")/.." && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

quietly() {
    "$@" >"$log" 2>&1 </dev/null && return
    cat "$log" >&2
    echo "failed: $*" >&2
    exit 1
}

[ -f "$directory/build.ninja" ] || quietly meson setup "$directory" "$source"
quietly ninja -C "$directory" "$@"
