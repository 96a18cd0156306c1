#!/bin/sh
# SPDX-License-Identifier: MIT
# A real cloud to test with: Debian's own Keystone and Swift, on loopback, all of it in one directory.
#
#   cloud.sh start DIR             about 10 s; DIR is new or empty, and holds everything there is to it
#   cloud.sh keystone stop DIR     takes the identity service away, and nothing else
#   cloud.sh keystone start DIR    brings it back at the same ports, with the same tokens
#   cloud.sh stop DIR              ends what start began; DIR stays
#
# There are two regions, RegionOne and RegionTwo, each a Swift of its own (servers, rings, disk), behind one
# Keystone; and in front of RegionOne's disk a second proxy with TempAuth. DIR/env says it all, in shell
# variables: URLs, the own CA and a wrong one, users, projects, application credentials. Every secret is new
# at each start. The internal object-store endpoints are the public ones by another host name, the admin
# ones lack the account; `dns` has no region and nobody who listens, `compute` has no endpoint at all.
#
# In the environment of start:
#   TOKEN_LIFETIME=S     of Keystone's tokens and TempAuth's (default 3600)
#   TOKEN_CACHE_TIME=S   for which Swift believes in a token that was revoked (default 1; Swift's own is 300)
#   ENDING_IN=S          what is left to the application credential that ends soon (default 300)
#   PATIENCE=S           for each thing that has to come up (default 60)
#
# Exit status: 77 when it cannot run here, and a line that says why. A start that fails shows the ends of
# the logs and leaves nothing behind.
set -eu
me=cloud
here=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3 # a python3 that comes first in PATH knows nothing of Debian's packages
patience=${PATIENCE:-60}
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY # all of it is on loopback

usage() {
    sed -n '3,23s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

cannot() {
    echo "$me: $*" >&2
    exit 77
}

fail() {
    echo "$me: $*" >&2
    exit 1
}

# ---- processes
#
# A pid file holds the pid and when it began, so that a number that was used again is left alone.

began() { # began PID: prints it; fails if there is none
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | {
        read -r state _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ when _ && [ "$state" != Z ] && echo "$when"
    }
}

runs() { # runs NAME
    [ -f "$dir/$1.pid" ] || return
    read -r pid when <"$dir/$1.pid"
    [ "$(began "$pid")" = "$when" ]
}

launch() { # launch NAME COMMAND...: in a session of its own, its output in NAME.log
    name=$1
    shift
    setsid "$@" >>"$dir/$name.log" 2>&1 </dev/null &
    echo "$! $(began $!)" >"$dir/$name.pid"
}

end() { # end NAME
    if runs "$1"; then
        kill -TERM "$pid" 2>/dev/null || :
        tries=0
        while runs "$1"; do
            tries=$((tries + 1))
            [ $tries -lt 100 ] || kill -KILL "$pid" 2>/dev/null || :
            [ $tries -lt 400 ] || fail "$1 ($pid) does not end"
            sleep 0.05
        done
    fi
    rm -f "$dir/$1.pid"
}

wait_for() { # wait_for NAME URL: until NAME answers there
    deadline=$(($(date +%s) + patience))
    until curl -s --max-time 5 --cacert "$dir/ca.pem" -o "$dir/answer" "$2"; do
        runs "$1" || fail "$1 ended while it was starting"
        [ "$(date +%s)" -lt $deadline ] || fail "$1 did not answer within $patience s: $2"
        sleep 0.1
    done
    rm -f "$dir/answer"
}

# ---- what is in DIR

random() {
    openssl rand -hex 16
}

make_certificates() {
    for ca in ca wrong-ca; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
            -subj "/CN=$ca" -keyout "$dir/$ca.key" -out "$dir/$ca.pem"
    done
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
        -keyout "$dir/server.key" -out "$dir/server.csr"
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\n' >"$dir/server.ext"
    openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
        -days 30 -extfile "$dir/server.ext" -out "$dir/server.pem"
}

# What keystone-manage fernet_setup would write, without the two seconds that it takes.
make_keys() { # make_keys DIRECTORY
    mkdir -p "$1"
    for index in 0 1; do
        openssl rand -base64 32 | tr +/ -_ >"$1/$index"
    done
}

configure_keystone() {
    mkdir "$dir/keystone"
    for keys in fernet receipts credential; do
        make_keys "$dir/keystone/$keys"
    done
    cat >"$dir/keystone/keystone.conf" <<-END
	[DEFAULT]
	log_file = $dir/keystone-api.log
	[database]
	connection = sqlite:///$dir/keystone/keystone.db?check_same_thread=False
	[token]
	expiration = $TOKEN_LIFETIME
	[fernet_tokens]
	key_repository = $dir/keystone/fernet
	[fernet_receipts]
	key_repository = $dir/keystone/receipts
	[credential]
	key_repository = $dir/keystone/credential
	[cache]
	backend = oslo_cache.dict
	[identity]
	password_hash_rounds = 4
	END
    # without a master one process is all there is to it; at its exit Python's threads may trip over each other
    cat >"$dir/keystone/uwsgi.ini" <<-END
	[uwsgi]
	plugins = python3
	wsgi-file = /usr/bin/keystone-wsgi-public
	http-socket = 127.0.0.1:$keystone_port
	https-socket = 127.0.0.1:$keystone_https_port,$dir/server.pem,$dir/server.key
	need-app = true
	enable-threads = true
	threads = 8
	listen = 100
	buffer-size = 65535
	add-header = Connection: close
	die-on-term = true
	skip-atexit = true
	END
    # a database that has it once keeps it
    $python -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode = WAL")' \
        "$dir/keystone/keystone.db"
}

fill_keystone() { # the tables, and what bootstrap brings: an admin, roles, the domain, the identity service
    set -- keystone-manage --config-file "$dir/keystone/keystone.conf"
    "$@" db_sync
    OS_BOOTSTRAP_PASSWORD=$ADMIN_PASSWORD "$@" bootstrap --bootstrap-region-id RegionOne \
        --bootstrap-public-url "$KEYSTONE_URL/v3" --bootstrap-internal-url "$KEYSTONE_URL/v3" \
        --bootstrap-admin-url "$KEYSTONE_URL/v3"
}

start_keystone() {
    launch keystone env OS_KEYSTONE_CONFIG_FILES="$dir/keystone/keystone.conf" \
        uwsgi --ini "$dir/keystone/uwsgi.ini"
}

wait_for_keystone() {
    wait_for keystone "$KEYSTONE_URL/v3"
    wait_for keystone "$KEYSTONE_HTTPS_URL/v3"
}

write_env() {
    # shellcheck disable=SC2046 # numbers
    set -- $($python -B "$here/ports.py" 11)
    keystone_port=$1 keystone_https_port=$2
    cat >"$dir/env" <<-END
	TOKEN_LIFETIME=${TOKEN_LIFETIME:-3600}
	TOKEN_CACHE_TIME=${TOKEN_CACHE_TIME:-1}
	KEYSTONE_URL=http://127.0.0.1:$1
	KEYSTONE_HTTPS_URL=https://127.0.0.1:$2
	CA_FILE=$dir/ca.pem
	WRONG_CA_FILE=$dir/wrong-ca.pem
	SWIFT_URL_ONE=http://127.0.0.1:$3
	SWIFT_URL_TWO=http://127.0.0.1:$4
	TEMPAUTH_URL=http://127.0.0.1:$5/auth/v1.0
	TEMPAUTH_USER=test:tester
	TEMPAUTH_KEY=$(random)
	SWIFT_PORTS='$3 $4 $5 $6 $7 $8 $9 ${10} ${11}'
	SWIFT_SERVICE_PASSWORD=$(random)
	ADMIN_NAME=admin
	ADMIN_PASSWORD=$(random)
	ADMIN_PROJECT_NAME=admin
	END
}

# ---- verbs

tell_and_clear() {
    status=$?
    trap '' INT TERM HUP
    trap - EXIT
    for log in "$dir"/*.log; do
        [ $status -lt 128 ] || break # whoever interrupts it has no question
        [ ! -s "$log" ] || { echo "---- the end of $log"; tail -n 25 "$log" | cut -c 1-300; } >&2
    done
    end swift
    end keystone
    rm -rf "${dir:?}"/*
    [ "$made" = no ] || rmdir "$dir"
    exit $status
}

start() {
    for program in curl openssl setsid uwsgi keystone-manage $python; do
        command -v "$program" >/dev/null ||
            cannot "$program is missing: sh tests/install-packages.sh cloud"
    done
    [ -f /usr/bin/keystone-wsgi-public ] && $python -c 'import keystonemiddleware, swift' 2>/dev/null ||
        cannot "Keystone or Swift is missing: sh tests/install-packages.sh cloud"
    case $dir in
    *[!A-Za-z0-9/._+-]*) fail "'$dir' would need quotes in what configures a cloud" ;;
    esac
    made=no
    [ -d "$dir" ] || { mkdir "$dir" && made=yes; }
    [ -z "$(ls -A "$dir")" ] || fail "$dir is not empty"
    dir=$(cd "$dir" && pwd)
    umask 077
    trap tell_and_clear EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    # Swift keeps what it knows of an object there
    $python -c 'import os, sys; os.setxattr(sys.argv[1], "user.latchkey", b"1")' "$dir" 2>/dev/null || {
        trap - EXIT
        [ $made = no ] || rmdir "$dir"
        cannot "the file system of $dir has no extended attributes"
    }

    write_env
    set -a
    # shellcheck disable=SC1091 # it is written above
    . "$dir/env"
    set +a
    make_certificates >"$dir/openssl.log" 2>&1
    launch swift $python -B "$here/swift_servers.py" "$dir/swift"
    configure_keystone
    start_keystone # it takes its time, and does not look into the database before it is asked
    fill_keystone >"$dir/keystone-manage.log" 2>&1
    wait_for_keystone
    for url in "$SWIFT_URL_ONE" "$SWIFT_URL_TWO" "${TEMPAUTH_URL%/auth/v1.0}"; do
        wait_for swift "$url/healthcheck"
    done
    $python -B "$here/provision.py" >>"$dir/env" 2>"$dir/provision.log"
    trap - EXIT
}

[ $# -ge 2 ] || usage
verb=$1
if [ "$verb" = keystone ]; then
    verb="keystone $2"
    shift
fi
[ $# = 2 ] || usage
dir=$2
if [ "$verb" != start ]; then
    [ -f "$dir/env" ] || fail "$dir has no cloud"
    dir=$(cd "$dir" && pwd)
    # shellcheck disable=SC1091 # start wrote it
    . "$dir/env"
fi
case $verb in
start) start ;;
stop)
    end swift
    end keystone
    ;;
'keystone stop') end keystone ;;
'keystone start')
    ! runs keystone || exit 0
    start_keystone
    wait_for_keystone
    ;;
*) usage ;;
esac
