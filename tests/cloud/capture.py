# SPDX-License-Identifier: MIT
"""Writes down what a real Keystone and Swift answer, byte for byte, for tests that have none:

    set -a; . DIR/env; capture.py tests/cloud/answers

One file an answer, named by what was asked and the status. Ports and tokens are replaced by others of the
same length, so that the files hold nothing that ever was a secret. An application credential that has ended
needs a cloud with a small ENDING_IN: "credential-ending" is 401 there.
"""
import hashlib
import json
import os
import re
import socket
import sys
import urllib.parse

ENV = os.environ
KEYSTONE, SWIFT = ENV["KEYSTONE_URL"], ENV["SWIFT_URL_ONE"]
TEMPAUTH = ENV["TEMPAUTH_URL"]
ACCOUNT = SWIFT + "/v1/AUTH_" + ENV["PROJECT_ID"]
PORTS = {"KEYSTONE_URL": 15000, "KEYSTONE_HTTPS_URL": 15443, "SWIFT_URL_ONE": 18080, "SWIFT_URL_TWO": 18081,
         "TEMPAUTH_URL": 18090}


def ask(method, url, head=(), body=b""):
    """Returns the whole answer, and its token if there is one."""
    parts = urllib.parse.urlsplit(url)
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close", *head]
    if body and not any(line.startswith("Transfer-Encoding") for line in head):
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection((parts.hostname, parts.port), 60) as stream:
        stream.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        answer = b"".join(iter(lambda: stream.recv(65536), b""))
    token = re.search(rb"(?i)\r\nX-(?:Subject|Auth)-Token: *(\S+)", answer)
    return answer, token and token[1].decode()


def harmless(token):
    start = 8 if token.startswith("AUTH_tk") else 6
    digits = hashlib.sha512(token.encode()).hexdigest() * 4
    return token[:start] + digits[:len(token) - start]


class Book:
    def __init__(self, place):
        self.place = place

    def write(self, name, answer, token=None):
        for variable, port in PORTS.items():
            old = str(urllib.parse.urlsplit(ENV[variable]).port)
            answer = re.sub(rb"(127\.0\.0\.1|localhost):" + old.encode(), rb"\1:%d" % port, answer)
        if token:
            answer = answer.replace(token.encode(), harmless(token).encode())
        status = answer.split(b" ", 2)[1].decode()
        with open(f"{self.place}/{name}-{status}.http", "wb") as file:
            file.write(answer)
        print(f"{status} {name}")

    def take(self, name, *request):
        answer, token = ask(*request)
        self.write(name, answer, token)
        return token

    def log_in(self, name, identity, scope=None, path="/v3/auth/tokens"):
        auth = {"identity": identity}
        if scope:
            auth["scope"] = scope
        return self.take(name, "POST", KEYSTONE + path, ("Content-Type: application/json",),
                         json.dumps({"auth": auth}).encode())


def password(user, secret):
    return {"methods": ["password"], "password": {"user": {
        "name": user, "domain": {"name": "Default"}, "password": secret}}}


def credential(**fields):
    return {"methods": ["application_credential"], "application_credential": fields}


def ask_keystone(book):
    alice = password(ENV["USER_NAME"], ENV["USER_PASSWORD"])
    demo = {"project": {"name": ENV["PROJECT_NAME"], "domain": {"name": "Default"}}}
    identifier, secret = ENV["APP_CREDENTIAL_ID"], ENV["APP_CREDENTIAL_SECRET"]

    book.take("versions", "GET", KEYSTONE)
    book.take("version", "GET", KEYSTONE + "/v3")
    token = book.log_in("password-project", alice, demo)
    book.log_in("password-domain", alice, {"domain": {"name": "Default"}})
    book.log_in("password-unscoped", alice)
    book.log_in("credential-id", credential(id=identifier, secret=secret))
    book.log_in("credential-name", credential(
        name=ENV["APP_CREDENTIAL_NAME"], secret=secret, user={"id": ENV["USER_ID"]}))
    book.log_in("credential-ending", credential(
        id=ENV["ENDING_CREDENTIAL_ID"], secret=ENV["ENDING_CREDENTIAL_SECRET"]))

    book.log_in("wrong-password", password(ENV["USER_NAME"], "wrong"), demo)
    book.log_in("unknown-user", password("nobody", "wrong"), demo)
    book.log_in("unknown-project", alice, {"project": {"name": "none", "domain": {"name": "Default"}}})
    book.log_in("unknown-domain", alice, {"domain": {"name": "None"}})
    book.log_in("no-role-in-project", alice, {"project": {"id": ENV["OTHER_PROJECT_ID"]}})
    book.log_in("unknown-credential", credential(
        id=ENV["UNKNOWN_CREDENTIAL_ID"], secret=ENV["UNKNOWN_CREDENTIAL_SECRET"]))
    book.log_in("wrong-credential-secret", credential(id=identifier, secret="wrong"))
    book.log_in("credential-with-scope", credential(id=identifier, secret=secret), demo)
    book.log_in("unknown-method", {"methods": ["riddle"], "riddle": {}})
    book.log_in("no-secret", credential(id=identifier))
    book.log_in("v2", alice, path="/v2.0/tokens")
    book.log_in("wrong-path", alice, path="/v3/auth/token")
    book.log_in("root", alice, path="/")
    book.log_in("v3", alice, path="/v3")
    body = b'{"auth":{}}'
    book.take("chunked", "POST", KEYSTONE + "/v3/auth/tokens",
              ("Content-Type: application/json", "Transfer-Encoding: chunked"),
              b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    book.take("no-json", "POST", KEYSTONE + "/v3/auth/tokens", ("Content-Type: application/json",), b"{")
    book.take("no-content-type", "POST", KEYSTONE + "/v3/auth/tokens", (), b'{"auth":{}}')
    book.take("catalog", "GET", KEYSTONE + "/v3/auth/catalog", ("X-Auth-Token: " + token,))
    revoke = (KEYSTONE + "/v3/auth/tokens", ("X-Auth-Token: " + token, "X-Subject-Token: " + token))
    book.take("revoke", "DELETE", *revoke)
    book.take("revoke-again", "DELETE", *revoke)


def ask_swift(book):
    _, token = ask("POST", KEYSTONE + "/v3/auth/tokens", ("Content-Type: application/json",), json.dumps({
        "auth": {"identity": password(ENV["READER_NAME"], ENV["READER_PASSWORD"]),
                 "scope": {"project": {"id": ENV["PROJECT_ID"]}}}}).encode())
    book.take("swift-no-token", "GET", ACCOUNT)
    book.take("swift-wrong-token", "GET", ACCOUNT, ("X-Auth-Token: wrong",))
    book.take("swift-reader", "GET", ACCOUNT, ("X-Auth-Token: " + token,))
    book.take("swift-expired-url", "GET", ACCOUNT + "/c/o?temp_url_sig=00&temp_url_expires=1")

    user, key = "X-Auth-User: " + ENV["TEMPAUTH_USER"], "X-Auth-Key: "
    token = book.take("tempauth", "GET", TEMPAUTH, (user, key + ENV["TEMPAUTH_KEY"]))
    book.take("tempauth-wrong-key", "GET", TEMPAUTH, (user, key + "wrong"))
    book.take("tempauth-unknown-user", "GET", TEMPAUTH, ("X-Auth-User: test:nobody", key + "wrong"))
    book.take("tempauth-no-key", "GET", TEMPAUTH)
    place = TEMPAUTH.replace("/auth/v1.0", "/v1/AUTH_test")
    book.take("tempauth-account", "GET", place, ("X-Auth-Token: " + token,))
    book.take("tempauth-account-wrong-token", "GET", place, ("X-Auth-Token: wrong",))


def main():
    book = Book(sys.argv[1])
    ask_keystone(book)
    ask_swift(book)


if __name__ == "__main__":
    main()
