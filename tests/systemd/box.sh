#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs one command under a real systemd, on a machine whose own PID 1 need not be systemd.
#
#   box.sh [OPTION]... [--] COMMAND [ARGUMENT]...
#
# systemd starts as PID 1 of new pid, mount, network, uts, ipc and cgroup namespaces, on an overlay
# of this machine's own root file system: read-only below, a tmpfs above. The command runs there as
# a transient service, and afterwards the whole box is thrown away. Nothing on the host changes; the
# box has fresh /tmp and /run, and no network but its own loopback.
#
#   --bind-ro=PATH     shows PATH in the box, read-only: needed for anything below /tmp or /run
#   --setenv=NAME=VALUE
#   --size=SIZE        how much may be written in all (default 1G)
#   --boot-timeout=S   (default 30)
#   --timeout=S        limit of the command (default 600)
#
# Exit status: the command's own; 124 it ran past its time; 125 the box could not be made; 77 it can
# not be made here: this is not root, or a chroot, or a program or a file system is missing.
set -u
me=box

# ---- inside: PID 1 of the new namespaces

if [ "${1-}" = --enter-cgroup ]; then
    # PID 1 alone moves into the box's cgroup, then makes it the root of its cgroup namespace. With
    # unshare in there too, cgroup v2 would refuse systemd the controllers.
    [ $$ = 1 ] || { echo "$me: this step is for PID 1 only" >&2; exit 125; }
    echo 0 >"$BOX_CGROUP/cgroup.procs" || exit 125
    exec unshare --cgroup -- "$BASH" "$0" --become-systemd
fi

make_devices() { # make_devices DIRECTORY
    local node link
    mount -t tmpfs -o mode=755,nosuid,size=4m dev "$1"
    for node in null:3 zero:5 full:7 random:8 urandom:9; do
        mknod -m 666 "$1/${node%:*}" c 1 "${node#*:}"
    done
    mknod -m 666 "$1/tty" c 5 0
    mkdir "$1/pts" "$1/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5,nosuid,noexec devpts "$1/pts"
    ln -s pts/ptmx "$1/ptmx"
    for link in fd: stdin:/0 stdout:/1 stderr:/2; do
        ln -s "/proc/self/fd${link#*:}" "$1/${link%%:*}"
    done
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$1/shm"
}

make_proc() { # make_proc DIRECTORY: the host's own settings stay out of reach
    local knob
    mount -t proc -o nosuid,nodev,noexec proc "$1"
    mount --bind "$1/sys" "$1/sys"
    mount --bind "$1/sys/net" "$1/sys/net"
    mount -o remount,bind,ro,nosuid,nodev,noexec "$1/sys"
    for knob in sysrq-trigger bus fs irq; do
        [ -e "$1/$knob" ] || continue
        mount --bind "$1/$knob" "$1/$knob"
        mount -o remount,bind,ro,nosuid,nodev,noexec "$1/$knob"
    done
}

# /usr, /home and the like may be file systems of their own: an overlay of / has them empty.
show_other_file_systems() { # show_other_file_systems ROOT WORK
    local point rest type
    while read -r _ _ _ _ point _ rest; do
        type=${rest#*- }
        case ${type%% *} in
        ext? | xfs | btrfs | zfs | f2fs | squashfs | erofs | 9p | virtiofs | nfs*) ;;
        *) continue ;;
        esac
        case $point in
        / | /proc* | /sys* | /dev* | /run* | /tmp* | "$2"* | *\\*) continue ;;
        esac
        [ -d "$point" ] || continue
        mount --bind "$point" "$1$point" && mount -o remount,bind,ro "$1$point"
    done </proc/self/mountinfo
}

configure_systemd() { # configure_systemd ROOT: none of the host's own services come along
    local unit
    mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$1/etc/systemd/system"
    rm -f "$1/etc/machine-id" "$1/etc/fstab" "$1/etc/crypttab" "$1/etc/hostname"
    tr -d - </proc/sys/kernel/random/uuid >"$1/etc/machine-id"
    echo box >"$1/etc/hostname"
    hostname box
    : >"$1/etc/fstab"
    touch "$1/etc/.updated" "$1/var/.updated" # no work as after an update
    mkdir -p "$1/run/systemd/system" "$1/run/systemd/journald.conf.d"
    cat >"$1/run/systemd/journald.conf.d/box.conf" <<-END
	[Journal]
	Storage=volatile
	RateLimitIntervalSec=0
	ReadKMsg=no
	Audit=no
	ForwardToSyslog=no
	ForwardToWall=no
	END
    cat >"$1/run/systemd/system/box.target" <<-END
	[Unit]
	Description=box
	Requires=basic.target dbus.socket
	After=basic.target dbus.socket
	END
    for unit in systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-sysctl.service \
        systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
        dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
        sys-fs-fuse-connections.mount; do
        ln -s /dev/null "$1/etc/systemd/system/$unit"
    done
}

show_bound() { # show_bound ROOT
    local path
    while IFS= read -r path; do
        [ -n "$path" ] || continue
        if [ -d "$path" ]; then
            mkdir -p "$1$path"
        else
            mkdir -p "$1$(dirname "$path")"
            : >>"$1$path"
        fi
        mount --rbind "$path" "$1$path"
        mount -o remount,bind,ro "$1$path"
    done <<<"$BOX_BINDS"
}

if [ "${1-}" = --become-systemd ]; then
    set -e
    [ $$ = 1 ] || { echo "$me: this step is for PID 1 only" >&2; exit 125; }
    mount -t tmpfs -o "size=$BOX_SIZE,mode=755" tmpfs "$BOX_WORK"
    root=$BOX_WORK/root
    mkdir "$BOX_WORK/upper" "$BOX_WORK/work" "$root"
    mount -t overlay overlay \
        -o "lowerdir=/,upperdir=$BOX_WORK/upper,workdir=$BOX_WORK/work" "$root"
    show_other_file_systems "$root" "$BOX_WORK"
    mkdir -p "$root"/{proc,sys,dev,run,tmp}
    make_proc "$root/proc"
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
    make_devices "$root/dev"
    mount -t tmpfs -o "mode=755,nosuid,nodev,size=$BOX_SIZE" tmpfs "$root/run"
    mount -t tmpfs -o "mode=1777,nosuid,nodev,size=$BOX_SIZE" tmpfs "$root/tmp"
    configure_systemd "$root"
    show_bound "$root"
    cd "$root"
    pivot_root . . # the old root lies over the new one now ...
    umount -l .    # ... and goes
    cd /
    mount --make-rshared / # in a container systemd leaves this to us, and without it gives no credentials
    systemd=/lib/systemd/systemd
    [ -x $systemd ] || systemd=/usr/lib/systemd/systemd
    exec env -i container=$me PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 TERM=dumb $systemd --system --unit=box.target --show-status=no
fi

# ---- outside: the caller's side

fail() {
    echo "$me: $*" >&2
    exit 125
}

now() { # milliseconds
    local t=${EPOCHREALTIME/./}
    echo $((t / 1000))
}

size=1G boot_timeout=30 timeout=600 binds='' environment=()
while [ $# -gt 0 ]; do
    case $1 in
    --bind-ro=*)
        path=$(realpath -e -- "${1#*=}") || fail "no such path: ${1#*=}"
        binds+=$path$'\n'
        ;;
    --setenv=*) environment+=("--setenv=${1#*=}") ;;
    --size=*) size=${1#*=} ;;
    --boot-timeout=*) boot_timeout=${1#*=} ;;
    --timeout=*) timeout=${1#*=} ;;
    -h | --help)
        sed -n '3,21s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --)
        shift
        break
        ;;
    -*) fail "unknown option $1" ;;
    *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || fail "a command is missing (--help)"
[ "$(id -u)" = 0 ] || { echo "$me: this needs root" >&2; exit 77; }
for tool in unshare nsenter setpriv pivot_root mount hostname systemd-run systemctl dbus-daemon; do
    command -v "$tool" >/dev/null || { echo "$me: $tool is missing" >&2; exit 77; }
done
# The box hides the mount namespace's root, and a chroot keeps it.
if [ "$(nsenter --mount=/proc/self/ns/mnt stat -c %d:%i /)" != "$(stat -c %d:%i /)" ]; then
    echo "$me: this is a chroot" >&2
    exit 77
fi

self=$(realpath -e -- "$0")
work=$(mktemp -d "${TMPDIR:-/tmp}/$me.XXXXXX") || fail "no temporary directory"
outer='' pid1='' command='' cgroup=''

cleanup() {
    local i
    trap '' INT TERM HUP
    # With PID 1 of the box every process in it ends at once. There is no orderly shutdown on purpose:
    # it would detach loop devices and swap, which are the host's.
    [ -z "$pid1" ] || kill -KILL "$pid1" 2>/dev/null
    [ -z "$outer" ] || { kill -KILL "$outer" 2>/dev/null; wait "$outer" 2>/dev/null; }
    [ -z "$command" ] || wait "$command" 2>/dev/null
    for ((i = 0; i < 100; i++)); do
        [ -n "$cgroup" ] && [ -d "$cgroup" ] || break
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
        [ ! -d "$cgroup" ] || sleep 0.02
    done
    rmdir "$work" 2>/dev/null || echo "$me: left over: $work" >&2
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# A cgroup below the one we are in, so that the host's limits keep holding; where that one may hand no
# controllers down, for it has processes, below the root.
make_cgroup() {
    local point type top='' own parent controller
    while read -r _ point type _; do
        [ "$type" != cgroup2 ] || [ -n "$top" ] || top=$point
    done </proc/self/mounts
    [ -n "$top" ] || { echo "$me: no cgroup2 file system is mounted" >&2; exit 77; }
    own=$top$(sed -n 's/^0:://p' /proc/self/cgroup)
    for parent in "${own%/}" "$top"; do
        [ -d "$parent" ] || continue
        for controller in $(cat "$parent/cgroup.controllers"); do
            echo "+$controller" >"$parent/cgroup.subtree_control"
        done 2>/dev/null
        mkdir "$parent/$me.$$" 2>/dev/null || continue
        cgroup=$parent/$me.$$
        if [ "$parent" = "$top" ] || grep -qw memory "$cgroup/cgroup.controllers" ||
            ! grep -qw memory "$top/cgroup.controllers"; then
            return
        fi
        rmdir "$cgroup"
    done
    fail "no cgroup can be made below $top"
}
make_cgroup

export BOX_WORK=$work BOX_SIZE=$size BOX_CGROUP=$cgroup BOX_BINDS=$binds
# unshare dies with this script, and the box with unshare, after SIGKILL too
setpriv --pdeathsig KILL unshare --mount --propagation private --uts --ipc --pid --net \
    --fork --kill-child=KILL -- "$BASH" "$self" --enter-cgroup </dev/null >&2 &
outer=$!

inside() {
    nsenter -t "$pid1" -m -u -i -n -p -C -- "$@"
}

wait_for_boot() {
    local pid state='' deadline=$(($(now) + boot_timeout * 1000))
    while :; do
        if [ -z "$pid1" ]; then
            # only once systemd itself runs there: before that the namespace still shows the host's root
            pid=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null)
            pid=${pid%% *}
            if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd ]; then
                pid1=$pid
            fi
        else
            state=$(inside systemctl is-system-running 2>/dev/null)
            case $state in running | degraded) break ;; esac
        fi
        kill -0 "$outer" 2>/dev/null || fail "it ended while it was starting"
        [ "$(now)" -lt "$deadline" ] || fail "not up after ${boot_timeout} s: ${state:-no answer}"
        sleep 0.02
    done
    [ "$state" = running ] || inside systemctl --failed --no-legend --plain >&2
}
wait_for_boot

# systemd-run goes through the box's D-Bus, so that the command is a service with a cgroup and a
# journal of its own. Two traps: PID 1 expands $ in arguments, so that each is doubled; and
# systemd-run's own exit status is 0 for a command that SIGTERM ended and for a box that went away, so
# that a shell in between writes the status down.
inside systemd-run --quiet --wait --pipe --collect --unit=box-command --service-type=exec \
    -p WorkingDirectory=/ -p "RuntimeMaxSec=$timeout" -p TimeoutStopSec=5 -p TasksMax=infinity \
    --setenv=PATH="$PATH" --setenv=HOME=/root --setenv=LANG=C.UTF-8 "${environment[@]}" -- \
    /bin/sh -c '"$$@"; status=$$?; echo $$status >/run/box-command.status; exit $$status' \
    box-command "${@//\$/\$\$}" </dev/null &
command=$!
started=$(now)
wait "$command" # in the background, so that a signal to this script is acted on at once
status=$(inside cat /run/box-command.status 2>/dev/null)
if [ -z "$status" ]; then
    if [ $(($(now) - started)) -ge $((timeout * 1000)) ]; then
        echo "$me: the command ran past $timeout s" >&2
        exit 124
    fi
    fail "the box or the command's service ended before the command did"
fi
exit "$status"
