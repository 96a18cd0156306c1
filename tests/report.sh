# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # the caller has set $work, a directory for what a check says
# A report in TAP, details of failures on standard error, and the questions that checks are made of. For the
# scripts of cloud/ and systemd/.

n=0 failed=0

check() { # check WHAT COMMAND...
    local what=$1 output=$work/output.$BASHPID
    shift
    n=$((n + 1))
    if "$@" >"$output" 2>&1; then
        echo "ok $n - $what"
    else
        failed=$((failed + 1))
        echo "not ok $n - $what"
        { echo "$what: failed:"; tail -n 20 "$output" | cut -c 1-500 | sed 's/^/    /'; } >&2
    fi
}

# Figures, for whoever reads the report.
note() { # note TEXT...
    echo "# $*"
}

within() { # within SECONDS COMMAND...: true once the command is; else what it said at last
    local said end=$((SECONDS + $1 + 1))
    shift
    until said=$("$@" 2>&1); do
        if [ $SECONDS -ge $end ]; then
            echo "$said"
            return 1
        fi
        sleep 0.05
    done
}

is() { # is EXPECTED COMMAND...: the command's output is that
    local expected=$1 actual
    shift
    actual=$("$@")
    echo "expected: $expected"
    echo "actual:   $actual"
    [ "$actual" = "$expected" ]
}

shows() { # shows PATTERN COMMAND...: the command's output has it
    local pattern=$1 actual
    shift
    actual=$("$@")
    echo "looked for: $pattern"
    echo "in: $actual"
    grep -qE -e "$pattern" <<<"$actual"
}

differs() { # differs FORMER COMMAND...: the command says something else now
    local former=$1 actual
    shift
    actual=$("$@")
    echo "former: $former"
    echo "actual: $actual"
    [ -n "$actual" ] && [ "$actual" != "$former" ]
}

hides() { # hides TEXT COMMAND...: the command says something, but not that
    local text=$1 actual
    shift
    actual=$("$@")
    echo "in: $actual"
    [ -n "$actual" ] && ! grep -qFe "$text" <<<"$actual"
}

between() { # between LEAST MOST COMMAND...
    local least=$1 most=$2 actual
    shift 2
    actual=$("$@")
    echo "expected: $least to $most"
    echo "actual:   $actual"
    [ "${actual:-none}" -ge "$least" ] && [ "$actual" -le "$most" ]
}
