#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034 # the parts use what is set here
# What the units promise, checked inside the box (box.sh) as its root. The report is TAP, details of
# failures go to standard error; every wait has an end. The one argument is the sandbox cloud's
# program; everything else is installed. Each group of checks finds the daemon running with a token,
# and leaves it so.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=$(dirname "$(realpath "$0")")
sandbox=$1
work=$(mktemp -d)
for part in common installed credentials life records restart access sandbox sockets user; do
    # shellcheck source=/dev/null
    . "$here/$part.sh"
done

install_everything
check_units
check_socket
check_signed_out
for group in check_ready check_rejected check_access check_reload check_journal check_records \
    check_access_rules check_restart check_crash \
    check_watchdog check_slow_login check_trial check_encrypted check_dynamic_user \
    check_exposure check_process check_calls check_job check_filter check_addresses check_threads end_job \
    check_sockets check_user check_refused_start check_stop check_own_socket; do
    systemctl reset-failed # the limit of starts is not meant for so many checks in a row
    began=$EPOCHREALTIME
    $group
    note "$group: $(((${EPOCHREALTIME/./} - ${began/./}) / 1000)) ms"
done
finish
