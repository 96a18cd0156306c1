#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures whether a user who takes more than his share is felt by another one: what a read of the token
# takes root, alone and beside a user who tries to hold 500 idle connections, 200 long polls and 20
# connections that send a byte a second, and who tries again each second what he was refused.
#
#   sh tests/bench/quota.sh [-q]      -q: briefly, to see that it works; the figures mean little then
#
# The two phases take turns in one run, each with 20000 reads or more, on one connection that is kept and
# on a new one for each read. What counts is the ratio of the medians, over the rounds, of the 99th
# percentiles: exit status 1 when it is above 2. Needs root. BUILD names the build directory.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build-bench}
rounds=7 reads=20000 brief=no
[ "${1-}" != -q ] || { rounds=1 reads=2000 brief=yes; }
[ "$(id -u)" = 0 ] || { echo "quota.sh: needs root, to be two users" >&2; exit 2; }

sh "$top/tests/install-packages.sh" build quickstart
[ -f "$build/build.ninja" ] || meson setup --buildtype=release "$build" "$top" >/dev/null
ninja -C "$build" bench >/dev/null

dir=$(mktemp -d)
chmod 755 "$dir"
pids=
cleanup() {
    trap - EXIT INT TERM
    # shellcheck disable=SC2086 # a list
    [ -z "$pids" ] || kill $pids 2>/dev/null || :
    wait
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

wait_for() { # wait_for WHAT COMMAND...: until it succeeds, 20 s at most
    what=$1 tries=0
    shift
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 400 ] || { echo "quota.sh: $what" >&2; exit 1; }
        sleep 0.05
    done
}

"$build/tests/sandbox/latchkey-sandbox" --port-file "$dir/port" >/dev/null &
pids="$pids $!"
wait_for "the sandbox did not start" test -s "$dir/port"
port=$(cat "$dir/port")

cat >"$dir/conf" <<EOC
[latchkeyd]
socket_mode = 0666
log_level = error
[rackspace]
auth_endpoint = http://127.0.0.1:$port/v2.0
username = myusername
api_key = 01234567890abcdef
EOC
chmod 600 "$dir/conf"
"$build/daemon/latchkeyd" --config "$dir/conf" --socket "$dir/sock" &
daemon=$!
pids="$pids $daemon"
wait_for "the daemon did not start" test -S "$dir/sock"

# What the others' user is to run has to be where he may go.
install -m 755 "$build/tests/bench/bench-quota" "$dir/quota"

sample() { # sample NAME
    curl -s --max-time 10 --unix-socket "$dir/sock" http://localhost/metrics | sed -n "s/^$1 //p"
}

alone() { [ "$(sample latchkey_users)" = 1 ]; }

crowded() { grep -q tried "$dir/crowd"; }

measure() { # measure PHASE
    for how in kept new; do
        "$dir/quota" read "$dir/sock" "$how" "$reads" >>"$dir/$1-$how"
    done
}

: >"$dir/held"
i=0
while [ "$i" -lt "$rounds" ]; do
    wait_for "somebody is left" alone
    measure alone
    : >"$dir/crowd"
    setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/quota" crowd "$dir/sock" >"$dir/crowd" &
    crowd=$!
    pids="$pids $crowd"
    wait_for "the crowd did not come" crowded
    measure beside
    echo "$(sample latchkey_connections) $(sample latchkey_requests_in_flight)" >>"$dir/held"
    kill "$crowd"
    { wait "$crowd" || :; } 2>/dev/null
    i=$((i + 1))
done

median() { # median FILE COLUMN
    sort -n -k "$2,$2" "$1" | awk -v c="$2" '{v[NR] = $c} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}

echo "$(date -u +%Y-%m-%d), $(nproc) cores, medians of $rounds rounds of $reads reads, microseconds"
awk '{c = $1 > c ? $1 : c; r = $2 > r ? $2 : r} END {printf "the crowd held up to %d connections and %d requests\n", c, r}' "$dir/held"
for quota in connections_per_user requests_per_user waiting_per_user; do
    printf 'refused by %s: %s\n' "$quota" "$(sample "latchkey_too_many_total{quota=\"$quota\"}")"
done
printf '%-12s %21s %21s %21s %8s\n' connection "p50, alone and beside" "p90, alone and beside" "p99, alone and beside" "p99 ratio"
status=0
for how in kept new; do
    for column in 1 2 3; do
        echo "$(median "$dir/alone-$how" "$column") $(median "$dir/beside-$how" "$column")"
    done | awk -v how="$how" '{a[NR] = $1; b[NR] = $2} END {
        printf "%-12s %10.1f %10.1f %10.1f %10.1f %10.1f %10.1f %9.2f\n", how, a[1], b[1], a[2], b[2], a[3], b[3], b[3] / a[3]
        exit b[3] / a[3] > 2}' || status=1
done
[ "$brief" = no ] || status=0
exit "$status"
