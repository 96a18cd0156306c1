#!/bin/bash
# SPDX-License-Identifier: MIT
# The units under a real systemd: installs this build into a directory, as a package would, and has
# checks.sh try it in a box (box.sh). Needs root, util-linux, systemd and dbus; without them it is
# skipped, except in CI ($CI), where that is a failure.
#
#   units.sh BUILD-DIRECTORY SANDBOX-PROGRAM
set -u
here=$(dirname "$(realpath "$0")")
build=$1
sandbox=$(realpath "$2")

skip() {
    if [ -n "${CI-}" ]; then
        echo "Bail out! in CI this must run: $*"
        exit 1
    fi
    echo "1..0 # SKIP $*"
    exit 0
}

[ "$(id -u)" = 0 ] || skip "a systemd of its own needs root"
for tool in systemctl dbus-daemon unshare nsenter; do
    command -v $tool >/dev/null || skip "$tool is missing"
done

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 143' INT TERM HUP
# the box's daemon runs as a user of its own and has to get to its program
chmod 755 "$scratch"
DESTDIR=$scratch/root meson install -C "$build" --no-rebuild --quiet >&2 || exit 1
unit=$(find "$scratch/root" -name latchkeyd.service -printf '/%P')
case $unit in
/lib/* | /usr/lib/* | /usr/local/lib/*) ;;
*) skip "systemd looks for no unit at $unit: configure with --prefix /usr or /usr/local" ;;
esac

"$here/box.sh" --timeout=210 --bind-ro="${here%/*}" --bind-ro="$(dirname "$sandbox")" \
    --bind-ro="$scratch" --setenv=DESTDIR="$scratch/root" -- "$here/checks.sh" "$sandbox" \
    2>"$scratch/errors"
status=$?
[ $status != 77 ] || skip "$(tail -n 1 "$scratch/errors")"
cat "$scratch/errors" >&2
exit $status
