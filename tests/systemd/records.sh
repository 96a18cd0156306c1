# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # common.sh has set what is not set here
# Who got what: the records as they are in a real journal.

record() { # record KIND MATCH...: the journal's records of that kind, a MESSAGE_ID
    local ids=/usr/lib/systemd/catalog/latchkey.catalog id
    [ -e $ids ] || ids=/usr/local/lib/systemd/catalog/latchkey.catalog
    id=$(grep -B 1 "^Subject: $1" $ids | sed -n 's/^-- //p')
    shift
    journal MESSAGE_ID="$id" "$@"
}

events() { # events KIND MATCH...: how many events the records stand for
    record "$@" | awk 'match($0, /"LATCHKEY_COUNT":"[0-9]+"/) {
        n += substr($0, RSTART + 18, RLENGTH - 19) - 1 } { n++ } END { print n + 0 }'
}

check_records() {
    local member token='A token of cloud' refusal='A request was refused'
    member=$(id -u member)
    post /v1/rackspace/refresh
    check "a login has a record" shows '"LATCHKEY_VERDICT":"succeeded"' \
        record 'latchkeyd has logged in' LATCHKEY_OPERATION=login
    runuser -u member -- latchkey token >/dev/null
    check "a token has one, with who got it" shows "\"LATCHKEY_PEER_UID\":\"$member\"" \
        record "$token" LATCHKEY_VERDICT=allowed LATCHKEY_CLOUD=rackspace
    check "and an explanation" shows 'A token of cloud rackspace was handed out' \
        journalctl --no-pager -x -u latchkeyd.service LATCHKEY_OPERATION=token
    systemd-run -q --wait --collect --unit=errand -p DynamicUser=yes \
        -p SupplementaryGroups=latchkey latchkey token
    check "and in which unit" shows '"LATCHKEY_OPERATION":"token"' \
        record "$token" LATCHKEY_PEER_UNIT=errand.service
    runuser -u member -- curl -sS -o /dev/null --max-time 60 -X DELETE --unix-socket $socket \
        'http://localhost/v1/rackspace/credential?[1-10000]'
    systemctl restart latchkeyd.service
    check "10000 refusals are 10000 in the journal" is 10000 \
        events "$refusal" LATCHKEY_PEER_UID="$member" LATCHKEY_CODE=denied
    few() { [ "$(record "$refusal" | wc -l)" -lt 100 ]; }
    check "in a few records" few
    systemctl reload latchkeyd.service
    check "a reload has one" within 10 shows '"LATCHKEY_PEER_UID":"' \
        record 'latchkeyd has reloaded' LATCHKEY_VERDICT=succeeded
}
