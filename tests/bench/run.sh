#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures latchkeyd beside nginx, on the same machine and in the same run, and prints one table.
#
#   sh tests/bench/run.sh [-q]        -q: briefly, to see that it works; the figures mean little then
#
# BUILD names the build directory (default: build in the top folder, made with optimisation when missing).
# Absolute rates say more about the machine than about the program: read the ratios.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build-bench}
rounds=5 requests=40000
[ "${1-}" != -q ] || { rounds=1; requests=4000; }

sh "$top/tests/install-packages.sh" build quickstart bench
[ -f "$build/build.ninja" ] || meson setup --buildtype=release "$build" "$top" >/dev/null
ninja -C "$build" daemon/latchkeyd tests/sandbox/latchkey-sandbox >/dev/null

dir=$(mktemp -d)
pids=
cleanup() {
    trap - EXIT INT TERM
    # shellcheck disable=SC2086 # a list
    [ -z "$pids" ] || kill $pids 2>/dev/null || :
    wait
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

wait_for() { # wait_for FILE: until it is there, 10 s at most
    tries=0
    until [ -e "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || { echo "bench: $1 did not appear" >&2; exit 1; }
        sleep 0.05
    done
}

"$build/tests/sandbox/latchkey-sandbox" --port-file "$dir/port" >/dev/null &
pids="$pids $!"
wait_for "$dir/port"
port=$(cat "$dir/port")

printf '[rackspace_cloud]\nusername = myusername\napi_key = 01234567890abcdef\n' >"$dir/credential"
chmod 600 "$dir/credential"
"$build/daemon/latchkeyd" --credential-file "$dir/credential" --auth-url "http://127.0.0.1:$port/v2.0" \
    --socket "$dir/latchkey.sock" --log-level error &
daemon=$!
pids="$pids $daemon"
wait_for "$dir/latchkey.sock"

get() { curl -s --max-time 10 --unix-socket "$dir/latchkey.sock" "$@"; }
document=$(get http://localhost/v1/default/token)
token=$(get -H 'Accept: text/plain' http://localhost/v1/default/token)

# nginx hands out the same bytes, and signs requests with the same token, over the same kind of socket.
cat >"$dir/nginx.conf" <<EOF
daemon off;
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/nginx.err;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    upstream cloud { server 127.0.0.1:$port; keepalive 64; keepalive_requests 1000000000; }
    server {
        listen unix:$dir/nginx.sock;
        location /token { default_type application/json; return 200 '$document'; }
        location /echo/ {
            proxy_pass http://cloud;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Auth-Token $token;
        }
    }
}
EOF
nginx -c "$dir/nginx.conf" -p "$dir" -e "$dir/nginx.err" &
pids="$pids $!"
wait_for "$dir/nginx.sock"

rate() { # rate SOCKET CONNECTIONS PATH: requests a second; every answer has to be a success
    h2load --h1 -B "unix:$dir/$1" -c "$2" -n "$requests" "http://localhost$3" >"$dir/out"
    grep -q "status codes: $requests 2xx" "$dir/out" || { cat "$dir/out" >&2; exit 1; }
    sed -n 's/^finished in .*, \([0-9.]*\) req\/s.*/\1/p' "$dir/out"
}

median() { sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

row() { # row NAME CONNECTIONS LATCHKEYD-PATH NGINX-PATH
    : >"$dir/a"
    : >"$dir/b"
    : >"$dir/ratio"
    i=0
    while [ "$i" -lt "$rounds" ]; do
        a=$(rate latchkey.sock "$2" "$3")
        b=$(rate nginx.sock "$2" "$4")
        echo "$a" >>"$dir/a"
        echo "$b" >>"$dir/b"
        awk -v a="$a" -v b="$b" 'BEGIN {print a / b}' >>"$dir/ratio"
        i=$((i + 1))
    done
    awk -v name="$1" -v c="$2" -v a="$(median <"$dir/a")" -v b="$(median <"$dir/b")" -v r="$(median <"$dir/ratio")" \
        'BEGIN {printf "%-28s %11d %9.2f %14.0f %12.0f\n", name, c, r, a, b}'
}

echo "$(date -u +%Y-%m-%d), $(nproc) cores, $(nginx -v 2>&1 | sed 's/.*: //'), medians of $rounds rounds of $requests requests"
printf '%-28s %11s %9s %14s %12s\n' what connections ratio "latchkeyd (/s)" "nginx (/s)"
row "token (nginx: return 200)" 1 /v1/default/token /token
row "token (nginx: return 200)" 8 /v1/default/token /token
row "signed request, empty answer" 1 /v1/default/proxy/x-echo/nocontent /echo/nocontent
row "signed request, empty answer" 8 /v1/default/proxy/x-echo/nocontent /echo/nocontent
awk '/^Private_(Clean|Dirty)/ {kb += $2} END {printf "private memory of latchkeyd afterwards: %d KiB\n", kb}' "/proc/$daemon/smaps_rollup"
