# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # common.sh has set what is not set here
# More sockets of one daemon, as latchkeyd(8) has them.

backup=/run/latchkey/backup.sock

add_socket() { # it can only be started while the service is not
    cat >/run/systemd/system/latchkeyd-backup.socket <<-END
	[Socket]
	ListenStream=$backup
	FileDescriptorName=backup
	SocketGroup=stranger
	SocketMode=0660
	RemoveOnStop=yes
	Service=latchkeyd.service
	[Install]
	WantedBy=sockets.target
	END
    systemctl daemon-reload
    systemctl stop latchkeyd.service
    systemctl start latchkeyd-backup.socket
}

descriptor_names() { # of the sockets, not of the sessions beside them
    process environ | tr '\0' '\n' | sed -n 's/^LISTEN_FDNAMES=//p' | tr : '\n' |
        grep -v '^session-' | sort | tr '\n' ' '
}

check_sockets() {
    add_socket
    check "a second socket has a group of its own" is "root:stranger 660" stat -c '%U:%G %a' $backup
    check "its first connection starts the daemon" shows '^[^ ]{8,}$' \
        runuser -u stranger -- latchkey --socket $backup token
    check "which has both sockets, by name" is "backup latchkeyd.socket " descriptor_names
    check "and serves the usual one as before" shows '^[^ ]{8,}$' \
        runuser -u member -- latchkey token
    check "whose group is kept from the second" is 3 status_of \
        runuser -u member -- latchkey --socket $backup token
    systemctl restart latchkeyd.service
    check "both outlast a restart" is "backup latchkeyd.socket " descriptor_names
    systemctl stop latchkeyd-backup.socket
    systemctl restart latchkeyd.service
    check "without its unit it is gone" test ! -e $backup
    check "and the other is not" is ready state rackspace
    rm /run/systemd/system/latchkeyd-backup.socket
    systemctl daemon-reload
}
