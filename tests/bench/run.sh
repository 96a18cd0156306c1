#!/bin/bash
# SPDX-License-Identifier: MIT
# Measures latchkeyd beside nginx, haproxy, oidc-agent and a bare echo, on the same machine and in the same
# run, and prints one table. Every peer is started and stopped here.
#
#   bash tests/bench/run.sh [-q] [-m] [GROUP]...
#
#   -q    briefly, to see that it works; the figures mean little then
#   -m    the table in Markdown
#
#   page           token by library page, beside clock_gettime
#   token          token over the socket
#   proxy          small signed requests
#   bodies         one large body at a time, down and up, plain and TLS
#   many           64 bodies at once, and the memory that they take
#   mixed          token reads while 64 bodies are on their way
#   connections    memory of idle connections
#   start          start, memory and wake-ups when idle
#   calls          system calls a request
#   instructions   instructions a request, outside the kernel
#
# Absolute figures say more about the machine than about the programs: read the ratios, which are
# latchkeyd's figure divided by the peer's. Peers take turns within a round, so that what else the machine
# does hits all of them. BUILD names the build directory (default: build-bench in the top folder, made with
# optimisation when missing). Needs 16 000 descriptors, and root or a kernel that lets strace attach.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/tests/bench
build=${BUILD:-$top/build-bench}
groups="page token proxy bodies many mixed connections start calls instructions"
brief=no form=text
while getopts qm option; do
    case $option in
    q) brief=yes ;;
    m) form=markdown ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
for group; do
    [[ " $groups " == *" $group "* ]] || { echo "run.sh: there is no group '$group'" >&2; exit 2; }
done
[ $# = 0 ] || groups=$*

rounds=5
if [ $brief = yes ]; then rounds=1; fi

if_brief() { # if_brief BRIEF FULL: one of the two
    if [ $brief = yes ]; then echo "$1"; else echo "$2"; fi
}

sh "$top/tests/install-packages.sh" build quickstart bench
. "$here/peers.sh"
. "$here/requests.sh"
. "$here/bodies.sh"
. "$here/footprint.sh"
dir=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT TERM

# A folder may have been configured before the library of oidc-agent came.
if [ ! -f "$build/build.ninja" ]; then
    meson setup --buildtype=release -Db_lto=true "$build" "$top" >/dev/null
elif ! grep -q bench-oidc "$build/build.ninja"; then
    meson setup --wipe "$build" "$top" >/dev/null
fi
ninja -C "$build" --quiet bench >"$dir/ninja.err" || { cat "$dir/ninja.err" >&2; exit 1; }

samples=$dir/samples
notes=$dir/notes
: >"$samples"
: >"$notes"

record() { # record WHAT UNIT PEER VALUE: one sample; a line of the table for each WHAT
    [[ $4 =~ ^-?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?$ ]] || { echo "bench: $1, $3: '$4' is no figure" >&2; exit 1; }
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$samples"
}

note() { # note TEXT: a line below the table
    echo "$*" >>"$notes"
}

start_surroundings
for group in $groups; do
    echo "bench: $group" >&2
    "measure_$group"
done

version() { dpkg-query -W -f '${Version}' "$1" | sed 's/^[0-9]*://; s/[-+].*//'; }

printf '%s, %d cores, %.0f GiB, Linux %s; latchkey %s, nginx %s, haproxy %s, oidc-agent %s; medians of %d\n\n' \
    "$(date -u +%Y-%m-%d)" "$(nproc)" "$(awk '/^MemTotal/ {print $2 / 1048576}' /proc/meminfo)" \
    "$(uname -r | sed 's/-.*//')" "$("$build/daemon/latchkeyd" --version | awk '{print $NF; exit}')" \
    "$(version nginx)" "$(version haproxy)" "$(version oidc-agent-cli)" $rounds
awk -v form=$form -f "$here/table.awk" "$samples"
[ -z "$ways" ] || note "nginx was better without buffering, and is shown without it: $ways."
if [ -s "$notes" ]; then
    echo
    if [ $form = markdown ]; then sed 's/^/- /' "$notes"; else cat "$notes"; fi
fi
