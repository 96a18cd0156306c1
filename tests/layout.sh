#!/bin/sh
# SPDX-License-Identifier: MIT
# The house rules that no compiler checks: what lies where, who may include what, how long a file may
# get, and what must not be left behind. Says each breach in a line; exit status 1 if there is one.
set -eu
cd "$(dirname "$0")/.."
breaches=0
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT

breach() {
    echo "layout: $*"
    breaches=$((breaches + 1))
}

# What git has, or would take.
files() {
    git ls-files --cached --others --exclude-standard -- "$@" |
        while read -r file; do [ ! -f "$file" ] || echo "$file"; done
}

# ---- what lies at the top

for name in $(files | cut -d/ -f1 | sort -u); do
    case $name in
    .* | LICENSE | README.md | SECURITY.md | meson.build | meson_options.txt) ;;
    client | daemon | include | systemd | tests) ;;
    *) breach "$name: does not belong at the top" ;;
    esac
done

# ---- who knows which library
#
# The name of a library's symbols, and the only files that may have one.

only() { # only LIBRARY SYMBOL DIRECTORY FILE...
    library=$1 symbol=$2 directory=$3
    shift 3
    for file in $(grep -lE "$symbol" "$directory"/*.[ch]); do
        allowed=no
        for name; do
            # shellcheck disable=SC2254 # a name may be a pattern
            case ${file#"$directory"/} in $name) allowed=yes ;; esac
        done
        [ $allowed = yes ] || breach "$file: knows $library, which is for $* only"
    done
}

only libmicrohttpd '\bMHD_|<microhttpd\.h>' daemon server_private.h server.c server_answer.c server_wait.c request.c
only libmicrohttpd '\bMHD_|<microhttpd\.h>' client
only libcurl '\b(curl_|CURL)|<curl/' daemon upstream_private.h 'upstream*.c' 'transfer*.c'
only libcurl '\b(curl_|CURL)|<curl/' client transport.c
only jansson '\bjson_[a-z]|<jansson\.h>' daemon api.c exchange.h exchange.c prepared.c 'identity*.[ch]' \
    render.h render.c store_document.c
only jansson '\bjson_[a-z]|<jansson\.h>' client decode.h decode.c
only sd-bus '\bsd_bus_|<systemd/sd-bus' daemon 'unit_lookup.[ch]'
only libyaml '\byaml_[a-z]|<yaml\.h>' daemon yamlfile.c
only "a library" '<(microhttpd\.h|curl/|jansson\.h|systemd/|yaml\.h)' include

# ---- includes point downward only
#
# A room is a file's name up to the first underscore, and who it includes lies below it: there is an
# order of rooms, from main down, or else somewhere there is a loop.

includes() { # includes DIRECTORY: "ROOM ROOM-IT-INCLUDES" a line
    grep -HoE '^#include "[a-z0-9_]+\.h"' "$1"/*.[ch] |
        sed -E "s|$1/([a-z0-9]+)[a-z0-9_]*\.[ch]:#include \"([a-z0-9]+)[a-z0-9_]*\.h\"|\1 \2|"
}

has_order() { # has_order DIRECTORY
    loop=$(awk '$1 != $2' | sort -u | tsort 2>&1 >/dev/null | sed 's/^tsort: //' | tr '\n' ' ')
    [ -z "$loop" ] || breach "$1/: includes run in circles: $loop"
}

# request.c is in the server's room, transfer.c in upstream's; latchkey.h is the public header
includes daemon | sed -E 's/\brequest\b/server/g; s/\btransfer\b/upstream/g' >"$scratch"
has_order daemon <"$scratch"
includes client | grep -v ' latchkey$' >"$scratch"
has_order client <"$scratch"

# ---- each file by itself

for file in $(files '*.c' '*.h'); do
    [ "$(head -n 1 "$file")" = '/* SPDX-License-Identifier: MIT */' ] ||
        breach "$file: does not begin with its licence"
    name=$(basename "$file" .c)
    case $(sed -n 2p "$file") in
    '/*'*) ;;
    "#include \"$name.h\"" | "#include \"${name}_private.h\"") ;; # its header says it
    *) breach "$file: does not say why it exists" ;;
    esac
    lines=$(wc -l <"$file")
    [ "$lines" -le 500 ] || breach "$file: $lines lines: has a second purpose moved in?"
done
for file in $(files '*.sh' '*.py' '*.[1-8]' .ci/run .clang-tidy 'systemd/*'); do
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' ||
        breach "$file: does not begin with its licence"
done
for file in $(files 'daemon/*.c' 'client/*.c' 'tests/*.c'); do
    name=$(basename "$file" .c)
    grep -qE "'(test_)?${name#test_}(\.c)?'" "${file%/*}/meson.build" ||
        breach "$file: is not built"
done

# ---- records and what explains them

explained() {
    grep -E '^-- ' systemd/latchkey.catalog | cut -c 4- | sort
}

given() { # the ids of the header, as a journal entry has them
    tr -d '\n' <daemon/log_ids.h | grep -oE 'SD_ID128_MAKE_STR\([^)]*\)' |
        sed -e 's/^[^(]*(//' | tr -d '\\), ' | sort
}

[ -n "$(given)" ] || breach "daemon/log_ids.h: has no ids"
[ "$(given)" = "$(explained)" ] ||
    breach "daemon/log_ids.h and systemd/latchkey.catalog: not the same ids"
[ -z "$(given | uniq -d)" ] || breach "daemon/log_ids.h: an id stands for two kinds of records"

# ---- what must not be left behind

words="TO""DO|FIX""ME|XX""X|HA""CK|st""ub(bed)?|not imple""mented|for n""ow"
left=$(files | grep -v '^LICENSE$' | xargs grep -nIwE "$words" || true)
[ -z "$left" ] || breach "left behind:
$left"
blanks=$(files | xargs grep -nIE '[[:blank:]]$' || true)
[ -z "$blanks" ] || breach "blanks at the end of a line:
$blanks"

[ $breaches = 0 ]
