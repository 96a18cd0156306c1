#!/bin/sh
# SPDX-License-Identifier: MIT
# latchkey in a minute: builds it, starts the sandbox cloud and latchkeyd on it, and shows what it is
# for. Whatever it starts or writes is gone when it ends, but for the build directory ($BUILD, else
# build/).
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$top/build}
case $build in
/*) ;;
*) build=$PWD/$build ;; # it goes elsewhere soon
esac
key=01234567890abcdef
lifetime=10

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

# ---- how it speaks

chapter() {
    printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

say() {
    printf '%s\n' "$@"
}

fail() {
    echo "quickstart: $*" >&2
    exit 1
}

show() { # show COMMAND-LINE: what a person would type, and what comes of it
    printf '\n  %s$ %s%s\n' "$bold" "$1" "$plain"
    status=0
    eval "$1" >shown 2>&1 || status=$?
    # an answer need not end in a newline
    awk '{ print "  " $0 }' shown
    [ "$status" = 0 ] || fail "'$1' ended with $status"
}

# ---- what it starts and stops

work='' sandbox='' daemon='' reader=''

stop() { # stop PROCESS: and hand on its exit status
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || true
    wait "$1"
}

clean_up() {
    trap '' INT TERM HUP
    for process in $reader $daemon $sandbox; do
        stop "$process" 2>/dev/null || true
    done
    cd /
    [ -z "$work" ] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

wait_for() { # wait_for WHAT COMMAND...: 10 s at most
    what=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -ge 200 ]; then
            cat ./*.log >&2
            fail "$what did not start"
        fi
        sleep 0.05
    done
}

start_cloud() {
    "$build/tests/sandbox/latchkey-sandbox" --die-with-parent --port-file port \
        --token-lifetime $lifetime --data . >sandbox.log 2>&1 &
    sandbox=$!
    wait_for "the sandbox cloud" test -s port
    cloud=http://127.0.0.1:$(cat port)
}

start_daemon() {
    latchkeyd --credential-file credential.cfg --auth-url "$cloud/v2.0" \
        --socket "$LATCHKEY_SOCKET" >latchkeyd.log 2>&1 &
    daemon=$!
    wait_for latchkeyd latchkey token
}

read_until_stopped() { # one signed request after the other; a line for each that fails
    while [ ! -e enough ]; do
        latchkey request GET cloudfiles@ORD '/photos?format=json' >/dev/null 2>>refused ||
            echo refused >>refused
        echo asked >>asked
    done
}

# ---- the tour

prepare() {
    chapter "Building"
    sh "$top/tests/install-packages.sh" build quickstart
    sh "$top/tests/build.sh" "$build" daemon/latchkeyd client/latchkey \
        tests/sandbox/latchkey-sandbox
    say "latchkeyd, latchkey and a sandbox cloud are in $build."

    work=$(mktemp -d)
    cd "$work"
    export LATCHKEY_SOCKET="$work/latchkey.sock" PATH="$build/client:$build/daemon:$PATH"
    unset LATCHKEY_CLOUD http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY
}

begin() {
    chapter "One daemon holds the key"
    start_cloud
    say "A small cloud runs at $cloud: it speaks Rackspace identity, object storage," \
        "servers and load balancers, and its tokens live for $lifetime s. Its user name and API key" \
        "are in a file in pyrax's format, for the daemon alone:"
    umask 077
    printf '[rackspace_cloud]\nusername = myusername\napi_key = %s\n' "$key" >credential.cfg
    show "cat credential.cfg"
    start_daemon
    say "" "latchkeyd logs in to it and listens on a Unix socket:"
    printf '\n  %s$ latchkeyd --credential-file credential.cfg --auth-url %s/v2.0 --socket %s &%s\n' \
        "$bold" "$cloud" "\$LATCHKEY_SOCKET" "$plain"
    show "latchkey status"
}

look() {
    chapter "Everybody else asks the daemon"
    say "Who are we there?"
    show "latchkey identity"
    say "" "What is there?"
    show "latchkey catalog"
    say "" "Where is it? A catalog type, a catalog name or one of the usual aliases will do:"
    show "latchkey endpoint cloudfiles --region ORD"
    say "" "A program that makes its own requests borrows the token:"
    show "latchkey token"
    show "curl -s -H \"X-Auth-Token: \$(latchkey token)\" \"\$(latchkey endpoint nova --region DFW)/servers\""
}

move_a_file() {
    chapter "Signed requests"
    say "Better still, it never sees one: the daemon signs the request and hands it on, streaming." \
        "Here 8 MiB go up and come down again:"
    show "head -c 8388608 /dev/urandom >photo.raw"
    show "latchkey request PUT cloudfiles@ORD /photos"
    show "latchkey request PUT cloudfiles@ORD /photos/photo.raw -T photo.raw"
    show "latchkey request GET cloudfiles@ORD /photos/photo.raw -o back.raw"
    say "" "Nothing but curl is needed:"
    show "curl -s --unix-socket \$LATCHKEY_SOCKET -o again.raw \\
      http://localhost/v1/default/proxy/cloudfiles@ORD/photos/photo.raw"
    show "sha256sum photo.raw back.raw again.raw"
    cmp -s photo.raw back.raw && cmp -s photo.raw again.raw || fail "the copies differ"
}

renew() {
    chapter "The token is renewed before it expires"
    say "A reader asks the cloud without a pause, through the daemon, from here on:"
    printf "\n  %s\$ while true; do latchkey request GET cloudfiles@ORD '/photos?format=json'; done &%s\n" \
        "$bold" "$plain"
    read_until_stopped &
    reader=$!
    show "latchkey --json token"
    generation=$(sed -n 's/.*"generation": *\([0-9]*\).*/\1/p' shown)
    say "" "Meanwhile we wait for the token after number $generation; the answer comes once it is there:"
    show "curl -s --unix-socket \$LATCHKEY_SOCKET \\
      'http://localhost/v1/default/token?after=$generation&timeout=$lifetime'"
    grep -q "\"generation\": *$((generation + 1))\\b" shown || fail "the token was not renewed"
    touch enough
    wait "$reader"
    reader=''
    touch refused
    say "" "The reader got $(wc -l <asked) answers meanwhile, and $(wc -l <refused) refusals."
    [ ! -s refused ] || fail "the reader was refused: $(head -n 1 refused)"
    say "" "The daemon's log:"
    show "grep 'logged in' latchkeyd.log"
}

hide() {
    chapter "Where the key was all that time"
    say "What can a program that runs beside the daemon see of it? This one looks at its own environment" \
        "and arguments, at the daemon's arguments, and at the log:"
    show "latchkey run -- cat /proc/self/environ /proc/self/cmdline /proc/$daemon/cmdline \\
      latchkeyd.log >seen"
    show "grep -a $key seen || echo 'It is not there.'"
    grep -q 'It is not there' shown || fail "the key was seen"
}

finish() {
    stop "$daemon" || fail "latchkeyd ended with $?"
    daemon=''
    sudo=''
    [ "$(id -u)" = 0 ] || sudo='sudo '
    chapter "With a cloud of your own"
    say "Put your user name and API key into a file like the one above, and:" \
        "" \
        "  ${sudo}meson install -C $build" \
        "  ${sudo}ldconfig && ${sudo}systemd-sysusers && ${sudo}systemctl daemon-reload" \
        "  ${sudo}install -D -m 600 credential.cfg /etc/credstore/rackspace" \
        "  ${sudo}systemctl enable --now latchkeyd" \
        "  ${sudo}usermod -a -G latchkey SOMEBODY    # who may use it, from the next log-in on" \
        "  latchkey identity" \
        "" \
        "or, without installing anything, for yourself only:" \
        "" \
        "  $build/daemon/latchkeyd --credential-file credential.cfg &" \
        "  $build/client/latchkey identity" \
        "" \
        "README.md and latchkeyd(8) tell the rest."
}

prepare
begin
look
move_a_file
renew
hide
finish
