# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # checks.sh has set what is not set here
# What the checks on the real cloud share: daemons, and ways to ask. For checks.sh, which has set $here,
# $build, $bed (the cloud's directory, its env read) and $work.

# shellcheck source-path=SCRIPTDIR/..
. "$here/../report.sh"

# ---- the report

# The report of a part that ran in the background, numbered on.
merge() { # merge FILE
    local line
    while read -r line; do
        case $line in
        '#'*) echo "$line" && continue ;;
        esac
        n=$((n + 1))
        case $line in
        ok*) echo "ok $n - ${line#* - }" ;;
        *)
            failed=$((failed + 1))
            echo "not ok $n - ${line#* - }"
            ;;
        esac
    done < <(grep -E '^(not )?ok |^# ' "$1")
}

# ---- daemons

start_daemon() { # start_daemon NAME: with the configuration on standard input
    local name=$1
    (umask 077 && cat >"$work/$name.conf")
    "$build/daemon/latchkeyd" --config "$work/$name.conf" --socket "$work/$name.sock" \
        --log-level debug >"$work/$name.log" 2>&1 </dev/null &
    echo $! >"$work/$name.pid"
    within 20 ask "$name" /v1
}

# It has to end well, with no secret in its log.
stop_daemon() { # stop_daemon NAME
    local pid
    pid=$(cat "$work/$1.pid")
    kill "$pid" && within 12 gone "$pid" || return
    echo "its log:"
    ! grep -nE "gAAAA|AUTH_tk|$USER_PASSWORD|$APP_CREDENTIAL_SECRET|$TEMPAUTH_KEY|ERROR: |runtime error" \
        "$work/$1.log"
}

gone() {
    ! kill -0 "$1" 2>/dev/null
}

cloud() { # cloud NAME LINE...: a section of a configuration
    printf '[%s]\n' "$1"
    shift
    printf '%s\n' "$@"
}

by_password() { # by_password LINE...: alice, at the root of Keystone
    printf '%s\n' "identity_type = keystone" "auth_endpoint = $KEYSTONE_URL" \
        "username = $USER_NAME" "password = $USER_PASSWORD" "$@"
}

# ---- asking a daemon

curl=(curl -sS --max-time 60)

ask() { # ask NAME PATH [OPTION]...
    local name=$1 path=$2
    shift 2
    "${curl[@]}" --unix-socket "$work/$name.sock" "$@" "http://latchkey$path"
}

status_of() { # status_of NAME PATH [OPTION]...
    ask "$@" -o /dev/null -w '%{http_code}'
}

header_of() { # header_of HEADER NAME PATH [OPTION]...
    local header=$1
    shift
    ask "$@" -o /dev/null -D - | tr -d '\r' | sed -n "s/^$header: //ip"
}

# A member of a document on standard input, by a path such as user.name; a list by its members' names.
member() { # member PATH
    /usr/bin/python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = [entry[key] for entry in value] if isinstance(value, list) else value[key]
print(" ".join(map(str, value)) if isinstance(value, list) else value)' "$1"
}

identity_of() { # identity_of NAME CLOUD PATH
    ask "$1" "/v1/$2/identity" | member "$3"
}

token_of() { # token_of NAME CLOUD
    ask "$1" "/v1/$2/token" -H 'Accept: text/plain'
}

# Logins of a cloud by their outcome; without one, all that failed.
logins_of() { # logins_of NAME CLOUD [OUTCOME]
    ask "$1" /metrics | awk -v cloud="cloud=\"$2\"" -v outcome="outcome=\"${3-}\"" '
        /^latchkey_logins_total/ && index($0, cloud) &&
            (outcome == "outcome=\"\"" ? !index($0, "\"success\"") : index($0, outcome)) { sum += $2 }
        END { print sum + 0 }'
}

# How many tokens and how many logins it has had: of the same moment, for a renewal may come in between.
tokens_and_logins() { # tokens_and_logins NAME CLOUD
    local tokens logins
    until
        logins=$(logins_of "$1" "$2" success)
        tokens=$(identity_of "$1" "$2" generation)
        [ "$logins" = "$(logins_of "$1" "$2" success)" ]
    do :; done
    echo "$tokens $logins"
}

# ---- asking Keystone, without the daemon

revoke() { # revoke TOKEN
    "${curl[@]}" -o /dev/null -X DELETE -H "X-Auth-Token: $1" -H "X-Subject-Token: $1" \
        "$KEYSTONE_URL/v3/auth/tokens"
}
