# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # common.sh has set what is not set here
# The units as they are installed, the socket, the first start, and who may ask.

check_units() {
    local man=no
    ! command -v man >/dev/null || man=yes
    verify() { # verify [OPTION]...
        [ -z "$(systemd-analyze verify --man="$man" "$@" 2>&1 | tee /dev/stderr)" ]
    }
    check "systemd-analyze has nothing to say about the units" \
        verify latchkeyd.socket latchkeyd.service
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
    check "it runs as the user latchkey" shows "^Uid:[[:space:]]*$(id -u latchkey)\b" process status
}

check_ready() {
    write_credential $key
    settings '{"login_delay": 2}'
    check "a start lasts as long as the login" between 2 9 seconds \
        systemctl restart latchkeyd.service
    check "and then a token is held" shows '"status": *"ready"' get /health
    check "its status says so" is '1 of 1 clouds ready' unit StatusText
    settings '{"login_delay": 0}'
    check "the key is not in its environment" hides $key process environ
    check "nor among its arguments" hides $key process cmdline
    check "a service that starts after it has a token at once" systemd-run -q --wait --collect \
        -p Requires=latchkeyd.service -p After=latchkeyd.service -p SupplementaryGroups=latchkey \
        -p DynamicUser=yes latchkey token
}

check_access() {
    check "a member of the group gets a token" shows '^[^ ]{8,}$' \
        runuser -u member -- latchkey token
    check "nobody else does" is 3 status_of runuser -u stranger -- latchkey token
}
