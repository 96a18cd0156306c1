# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # checks.sh has set what is not set here
# Tokens that are revoked behind the daemon's back: each request that meets a dead one has to end well.

start_daemon revoked <<END || echo "Bail out! no daemon"
$(cloud revoked "$(by_password "tenant_name = $PROJECT_NAME" "region = RegionTwo")")
END
within 10 is ready identity_of revoked revoked state

directly() { # directly TOKEN URL [OPTION]...: the cloud's answer, without the daemon
    local token=$1 url=$2
    shift 2
    "${curl[@]}" -o /dev/null -w '%{http_code}\n' -H "X-Auth-Token: $token" "$@" "$url"
}

# When logins end, in ms, as who looks ten times a second sees it.
watch_logins() {
    local seen now
    seen=$(logged_in)
    while sleep 0.1; do
        now=$(logged_in)
        while [ "$seen" -lt "${now:-0}" ]; do
            seen=$((seen + 1))
            date +%s%3N
        done
    done
}

least_gap() {
    awk 'NR > 1 && (least == "" || $1 - before < least) { least = $1 - before }
        { before = $1 } END { print least == "" ? 999999 : least }' "$work/revoked.logins"
}

logged_in() {
    logins_of revoked revoked success
}

count() { # count FILE
    grep -c . "$work/$1"
}

others() { # others PATTERN FILE: what there is besides
    grep -nvE "^($1)\$" "$work/$2"
}

container=/v1/revoked/proxy/swift/revoked
account=$(ask revoked '/v1/revoked/endpoint?service=swift' | member url)
status_of revoked $container -X PUT >"$work/revoked.made"
head -c 60000 /dev/urandom >"$work/revoked.small"
head -c 3000000 /dev/urandom >"$work/revoked.more"
watch_logins >"$work/revoked.logins" 2>/dev/null &
watch=$!
began=$SECONDS

# Once it is dead for Swift, which believes in what it has seen for a second.
kill_token() {
    local token
    token=$(token_of revoked revoked)
    revoke "$token" && within 10 is 401 directly "$token" "$account" -I
}

answer_to() { # answer_to PATH [OPTION]...: its status on a line, written at once
    local path=$1
    shift
    printf '%s\n' "$(status_of revoked "$container$path" "$@")"
}

sum_of() { # sum_of PATH
    ask revoked "$1" | sha256sum
}

upload() { # upload FILE [OPTION]...
    local file=$1
    shift
    answer_to "/$file" "$@"
}

# The token of every second request is dead; the one between takes the new one for granted.
meet() { # meet WHAT STATUS COMMAND...
    local what=$1 status=$2 before
    shift 2
    check "a token is revoked" kill_token
    before=$(logged_in)
    check "$what" is "$status" "$@"
    check "with one login" is $((before + 1)) logged_in
    check "and the next request" is 204 status_of revoked "$container" -I
}

meet "a list" 200 status_of revoked "$container?format=json"
meet "an upload that is kept" 201 upload small -T "$work/revoked.small" -H Expect:
meet "a larger one, without Expect" 201 upload more -T "$work/revoked.more" -H Expect:
meet "one of unknown length, without Expect" 201 upload chunked -T - -H Expect: <"$work/revoked.more"
meet "a larger one, with Expect" 201 upload expected -T "$work/revoked.more" -H 'Expect: 100-continue'
meet "metadata" 202 upload small -X POST -H 'X-Object-Meta-Colour: green'
meet "a copy" 201 upload small -X COPY -H 'Destination: revoked/copy'
for file in small more chunked expected copy; do
    case $file in small | copy) from='small' ;; *) from='more' ;; esac
    check "$file is whole" is "$(sha256sum <"$work/revoked.$from")" sum_of "$container/$file"
done

# Many at once: one login is for all.
check "a token is revoked" kill_token
before=$(logged_in)
for ((i = 0; i < 20; i++)); do
    case $((i % 2)) in
    0) upload "many$i" -T "$work/revoked.more" -H Expect: ;;
    *) answer_to "?limit=$i" ;;
    esac &
    many+=" $!"
done >"$work/revoked.many" 2>&1
for each in $many; do
    wait "$each"
done
check "20 at once end well" is '' others '20[01]' revoked.many
check "all 20" is 20 count revoked.many
check "with one login" is $((before + 1)) logged_in

# Nobody waits for Swift to notice: every second request revokes the token, whatever that does to the others.
torment() { # torment WORKER
    local i
    for ((i = 0; i < 16; i++)); do
        [ $((i % 2)) = 0 ] || revoke "$(token_of revoked revoked)" >>"$work/revoked.made"
        upload "small-$1-$i" -T "$work/revoked.small" -H Expect:
        sleep 0.5
    done
}
torment 1 >"$work/revoked.one" 2>&1 &
many=$!
torment 2 >"$work/revoked.two" 2>&1
wait "$many"
check "two that revoke without a pause end well" is '' others 201 revoked.one
check "both of them" is '' others 201 revoked.two
check "all of theirs were made" is '16 16' echo "$(count revoked.one) $(count revoked.two)"

kill $watch
seconds=$((SECONDS - began))
check "logins were 5 s apart, or more" between 4000 999999 least_gap
check "and no more" between 8 $((seconds / 5 + 2)) logged_in
check "none failed" is 0 logins_of revoked revoked
note "tokens revoked under way: $(logged_in) logins in $seconds s, at least $(least_gap) ms apart"
check "the daemon ends well" stop_daemon revoked
