# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # checks.sh has set what is not set here
# An application credential whose own end is near: it caps the token, and is refused afterwards.

# A new one, for a start takes as long as it takes.
ENDING_AT=$(($(date +%s) + 22))
created=$("${curl[@]}" -H 'Content-Type: application/json' "$KEYSTONE_URL/v3/users/$USER_ID/application_credentials" \
    -H "X-Auth-Token: $("${curl[@]}" -o /dev/null -D - -H 'Content-Type: application/json' \
        "$KEYSTONE_URL/v3/auth/tokens" -d @- <<END | tr -d '\r' | sed -n 's/^X-Subject-Token: //ip'
{"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": "$USER_ID",
    "password": "$USER_PASSWORD"}}}, "scope": {"project": {"id": "$PROJECT_ID"}}}}
END
)" -d @- <<END
{"application_credential": {"name": "ends-soon", "expires_at": "$(date -u -d "@$ENDING_AT" +%FT%T)"}}
END
)
start_daemon ending <<END || echo "Bail out! no daemon"
$(cloud ending "identity_type = keystone" "auth_endpoint = $KEYSTONE_URL" \
    "application_credential_id = $(member application_credential.id <<<"$created")" \
    "application_credential_secret = $(member application_credential.secret <<<"$created")")
END

check "an application credential that ends soon logs in" within 10 is ready identity_of ending ending state
check "the token ends with it" between $((ENDING_AT - $(date +%s) - 5)) $((ENDING_AT - $(date +%s) + 1)) \
    identity_of ending ending expires_in
sleep $((ENDING_AT > $(date +%s) ? ENDING_AT - $(date +%s) : 0))
check "when it is over, it is refused" within 20 is rejected identity_of ending ending state
check "which makes no storm of logins" between 1 6 logins_of ending ending
check "the daemon ends well" stop_daemon ending
