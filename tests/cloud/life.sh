# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # checks.sh has set what is not set here
# Tokens of 30 s, for two minutes: reads and uploads go on as if there were no such thing as an end.

life=120 # s

start_daemon life <<END || echo "Bail out! no daemon"
$(cloud life "$(by_password "tenant_name = $PROJECT_NAME" "region = RegionOne")")
END
within 10 is ready identity_of life life state
status_of life /v1/life/proxy/swift/life -X PUT >/dev/null
head -c 200000 /dev/urandom >"$work/life.bytes"
head -c 1500000 /dev/urandom >"$work/life.slow"
end=$((SECONDS + life))

# A token that was just handed out is used at the cloud at once.
read_tokens() {
    local url
    url=$(ask life "/v1/life/endpoint?service=swift" | member url)
    while [ $SECONDS -lt $end ]; do
        "${curl[@]}" -o /dev/null -w '%{http_code}\n' -I -H "X-Auth-Token: $(token_of life life)" "$url"
        sleep 0.2
    done
}

upload() { # upload OBJECT FILE [OPTION]...
    local object=$1 file=$2
    shift 2
    while [ $SECONDS -lt $end ]; do
        status_of life "/v1/life/proxy/swift/life/$object" -T "$file" "$@"
        echo
        ask life "/v1/life/proxy/swift/life/$object" -o - | cmp - "$file" >&2 || echo differs
        sleep 0.2
    done
}

loops=()
read_tokens >"$work/life.reads" 2>&1 &
loops+=($!)
upload quick "$work/life.bytes" >"$work/life.uploads" 2>&1 &
loops+=($!)
# each takes 15 s, and so half of the tokens end in the middle of one
upload slow "$work/life.slow" --limit-rate 100k >"$work/life.slow-uploads" 2>&1 &
loops+=($!)
wait "${loops[@]}"

count() { # count FILE PATTERN
    grep -cE "$2" "$work/$1"
}
others() { # others FILE PATTERN: what else there is
    grep -vE "$2" "$work/$1"
}
note "in $life s with tokens of $TOKEN_LIFETIME s: $(wc -l <"$work/life.reads") reads," \
    "$(wc -l <"$work/life.uploads") uploads, $(wc -l <"$work/life.slow-uploads") slow ones"
check "reads went on" between 60 10000 count life.reads '^20[04]$'
check "none failed" is '' others life.reads '^20[04]$'
check "uploads went on" between 60 10000 count life.uploads '^201$'
check "none failed" is '' others life.uploads '^201$'
check "slow uploads went on" between 5 50 count life.slow-uploads '^201$'
check "none failed" is '' others life.slow-uploads '^201$'
read -r tokens logins < <(tokens_and_logins life life)
check "tokens were renewed in time" between 4 7 echo "$tokens"
note "tokens: $tokens, logins: $logins"
check "with one login each" is "$tokens" echo "$logins"
check "and none that failed" is 0 logins_of life life
check "the daemon ends well" stop_daemon life
