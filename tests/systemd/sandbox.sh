# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # common.sh has set what is not set here
# The service's sandbox: how tight it is, and that the daemon does its whole job in it, with a cloud that
# speaks TLS and is known by name.

secure_port=4443
secure_key=89abcdef01234567
watched=/etc/latchkey/watched

check_exposure() { # in tenths; the service runs
    check "systemd-analyze finds an exposure of 1.2 at most" \
        systemd-analyze security --no-pager --threshold=12 latchkeyd.service
    check "and of the file alone as well" systemd-analyze security --no-pager --threshold=12 \
        --offline=yes "$(unit FragmentPath)"
}

in_its_view() { # in_its_view COMMAND...: as the daemon's user, in the daemon's view of the machine
    nsenter -t "$(unit MainPID)" -m -- \
        setpriv --reuid=latchkey --regid=latchkey --clear-groups -- "$@"
}

check_process() {
    check "it holds no capability" shows '^CapPrm:[[:space:]]*0*$' process status
    check "and could not get one" shows '^CapBnd:[[:space:]]*0*$' process status
    check "nor a privilege from a program that it starts" shows '^NoNewPrivs:[[:space:]]*1$' \
        process status
    check "its system calls are filtered" shows '^Seccomp:[[:space:]]*2$' process status
    check "it may write no core" shows '^Max core file size  *0  *0 ' process limits
    check "it may lock memory" is 8388608 unit LimitMEMLOCK
    check "it is never swapped out" is 0 unit MemorySwapMax
    check "it sees no process of others" is 1 status_of in_its_view test -e /proc/1
    check "and no file system that it can write to but its own /tmp" is "/dev/shm /tmp /var/tmp " \
        writable_places
    check "it knows callers by their users: it is in no user namespace of its own" \
        is "$(readlink /proc/1/ns/user)" readlink "/proc/$(unit MainPID)/ns/user"
}

writable_places() {
    local place
    for place in / /dev/shm /etc /etc/latchkey /home /run /run/latchkey /tmp /usr /var /var/tmp; do
        ! in_its_view test -w "$place" || printf '%s ' "$place"
    done
}

# What the daemon does, or comes to do, besides its ordinary work, tried from where it is.
check_calls() {
    install -m 755 "$here/calls.py" /usr/local/bin/calls # the tree may lie below /tmp, which it has of its own
    drop_in calls "ExecStartPre=/usr/bin/python3 /usr/local/bin/calls" \
        "ExecStartPre=/usr/bin/busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 \
org.freedesktop.systemd1.Manager GetUnitByPID u 1"
    systemctl restart latchkeyd.service
    said() { journal | /usr/bin/python3 -c \
        'import json, sys; [print(json.loads(line)["MESSAGE"]) for line in sys.stdin]'; }
    check "secret memory, sealed files and pidfds are allowed, and nothing that needs a privilege" \
        shows '^refused: chown setuid setns unshare ptrace mount io_uring_setup$' said
    check "systemd tells it the unit of a process that it does not see" shows 'init_2escope"$' said
    no_drop_ins
    systemctl restart latchkeyd.service
}

# ---- a cloud with TLS and a name

make_certificates() {
    (
        cd /run/tls || exit
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
            -subj '/CN=box' -keyout ca.key -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=cloud' \
            -keyout cloud.key -out cloud.csr
        printf 'subjectAltName = DNS:*.cloud.test, IP:127.0.0.1\n' >names
        openssl x509 -req -in cloud.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
            -extfile names -out cloud.pem
    ) >/dev/null 2>&1 || give_up "openssl made no certificates"
}

start_secure_cloud() {
    local at=https://objects.cloud.test:$secure_port
    install -d /run/tls
    make_certificates
    echo 'nameserver 127.0.0.1' >/etc/resolv.conf
    systemd-run -q --unit=network -p Type=notify -p NotifyAccess=main \
        /usr/bin/python3 "$here/network.py" /run/names.log || give_up "no network"
    start_cloud secure --port $secure_port --api-key $secure_key --tls-cert /run/tls/cloud.pem \
        --tls-key /run/tls/cloud.key \
        --extra-service "named,x-named,,$at/ORD/v1/MossoCloudFS_aaaa" \
        --extra-service "metadata,x-metadata,,http://169.254.169.254" \
        --extra-service "mapped,x-mapped,,http://[::ffff:169.254.169.254]" \
        --extra-service "silent,x-silent,,http://objects.silent.test"
}

configure_secure() {
    cp "$configuration" "$configuration.plain"
    install -m 644 /run/tls/ca.pem /etc/latchkey/ca.pem
    write_credential $secure_key $watched
    chown latchkey: $watched
    cat >>"$configuration" <<-END
	[secure]
	auth_endpoint = https://identity.cloud.test:$secure_port/v2.0
	ca_file = /etc/latchkey/ca.pem
	connect_timeout = 2
	credential_file = $watched
	END
    systemctl restart latchkeyd.service
}

generation_rises() { # generation_rises: a program that waits for the next token gets it
    local before after
    before=$(get /v1/secure/token | grep -oE '"generation": *[0-9]+' | grep -oE '[0-9]+$')
    get "/v1/secure/token?after=$before&timeout=20" -o /run/next &
    post /v1/secure/refresh
    wait $! || return
    after=$(grep -oE '"generation": *[0-9]+' /run/next | grep -oE '[0-9]+$')
    [ "$after" -gt "$before" ]
}

page_follows() { # page_follows: a program that has the token page sees the next token there
    /usr/bin/python3 "$here/page.py" $socket secure
}

up_and_down() { # up_and_down SERVICE
    rm -f /run/down
    latchkey --cloud secure request PUT "$1" backups &&
        latchkey --cloud secure request PUT "$1" backups/file -T /run/up &&
        latchkey --cloud secure request GET "$1" backups/file -o /run/down && cmp /run/up /run/down
}

new_key_is_taken() { # the file changes, and nobody says so to the daemon
    write_credential mistyped $watched.new
    chown latchkey: $watched.new
    mv $watched.new $watched
    within 10 is degraded state secure || return
    write_credential $secure_key $watched.new
    chown latchkey: $watched.new
    mv $watched.new $watched
    within 20 is ready state secure
}

reload() {
    systemctl reload latchkeyd.service && within 10 is running unit SubState
}

check_job() {
    start_secure_cloud
    dd if=/dev/urandom of=/run/up bs=1M count=3 status=none
    configure_secure
    check "it logs in by TLS to a cloud that has a name" within 10 is ready state secure
    check "whose address the nameserver gave" grep -qx identity.cloud.test /run/names.log
    check "the token is lent" shows '^[^ ]{8,}$' latchkey --cloud secure token
    check "and the catalog" shows 'x-named' latchkey --cloud secure catalog
    check "a file goes up and comes down through the proxy" up_and_down object-store@ORD
    check "and with a service that has a name" up_and_down x-named
    check "whose address the nameserver gave, too" grep -qx objects.cloud.test /run/names.log
    check "who waits for a newer token gets it" generation_rises
    check "and who has the token page sees it there" page_follows
    check "a credential file that changes is read again" new_key_is_taken
    check "it reloads" reload
    check "and has its token still" is ready state secure
}

# Any call outside of the filter ends it then, and systemd says why.
check_filter() {
    local before
    before=$(unit NRestarts)
    drop_in kill SystemCallErrorNumber=
    systemctl restart latchkeyd.service
    whole_job() {
        within 10 is ready state secure && up_and_down x-named && generation_rises && page_follows &&
            new_key_is_taken &&
            reload && within 10 is ready state secure && systemctl stop latchkeyd.service
    }
    check "it does all that with death on every other system call" whole_job
    check "and has not died of one" is "$before success 0" units NRestarts Result ExecMainStatus
    drop_in kill SystemCallErrorNumber= SystemCallFilter=~sendmmsg
    systemctl restart latchkeyd.service 2>/dev/null
    check "one call less, the resolver's, and it does" \
        within 20 shows 'status=31/SYS' journalctl --no-pager -q -o cat -u latchkeyd.service
    no_drop_ins
    systemctl reset-failed latchkeyd.service
    systemctl restart latchkeyd.service
}

# ---- where signed requests may not go

check_addresses() {
    local metadata=/v1/secure/proxy/x-metadata/latest
    check "the box has a metadata service" shows secrets curl -sS --max-time 10 http://169.254.169.254/
    within 10 is ready state secure
    check "the service cannot get to it, though the catalog has it" shows '^50[24]$' code $metadata
    check "not in an IPv6 address either" shows '^50[24]$' code /v1/secure/proxy/x-mapped/latest
    drop_in metadata IPAddressAllow=169.254.169.254
    systemctl restart latchkeyd.service
    within 10 is ready state secure
    check "it is the sandbox that keeps it away" is 200 code $metadata
    no_drop_ins
    systemctl restart latchkeyd.service
}

# A name that no nameserver answers for takes a thread of libcurl's. Here there may be few of them, by a
# limit that does what TasksMax= does and needs no controller of the box's cgroup.
check_threads() {
    local i
    drop_in threads LimitNPROC=8
    systemctl restart latchkeyd.service
    within 10 is ready state secure
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        code "/v1/secure/proxy/x-silent/$i" >"/run/silent.$i" 2>&1 &
    done
    threads() { process status | sed -n 's/^Threads:[[:space:]]*//p'; }
    answers() { cat /run/silent.* | fold -w 3 | sort | uniq -c | tr -s ' \n' ' '; }
    check "look-ups that hang have threads, within the limit" within 10 between 5 8 threads
    check "who gets none is told so, and who has one when it lasts too long" \
        within 10 is ' 5 502 7 504 ' answers
    check "others are served meanwhile" is ready state rackspace
    wait
    no_drop_ins
    systemctl restart latchkeyd.service
}

end_job() {
    mv "$configuration.plain" "$configuration"
    systemctl restart latchkeyd.service
}
