#!/bin/sh
# SPDX-License-Identifier: MIT
# `meson install` with DESTDIR: just what a package would hold, and what it holds works. The report
# is TAP, details of failures go to standard error.
#
#   install.sh BUILD-DIRECTORY VERSION CONSUMER.C
set -u
build=$1 version=$2 consumer=$3
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT
trap 'exit 143' INT TERM HUP
n=0

check() { # check WHAT COMMAND...
    what=$1
    shift
    n=$((n + 1))
    if "$@" >"$root/output" 2>&1; then
        echo "ok $n - $what"
    else
        echo "not ok $n - $what"
        cat "$root/output" >&2
    fi
}

DESTDIR=$root/tree meson install -C "$build" --no-rebuild --quiet >&2 || exit 1

# without the prefix (units may lie outside it), and with the libraries' own directory called lib
listing() {
    (cd "$root/tree" && find . ! -type d) |
        sed -e "s|^\./|/|" -e "s|^$prefix/||" -e "s|^$libdir/|lib/|" -e 's|^/||' \
            -e "s|$version\$|VERSION|" | sort
}

expected() {
    sort <<END
bin/latchkey
include/latchkey-token-page.h
include/latchkey.h
lib/liblatchkey.so
lib/liblatchkey.so.0
lib/liblatchkey.so.VERSION
lib/pkgconfig/latchkey.pc
lib/systemd/catalog/latchkey.catalog
lib/systemd/system/latchkeyd.service
lib/systemd/system/latchkeyd.socket
lib/systemd/user/latchkeyd.service
lib/systemd/user/latchkeyd.socket
lib/sysusers.d/latchkey.conf
sbin/latchkeyd
share/bash-completion/completions/latchkey
share/man/man1/latchkey.1
share/man/man3/liblatchkey.3
share/man/man5/latchkeyd.conf.5
share/man/man8/latchkeyd.8
END
}

complete() {
    listing >"$root/listing"
    expected | diff - "$root/listing"
}

unit_names_daemon() {
    find "$root/tree" -name latchkeyd.service -exec \
        grep -x "ExecStart=$prefix/sbin/latchkeyd" {} + | grep -q .
}

says_version() { # says_version PROGRAM
    [ "$("$1" --version)" = "${1##*/} $version" ]
}

needs_no_build_directory() {
    for file in sbin/latchkeyd bin/latchkey "$libdir/liblatchkey.so"; do
        ! readelf -d "$root/tree$prefix/$file" | grep -E 'RPATH|RUNPATH' || return 1
    done
}

compiles() { # compiles OUTPUT COMPILER...
    output=$1
    shift
    # shellcheck disable=SC2046 # flags are words
    "$@" -Wall -Wextra -Werror -o "$root/$output" \
        $(pkg-config --cflags latchkey) "$consumer" $(pkg-config --libs latchkey)
}

catalog_is_read() { # as systemd reads it, and each record's explanation is whole
    file=$(find "$root/tree" -name latchkey.catalog)
    install -D -m 644 -t "$root/machine/usr/lib/systemd/catalog" "$file"
    mkdir -p "$root/machine/var/lib/systemd/catalog"
    journalctl --root="$root/machine" --update-catalog || return 1
    for id in $(sed -n 's/^-- //p' "$file"); do
        journalctl --root="$root/machine" --dump-catalog "$id" >"$root/entry" || return 1
        for header in Subject Defined-By Support Documentation; do
            grep -q "^$header: ." "$root/entry" || return 1
        done
        sed '1,/^$/d' "$root/entry" | grep -q . || return 1
    done
}

pc=$(find "$root/tree" -name latchkey.pc)
prefix=$(dirname "$(find "$root/tree" -type d -name sbin)")
prefix=${prefix#"$root/tree"}
libdir=${pc%/pkgconfig/latchkey.pc}
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$root/tree" LD_LIBRARY_PATH="$libdir"
libdir=${libdir#"$root/tree$prefix"/}

check "all is there that should be, and nothing else" complete
check "the unit starts the daemon where it lies" unit_names_daemon
check "the daemon runs" says_version "$root/tree$prefix/sbin/latchkeyd"
check "the command runs" says_version "$root/tree$prefix/bin/latchkey"
check "nothing points to the build directory" needs_no_build_directory
check "pkg-config knows the version" pkg-config --exact-version="$version" latchkey
check "a C program compiles" compiles consumer-c cc -std=c11 -pedantic
check "and runs" "$root/consumer-c" "$version"
if command -v journalctl >/dev/null; then
    check "systemd reads the catalog of records" catalog_is_read
fi
if command -v g++ >/dev/null; then
    check "a C++ program compiles" compiles consumer-c++ g++ -x c++ -std=c++11 -pedantic
    check "and runs" "$root/consumer-c++" "$version"
fi
echo "1..$n"
