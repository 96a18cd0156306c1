# shellcheck shell=bash disable=SC2154 # part of run.sh
# SPDX-License-Identifier: MIT
# Large bodies: one at a time, 64 at once, and what they do to who only wants a token.

mib=$((1024 * 1024))

# nginx is tried with its buffering and without it, as "nginx" and "unbuffered".
socket_of() { # socket_of PEER
    echo "$dir/${1/unbuffered/nginx}.sock"
}

# Sets 'command', which prints the seconds that it took.
prepare_transfer() { # prepare_transfer PEER down|up PREFIX large|small MIB NUMBER [forever]
    local what=$3/$4
    [ "$2" = down ] || what=$3/put/
    command=("$build/tests/bench/bench-transfers" "$2" "$(socket_of "$1")" "$(path "$1" "$what")" $(($5 * mib)) "${@:6}")
}

transfer() { # transfer ARGUMENT-OF-PREPARE-TRANSFER...
    local command
    prepare_transfer "$@"
    "${command[@]}"
}

quotient() { # quotient A B
    awk -v a="$1" -v b="$2" 'BEGIN {print a / b}'
}

# Of nginx's two ways the one whose median is better counts, also for what else was measured with it.
choose_way() { # choose_way WHAT least|most: takes over what was kept
    local way
    way=$(awk -F '\t' -v what="$1" '$1 == what && $3 ~ /nginx|unbuffered/ {print $3, $4}' "$dir/kept" |
        sort -k 1,1 -k 2,2n | awk '{v[$1, ++n[$1]] = $2}
            END {for (way in n) print v[way, int((n[way] + 1) / 2)], way}' |
        sort -n | if [ "$2" = least ]; then head -n 1; else tail -n 1; fi)
    way=${way#* }
    awk -F '\t' -v OFS='\t' -v way="$way" '
        $3 !~ /nginx|unbuffered/ || $3 == way {sub(/unbuffered/, "nginx", $3); print}' "$dir/kept" >>"$samples"
    [ "$way" = nginx ] || ways="$ways${ways:+; }$1"
    : >"$dir/kept"
}
ways=

keep() { # keep WHAT UNIT PEER VALUE: until it is known which of nginx's ways counts
    [ -n "$4" ] || exit 1
    printf '%s\t%s\t%s\t%s\n' "$@" >>"$dir/kept"
}

measure_bodies() {
    local size prefix direction peer round before cost seconds title
    size=$(if_brief 32 256)
    truncate -s "${size}M" "$dir/files/large"
    for peer in latchkeyd nginx haproxy; do start $peer; done
    for prefix in plain tls; do
        for direction in down up; do
            title="$size MiB $direction, $prefix"
            : >"$dir/kept"
            for ((round = -1; round < rounds; round++)); do
                for peer in latchkeyd nginx unbuffered haproxy; do
                    before=$(processor_time ${peer/unbuffered/nginx})
                    seconds=$(transfer $peer $direction $prefix large "$size" 1)
                    cost=$(($(processor_time ${peer/unbuffered/nginx}) - before))
                    [ $round -ge 0 ] || continue # the first one warms up
                    keep "$title" MiB/s $peer "$(quotient "$size" "$seconds")"
                    keep "$title, processor" s/GiB $peer "$(quotient $cost $((size * 976563)))"
                done
            done
            choose_way "$title" most
        done
    done
    for peer in latchkeyd nginx haproxy; do stop $peer; done
}

largest_memory() { # largest_memory PEER: of some looks, KiB
    local i
    for ((i = 0; i < $(if_brief 2 20); i++)); do
        private_memory "$1"
        sleep 0.1
    done | sort -n | tail -n 1
}

measure_many() {
    local number=64 size direction peer round seconds title
    size=$(if_brief 1 16)
    truncate -s "${size}M" "$dir/files/small"
    for direction in down up; do
        title="$number times $size MiB $direction at once"
        : >"$dir/kept"
        for peer in latchkeyd nginx haproxy; do start $peer; done
        for ((round = 0; round < rounds; round++)); do
            for peer in latchkeyd nginx unbuffered haproxy; do
                seconds=$(transfer $peer $direction plain small "$size" $number)
                keep "$title" s $peer "$seconds"
            done
        done
        for peer in latchkeyd nginx haproxy; do stop $peer; done
        for peer in latchkeyd nginx unbuffered haproxy; do
            start ${peer/unbuffered/nginx}
            begin_transfers $peer $direction plain $number "$size"
            keep "$title, private memory" MiB $peer "$(quotient "$(largest_memory ${peer/unbuffered/nginx})" 1024)"
            keep "$title, anonymous memory" MiB $peer "$(quotient "$(status_of ${peer/unbuffered/nginx} RssAnon)" 1024)"
            stop transfers
            stop ${peer/unbuffered/nginx}
        done
        choose_way "$title" least
    done
}

# Until they are ended; one process reads, or writes, all of them as fast as it can.
begin_transfers() { # begin_transfers PEER down|up PREFIX NUMBER MIB
    local command
    prepare_transfer "$1" "$2" "$3" small "$5" "$4" forever
    : >"$dir/transfers"
    "${command[@]}" >"$dir/transfers" &
    echo $! >"$dir/transfers.pid"
    wait_for "$4 transfers of $1" test -s "$dir/transfers"
}

# nginx reads the whole of a body before it sends it on, unless it is told not to. Up goes to the sink: who keeps
# what comes up takes so much of two processors that it would be him who is measured.
begin_crowd() { # begin_crowd PEER down|up NUMBER MIB
    case $2 in
    down) begin_transfers "$1" down plain "$3" "$4" ;;
    up) begin_transfers "${1/nginx/unbuffered}" up sink "$3" "$4" ;;
    esac
}

measure_mixed() {
    local number=64 size peer round direction alone
    size=$(if_brief 1 16)
    truncate -s "${size}M" "$dir/files/small"
    for ((round = 0; round < rounds; round++)); do
        for peer in latchkeyd nginx; do
            start $peer
            ask $peer token 1 1000
            ask $peer token 1 "$(if_brief 2000 20000)"
            alone=$p99
            record "token, nothing else, median" "µs" $peer "$p50"
            record "token, nothing else, 99th percentile" "µs" $peer "$p99"
            for direction in down up; do
                begin_crowd $peer $direction $number "$size"
                ask $peer token 1 "$(if_brief 200 1000)"
                stop transfers
                record "token, beside $number bodies $direction, median" "µs" $peer "$p50"
                record "token, beside $number bodies $direction, 99th percentile" "µs" $peer "$p99"
                record "token, 99th percentile, beside bodies $direction to alone" times $peer \
                    "$(quotient "$p99" "$alone")"
            done
            stop $peer
        done
    done
}
