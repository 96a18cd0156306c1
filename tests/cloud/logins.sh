# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # checks.sh has set what is not set here
# Logins on the real Keystone: each kind of credential and scope, each refusal.

ca=$CA_FILE

{
    cloud root "$(by_password "tenant_name = $PROJECT_NAME" "region = RegionOne" "revoke_on_exit = yes")"
    cloud tls "$(by_password "tenant_id = $PROJECT_ID")" | sed "s|= $KEYSTONE_URL|= $KEYSTONE_HTTPS_URL/v3|"
    echo "ca_file = $ca"
    cloud userid "identity_type = keystone" "auth_endpoint = $KEYSTONE_URL/v3/" "user_id = $USER_ID" \
        "password = $USER_PASSWORD" "project_id = $PROJECT_ID"
    cloud unscoped "$(by_password)"
    cloud domain "$(by_password "domain_name = $DOMAIN_NAME")"
    cloud elsewhere "identity_type = keystone" "auth_endpoint = $KEYSTONE_URL/v3/auth/tokens" \
        "username = $OTHER_USER_NAME" "user_domain_name = $OTHER_DOMAIN_NAME" \
        "password = $OTHER_USER_PASSWORD" "project_name = $OTHER_PROJECT_NAME" \
        "project_domain_id = $OTHER_DOMAIN_ID"
    cloud application "identity_type = keystone" "auth_endpoint = $KEYSTONE_URL" \
        "application_credential_id = $APP_CREDENTIAL_ID" \
        "application_credential_secret = $APP_CREDENTIAL_SECRET"
    cloud application-name "identity_type = keystone" "auth_endpoint = $KEYSTONE_URL" \
        "username = $USER_NAME" "application_credential_name = $APP_CREDENTIAL_NAME" \
        "application_credential_secret = $APP_CREDENTIAL_SECRET"
    cloud swift "identity_type = swift" "auth_endpoint = $TEMPAUTH_URL" \
        "username = $TEMPAUTH_USER" "api_key = $TEMPAUTH_KEY"
} >"$work/good.conf"
{
    cloud wrong-ca "$(by_password)" | sed "s|= $KEYSTONE_URL|= $KEYSTONE_HTTPS_URL|"
    echo "ca_file = $WRONG_CA_FILE"
    cloud no-ca "$(by_password)" | sed "s|= $KEYSTONE_URL|= $KEYSTONE_HTTPS_URL|"
    # whose failures Keystone counts: of a user who logs in elsewhere at the same time that is one write too
    # many for sqlite, and Keystone gives no answer
    cloud wrong-password "identity_type = keystone" "auth_endpoint = $KEYSTONE_URL" \
        "username = $READER_NAME" "password = not-this-one" "tenant_name = $PROJECT_NAME"
    cloud unknown-project "$(by_password "tenant_name = nobodys")"
    cloud unknown-application "identity_type = keystone" "auth_endpoint = $KEYSTONE_URL" \
        "application_credential_id = $UNKNOWN_CREDENTIAL_ID" \
        "application_credential_secret = $UNKNOWN_CREDENTIAL_SECRET"
    cloud version-2 "$(by_password)" | sed "s|= $KEYSTONE_URL|&/v2.0|"
    cloud version-wanted "$(by_password "identity_api_version = 2")"
    cloud wrong-path "$(by_password)" | sed "s|= $KEYSTONE_URL|&/identity/v3|"
    cloud wrong-service "$(by_password)" | sed "s|= $KEYSTONE_URL|= $SWIFT_URL_ONE|"
    cloud wrong-key "identity_type = swift" "auth_endpoint = $TEMPAUTH_URL" \
        "username = $TEMPAUTH_USER" "api_key = not-this-one"
} >"$work/bad.conf"
chmod 600 "$work/good.conf" "$work/bad.conf"

look() { # look CONFIGURATION
    "$build/daemon/latchkeyd" --config "$work/$1.conf" --check --log-level error 2>/dev/null
}

look good >"$work/good.lines"
good=$?
look bad >"$work/bad.lines"
bad=$?
check "all that should log in do" is 0 echo "$good"
check "what should not does not" is 1 echo "$bad"

says() { # says CLOUD PATTERN
    shows "^$1: $2" cat "$work/good.lines" "$work/bad.lines"
}

check "a password, with the version asked for" says root "ok: logged in as $USER_NAME, .* 4 services"
check "over TLS with the own CA" says tls "ok: logged in as $USER_NAME, .* 4 services"
check "a user by id" says userid "ok: logged in as $USER_NAME"
check "unscoped" says unscoped "ok: logged in as $USER_NAME, .* 0 services"
check "for a domain" says domain "ok: logged in as $USER_NAME"
check "a user of another domain" says elsewhere "ok: logged in as $OTHER_USER_NAME, .* 4 services"
check "an application credential by id" says application "ok: logged in as $USER_NAME, .* 4 services"
check "an application credential by name" says application-name "ok: logged in as $USER_NAME"
check "Swift's own login" says swift "ok: logged in as $TEMPAUTH_USER, .* 1 service$"
check "a wrong CA" says wrong-ca "tls-failure: .*ca_file"
check "no CA" says no-ca "tls-failure: "
check "a wrong password" says wrong-password "credentials-rejected: "
check "an unknown project" says unknown-project "credentials-rejected: .*project"
check "an unknown application credential" says unknown-application \
    "credentials-rejected: .*application credential"
check "a version that is not there, with those that are" says version-2 \
    "bad-answer: .* has v3[.0-9]* \($KEYSTONE_URL/v3\)"
check "a version that is asked for and not there" says version-wanted \
    "bad-answer: .* has v3[.0-9]* \($KEYSTONE_URL/v3\), and not"
check "an address with no login" says wrong-path "bad-answer: .*$KEYSTONE_URL/identity/.* 404"
check "another service" says wrong-service "bad-answer: .*$SWIFT_URL_ONE/: it answers with HTTP status"
check "a wrong key of Swift's own" says wrong-key "credentials-rejected: "

# The same clouds as openstacksdk knows them: in clouds.yaml and secure.yaml, and in an openrc's variables.
mkdir "$work/home"
(umask 077 && cat >"$work/home/clouds.yaml" <<END && cat >"$work/home/secure.yaml" <<END2)
clouds:
  yaml-password:
    auth: {auth_url: "$KEYSTONE_HTTPS_URL", username: $USER_NAME, project_name: $PROJECT_NAME,
           user_domain_name: $DOMAIN_NAME, project_domain_name: $DOMAIN_NAME}
    cacert: $CA_FILE
    region_name: RegionOne
  yaml-application:
    auth_type: v3applicationcredential
    auth: {auth_url: "$KEYSTONE_URL/v3", application_credential_id: $APP_CREDENTIAL_ID}
    regions: [RegionTwo, RegionOne]
  yaml-swift:
    auth_type: v1password
    auth: {auth_url: "$TEMPAUTH_URL", username: "$TEMPAUTH_USER"}
END
clouds:
  yaml-password: {auth: {password: "$USER_PASSWORD"}}
  yaml-application: {auth: {application_credential_secret: "$APP_CREDENTIAL_SECRET"}}
  yaml-swift: {auth: {password: "$TEMPAUTH_KEY"}}
END2

check_yaml() {
    cd "$work/home" && HOME=$work/home "$build/daemon/latchkeyd" --check 2>/dev/null
}
check_environment() {
    env OS_AUTH_URL="$KEYSTONE_URL" OS_USERNAME="$USER_NAME" OS_PASSWORD="$USER_PASSWORD" \
        OS_PROJECT_NAME="$PROJECT_NAME" OS_USER_DOMAIN_NAME="$DOMAIN_NAME" \
        OS_PROJECT_DOMAIN_ID="$DOMAIN_ID" OS_REGION_NAME=RegionOne OS_IDENTITY_API_VERSION=3 \
        "$build/daemon/latchkeyd" --from-env --check 2>/dev/null
}
(check_yaml; check_environment) >"$work/good.lines"
check "clouds.yaml: a password out of secure.yaml, over TLS" says yaml-password "ok: logged in as $USER_NAME"
check "clouds.yaml: an application credential" says yaml-application "ok: logged in as $USER_NAME"
check "clouds.yaml: Swift's own login" says yaml-swift "ok: logged in as $TEMPAUTH_USER"
check "an openrc's variables" says envvars "ok: logged in as $USER_NAME, .* 4 services"

# What a login gave, against what Keystone says.
start_daemon logins <"$work/good.conf" || echo "Bail out! no daemon"
check "all clouds are ready" within 20 is 200 status_of logins /health
check "the user" is "$USER_ID" identity_of logins root user.id
check "the project by its name" is "$PROJECT_ID" identity_of logins root tenant.id
check "the project by its id" is "$PROJECT_NAME" identity_of logins tls tenant.name
check "the other domain's user" is "$OTHER_USER_ID" identity_of logins elsewhere user.id
check "the other domain's project" is "$OTHER_PROJECT_ID" identity_of logins elsewhere tenant.id
check "no project without a scope" is None identity_of logins unscoped tenant
check "the roles" shows member identity_of logins root user.roles.name
check "the regions" is "RegionOne RegionTwo" identity_of logins root regions

keystone_says() { # keystone_says CLOUD: whose Keystone says the token is
    "${curl[@]}" -H "X-Auth-Token: $(token_of logins "$1")" \
        -H "X-Subject-Token: $(token_of logins "$1")" "$KEYSTONE_URL/v3/auth/tokens" |
        member token.user.id
}
for name in root tls userid unscoped domain application application-name; do
    check "the token of $name is $USER_NAME's" is "$USER_ID" keystone_says $name
done

endpoint_of() { # endpoint_of CLOUD QUERY
    ask logins "/v1/$1/endpoint?$2" | member url
}
check "an endpoint by its project name" is "$SWIFT_URL_ONE/v1/AUTH_$PROJECT_ID" \
    endpoint_of root service=swift
check "an endpoint of the other region" is "$SWIFT_URL_TWO/v1/AUTH_$PROJECT_ID" \
    endpoint_of root "service=object-store&region=regiontwo"
check "an internal endpoint" shows "^http://localhost:" \
    endpoint_of root "service=object-store&interface=internal"
check "a region is asked for where there are two" is 400 \
    status_of logins "/v1/tls/endpoint?service=object-store"
check "Swift's own catalog" shows "/v1/AUTH_test$" endpoint_of swift service=cloudfiles
check "a service nobody listens for" is 502 status_of logins /v1/root/proxy/dns/zones
check "the raw catalog has no token in it" shows '^0$' \
    bash -c "curl -s --unix-socket '$work/logins.sock' 'http://l/v1/root/catalog?raw=1' | grep -c gAAAA"

# What it leaves behind.
revoked=$(token_of logins root) kept=$(token_of logins tls)
check "the daemon ends well" stop_daemon logins
validate() { # validate TOKEN: what Keystone says of it
    "${curl[@]}" -o /dev/null -w '%{http_code}' -H "X-Auth-Token: $kept" -H "X-Subject-Token: $1" \
        "$KEYSTONE_URL/v3/auth/tokens"
}
check "the token that was to be revoked is dead" is 404 validate "$revoked"
check "the others live" is 200 validate "$kept"
