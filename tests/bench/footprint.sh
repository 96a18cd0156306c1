# shellcheck shell=bash disable=SC2154 # part of run.sh
# SPDX-License-Identifier: MIT
# What the peers take: memory, wake-ups, system calls, instructions; and how long they take to start.

has_descriptors() { # has_descriptors PEER NUMBER: so many, or more
    local pid
    [ "$(for pid in $(processes "$1"); do ls "/proc/$pid/fd"; done | wc -l)" -ge "$2" ]
}

# What a peer sets aside at its start for so many connections counts, too: it is measured from what it takes
# when it is configured for few. Idle is who has been silent for 8 s.
measure_connections() {
    local number peer how round
    number=$(if_brief 1000 10000)
    [ "$(ulimit -n)" -ge $((number * 8 / 5)) ] ||
        { echo "bench: $(ulimit -n) descriptors are too few for $number connections" >&2; exit 1; }
    for peer in latchkeyd nginx haproxy; do
        start $peer
        ask $peer token 1 100
        status_of $peer RssAnon >"$dir/$peer.before"
        stop $peer
    done
    configure_nginx $((number * 5 / 4)) # it drops idle ones when few are left to it
    configure_haproxy $((number + 100))
    for how in "connected only" "after a request"; do
        for ((round = 0; round < $(if_brief 1 3); round++)); do
            for peer in latchkeyd nginx haproxy; do hold_connections $peer "$number" "$how"; done
            sleep 8
            for peer in latchkeyd nginx haproxy; do
                has_descriptors $peer "$number" || { echo "bench: $peer dropped connections" >&2; exit 1; }
                record "$number idle connections, $how" "B each" $peer \
                    $((($(status_of $peer RssAnon) - $(<"$dir/$peer.before")) * 1024 / number))
                stop "hold-$peer"
                stop $peer
            done
        done
    done
    configure_nginx 1024
    configure_haproxy 1024
}

hold_connections() { # hold_connections PEER NUMBER HOW
    local what=
    start "$1"
    [ "$3" = "connected only" ] || what=$(path "$1" token)
    : >"$dir/held"
    # shellcheck disable=SC2086 # no word, or one
    "$build/tests/bench/bench-load" hold "$dir/$1.sock" "$2" $what >"$dir/held" &
    echo $! >"$dir/hold-$1.pid"
    wait_for "$2 connections to $1" test -s "$dir/held"
    wait_for "each connection to $1" has_descriptors "$1" "$2"
}

measure_start() {
    local peer round seconds
    for ((round = 0; round < rounds; round++)); do
        # shellcheck disable=SC2046 # words
        record "start to READY=1, login included" ms latchkeyd \
            "$("$build/tests/bench/bench-start" ready $(command_of latchkeyd) 2>"$dir/start.err")"
        for peer in latchkeyd nginx haproxy; do
            # shellcheck disable=SC2046 # words
            record "start to the first answer" ms $peer "$("$build/tests/bench/bench-start" \
                answer "$dir/$peer.sock" "$(path $peer token)" $(command_of $peer) 2>"$dir/start.err")"
            rm -f "$dir/$peer.sock"
        done
    done

    local peers="latchkeyd nginx haproxy oidc-agent"
    for peer in $peers; do start "$peer"; done
    sleep "$(if_brief 2 10)"
    seconds=$(if_brief 2 60)
    for peer in $peers; do status_of "$peer" voluntary_ctxt_switches >"$dir/$peer.before"; done
    sleep "$seconds"
    for peer in $peers; do
        record "wake-ups when idle" /minute "$peer" \
            $((($(status_of "$peer" voluntary_ctxt_switches) - $(<"$dir/$peer.before")) * 60 / seconds))
    done
    for peer in $peers; do
        record "private memory, idle" KiB "$peer" "$(private_memory "$peer")"
        record "of which dirty" KiB "$peer" "$(private_memory "$peer" Dirty)"
        record "anonymous memory, idle" KiB "$peer" "$(status_of "$peer" RssAnon)"
        stop "$peer"
    done
}

is_traced() { # is_traced PEER: each of its processes
    local pid
    for pid in $(processes "$1"); do
        ! grep -q '^TracerPid:[[:space:]]*0$' "/proc/$pid/status" || return 1
    done
}

count_calls() { # count_calls TITLE WHAT CONNECTIONS NUMBER PEER...
    local title=$1 what=$2 connections=$3 number=$4 peer
    shift 4
    for peer; do
        start "$peer"
        ask "$peer" "$what" "$connections" 1000
        # shellcheck disable=SC2046 # a list
        strace -c -f -o "$dir/calls" $(processes "$peer" | sed 's/^/-p /') 2>"$dir/strace.err" &
        echo $! >"$dir/strace.pid"
        wait_for strace is_traced "$peer"
        ask "$peer" "$what" "$connections" "$number"
        kill -INT "$(<"$dir/strace.pid")"
        wait "$(<"$dir/strace.pid")" || :
        rm "$dir/strace.pid"
        stop "$peer"
        record "$title, system calls" "each" "$peer" \
            "$(awk -v n="$number" '$NF == "total" {print $4 / n}' "$dir/calls")"
        note "system calls, $title, $peer: $(awk -v n="$number" '$1 ~ /^[0-9.]+$/ && $NF != "total" && $4 / n >= 0.005 {
            printf "%s%s %.2f", some++ ? ", " : "", $NF, $4 / n}' "$dir/calls")"
    done
}

measure_calls() {
    local number
    number=$(if_brief 1000 10000)
    count_calls "token, 1 connection" token 1 "$number" latchkeyd nginx haproxy
    count_calls "token, 8 connections" token 8 "$number" latchkeyd nginx haproxy
    count_calls "signed request, 1 connection" plain/short 1 "$number" latchkeyd nginx haproxy
    count_calls "signed request, 8 connections" plain/short 8 "$number" latchkeyd nginx haproxy
}

instructions_of() { # instructions_of PEER WHAT NUMBER: each, since the last time
    ask "$1" "$2" 8 "$3"
    vgdb --pid="$(<"$dir/$1.pid")" dump "$2" >"$dir/callgrind.err" 2>&1
    awk -v n="$3" '$1 == "totals:" {printf "%.0f\n", $2 / n}' "$dir/$1.callgrind".*
    rm "$dir/$1.callgrind".*
}

# The kernel's are not among them. callgrind takes each byte of a "rep stosb" for an instruction, so that libc is
# told to set and copy memory without it.
measure_instructions() {
    local number peer never=1000000000 tunables
    tunables=glibc.cpu.x86_rep_stosb_threshold=$never:glibc.cpu.x86_rep_movsb_threshold=$never
    number=$(if_brief 500 5000)
    echo "master_process off;" >>"$dir/nginx.conf" # callgrind can be told only of who did not fork
    for peer in latchkeyd nginx haproxy; do
        launch $peer env GLIBC_TUNABLES="$tunables" valgrind --tool=callgrind \
            --callgrind-out-file="$dir/$peer.callgrind" --log-file="$dir/$peer.valgrind"
    done
    for peer in latchkeyd nginx haproxy; do
        wait_for $peer answers $peer
        instructions_of $peer token 100 >"$dir/first"
        instructions_of $peer plain/short 100 >"$dir/first"
        record "token, instructions" each $peer "$(instructions_of $peer token "$number")"
        record "signed request, instructions" each $peer "$(instructions_of $peer plain/short "$number")"
        stop $peer
    done
    configure_nginx 1024
}
