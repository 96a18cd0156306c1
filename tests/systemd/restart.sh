# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # common.sh has set what is not set here
# A restart without a login: what systemd's file descriptor store keeps between two daemons.

logins() { # how many the cloud has seen
    curl -sS --fail --max-time 10 "http://127.0.0.1:$port/sandbox/stats" |
        sed -n 's/.*"logins": *\([0-9]*\).*/\1/p'
}

token() {
    get /v1/rackspace/token --fail -H 'Accept: text/plain'
}

stored() { # the descriptors that systemd keeps
    unit NFileDescriptorStore
}

# Reads the token over connections of their own until there is a file; one that fails leaves a word.
read_all_the_time() {
    until [ -e "$work/enough" ]; do
        token >/dev/null 2>>"$work/failures" || echo failed >>"$work/failures"
    done
}

check_restart() {
    local before began pid
    post /v1/rackspace/refresh
    before=$(token) began=$(logins)
    check "systemd keeps a session" is 1 stored

    : >"$work/failures"
    rm -f "$work/enough"
    read_all_the_time &
    for _ in 1 2 3; do
        systemctl restart latchkeyd.service
    done
    : >"$work/enough"
    wait $!
    check "a restart fails no request" is "" cat "$work/failures"
    check "the token is the same" is "$before" token
    check "nobody has logged in" is "$began" logins
    check "it says so" shows 'from before the restart' journal -n 20

    pid=$(unit MainPID)
    kill -KILL "$pid"
    check "a client that asks while the daemon is down gets the token" is "$before" token
    check "of a new daemon" differs "$pid" unit MainPID
    check "which has not logged in either" is "$began" logins
    systemctl reset-failed

    drop_in watchdog WatchdogSec=2
    systemctl restart latchkeyd.service
    pid=$(unit MainPID)
    kill -STOP "$pid"
    check "a daemon that hangs is replaced" within 30 differs "$pid" unit MainPID
    no_drop_ins
    check "without a login, too" is "$before $began" echo "$(token) $(logins)"
    systemctl restart latchkeyd.service

    write_credential another-key
    settings '{"api_key": "another-key"}'
    systemctl restart latchkeyd.service
    check "another key is logged in with" is $((began + 1)) logins
    check "and the former session is not kept" is 1 stored
    write_credential $key
    settings "{\"api_key\": \"$key\"}"
    systemctl restart latchkeyd.service

    began=$(logins)
    systemctl stop latchkeyd.service
    systemctl start latchkeyd.service
    check "what was stopped logs in again" is $((began + 1)) logins
}
