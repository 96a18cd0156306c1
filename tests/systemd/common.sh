# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # checks.sh has set what is not set here
# What the checks in the box share: the machine that latchkey is installed on, and ways to ask. For
# checks.sh, which has set $here, $sandbox (the sandbox cloud's program) and $work.

# shellcheck source-path=SCRIPTDIR/..
. "$here/../report.sh"

port=4000
key=01234567890abcdef
socket=/run/latchkey/latchkey.sock
credential=/etc/credstore/rackspace
configuration=/etc/latchkey/latchkeyd.conf

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

# ---- asking systemd

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

process() { # process FILE: of the daemon's, below /proc
    cat "/proc/$(unit MainPID)/$1"
}

restarts_above() { # restarts_above COUNT
    [ "$(unit NRestarts)" -gt "$1" ] && [ "$(unit ActiveState)" = active ]
}

journal() { # journal MATCH...: the daemon's own lines
    journalctl --sync
    journalctl --no-pager -q -u latchkeyd.service -o json "$@"
}

# A drop-in holds until it is taken away; the service takes notice when it starts next.
drop_in() { # drop_in NAME LINE...: of [Service]
    local name=$1
    shift
    install -d /run/systemd/system/latchkeyd.service.d
    printf '%s\n' '[Service]' "$@" >"/run/systemd/system/latchkeyd.service.d/$name.conf"
    systemctl daemon-reload
}

no_drop_ins() {
    rm -rf /run/systemd/system/latchkeyd.service.d
    systemctl daemon-reload
}

# ---- asking the daemon

status_of() { # status_of COMMAND...: its exit status
    "$@" >/dev/null
    echo $?
}

seconds() { # seconds COMMAND...: how long it took, rounded down
    local start=$SECONDS
    "$@" || return
    echo $((SECONDS - start))
}

get() { # get PATH [OPTION]...
    local path=$1
    shift
    curl -sS --max-time 30 --unix-socket $socket "$@" "http://localhost$path"
}

code() { # code PATH [OPTION]...: the answer's status
    get "$@" -o /dev/null -w '%{http_code}'
}

post() { # post PATH
    get "$1" -o /dev/null -X POST
}

state() { # state CLOUD
    get "/v1/$1/identity" | sed -n 's/.*"state": *"\([a-z-]*\)".*/\1/p'
}

settings() { # settings JSON: of the sandbox cloud
    curl -sS --fail --max-time 10 -o /dev/null -d "$1" "http://127.0.0.1:$port/sandbox/settings"
}

# ---- the machine that it is installed on

start_cloud() { # start_cloud NAME OPTION...: a sandbox cloud
    local name=$1
    shift
    systemd-run -q --unit="$name" -p Type=exec \
        "$sandbox" --port-file "/run/$name.port" "$@"
    within 10 test -s "/run/$name.port" || give_up "the cloud $name does not start"
}

install_everything() {
    tar -C "$DESTDIR" -c . | tar -C / -x --keep-directory-symlink --no-overwrite-dir &&
        ldconfig && systemd-sysusers && journalctl --update-catalog &&
        systemd-sysusers --inline 'u member - "" /home/member' 'm member latchkey' 'u stranger - -' &&
        install -d -o member -g member /home/member &&
        systemctl daemon-reload || give_up "latchkey could not be installed"
    start_cloud cloud --port "$port"
    install -d /etc/latchkey
    printf '[rackspace]\nauth_endpoint = http://127.0.0.1:%s/v2.0\n' "$port" >"$configuration"
}

write_credential() { # write_credential KEY [FILE]
    printf '[rackspace_cloud]\nusername = myusername\napi_key = %s\n' "$1" |
        install -D -m 600 /dev/stdin "${2-$credential}"
}
