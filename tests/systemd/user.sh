# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # common.sh has set what is not set here
# A user's own daemon, under that user's own systemd.

as_user() { # as_user COMMAND...: as the member would in a session
    runuser -u member -- env XDG_RUNTIME_DIR="$runtime" HOME=/home/member "$@"
}

user_unit() { # user_unit PROPERTY
    as_user systemctl --user show latchkeyd.service -P "$1"
}

user_process() { # user_process FILE
    cat "/proc/$(user_unit MainPID)/$1"
}

start_user_manager() {
    runtime=/run/user/$(id -u member)
    loginctl enable-linger member
    manager_is_up() {
        shows 'running|degraded' as_user systemctl --user is-system-running
    }
    within 20 manager_is_up
}

check_user() {
    local own
    check "systemd runs for a user" start_user_manager
    own=$runtime/latchkey/latchkey.sock
    verify() {
        [ -z "$(as_user systemd-analyze verify --user --man=no latchkeyd.socket latchkeyd.service \
            2>&1 | tee /dev/stderr)" ]
    }
    check "systemd-analyze has nothing to say about a user's units" verify
    check "the user enables the socket" as_user systemctl --user enable --now -q latchkeyd.socket
    check "it is the user's alone" is "member:member 600 socket" stat -c '%U:%G %a %F' "$own"
    check "in a directory of the user's" is "member:member 700" stat -c '%U:%G %a' "${own%/*}"
    check "rules know it by the name that the system's has" is latchkeyd.socket \
        as_user systemctl --user show latchkeyd.socket -P FileDescriptorName
    install -d -o member -g member -m 700 /home/member/.config/latchkey
    printf '[rackspace]\nauth_endpoint = http://127.0.0.1:%s/v2.0\ncredential_file = key\n' "$port" \
        >/home/member/.config/latchkey/latchkeyd.conf
    write_credential $key /home/member/.config/latchkey/key
    chown member: /home/member/.config/latchkey/key
    check "the command finds it, and the daemon starts with the user's credential" \
        within 10 shows '^rackspace +ready' as_user latchkey status
    check "it is the user's process" shows "^Uid:[[:space:]]*$(id -u member)\b" user_process status
    check "its system calls are filtered" shows '^Seccomp:[[:space:]]*2$' user_process status
    check "it gets no privilege from a program that it starts" \
        shows '^NoNewPrivs:[[:space:]]*1$' user_process status
    check "it reloads" as_user systemctl --user reload latchkeyd.service
    check "it restarts" as_user systemctl --user restart latchkeyd.service
    check "its status is shown" is '1 of 1 clouds ready' user_unit StatusText
    kill -KILL "$(user_unit MainPID)"
    check "a client that asks while it is down gets its answer" \
        shows '^[^ ]{8,}$' as_user latchkey token
    check "root may ask it" shows '^[^ ]{8,}$' latchkey --socket "$own" token
    check "it stops" as_user systemctl --user stop latchkeyd.socket latchkeyd.service
    check "and leaves no socket" test ! -e "$own"
    loginctl disable-linger member
    systemctl stop "user@$(id -u member).service"
}
