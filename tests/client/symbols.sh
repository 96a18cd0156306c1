#!/bin/sh
# SPDX-License-Identifier: MIT
# What the built library exports, what its symbol map lists and what its header declares has to be the
# same. Usage: symbols.sh LIBRARY MAP HEADER
set -eu

library=$1 map=$2 header=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

nm --dynamic --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
    sort > "$dir/library"
sed -n 's/^ *\(lk_[a-z0-9_]*\);$/\1/p' "$map" | sort > "$dir/map"
# without comments, a function's name is what stands before a bracket; callback types have no name there
sed -e 's|/\*.*\*/||' -e '/\/\*/,/\*\//d' "$header" | grep -o '\blk_[a-z0-9_]*(' | tr -d '(' |
    sort > "$dir/header"

test -s "$dir/library"
diff -u "$dir/map" "$dir/library"
diff -u "$dir/header" "$dir/map"
echo "$(wc -l < "$dir/map") symbols"
