# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # common.sh has set what is not set here
# The daemon's life under systemd: reload, crash, watchdog, slow and refused starts, stop; and what
# of it stands in the journal.

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

logins() { # how many the sandbox has had
    curl -sS --fail --max-time 10 "http://127.0.0.1:$port/sandbox/stats" |
        sed -n 's/.*"logins": *\([0-9]*\).*/\1/p'
}

check_crash() {
    local before logins token
    before=$(unit NRestarts)
    token=$(latchkey token)
    logins=$(logins)
    kill -KILL "$(unit MainPID)"
    check "a client that asks while the daemon is down gets its answer, with the token of before" \
        shows "\"$token\"" get /v1/rackspace/token
    check "a killed daemon is started again" within 20 restarts_above "$before"
    check "a restart has the token of before, too" systemctl restart latchkeyd.service
    check "which is served" is "$token" latchkey token
    check "neither takes a login" is "$logins" logins
    check "systemd keeps one session" is 1 unit NFileDescriptorStore
}

check_watchdog() {
    local before
    drop_in watchdog WatchdogSec=2
    systemctl restart latchkeyd.service
    before=$(unit NRestarts)
    sleep 4 # twice the watchdog's patience: the daemon must have answered in time
    check "the watchdog leaves a daemon that works alone" is "$before active" \
        units NRestarts ActiveState
    kill -STOP "$(unit MainPID)"
    check "it starts one that hangs again" within 30 restarts_above "$before"
    check "for that reason" shows 'Watchdog timeout' \
        journalctl --no-pager -q -o cat -u latchkeyd.service
    check "and a token is held again" shows '"status": *"ready"' get /health
    no_drop_ins
}

check_slow_login() {
    drop_in slow TimeoutStartSec=2
    settings '{"login_delay": 4}'
    check "a login may take longer than systemd's patience with a start" \
        systemctl restart latchkeyd.service
    check "and is waited for" shows '"status": *"ready"' get /health
    settings '{"login_delay": 0}'
    no_drop_ins
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
