#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An OpenID provider for one client, as much of one as oidc-agent asks for: tokens for a refresh token.

    provider.py PORT-FILE TOKEN     listens on 127.0.0.1; the file holds the port once it does
"""

import http.server
import json
import os
import sys

port_file, token = sys.argv[1:]


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        issuer = f"http://{self.headers['Host']}/"
        self.answer(
            {
                "issuer": issuer,
                "authorization_endpoint": issuer + "authorize",
                "token_endpoint": issuer + "token",
                "jwks_uri": issuer + "keys",
                "scopes_supported": ["openid", "offline_access"],
                "grant_types_supported": ["refresh_token"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": 86400,
                "refresh_token": "refresh",
                "scope": "openid offline_access",
            }
        )

    def log_message(self, *_):
        pass


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(server.server_address[1]))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()
