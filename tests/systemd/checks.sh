#!/bin/bash
# SPDX-License-Identifier: MIT
# What the units promise, checked inside the box (box.sh) as its root. The report is TAP, details of
# failures go to standard error; every wait has an end. The one argument is the sandbox cloud's
# program; everything else is installed.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
sandbox=$1
port=4000
key=01234567890abcdef
socket=/run/latchkey/latchkey.sock
credential=/etc/credstore/rackspace
configuration=/etc/latchkey/latchkeyd.conf
output=$(mktemp)
n=0 failed=0

# ---- the report

check() { # check WHAT COMMAND...
    local what=$1
    shift
    n=$((n + 1))
    if "$@" >"$output" 2>&1; then
        echo "ok $n - $what"
    else
        failed=$((failed + 1))
        echo "not ok $n - $what"
        echo "$what: failed:" >&2
        tail -n 20 "$output" | cut -c 1-400 | sed 's/^/    /' >&2
    fi
}

finish() {
    echo "1..$n"
    if [ "$failed" -gt 0 ]; then
        journalctl --no-pager -o short-monotonic -u 'latchkeyd*' -n 200 >&2
        exit 1
    fi
    exit 0
}

give_up() {
    echo "Bail out! $*"
    exit 1
}

# ---- asking

within() { # within SECONDS COMMAND...: true once the command is
    local end=$((SECONDS + $1 + 1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

is() { # is EXPECTED COMMAND...: the command's output is that
    local expected=$1 actual
    shift
    actual=$("$@")
    echo "expected: $expected"
    echo "actual:   $actual"
    [ "$actual" = "$expected" ]
}

shows() { # shows PATTERN COMMAND...: the command's output has it
    local pattern=$1 actual
    shift
    actual=$("$@")
    echo "looked for: $pattern"
    echo "in: $actual"
    grep -qe "$pattern" <<<"$actual"
}

hides() { # hides TEXT COMMAND...: the command says something, but not that
    local text=$1 actual
    shift
    actual=$("$@")
    echo "in: $actual"
    [ -n "$actual" ] && ! grep -qFe "$text" <<<"$actual"
}

unit() { # unit PROPERTY
    systemctl show latchkeyd.service -P "$1"
}

units() { # units PROPERTY...: all on one line
    local property line=
    for property; do
        line+=" $(unit "$property")"
    done
    echo "${line# }"
}

status_of() { # status_of COMMAND...: its exit status
    "$@" >/dev/null
    echo $?
}

get() { # get PATH
    curl -sS --max-time 30 --unix-socket $socket "http://localhost$1"
}

post() { # post PATH
    curl -sS --max-time 30 -o /dev/null -X POST --unix-socket $socket "http://localhost$1"
}

settings() { # settings JSON
    curl -sS --fail --max-time 10 -o /dev/null -d "$1" "http://127.0.0.1:$port/sandbox/settings"
}

journal() { # journal MATCH...: the daemon's own lines
    journalctl --sync
    journalctl --no-pager -q -u latchkeyd.service -o json "$@"
}

restarts_above() { # restarts_above COUNT
    [ "$(unit NRestarts)" -gt "$1" ] && [ "$(unit ActiveState)" = active ]
}

seconds() { # seconds COMMAND...: how long it took, rounded down
    local start=$SECONDS
    "$@" || return
    echo $((SECONDS - start))
}

# ---- the machine that it is installed on

install_everything() {
    tar -C "$DESTDIR" -c . | tar -C / -x --keep-directory-symlink --no-overwrite-dir &&
        ldconfig && systemd-sysusers && journalctl --update-catalog &&
        systemd-sysusers --inline 'u member - -' 'm member latchkey' 'u stranger - -' &&
        systemctl daemon-reload || give_up "latchkey could not be installed"
    systemd-run -q --unit=sandbox -p Type=exec \
        "$sandbox" --port "$port" --port-file /run/sandbox.port
    within 10 test -s /run/sandbox.port || give_up "the sandbox cloud does not start"
    install -d /etc/latchkey
    printf '[rackspace]\nauth_endpoint = http://127.0.0.1:%s/v2.0\n' "$port" >"$configuration"
}

write_credential() { # write_credential KEY
    printf '[rackspace_cloud]\nusername = myusername\napi_key = %s\n' "$1" |
        install -D -m 600 /dev/stdin "$credential"
}

# ---- the checks

check_units() {
    local man=no
    ! command -v man >/dev/null || man=yes
    verify() {
        [ -z "$(systemd-analyze verify --man="$man" latchkeyd.socket latchkeyd.service 2>&1 |
            tee /dev/stderr)" ]
    }
    check "systemd-analyze has nothing to say about the units" verify
    systemctl enable -q latchkeyd.service
    check "enabling the service enables the socket" shows enabled systemctl is-enabled \
        latchkeyd.socket
    check "the user latchkey has no shell and no home" \
        shows '^latchkey:[^:]*:[0-9]*:[0-9]*:[^:]*:/:/usr/sbin/nologin$' getent passwd latchkey
}

check_socket() {
    systemctl start latchkeyd.socket
    check "the socket belongs to root:latchkey with mode 660" is "root:latchkey 660 socket" \
        stat -c '%U:%G %a %F' $socket
    check "its directory belongs to root with mode 755" is "root:root 755" \
        stat -c '%U:%G %a' /run/latchkey
    check "the socket alone starts no daemon" is inactive unit ActiveState
}

check_signed_out() {
    check "the first connection starts the daemon, signed out without a credential" \
        shows '"state": *"signed-out"' get /v1/rackspace/identity
    check "systemd takes it for started" is active unit ActiveState
    check "its status says what is missing" shows 'rackspace is signed-out' unit StatusText
    check "it runs as the user latchkey" is "$(id -u latchkey)" \
        sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$(unit MainPID)/status"
    check "it holds no capability" shows '^CapEff:[[:space:]]*0*$' grep CapEff \
        "/proc/$(unit MainPID)/status"
    check "it may write no core" shows '^Max core file size  *0  *0 ' grep core \
        "/proc/$(unit MainPID)/limits"
}

check_ready() {
    write_credential $key
    settings '{"login_delay": 2}'
    check "a start lasts as long as the login" shows '^[2-9]$' seconds \
        systemctl restart latchkeyd.service
    check "and then a token is held" shows '"status": *"ready"' get /health
    check "its status says so" is '1 of 1 clouds ready' unit StatusText
    settings '{"login_delay": 0}'
    check "the key is not in its environment" hides $key tr '\0' '\n' \
        <"/proc/$(unit MainPID)/environ"
    check "nor among its arguments" hides $key tr '\0' ' ' <"/proc/$(unit MainPID)/cmdline"
    check "a service that starts after it has a token at once" systemd-run -q --wait --collect \
        -p Requires=latchkeyd.service -p After=latchkeyd.service -p SupplementaryGroups=latchkey \
        -p DynamicUser=yes latchkey token
}

check_rejected() {
    write_credential mistyped
    check "refused credentials are no failure to start" systemctl restart latchkeyd.service
    check "the status says that they were" shows '^0 of 1 clouds ready; rackspace is rejected' \
        unit StatusText
    write_credential $key
    systemctl restart latchkeyd.service
    check "another file in the credential store takes effect with a restart" \
        is '1 of 1 clouds ready' unit StatusText
}

check_access() {
    check "a member of the group gets a token" shows '^[^ ]\{8,\}$' \
        runuser -u member -- latchkey token
    check "nobody else does" is 3 status_of runuser -u stranger -- latchkey token
}

check_reload() {
    local pid
    pid=$(unit MainPID)
    printf '[spare]\nauth_endpoint = http://127.0.0.1:%s/v2.0\n' "$port" >>"$configuration"
    check "systemctl reload succeeds" systemctl reload latchkeyd.service
    check "and a new cloud is there" within 10 shows '"cloud": *"spare"' get /v1/spare/identity
    check "the same process with the same token goes on" shows '"generation": *1\b' \
        get /v1/rackspace/identity
    check "systemd is told when it is over" within 10 is running unit SubState
    echo 'regoin = ORD' >>"$configuration"
    systemctl reload latchkeyd.service
    check "a reload of a wrong configuration says file, line and key" \
        within 10 shows "$configuration:5: regoin" journal
    check "and the daemon goes on" within 10 is "$pid running" units MainPID SubState
    sed -i '/regoin/d; /spare/,$d' "$configuration"
    systemctl reload latchkeyd.service
    check "a cloud that was taken out is gone" within 10 shows unknown-cloud get /v1/spare/identity
}

check_journal() {
    check "the journal has the fields of a state" shows '"LATCHKEY_STATE":"ready"' \
        journal LATCHKEY_CLOUD=rackspace LATCHKEY_STATE=ready
    settings '{"login_fault": "service_unavailable"}'
    post /v1/rackspace/refresh
    check "and those of a failure" shows '"LATCHKEY_CODE":"' journal LATCHKEY_STATE=degraded
    settings '{"login_fault": "none"}'
    check "no line has the key" hides $key journal
    check "no line has the token" hides "$(latchkey token)" journal
}

record() { # record KIND MATCH...: the journal's records of that kind, a MESSAGE_ID
    local ids=/usr/lib/systemd/catalog/latchkey.catalog id
    [ -e $ids ] || ids=/usr/local/lib/systemd/catalog/latchkey.catalog
    id=$(grep -B 1 "^Subject: $1" $ids | sed -n 's/^-- //p')
    shift
    journal MESSAGE_ID="$id" "$@"
}

events() { # events KIND MATCH...: how many events the records stand for
    record "$@" | awk 'match($0, /"LATCHKEY_COUNT":"[0-9]+"/) {
        n += substr($0, RSTART + 18, RLENGTH - 19) - 1 } { n++ } END { print n + 0 }'
}

check_records() {
    local member token='A token of cloud' refusal='A request was refused'
    member=$(id -u member)
    systemctl restart latchkeyd.service
    check "a login has a record" shows '"LATCHKEY_VERDICT":"succeeded"' \
        record 'latchkeyd has logged in' LATCHKEY_OPERATION=login
    runuser -u member -- latchkey token >/dev/null
    check "a token has one, with who got it" shows "\"LATCHKEY_PEER_UID\":\"$member\"" \
        record "$token" LATCHKEY_VERDICT=allowed LATCHKEY_CLOUD=rackspace
    check "and an explanation" shows 'A token of cloud rackspace was handed out' \
        journalctl --no-pager -x -u latchkeyd.service LATCHKEY_OPERATION=token
    systemd-run -q --wait --collect --unit=errand -p DynamicUser=yes \
        -p SupplementaryGroups=latchkey latchkey token
    check "and in which unit" shows '"LATCHKEY_OPERATION":"token"' \
        record "$token" LATCHKEY_PEER_UNIT=errand.service
    runuser -u member -- curl -sS -o /dev/null --max-time 60 -X DELETE --unix-socket $socket \
        'http://localhost/v1/rackspace/credential?[1-10000]'
    systemctl restart latchkeyd.service
    check "10000 refusals are 10000 in the journal" is 10000 \
        events "$refusal" LATCHKEY_PEER_UID="$member" LATCHKEY_CODE=denied
    few() { [ "$(record "$refusal" | wc -l)" -lt 100 ]; }
    check "in a few records" few
    systemctl reload latchkeyd.service
    check "a reload has one" within 10 shows '"LATCHKEY_PEER_UID":"' \
        record 'latchkeyd has reloaded' LATCHKEY_VERDICT=succeeded
}

check_crash() {
    local before
    before=$(unit NRestarts)
    kill -KILL "$(unit MainPID)"
    check "a client that asks while the daemon is down gets its answer" \
        shows '"generation": *1\b' get /v1/rackspace/token
    check "a killed daemon is started again" within 20 restarts_above "$before"
}

check_watchdog() {
    local before
    install -d /run/systemd/system/latchkeyd.service.d
    printf '[Service]\nWatchdogSec=1\n' >/run/systemd/system/latchkeyd.service.d/watchdog.conf
    systemctl daemon-reload
    systemctl restart latchkeyd.service
    before=$(unit NRestarts)
    sleep 3 # three times the watchdog's patience: the daemon must have answered in time
    check "the watchdog leaves a daemon that works alone" is "$before active" \
        units NRestarts ActiveState
    kill -STOP "$(unit MainPID)"
    check "it starts one that hangs again" within 30 restarts_above "$before"
    check "for that reason" shows 'Watchdog timeout' \
        journalctl --no-pager -q -o cat -u latchkeyd.service
    check "and a token is held again" shows '"status": *"ready"' get /health
    rm -r /run/systemd/system/latchkeyd.service.d
    systemctl daemon-reload
}

check_slow_login() {
    install -d /run/systemd/system/latchkeyd.service.d
    printf '[Service]\nTimeoutStartSec=1\n' >/run/systemd/system/latchkeyd.service.d/slow.conf
    systemctl daemon-reload
    settings '{"login_delay": 4}'
    check "a login may take longer than systemd's patience with a start" \
        systemctl restart latchkeyd.service
    check "and is waited for" shows '"status": *"ready"' get /health
    settings '{"login_delay": 0}'
    rm -r /run/systemd/system/latchkeyd.service.d
    systemctl daemon-reload
}

check_trial() { # the command that README.md and latchkeyd(8) have
    trial() {
        systemd-run -q --pipe --wait -p User=latchkey -p LoadCredential=rackspace latchkeyd --check
    }
    check "--check under systemd-run finds the credential" shows '^rackspace: ok: ' trial
    write_credential mistyped
    check "and says what is wrong with it" shows '^rackspace: credentials-rejected: ' trial
    write_credential $key
}

check_refused_start() {
    cp "$configuration" "$configuration.good"
    echo 'regoin = ORD' >>"$configuration"
    systemctl stop latchkeyd.service
    check "a client of a daemon that cannot start is let go" \
        shows '^[13]$' status_of timeout 60 latchkey status
    check "and the next one hears that there is no daemon" is 3 status_of latchkey status
    check "the journal says why" shows "$configuration:3: regoin" journal
    mv "$configuration.good" "$configuration"
    systemctl reset-failed latchkeyd.socket latchkeyd.service
    check "mended, it starts" systemctl start latchkeyd.service
}

check_stop() {
    check "the service stops" systemctl stop latchkeyd.service
    check "with success" is "inactive success 0" \
        units ActiveState Result ExecMainStatus
    check "a connection starts it again" shows '"generation": *1\b' get /v1/rackspace/token
    check "the socket stops too, and with it the service" systemctl stop latchkeyd.socket
    check "both are down" within 20 is "inactive success" units ActiveState Result
    check "no socket is left" test ! -e $socket
    check "a client says that there is no daemon" is 3 status_of latchkey status
}

check_own_socket() { # without systemd, and whatever umask root's shell has
    rmdir /run/latchkey
    (umask 077 && exec latchkeyd --config /dev/null) >/dev/null 2>&1 &
    check "a daemon that root starts listens there too" within 10 test -S $socket
    check "in a directory that others can enter" is "root:root 755" stat -c '%U:%G %a' /run/latchkey
    kill $!
    wait $!
}

install_everything
check_units
check_socket
check_signed_out
for group in check_ready check_rejected check_access check_reload check_journal check_records \
    check_crash check_watchdog check_slow_login check_trial check_refused_start check_stop \
    check_own_socket; do
    systemctl reset-failed # the limit of starts is not meant for so many checks in a row
    $group
done
finish
