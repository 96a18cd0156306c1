#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the fuzzers, each for its time and as many at once as there are processors, and prints a line for
# each: how many inputs, how fast, how much code they reached, and what was found.
#
#   sh tests/fuzz/run.sh [-t SECONDS] [TARGET]...       600 seconds each; all targets
#
# BUILD names the build directory (default: build-fuzz in the top folder). Below it, in fuzz/TARGET/, lie
# the inputs that reached new code, which the next run begins with, the log, and what a finding can be
# repeated with. Exit status 1 if there is one.
set -eu
export LC_ALL=C

top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build-fuzz}
seconds=600
while getopts t: option; do
    case $option in
    t) seconds=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))

if [ $# -eq 0 ]; then
    for file in "$top"/tests/fuzz/fuzz_*.c; do
        target=${file##*/fuzz_}
        set -- "$@" "${target%.c}"
    done
fi
programs=
for target; do
    [ -f "$top/tests/fuzz/fuzz_$target.c" ] || { echo "there is no target '$target'" >&2; exit 2; }
    programs="$programs tests/fuzz/fuzz_$target"
done

sh "$top/tests/install-packages.sh" build test fuzz
[ -f "$build/build.ninja" ] || CC=clang-14 meson setup "$build" "$top" -Dfuzz=true \
    -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
# shellcheck disable=SC2086 # a list
sh "$top/tests/build.sh" "$build" $programs
build=$(cd "$build" && pwd)

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-14

# Longer ones try the same again, only slower.
longest_of() { # longest_of TARGET
    case $1 in
    rfc3339) echo 40 ;;
    accept | policy_path | target | template) echo 256 ;;
    catalog | credential | header_list | response) echo 1024 ;;
    *) echo 6000 ;;
    esac
}

start() { # start TARGET
    work=$build/fuzz/$1
    mkdir -p "$work/found"
    rm -f "$work"/finding-*
    words=$top/tests/fuzz/$1.dict
    [ -f "$words" ] || words=
    "$build/tests/fuzz/fuzz_$1" -max_total_time="$seconds" -max_len="$(longest_of "$1")" \
        -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$work/finding-" \
        ${words:+"-dict=$words"} "$work/found" "$top/tests/fuzz/corpus/$1" >"$work/log" 2>&1 </dev/null &
    running="$running $1:$!"
}

wait_for_all() {
    for entry in $running; do
        status=0
        wait "${entry#*:}" || status=$?
        echo $status >"$build/fuzz/${entry%:*}/status"
    done
    running=
}

stop_all() {
    for entry in $running; do
        kill "${entry#*:}" 2>/dev/null || :
    done
}

report() { # report TARGET: its line; false if something was found
    work=$build/fuzz/$1 status=$(cat "$build/fuzz/$1/status")
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$work/log")
    covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work/log" | tail -n 1)
    finding=none
    [ "$status" = 0 ] || finding="FOUND (exit status $status)"
    printf '%-12s %11s %9s %6s  %s\n' "$1" "${executed:--}" "${rate:--}" "${covered:--}" "$finding"
    [ "$status" != 0 ] || return 0
    tail -n 40 "$work/log" | sed 's/^/    /'
    for input in "$work"/finding-*; do
        [ ! -f "$input" ] || echo "    again: $build/tests/fuzz/fuzz_$1 $input"
    done
    return 1
}

# ----

running='' n=0
trap stop_all EXIT
trap 'exit 130' INT TERM
for target; do
    start "$target"
    n=$((n + 1))
    [ $((n % $(nproc))) -ne 0 ] || wait_for_all
done
wait_for_all

printf '%-12s %11s %9s %6s  %s\n' target inputs 'a second' edges findings
status=0
for target; do
    report "$target" || status=1
done
exit $status
