# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # common.sh has set what is not set here
# The access rules as real users and real units meet them, under the sandbox of the installed service: who asks
# is the kernel's word, and in which unit the service manager's.

# Runs a command as that user in a system unit of that name.
in_unit() { # in_unit UNIT USER COMMAND...
    local unit=$1 user=$2
    shift 2
    systemd-run -q --pipe --wait --collect --unit="$unit" -p User="$user" \
        -p SupplementaryGroups=latchkey "$@" </dev/null
}

as() { # as USER COMMAND...: outside of every unit of its own
    runuser -u "$1" -- "${@:2}"
}

# The status that a request is answered with.
answers() { # answers [WRAPPER...] -- METHOD PATH [CURL-OPTION...]
    local wrapper=()
    while [ "$1" != -- ]; do
        wrapper+=("$1")
        shift
    done
    "${wrapper[@]}" curl -sS --max-time 30 -o /dev/null -w '%{http_code}' --unix-socket $socket \
        -X "$2" "${@:4}" "http://localhost$3"
}

write_rules() {
    cat >>"$configuration" <<'EOF'
[allow administration]
user = root
operation = *

[allow monitoring]
user = watcher
operation = status, metrics

[allow backup]
unit = backup.service
cloud = rackspace
operation = proxy
service = object-store
method = PUT HEAD
path = /backups/**

[allow reports]
unit = report-*.service
group = latchkey
cloud = rackspace
operation = identity catalog token
EOF
}

check_access_rules() {
    local store=/v1/rackspace/proxy/object-store@DFW upload
    upload=$store/backups/monday
    systemd-sysusers --inline 'u watcher - -' 'm watcher latchkey' 'u other - -' 'm other latchkey'
    answers -- PUT $store/backups >/dev/null
    answers -- PUT $store/private >/dev/null
    cp "$configuration" "$configuration.good"
    write_rules
    check "rules are taken over by a reload" systemctl reload latchkeyd.service
    check "root may what his rule says" within 10 is 200 answers -- GET /v1/rackspace/token

    check "the unit backup uploads into its container" \
        is 201 answers in_unit backup member -- PUT $upload -d data
    check "and not into another" \
        is 403 answers in_unit backup member -- PUT $store/private/x -d data
    check "nor there by another spelling" is 403 answers in_unit backup member -- \
        PUT $store/backups/%2e%2e/private/x --path-as-is -d data
    check "it sees no token" is 403 answers in_unit backup member -- GET /v1/rackspace/token
    check "the same user outside of that unit does not upload" \
        is 403 answers as member -- PUT $upload -d data
    check "nor in another unit" is 403 answers in_unit backup-two member -- PUT $upload -d data
    check "a unit by a pattern, in the group, has the token" \
        is 200 answers in_unit report-daily other -- GET /v1/rackspace/token
    check "and uploads nothing" is 403 answers in_unit report-daily other -- PUT $upload -d data
    check "a third user has the status" is 200 answers as watcher -- GET /v1
    check "and no more than that" is 403 answers as watcher -- GET /v1/rackspace/token
    check "a fourth has nothing" is 403 answers as other -- GET /v1
    check "a refusal says who asked, as the kernel and the service manager know him" \
        shows "uid $(id -u member),.*backup\.service" in_unit backup member \
        curl -sS --max-time 30 --unix-socket $socket http://localhost/v1/rackspace/token
    check "so does its record" shows '"LATCHKEY_VERDICT":"denied"' \
        journal LATCHKEY_PEER_UNIT=backup.service LATCHKEY_PEER_UID="$(id -u member)"
    check "and that of a token names the rule" shows '"LATCHKEY_RULE":"reports"' \
        journal LATCHKEY_PEER_UNIT=report-daily.service LATCHKEY_OPERATION=token
    mv "$configuration.good" "$configuration"
    systemctl reload latchkeyd.service
    check "without the rules everybody in the group may again" \
        within 10 is 200 answers as other -- GET /v1/rackspace/token
}
