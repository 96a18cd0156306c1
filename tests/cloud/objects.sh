# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # checks.sh has set what is not set here
# Real Swift through the signed request: the same for both regions and for Swift's own login.

start_daemon objects <<END || echo "Bail out! no daemon"
$(cloud keystone "$(by_password "tenant_name = $PROJECT_NAME")")
$(cloud tempauth "identity_type = swift" "auth_endpoint = $TEMPAUTH_URL" \
    "username = $TEMPAUTH_USER" "api_key = $TEMPAUTH_KEY")
END
within 10 is 200 status_of objects /health
[ -f "$work/large" ] || head -c $((100 * 1024 * 1024)) /dev/urandom >"$work/large"
large_sum=$(sha256sum <"$work/large")

download_sum() { # download_sum PATH
    ask objects "$1" | sha256sum
}

try_objects() { # try_objects LABEL BASE: BASE is the path of the account
    local label=$1 c=$2/c-$1 etag

    check "$label: a container is made" is 201 status_of objects "$c" -X PUT
    check "$label: an object is made" is 201 status_of objects "$c/one%20two%2Fthree" --data-binary hello -X PUT
    check "$label: and comes back" is hello ask objects "$c/one%20two%2Fthree"
    for name in a b d e; do status_of objects "$c/$name" -X PUT --data-binary "$name" >/dev/null; done
    check "$label: a list with limit" is "a b" echo "$(ask objects "$c?limit=2" | xargs)"
    check "$label: a list behind a marker" is "d e" echo "$(ask objects "$c?marker=b&end_marker=f" | xargs)"
    check "$label: a list as JSON" shows '"name": "one two/three"' ask objects "$c?format=json&prefix=one"

    check "$label: 100 MiB go up" is 201 status_of objects "$c/large" -T "$work/large"
    check "$label: and come down the same" is "$large_sum" download_sum "$c/large"
    check "$label: chunked, too" is 201 status_of objects "$c/chunked" -T - <"$work/large"
    check "$label: and the same" is "$large_sum" download_sum "$c/chunked"

    check "$label: segments of a large object" is "201 201" echo "$(
        for part in 1 2; do
            head -c 1048576 "$work/large" | status_of objects "$c/segment$part" -T -
            echo
        done | xargs)"
    etag=$(head -c 1048576 "$work/large" | md5sum | cut -d' ' -f1)
    check "$label: its manifest" is 201 status_of objects "$c/slo?multipart-manifest=put" -X PUT --data-binary \
        "[{\"path\":\"/c-$1/segment1\",\"etag\":\"$etag\",\"size_bytes\":1048576},{\"path\":\"/c-$1/segment2\",\"etag\":\"$etag\",\"size_bytes\":1048576}]"
    check "$label: reads as one" is "$( (head -c 1048576 "$work/large"; head -c 1048576 "$work/large") | sha256sum)" \
        download_sum "$c/slo"
    check "$label: is static and large" is True header_of X-Static-Large-Object objects "$c/slo" -I

    check "$label: COPY" is 201 status_of objects "$c/a" -X COPY -H "Destination: c-$1/copy"
    check "$label: made a copy" is a ask objects "$c/copy"
    etag=$(header_of Etag objects "$c/a" -I)
    check "$label: If-None-Match" is 304 status_of objects "$c/a" -H "If-None-Match: $etag"
    check "$label: If-Match" is 412 status_of objects "$c/a" -H "If-Match: 0"
    check "$label: a range" is 206 status_of objects "$c/large" -H "Range: bytes=1000-1999"
    check "$label: is that range" is "$(tail -c +1001 "$work/large" | head -c 1000 | sha256sum)" \
        download_sum_range "$c/large" 1000-1999
    check "$label: metadata is set" is 202 status_of objects "$c/a" -X POST -H "X-Object-Meta-Colour: green"
    check "$label: and read" is green header_of X-Object-Meta-Colour objects "$c/a" -I
    check "$label: no token comes back" is '' header_of X-Auth-Token objects "$c/a" -I
    check "$label: what is not there" is 404 status_of objects "$c/nothing"
    check "$label: what is not empty stays" is 409 status_of objects "$c" -X DELETE
    check "$label: the large object goes with its segments" is 200 \
        status_of objects "$c/slo?multipart-manifest=delete" -X DELETE
    for name in a b d e copy large chunked one%20two%2Fthree; do
        status_of objects "$c/$name" -X DELETE
        echo
    done >"$work/deleted.$label"
    check "$label: objects are deleted" is "$(printf '204 %.0s' 1 2 3 4 5 6 7 8)" \
        echo "$(xargs <"$work/deleted.$label") "
    check "$label: the container is deleted" is 204 status_of objects "$c" -X DELETE
}

download_sum_range() { # download_sum_range PATH RANGE
    ask objects "$1" -H "Range: bytes=$2" | sha256sum
}

try_objects one "/v1/keystone/proxy/swift@RegionOne"
try_objects two "/v1/keystone/proxy/object-store@regiontwo"
try_objects tempauth "/v1/tempauth/proxy/cloudfiles"

status_of objects /v1/keystone/proxy/swift@RegionOne/only-here -X PUT >/dev/null
check "the regions are two" is 404 status_of objects /v1/keystone/proxy/swift@RegionTwo/only-here
read -r tokens logins < <(tokens_and_logins objects keystone)
check "a login a token" is "$tokens" echo "$logins"
check "the daemon ends well" stop_daemon objects
