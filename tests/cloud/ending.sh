# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # checks.sh has set what is not set here
# An application credential whose own end is near: it caps the token, and is refused afterwards.

start_daemon ending <<END || echo "Bail out! no daemon"
$(cloud ending "identity_type = keystone" "auth_endpoint = $KEYSTONE_URL" \
    "application_credential_id = $ENDING_CREDENTIAL_ID" \
    "application_credential_secret = $ENDING_CREDENTIAL_SECRET")
END

check "an application credential that ends soon logs in" within 10 is ready identity_of ending ending state
check "the token ends with it" between $((ENDING_AT - $(date +%s) - 3)) $((ENDING_AT - $(date +%s) + 1)) \
    identity_of ending ending expires_in
sleep $((ENDING_AT > $(date +%s) ? ENDING_AT - $(date +%s) : 0))
check "when it is over, it is refused" within 20 is rejected identity_of ending ending state
check "which makes no storm of logins" between 1 6 logins_of ending ending
check "the daemon ends well" stop_daemon ending
