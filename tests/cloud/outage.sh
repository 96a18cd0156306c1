# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # checks.sh has set what is not set here
# Tokens that are revoked behind the daemon's back, and a Keystone that is gone for a while.

start_daemon outage <<END || echo "Bail out! no daemon"
$(cloud outage "$(by_password "tenant_name = $PROJECT_NAME" "region = RegionTwo")")
END
within 10 is ready identity_of outage outage state
base=/v1/outage/proxy/swift/outage
status_of outage $base -X PUT >/dev/null
head -c 60000 /dev/urandom >"$work/small"
head -c 3000000 /dev/urandom >"$work/more"

# The token of every second request is revoked before it; Swift believes in it for a second more.
revoke_and_ask() { # revoke_and_ask REQUESTS
    local i
    for ((i = 0; i < $1; i++)); do
        if [ $((i % 2)) = 0 ]; then
            revoke "$(token_of outage outage)"
            sleep $((TOKEN_CACHE_TIME + 1))
        fi
        case $((i % 6)) in
        0) status_of outage "$base/small" -T "$work/small" ;;
        2) status_of outage "$base/more" -T "$work/more" ;;
        4) status_of outage "$base/chunked" -T - <"$work/more" ;;
        *) status_of outage "$base?limit=1" ;;
        esac
        echo
    done
}
begin=$SECONDS
revoke_and_ask 12 >"$work/revoked" 2>&1
note "$(grep -c . "$work/revoked") requests, tokens revoked before every second one, in $((SECONDS - begin)) s:" \
    "$(logins_of outage outage success) logins"
check "all requests end well while their tokens are revoked" is '' grep -vE '^20[014]$' "$work/revoked"
check "all of them were made" is 12 grep -c . "$work/revoked"
check "with at most a login in 5 s" between 6 $(((SECONDS - begin) / 5 + 3)) logins_of outage outage success
check "and none that failed" is 0 logins_of outage outage

# What the service takes for dead, while nobody can log in.
"$here/cloud.sh" keystone stop "$bed"
began=$SECONDS
answers() {
    while [ $SECONDS -lt $((began + 20)) ]; do
        status_of outage "$base/small" --max-time 30
        echo
        sleep 0.5
    done
}
# When each attempt was seen, in ms.
attempts() {
    local seen=0 now
    while [ -e "$work/outage.sock" ]; do
        now=$(logins_of outage outage)
        [ "${now:-0}" = "$seen" ] || date +%s%3N
        seen=${now:-0}
        sleep 0.2
    done
}
shortest() { # shortest FILE: the least time between two lines
    awk 'NR > 1 && (least == "" || $1 - last < least) { least = $1 - last } { last = $1 } END { print least }' "$1"
}
attempts >"$work/attempts" 2>/dev/null &
answers >"$work/outage" 2>&1
check "with Keystone gone, Swift says 401 or the daemon why it has no token" is '' \
    grep -vE '^(200|401|50[234])$' "$work/outage"
"$here/cloud.sh" keystone start "$bed"
check "requests recover by themselves" within 30 is 200 status_of outage "$base/small"
sleep 0.5
note "while Keystone was gone: $(sort "$work/outage" | uniq -c | xargs); attempts to log in:" \
    "$(wc -l <"$work/attempts"), the closest $(shortest "$work/attempts") ms apart"
check "there were several login attempts" between 3 7 grep -c . "$work/attempts"
check "with at least 5 s between them" between 4200 20000 shortest "$work/attempts"
check "what was uploaded is whole" is "$(sha256sum <"$work/more")" bash -c \
    "curl -s --unix-socket '$work/outage.sock' 'http://l$base/chunked' | sha256sum"
check "the daemon ends well" stop_daemon outage
