# SPDX-License-Identifier: MIT
# Makes the table of run.sh from its samples: lines of WHAT, UNIT, PEER and VALUE with tabs between them.
# Each cell of a peer is the median, over the rounds, of latchkeyd's value divided by the peer's, and the
# median of the peer's values behind it.

function median(list, n,    i, j, held) {
    for (i = 2; i <= n; i++) {
        held = list[i]
        for (j = i - 1; j >= 1 && list[j] > held; j--)
            list[j + 1] = list[j]
        list[j + 1] = held
    }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function figure(value,    size) {
    size = value < 0 ? -value : value
    return sprintf(size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", value)
}

function median_of(what, peer,    list, i) {
    for (i = 1; i <= count[what, peer]; i++)
        list[i] = value[what, peer, i]
    return median(list, count[what, peer])
}

# Round by round, for what the machine did in a round was done to both.
function ratio(what, peer,    list, i, n) {
    n = 0
    for (i = 1; i <= count[what, peer] && i <= count[what, "latchkeyd"]; i++)
        if (value[what, peer, i] != 0)
            list[++n] = value[what, "latchkeyd", i] / value[what, peer, i]
    return n ? sprintf("%.2f", median(list, n)) : "-"
}

function cell(what, peer) {
    if (!count[what, peer])
        return ""
    if (peer == "latchkeyd" || !count[what, "latchkeyd"])
        return figure(median_of(what, peer))
    return ratio(what, peer) " (" figure(median_of(what, peer)) ")"
}

# Counts what awk takes for bytes as characters.
function pad(text, width,    bytes) {
    bytes = gsub(/µ/, "&", text) * (length("µ") - 1)
    return sprintf("%-" width + bytes "s", text)
}

function line(what, unit,    i, text) {
    if (form == "markdown") {
        text = "| " what " | " unit " |"
        for (i = 1; i <= columns; i++)
            text = text " " (what in known ? cell(what, column[i]) : column[i]) " |"
    } else {
        text = pad(what, widest) "  " pad(unit, 7)
        for (i = 1; i <= columns; i++)
            text = text sprintf(i == 1 ? " %10s" : " %15s", what in known ? cell(what, column[i]) : column[i])
    }
    sub(/ +$/, "", text)
    print text
}

BEGIN {
    FS = "\t"
    columns = split("latchkeyd nginx haproxy oidc-agent floor", column, " ")
}

{
    if (!($1 in known)) {
        known[$1] = $2
        order[++rows] = $1
        if (length($1) > widest)
            widest = length($1)
    }
    value[$1, $3, ++count[$1, $3]] = $4
}

END {
    line("what", "unit")
    if (form == "markdown")
        print "|---|---|---:|---:|---:|---:|---:|"
    for (i = 1; i <= rows; i++)
        line(order[i], known[order[i]])
}
