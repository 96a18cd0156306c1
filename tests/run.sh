#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds, and runs every test; the build directory is $BUILD, else build/.
# What needs root (a systemd of its own) or programs that are not to be had here (a real cloud) is skipped, with the reason.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$top/build}

sh "$top/tests/install-packages.sh" build test cloud
sh "$top/tests/build.sh" "$build"

log=$build/meson-logs/testlog.json
rm -f "$log"
status=0
# More at once than there are processors: most suites wait for most of their time. Not more still: the real
# cloud's do not.
meson test -C "$build" --no-rebuild --print-errorlogs --num-processes $(($(nproc) * 2)) </dev/null ||
    status=$?
[ -s "$log" ] || exit "$((status ? status : 1))"
echo
python3 "$top/tests/summary.py" "$log" || status=1
exit "$status"
