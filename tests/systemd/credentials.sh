# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # common.sh has set what is not set here
# The ways in which systemd passes a credential, and users that the daemon runs as.

check_rejected() {
    write_credential mistyped
    check "refused credentials are no failure to start" systemctl restart latchkeyd.service
    check "the status says that they were" shows '^0 of 1 clouds ready; rackspace is rejected' \
        unit StatusText
    write_credential $key
    systemctl restart latchkeyd.service
    check "another file in the credential store takes effect with a restart" \
        is '1 of 1 clouds ready' unit StatusText
}

check_trial() { # the command that README.md and latchkeyd(8) have
    trial() {
        systemd-run -q --pipe --wait -p User=latchkey -p LoadCredential=rackspace latchkeyd --check
    }
    check "--check under systemd-run finds the credential" shows '^rackspace: ok: ' trial
    write_credential mistyped
    check "and says what is wrong with it" shows '^rackspace: credentials-rejected: ' trial
    write_credential $key
}

# With the host's key: there is no TPM in a box.
check_encrypted() {
    local store=/etc/credstore.encrypted
    install -d -m 700 $store
    systemd-creds encrypt -q --with-key=host --name=rackspace $credential $store/rackspace
    check "the encrypted credential does not show the key" hides $key base64 -d $store/rackspace
    rm $credential
    drop_in encrypted LoadCredentialEncrypted=rackspace
    systemctl restart latchkeyd.service
    check "an encrypted credential logs in" is '1 of 1 clouds ready' unit StatusText
    check "what it was decrypted to is for the daemon's user only" \
        shows '^(400 latchkey|440 root)$' stat -c '%a %U' /run/credentials/latchkeyd.service/rackspace
    check "and not to be had by a member of its socket's group" \
        is 1 status_of runuser -u member -- cat /run/credentials/latchkeyd.service/rackspace
    no_drop_ins
    rm -r $store
    write_credential $key
}

check_dynamic_user() {
    drop_in dynamic DynamicUser=yes User= Group=
    systemctl restart latchkeyd.service
    check "as a dynamic user it logs in with its credential" is '1 of 1 clouds ready' unit StatusText
    check "that user is no static one" shows '^Uid:[[:space:]]*6[1-5][0-9]{3}\b' process status
    check "members of the socket's group ask it as before" shows '^[^ ]{8,}$' \
        runuser -u member -- latchkey token
    check "and nobody else does" is 3 status_of runuser -u stranger -- latchkey token
    no_drop_ins
    systemctl restart latchkeyd.service
}
