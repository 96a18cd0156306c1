# shellcheck shell=bash disable=SC2154 # part of run.sh
# SPDX-License-Identifier: MIT
# Who is measured, and what they are measured on: an identity service, an upstream, and the peers. Each
# peer listens on $dir/PEER.sock and may be started and stopped as often as wanted.

certificate_of() { # certificate_of NAME OPENSSL-OPTION...
    local certificate=$1
    shift
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout "$dir/$certificate.key" \
        -out "$dir/$certificate.pem" "$@" 2>"$dir/openssl.err" || { cat "$dir/openssl.err" >&2; exit 1; }
}

wait_for() { # wait_for WHAT COMMAND...: until it succeeds, a minute at most
    local wanted=$1 begin=$SECONDS
    shift
    until "$@" >/dev/null 2>&1; do
        [ $((SECONDS - begin)) -lt 60 ] || { echo "bench: $wanted did not start" >&2; exit 1; }
        if [ $((SECONDS - begin)) -lt 1 ]; then sleep 0.02; else sleep 0.2; fi
    done
}

get() { # get PEER PATH CURL-OPTION...
    local from=$1 what=$2
    shift 2
    curl -sf --max-time 10 --unix-socket "$dir/$from.sock" "$@" "http://localhost$what"
}

start_surroundings() {
    ulimit -n "$(ulimit -H -n)"
    unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY OIDC_SOCK
    "$build/tests/sandbox/latchkey-sandbox" --port-file "$dir/sandbox.port" >/dev/null &
    echo $! >"$dir/sandbox.pid"
    wait_for "the sandbox cloud" test -s "$dir/sandbox.port"

    read -r plain_port tls_port < <(python3 -c 'import socket
both = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in both))')
    plain=127.0.0.1:$plain_port tls=localhost:$tls_port
    certificate_of ca -subj /CN=bench-ca
    certificate_of localhost -subj /CN=localhost -CA "$dir/ca.pem" -CAkey "$dir/ca.key" \
        -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE
    start_upstream
    "$build/tests/bench/bench-sink" "$dir/sink.port" &
    echo $! >"$dir/sink.pid"
    wait_for "the sink" test -s "$dir/sink.port"
    sink=127.0.0.1:$(<"$dir/sink.port")

    configure_latchkeyd
    start latchkeyd
    get latchkeyd /v1/default/token >"$dir/document"
    get latchkeyd /v1/default/token -i >"$dir/answer"
    token=$(get latchkeyd /v1/default/token -H 'Accept: text/plain')
    stop latchkeyd
    configure_nginx 1024
    configure_haproxy 1024
}

stop_all() {
    local file
    for file in "$dir"/*.pid; do
        [ ! -s "$file" ] || kill "$(cat "$file")" 2>/dev/null || :
    done
    wait
}

clean_up() {
    local status=$?
    trap '' PIPE # nobody may read what it says; that must not keep it from its work
    trap - EXIT INT TERM
    [ $status = 0 ] || find "$dir" -name '*.err' -size +0 -exec tail -n 5 {} + >&2
    stop_all
    rm -rf "$dir"
    exit $status
}

# ---- what the peers are asked for

# The same path means the same to each of them: PREFIX is plain or tls, and leads to the upstream that way, or
# sink.
path() { # path PEER token|PREFIX/WHAT
    case $1-$2 in
    latchkeyd-token) echo /v1/default/token ;;
    latchkeyd-*) echo "/v1/default/proxy/$2" ;;
    unbuffered-*) echo "/unbuffered/$2" ;;
    *) echo "/$2" ;;
    esac
}

# Bodies are files with nothing in them, which the kernel has at hand. What is put replaces what was.
start_upstream() {
    local prefix
    mkdir "$dir/files"
    truncate -s 256M "$dir/files/large"
    truncate -s 16M "$dir/files/small"
    for prefix in plain tls; do
        cat <<END
location = /$prefix/empty { return 204; }
location = /$prefix/short { default_type text/plain; return 200 "twelve bytes"; }
location /$prefix/put/ {
    root $dir/put;
    dav_methods PUT;
    create_full_put_path on;
    client_max_body_size 0;
    client_body_buffer_size 256k;
}
location /$prefix/ { alias $dir/files/; }
END
    done >"$dir/locations"
    cat >"$dir/upstream.conf" <<END
$(nginx_basics upstream 1024)
    sendfile on;
    server {
        listen $plain backlog=1024;
        listen 127.0.0.1:$tls_port ssl backlog=1024;
        ssl_certificate $dir/localhost.pem;
        ssl_certificate_key $dir/localhost.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:bench:1m;
        include $dir/locations;
    }
}
END
    nginx -c "$dir/upstream.conf" -e "$dir/upstream.err" &
    echo $! >"$dir/upstream.pid"
    wait_for "the upstream" curl -sf --cacert "$dir/ca.pem" "http://$plain/plain/short" "https://$tls/tls/short"
}

# ---- their configurations

configure_latchkeyd() {
    cat >"$dir/latchkeyd.conf" <<END
[latchkeyd]
log_level = error
connections_per_user = 0
requests_per_user = 0
waiting_per_user = 0
[bench]
auth_endpoint = http://127.0.0.1:$(cat "$dir/sandbox.port")/v2.0
username = myusername
api_key = 01234567890abcdef
proxy = none
ca_file = $dir/ca.pem
plain_endpoint_override = http://$plain/plain
tls_endpoint_override = https://$tls/tls
sink_endpoint_override = http://$sink/sink
END
    chmod 600 "$dir/latchkeyd.conf"
}

# Everything up to the servers, which are left to be written, and a brace to be closed.
nginx_basics() { # nginx_basics NAME CONNECTIONS
    cat <<END
daemon off;
user root root;
worker_processes 1;
pid $dir/$1.nginx-pid;
error_log $dir/$1.err;
events { worker_connections $2; }
http {
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_header_timeout 1h;
    client_body_temp_path $dir/$1-body;
    proxy_temp_path $dir/$1-proxy;
    fastcgi_temp_path $dir/$1-fastcgi;
    uwsgi_temp_path $dir/$1-uwsgi;
    scgi_temp_path $dir/$1-scgi;
END
}

# It hands out the same bytes, and signs requests with the same token.
configure_nginx() { # configure_nginx CONNECTIONS
    cat >"$dir/nginx.conf" <<END
$(nginx_basics nginx "$1")
    client_max_body_size 0;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header X-Auth-Token $token;
    proxy_ssl_verify on;
    proxy_ssl_trusted_certificate $dir/ca.pem;
    proxy_ssl_name localhost;
    proxy_ssl_server_name on;
    proxy_ssl_protocols TLSv1.2 TLSv1.3;
    upstream plain { server $plain; keepalive 64; keepalive_requests 1000000000; keepalive_timeout 1h; }
    upstream sink { server $sink; keepalive 64; keepalive_requests 1000000000; keepalive_timeout 1h; }
    upstream tls { server 127.0.0.1:$tls_port; keepalive 64; keepalive_requests 1000000000; keepalive_timeout 1h; }
    server {
        listen unix:$dir/nginx.sock backlog=1024;
        location = /token { default_type application/json; return 200 '$(cat "$dir/document")'; }
        location /plain/ { proxy_pass http://plain; }
        location /tls/ { proxy_pass https://tls; }
        location /sink/ { proxy_pass http://sink; }
        location /unbuffered/ {
            proxy_buffering off;
            proxy_request_buffering off;
            location /unbuffered/plain/ { proxy_pass http://plain/plain/; }
            location /unbuffered/tls/ { proxy_pass https://tls/tls/; }
            location /unbuffered/sink/ { proxy_pass http://sink/sink/; }
        }
    }
}
END
}

configure_haproxy() { # configure_haproxy CONNECTIONS
    cat >"$dir/haproxy.cfg" <<END
global
    nbthread 1
    maxconn $1
    no strict-limits
defaults
    mode http
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    timeout http-request 1h
    timeout http-keep-alive 1h
    http-reuse always
frontend bench
    bind $dir/haproxy.sock backlog 1024
    http-request return status 200 content-type application/json file $dir/document if { path /token }
    use_backend tls if { path_beg /tls/ }
    default_backend plain
backend plain
    http-request set-header X-Auth-Token $token
    server upstream $plain
backend tls
    http-request set-header X-Auth-Token $token
    server upstream 127.0.0.1:$tls_port ssl verify required ca-file $dir/ca.pem verifyhost localhost sni str(localhost)
END
}

# One account whose provider is on this machine, too, and hands out the same token.
configure_oidc_agent() {
    [ ! -s "$dir/provider.port" ] || return 0
    command -v "$build/tests/bench/bench-oidc" >/dev/null ||
        { echo "bench: $build was configured without liboidc-agent-dev" >&2; exit 1; }
    python3 "$here/provider.py" "$dir/provider.port" "$token" 2>"$dir/provider.err" &
    echo $! >"$dir/provider.pid"
    wait_for "the OpenID provider" test -s "$dir/provider.port"
    mkdir -m 700 "$dir/oidc"
    oidc_environment=(env HOME="$dir" OIDC_CONFIG_DIR="$dir/oidc" OIDC_SOCK="$dir/oidc-agent.sock"
        OIDC_ENCRYPTION_PW=bench)
    start_oidc_agent
    OIDC_REFRESH_TOKEN=refresh with_oidc_agent oidc-gen bench --manual --flow=refresh --rt-env \
        --issuer="http://127.0.0.1:$(cat "$dir/provider.port")/" --client-id=bench --client-secret=secret \
        --scope="openid offline_access" --redirect-uri=http://localhost:4242 \
        --pw-env --prompt=none --confirm-default >"$dir/oidc-gen.err" 2>&1 </dev/null
    stop oidc-agent
}

with_oidc_agent() { # with_oidc_agent COMMAND...
    "${oidc_environment[@]}" "$@"
}

start_oidc_agent() {
    "${oidc_environment[@]}" oidc-agent -d --no-autoload -a "$dir/oidc-agent.sock" >"$dir/oidc-agent.err" 2>&1 &
    echo $! >"$dir/oidc-agent.pid"
    wait_for oidc-agent test -S "$dir/oidc-agent.sock"
}

# ---- their lives

command_of() { # command_of PEER
    case $1 in
    latchkeyd) echo "$build/daemon/latchkeyd" --config "$dir/latchkeyd.conf" --socket "$dir/latchkeyd.sock" ;;
    nginx) echo nginx -c "$dir/nginx.conf" -e "$dir/nginx.err" ;;
    haproxy) echo haproxy -db -f "$dir/haproxy.cfg" ;;
    echo) echo "$build/tests/bench/bench-echo" "$dir/echo.sock" "$dir/answer" ;;
    esac
}

start() { # start PEER: and has it answer once
    if [ "$1" = oidc-agent ]; then
        configure_oidc_agent
        start_oidc_agent
        with_oidc_agent oidc-add --pw-env bench >"$dir/oidc-add.err" 2>&1 </dev/null
    else
        launch "$1"
        wait_for "$1" answers "$1"
    fi
}

launch() { # launch PEER [WRAPPER...]
    local peer=$1
    shift
    # shellcheck disable=SC2046 # words
    "$@" $(command_of "$peer") >>"$dir/$peer.err" 2>&1 &
    echo $! >"$dir/$peer.pid"
}

answers() { # answers PEER
    get "$1" "$(path "$1" token)"
}

stop() { # stop PEER
    local main
    main=$(<"$dir/$1.pid")
    kill "$main"
    { wait "$main" || :; } 2>/dev/null
    rm -f "$dir/$1.pid" "$dir/$1.sock"
}

processes() { # processes PEER: of those that its own process started, too
    cat "$dir/$1.pid"
    pgrep -P "$(cat "$dir/$1.pid")" || :
}

# ---- what the kernel knows of them

sum() { awk '{s += $1} END {printf "%.0f\n", s}'; }

processor_time() { # processor_time PEER: nanoseconds
    local pid
    for pid in $(processes "$1"); do cat /proc/"$pid"/task/*/schedstat; done | sum
}

status_of() { # status_of PEER FIELD: summed over its processes and threads
    local pid
    for pid in $(processes "$1"); do
        case $2 in
        *switches) cat /proc/"$pid"/task/*/status ;;
        *) cat "/proc/$pid/status" ;;
        esac
    done | awk -v field="$2:" '$1 == field {print $2}' | sum
}

private_memory() { # private_memory PEER [Dirty]: KiB
    local pid
    for pid in $(processes "$1"); do cat "/proc/$pid/smaps_rollup"; done |
        awk -v field="^Private_${2-(Clean|Dirty)}:" '$1 ~ field {print $2}' | sum
}
