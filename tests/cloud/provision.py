# SPDX-License-Identifier: MIT
"""Fills the new cloud over its own interface: domains, projects, users, the catalog, application
credentials; then looks whether the user's token opens both Swifts. Prints what is there as shell variables.
"""
import datetime
import json
import os
import secrets
import shlex
import sys
import time
import urllib.error
import urllib.request

ENV = os.environ
IDENTITY = ENV["KEYSTONE_URL"] + "/v3"


def request(method, url, token=None, body=None):
    """Returns the answer's headers and document; what is no success raises with what it said."""
    head = {"Content-Type": "application/json"}
    if token:
        head["X-Auth-Token"] = token
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
                urllib.request.Request(url, data, head, method=method), timeout=60) as answer:
            text = answer.read()
            return answer.headers, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{method} {url}: {error.code} {error.read().decode(errors='replace')}")


def log_in(user, password, project):
    head, document = request("POST", IDENTITY + "/auth/tokens", body={"auth": {
        "identity": {"methods": ["password"], "password": {"user": {"id": user, "password": password}}},
        "scope": {"project": {"id": project}}}})
    return head["X-Subject-Token"], document["token"]


def say(**variables):
    for name, value in variables.items():
        print(f"{name}={shlex.quote(value)}")


class Cloud:
    def __init__(self):
        head, document = request("POST", IDENTITY + "/auth/tokens", body={"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "admin", "domain": {"id": "default"}, "password": ENV["ADMIN_PASSWORD"]}}},
            "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}})
        self.token = head["X-Subject-Token"]
        self.admin = document["token"]
        self.roles = {role["name"]: role["id"] for role in self.get("roles")}

    def get(self, what):
        return request("GET", f"{IDENTITY}/{what}", self.token)[1][what]

    def make(self, what, **fields):
        """Makes a thing and returns its id."""
        return request("POST", f"{IDENTITY}/{what}s", self.token, {what: fields})[1][what]["id"]

    def make_user(self, name, password, domain, grants):
        user = self.make("user", name=name, password=password, domain_id=domain)
        for role, place in grants:
            request("PUT", f"{IDENTITY}/{place}/users/{user}/roles/{self.roles[role]}", self.token)
        return user

    def make_service(self, kind, name, *endpoints):
        service = self.make("service", type=kind, name=name)
        for region, interface, url in endpoints:
            place = {"region_id": region} if region else {}
            self.make("endpoint", service_id=service, interface=interface, url=url, **place)


def make_catalog(cloud):
    cloud.make("region", id="RegionTwo")
    identity = next(service["id"] for service in cloud.get("services") if service["type"] == "identity")
    for interface in ("public", "internal", "admin"):
        cloud.make("endpoint", service_id=identity, region_id="RegionTwo", interface=interface, url=IDENTITY)
    endpoints = []
    for region, url in (("RegionOne", ENV["SWIFT_URL_ONE"]), ("RegionTwo", ENV["SWIFT_URL_TWO"])):
        account = "/v1/AUTH_%(project_id)s"
        endpoints += [(region, "public", url + account),
                      (region, "internal", url.replace("127.0.0.1", "localhost") + account),
                      (region, "admin", url)]
    cloud.make_service("object-store", "swift", *endpoints)
    cloud.make_service("dns", "designate", (None, "public", "http://127.0.0.1:1"))
    cloud.make_service("compute", "nova")


def make_credential(token, user, name, **fields):
    credential = request("POST", f"{IDENTITY}/users/{user}/application_credentials", token,
                         {"application_credential": {"name": name, **fields}})[1]["application_credential"]
    return credential["id"], credential["secret"]


def make_credentials(token, user):
    identifier, secret = make_credential(token, user, "latchkey")
    say(APP_CREDENTIAL_ID=identifier, APP_CREDENTIAL_NAME="latchkey", APP_CREDENTIAL_SECRET=secret)
    end = datetime.datetime.utcnow() + datetime.timedelta(seconds=int(ENV.get("ENDING_IN") or 300))
    end = end.replace(microsecond=0).isoformat()
    identifier, secret = make_credential(token, user, "ending", expires_at=end)
    say(ENDING_CREDENTIAL_ID=identifier, ENDING_CREDENTIAL_NAME="ending", ENDING_CREDENTIAL_SECRET=secret,
        ENDING_CREDENTIAL_EXPIRES=end + "Z",
        UNKNOWN_CREDENTIAL_ID=secrets.token_hex(16), UNKNOWN_CREDENTIAL_SECRET=secrets.token_urlsafe(64))


def look_into_swift(document, token):
    """The first requests of all, for which the back end may still be too young."""
    urls = [endpoint["url"] for service in document["catalog"] if service["type"] == "object-store"
            for endpoint in service["endpoints"] if endpoint["interface"] == "public"]
    for url in urls:
        deadline = time.monotonic() + 30
        while True:
            try:
                request("GET", url, token)
                break
            except SystemExit as error:
                if time.monotonic() > deadline:
                    raise
                print(error, file=sys.stderr)
                time.sleep(0.2)


def main():
    cloud = Cloud()
    service = cloud.make("project", name="service", domain_id="default")
    cloud.make_user("swift", ENV["SWIFT_SERVICE_PASSWORD"], "default", [("admin", "projects/" + service)])
    make_catalog(cloud)

    # names that are there twice, so that the domain counts
    other_domain = cloud.make("domain", name="Elsewhere")
    project = cloud.make("project", name="demo", domain_id="default")
    second_project = cloud.make("project", name="second", domain_id="default")
    other_project = cloud.make("project", name="demo", domain_id=other_domain)
    password, other_password, reader_password = (secrets.token_hex(12) for _ in range(3))
    password += "%41"  # what takes that for an A has no entrance
    user = cloud.make_user("alice", password, "default", [
        ("member", "projects/" + project), ("member", "projects/" + second_project),
        ("reader", "domains/default")])
    other_user = cloud.make_user("alice", other_password, other_domain, [
        ("member", "projects/" + other_project)])
    reader = cloud.make_user("reader", reader_password, "default", [("reader", "projects/" + project)])

    say(ADMIN_ID=cloud.admin["user"]["id"], ADMIN_PROJECT_ID=cloud.admin["project"]["id"],
        REGION_ONE="RegionOne", REGION_TWO="RegionTwo",
        DOMAIN_ID="default", DOMAIN_NAME="Default",
        PROJECT_ID=project, PROJECT_NAME="demo",
        SECOND_PROJECT_ID=second_project, SECOND_PROJECT_NAME="second",
        USER_ID=user, USER_NAME="alice", USER_PASSWORD=password,
        READER_ID=reader, READER_NAME="reader", READER_PASSWORD=reader_password,
        OTHER_DOMAIN_ID=other_domain, OTHER_DOMAIN_NAME="Elsewhere",
        OTHER_PROJECT_ID=other_project, OTHER_PROJECT_NAME="demo",
        OTHER_USER_ID=other_user, OTHER_USER_NAME="alice", OTHER_USER_PASSWORD=other_password)
    token, document = log_in(user, password, project)
    make_credentials(token, user)
    look_into_swift(document, token)


if __name__ == "__main__":
    main()
