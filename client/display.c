/* SPDX-License-Identifier: MIT */
#include "display.h"

#include <errno.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* The next character of the text and how many bytes it takes; what is none counts as a control one.
 */
static size_t next_character(const char *text, wchar_t *ret)
{
    mbstate_t state = {};
    size_t n = mbrtowc(ret, text, strlen(text), &state);

    if (n == 0 || n > strlen(text)) {
        *ret = L'\1';
        return 1;
    }
    return n;
}

static size_t display_width(const char *text)
{
    size_t width = 0;

    for (; *text;) {
        wchar_t c;
        int w;

        text += next_character(text, &c);
        w = wcwidth(c);
        width += w < 0 ? 1 : (size_t)w;
    }
    return width;
}

void display_text(FILE *out, const char *text)
{
    if (!text)
        text = "-";
    while (*text) {
        wchar_t c;
        size_t n = next_character(text, &c);

        if (wcwidth(c) < 0)
            fputc('?', out);
        else
            fwrite(text, 1, n, out);
        text += n;
    }
}

void display_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    fputc('\'', out);
}

const char *display_duration(char buffer[static DURATION_SIZE], int64_t seconds)
{
    static const struct {
        int64_t unit, part;
        const char *unit_name, *part_name;
    } scales[] = {{86400, 3600, "d", "h"}, {3600, 60, "h", "min"}, {60, 1, "min", "s"}};

    if (seconds < 0)
        return strcpy(buffer, "-");
    for (size_t i = 0; i < ARRAY_SIZE(scales); i++)
        if (seconds >= scales[i].unit) {
            snprintf(buffer, DURATION_SIZE, "%lld %s %lld %s",
                     (long long)(seconds / scales[i].unit), scales[i].unit_name,
                     (long long)(seconds % scales[i].unit / scales[i].part), scales[i].part_name);
            return buffer;
        }
    snprintf(buffer, DURATION_SIZE, "%lld s", (long long)seconds);
    return buffer;
}

int table_add(struct table *table, const char *const cells[TABLE_COLUMNS])
{
    char *(*rows)[TABLE_COLUMNS] = reallocarray(table->rows, table->n_rows + 1, sizeof(*rows));

    if (!rows)
        return -ENOMEM;
    table->rows = rows;
    memset(rows[table->n_rows], 0, sizeof(*rows));
    table->n_rows++;
    for (size_t i = 0; i < table->n_columns; i++) {
        rows[table->n_rows - 1][i] = strdup(cells[i] ? cells[i] : "-");
        if (!rows[table->n_rows - 1][i])
            return -ENOMEM;
    }
    return 0;
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = 0;

    for (size_t i = 0; i < table->n_rows; i++) {
        size_t w = display_width(table->rows[i][column]);

        width = w > width ? w : width;
    }
    return width;
}

/* Padding waits for the next cell with something in it, so that no line ends in blanks. */
static void print_row(FILE *out, char *const cells[], const size_t widths[], size_t n)
{
    size_t padding = 0;

    for (size_t i = 0; i < n; i++) {
        if (*cells[i]) {
            fprintf(out, "%*s", (int)padding, "");
            display_text(out, cells[i]);
            padding = 0;
        }
        padding += widths[i] - display_width(cells[i]) + 2;
    }
    fputc('\n', out);
}

void table_print(FILE *out, const struct table *table)
{
    size_t widths[TABLE_COLUMNS];

    for (size_t i = 0; i < table->n_columns; i++)
        widths[i] = column_width(table, i);
    for (size_t row = 0; row < table->n_rows; row++)
        print_row(out, table->rows[row], widths, table->n_columns);
}

void table_done(struct table *table)
{
    for (size_t row = 0; row < table->n_rows; row++)
        for (size_t i = 0; i < table->n_columns; i++)
            free(table->rows[row][i]);
    free(table->rows);
    *table = (struct table){};
}
