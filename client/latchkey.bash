# SPDX-License-Identifier: MIT
# bash completion for latchkey(1).
# shellcheck shell=bash
#
# Names of clouds, services and regions come from the daemon, if one answers within a second.

_latchkey_ask() { # _latchkey_ask COLUMN VERB...: a column of a table, without its heading
    local column=$1
    shift
    "$_latchkey_command" --timeout 1 "${_latchkey_options[@]}" "$@" 2>/dev/null |
        awk -v column="$column" 'NR > 1 && $column != "-" { print $column }' | sort -u
}

_latchkey() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local _latchkey_command=${COMP_WORDS[0]} _latchkey_options=()
    local verb='' operands=0 words='' word i
    local verbs='status identity token catalog endpoint request login logout refresh env run'
    local common='--socket --cloud --json --timeout --help --version'

    # bash takes --option=value apart into three words, and other words at their : and = too
    [[ $current == '=' ]] && current=''
    [[ $previous == '=' ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --socket | --cloud | --timeout | --min-ttl | --region | --interface | --service | -H | \
            --header | -d | --data | -T | --upload-file | -o | --output)
            ((i++))
            [[ ${COMP_WORDS[i]} == '=' ]] && ((i++))
            [[ $word == --socket || $word == --cloud ]] && ((i < COMP_CWORD)) &&
                _latchkey_options+=("$word" "${COMP_WORDS[i]}")
            ;;
        [=:]*) ((i++)) ;;
        -*) ;;
        *)
            if [[ -z $verb ]]; then
                verb=$word
            else
                ((operands++))
            fi
            ;;
        esac
    done

    if [[ $verb == run && $operands -gt 0 ]]; then
        declare -F _command_offset >/dev/null || return
        for ((i = 1; i < COMP_CWORD; i++)); do
            [[ ${COMP_WORDS[i]} == run ]] && break
        done
        _command_offset $((i + 1))
        return
    fi

    case $previous in
    --cloud) words=$(_latchkey_ask 1 status) ;;
    --region) words=$(_latchkey_ask 3 catalog) ;;
    --service) words=$(_latchkey_ask 1 catalog) ;;
    --interface) words='public internal admin' ;;
    --timeout | --min-ttl | -H | --header | -d | --data) return ;;
    --socket | -T | --upload-file | -o | --output)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    *)
        case $verb:$operands:$current in
        status:*:-*) words="$common --watch" ;;
        token:*:-*) words="$common --min-ttl" ;;
        catalog:*:-* | endpoint:*:-*) words="$common --region --interface" ;;
        request:*:-*)
            words="$common --region --interface --header --data --upload-file --output --include"
            ;;
        login:*:-*) words="$common --password" ;;
        env:*:-* | run:*:-*) words="$common --min-ttl --region --service" ;;
        *:-*) words=$common ;;
        :*) words=$verbs ;;
        catalog:0:* | endpoint:0:* | request:1:*) words=$(_latchkey_ask 1 catalog) ;;
        request:0:*) words='GET HEAD PUT POST PATCH DELETE COPY' ;;
        run:0:*)
            mapfile -t COMPREPLY < <(compgen -c -- "$current")
            return
            ;;
        esac
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$current"
}

complete -F _latchkey latchkey
