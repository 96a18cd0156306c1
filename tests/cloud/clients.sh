#!/bin/sh
# SPDX-License-Identifier: MIT
# Real clients on what latchkey hands them: Debian's openstack and swift, by `env` and by `run`, on the
# real cloud that cloud.sh started, and on tokens that ended.
#
#   clients.sh DIR BUILD    DIR is cloud.sh's, BUILD has daemon/latchkeyd and client/latchkey
#
# For checks.sh. The report is TAP, details of failures go to standard error.
set -eu
[ $# = 2 ] || { sed -n '6s/^# *//p' "$0" >&2; exit 2; }
# shellcheck disable=SC1091 # cloud.sh wrote it
. "$1/env"
build=$(cd "$2" && pwd)
latchkey=$build/client/latchkey
openstack=/usr/bin/openstack swift=/usr/bin/swift # a python3 that comes first in PATH knows none of it
for program in $openstack $swift; do
    [ -x "$program" ] || { echo "Bail out! $program is missing: sh tests/install-packages.sh cloud"; exit 1; }
done
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY LATCHKEY_CLOUD
umask 077
work=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || { kill "$daemon"; wait "$daemon" || :; } 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export HOME="$work" # no clouds.yaml of the user's
cd "$work"
export LATCHKEY_SOCKET="$work/socket"

# The report is TAP, and a file has it too: parts of this run in shells of their own.
pass() {
    echo "ok - $how: $*" | tee -a "$work/report"
}

fail() {
    echo "not ok - $how: $*" | tee -a "$work/report"
    { echo "$how: $*"; tail -n 20 "$work/out" | sed 's/^/    /'; } >&2
}

gives() { # gives PATTERN COMMAND...: it ends well, and says so
    pattern=$1
    shift
    if ! timeout 60 "$@" >"$work/out" 2>&1 </dev/null; then
        fail "$*"
    elif [ -n "$pattern" ] && ! grep -q -- "$pattern" "$work/out"; then
        fail "$* does not say '$pattern'"
    else
        pass "$*"
    fi
}

refuses() { # refuses PATTERN COMMAND...: it fails, says why, and does not hang
    pattern=$1 status=0
    shift
    timeout 60 "$@" >"$work/out" 2>&1 </dev/null || status=$?
    case $status in
    0) fail "$* is refused" ;;
    124) fail "$* does not hang" ;;
    *)
        if grep -q -- "$pattern" "$work/out"; then
            pass "$* is refused"
        else
            fail "$* does not say '$pattern'"
        fi
        ;;
    esac
}

# ---- clouds

cloud() { # cloud NAME: what all clouds have
    cat <<-END
	[$1]
	identity_type = keystone
	auth_endpoint = $KEYSTONE_URL/v3
	region = $REGION_ONE
	END
}

{
    cloud password
    cat <<-END
	username = $USER_NAME
	password = $USER_PASSWORD
	user_domain_id = $DOMAIN_ID
	project_domain_id = $DOMAIN_ID
	tenant_name = $PROJECT_NAME
	END
    cloud application
    cat <<-END
	application_credential_id = $APP_CREDENTIAL_ID
	application_credential_secret = $APP_CREDENTIAL_SECRET
	[tempauth]
	identity_type = swift
	auth_endpoint = $TEMPAUTH_URL
	username = $TEMPAUTH_USER
	api_key = $TEMPAUTH_KEY
	END
} >"$work/latchkeyd.conf"

"$build/daemon/latchkeyd" --config "$work/latchkeyd.conf" --socket "$LATCHKEY_SOCKET" \
    >"$work/log" 2>&1 &
daemon=$!
tries=0
until "$latchkey" --cloud application token >"$work/out" 2>&1 &&
    "$latchkey" --cloud tempauth token >"$work/out" 2>&1 &&
    "$latchkey" --cloud password token >"$work/out" 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "Bail out! no token within 10 s"; exit 1; }
    sleep 0.1
done

# ---- what each client does; PREFIX is a command that runs another

through() { # through CONTAINER PREFIX...: both clients, whatever an object store is for
    container=$1
    shift
    echo "what $container holds" >file
    gives "$container" "$@" $openstack container create "$container"
    gives "^$container\$" "$@" $openstack container list -f value
    gives file "$@" $openstack object create "$container" file
    gives "what $container holds" "$@" $openstack object save "$container" file --file -
    by_swift "$container-swift" "$@"
}

by_swift() { # by_swift CONTAINER PREFIX...
    container=$1
    shift
    echo "what $container holds" >file
    gives '' "$@" $swift post "$container"
    gives file "$@" $swift upload --segment-size 8 "$container" file
    gives "^$container\$" "$@" $swift list
    gives '^file$' "$@" $swift list "$container"
    gives 'what ' "$@" $swift download "$container" file -o -
    gives 'Objects: 1' "$@" $swift stat "$container"
}

identity() { # identity PREFIX...: what openstack asks the identity service
    gives "$PROJECT_ID" "$@" $openstack token issue -f value -c project_id
    gives object-store "$@" $openstack catalog list -f value
    gives "^password\$\|^$PROJECT_NAME\$" "$@" $openstack project list --my-projects -f value -c Name
}

how=run
through run "$latchkey" run --
identity "$latchkey" run --

how='env'
(
    eval "$("$latchkey" env)"
    through env env
    identity env
)

how='run in a hostile shell'
(
    for name in OS_CLOUD OS_USERNAME OS_USER_ID OS_PASSWORD OS_PASSCODE OS_USER_DOMAIN_ID \
        OS_USER_DOMAIN_NAME OS_PROJECT_DOMAIN_ID OS_PROJECT_DOMAIN_NAME OS_DOMAIN_ID OS_DOMAIN_NAME \
        OS_APPLICATION_CREDENTIAL_ID OS_APPLICATION_CREDENTIAL_SECRET OS_TRUST_ID OS_SERVICE_PROVIDER \
        OS_ENDPOINT OS_ENDPOINT_TYPE OS_URL OS_PROJECT_ID OS_TENANT_NAME OS_AUTH_URL OS_STORAGE_URL \
        OS_AUTH_TYPE OS_REGION_NAME OS_DEFAULT_DOMAIN ST_AUTH ST_USER ST_KEY; do
        export "$name=another"
    done
    export OS_IDENTITY_API_VERSION=2 OS_INTERFACE=admin OS_SYSTEM_SCOPE=all
    through hostile "$latchkey" run --
    identity "$latchkey" run --
    how='env in a hostile shell'
    eval "$("$latchkey" env)"
    gives hostile $openstack container list
    gives hostile $swift list
)

how='another region'
by_swift elsewhere "$latchkey" run --region "$REGION_TWO" --
gives '^elsewhere$' "$latchkey" run --region "$REGION_TWO" -- $openstack container list -f value
gives '^elsewhere$' "$latchkey" request GET "object-store@$REGION_TWO" ''

# Keystone gives nobody a second token for an application credential's, so openstack has to use that one.
how='an application credential'
by_swift application-swift "$latchkey" --cloud application run --
refuses 'delegated token' "$latchkey" --cloud application run -- $openstack container list
through application "$latchkey" --cloud application run --service object-store --

# There is no identity service to ask for another token either.
how="Swift's own login"
through tempauth "$latchkey" --cloud tempauth run --

# Out of the daemon's hands, a token that was revoked is as dead as one that ended.
how='a dead token'
"$latchkey" env >"$work/dead"
"$latchkey" --cloud password env --service object-store >"$work/dead-direct"
"$latchkey" logout >"$work/out"
sleep $((TOKEN_CACHE_TIME + 1))
(
    # shellcheck disable=SC1091 # written above
    . "$work/dead"
    refuses 404 $openstack container list
    refuses 404 $openstack token issue
    refuses 401 $swift list
    refuses 401 $swift stat run
    refuses 401 $swift download run file -o -
    refuses 401 $swift upload run "$work/file"
    # shellcheck disable=SC1091 # written above
    . "$work/dead-direct"
    refuses 401 $openstack container list
)
how='no token'
refuses 'No credential is held' "$latchkey" run -- $swift list

echo "1..$(wc -l <"$work/report")"
! grep -q '^not' "$work/report"
