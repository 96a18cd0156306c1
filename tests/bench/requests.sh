# shellcheck shell=bash disable=SC2154 # part of run.sh
# SPDX-License-Identifier: MIT
# Small requests: tokens by page and over the socket, and signed requests.

# Sets rate, p50, p99 (microseconds) and cost (microseconds of the peer's processors), all of one request.
ask() { # ask PEER WHAT CONNECTIONS NUMBER
    local before
    before=$(processor_time "$1")
    if [ "$1" = oidc-agent ]; then
        with_oidc_agent "$build/tests/bench/bench-oidc" bench "$3" "$4" >"$dir/out"
    else
        "$build/tests/bench/bench-load" requests "$dir/$1.sock" "$(path "$1" "$2")" "$3" "$4" >"$dir/out"
    fi
    # shellcheck disable=SC2034 # the callers use them
    read -r rate p50 p99 <"$dir/out"
    cost=$(awk -v a="$before" -v b="$(processor_time "$1")" -v n="$4" 'BEGIN {print (b - a) / n / 1000}')
}

name_of() { # name_of PEER: its column
    case $1 in echo) echo floor ;; *) echo "$1" ;; esac
}

rows_of_requests() { # rows_of_requests TITLE WHAT NUMBER PEER...
    local title=$1 what=$2 number=$3 peer round connections n column
    shift 3
    for peer; do
        start "$peer"
        ask "$peer" "$what" 8 $((number / 10))
    done
    for ((round = 0; round < rounds; round++)); do
        for connections in 1 8; do
            for peer; do
                n=$((number * (connections == 1 ? 1 : 4))) # in about the same time
                [ "$peer" != oidc-agent ] || n=$((n / 10))
                ask "$peer" "$what" $connections "$n"
                column=$(name_of "$peer")
                if [ $connections = 1 ]; then
                    record "$title, 1 connection, median" "µs" "$column" "$p50"
                    record "$title, 1 connection, rate" "/s" "$column" "$rate"
                else
                    record "$title, 8 connections, rate" "/s" "$column" "$rate"
                    record "$title, 8 connections, processor" "µs each" "$column" "$cost"
                fi
            done
        done
        set -- "${@:2}" "$1" # who comes first comes after a lull, and does worse by it
    done
    for peer; do stop "$peer"; done
}

# The floor is a look at the clock that a token's life is counted on.
record_page() { # record_page TITLE NAME
    record "$1" ns latchkeyd "$(awk -v name="$2" '$1 == name {print $2}' "$dir/out")"
    record "$1" ns floor "$(awk '$1 == "clock_boottime_ns" {print $2}' "$dir/out")"
}

measure_page() {
    local round
    start latchkeyd
    for ((round = 0; round < rounds; round++)); do
        "$build/tests/bench/bench-page" "$dir/latchkeyd.sock" default 1 >"$dir/out"
        record_page "token by page" page_read_ns
        record_page "token by page, 200 bytes" page_read_200_bytes_ns
    done
    stop latchkeyd
}

measure_token() {
    rows_of_requests "token" token "$(if_brief 2000 40000)" latchkeyd nginx haproxy oidc-agent echo
}

measure_proxy() {
    rows_of_requests "signed request, 12 bytes" plain/short "$(if_brief 1000 20000)" latchkeyd nginx haproxy
    rows_of_requests "signed request, empty" plain/empty "$(if_brief 1000 20000)" latchkeyd nginx haproxy
}
