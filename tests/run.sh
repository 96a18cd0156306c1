#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds, and runs every test; the build directory is $BUILD, else build/.
# What needs root (a systemd of its own) or programs that are not to be had here (a real cloud) is skipped, with the reason.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$top/build}

sh "$top/tests/install-packages.sh" build test cloud
sh "$top/tests/build.sh" "$build"

logs=$build/meson-logs status=0
run_suites() { # run_suites NAME MESON-TEST-OPTION...: the name is its log's
    rm -f "$logs/$1.json"
    meson test -C "$build" --no-rebuild --print-errorlogs --logbase "$@" </dev/null || status=$?
    [ -s "$logs/$1.json" ] || exit "$((status ? status : 1))"
}

# The real cloud is short of breath as it is. Other suites wait for most of their time, and more of them run
# at once than there are processors.
run_suites systems --suite cloud --suite systemd --suite install
run_suites suites --no-suite cloud --no-suite systemd --no-suite install \
    --num-processes $(($(nproc) * 3))
echo
python3 "$top/tests/summary.py" "$logs/systems.json" "$logs/suites.json" || status=1
exit "$status"
