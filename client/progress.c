/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define DELAY 1000 /* milliseconds before the first bar */
#define INTERVAL 200
#define MAX_WIDTH 160

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void format_size(char *text, size_t size, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;

    while (bytes >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, size, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

void progress_format(char *line, size_t width, int64_t moved, int64_t total, int64_t milliseconds)
{
    char done[32], whole[32], rate[32], figures[160];
    double per_second = milliseconds > 0 ? (double)moved * 1000 / (double)milliseconds : 0;
    long long left;
    int bar, filled;

    format_size(done, sizeof(done), (double)moved);
    format_size(rate, sizeof(rate), per_second);
    if (total <= 0) {
        snprintf(line, width + 1, "%s  %s/s", done, rate);
        return;
    }
    format_size(whole, sizeof(whole), (double)total);
    moved = moved < total ? moved : total;
    left = per_second > 0 ? (long long)((double)(total - moved) / per_second + 0.5) : 0;
    snprintf(figures, sizeof(figures), "  %s of %s  %s/s  %lld:%02lld left", done, whole, rate,
             left / 60, left % 60);

    bar = (int)width - (int)strlen(figures) - 8;
    if (bar < 4) {
        snprintf(line, width + 1, "%3d %%%s", (int)(moved * 100 / total), figures);
        return;
    }
    filled = (int)((double)moved / (double)total * bar);
    snprintf(line, width + 1, "%3d %% [%.*s%*s]%s", (int)(moved * 100 / total), filled,
             "################################################################################"
             "################################################################################",
             bar - filled, "", figures);
}

void progress_start(struct progress *progress, bool enabled)
{
    *progress = (struct progress){.enabled = enabled, .started = now()};
}

void progress_update(struct progress *progress, int64_t moved, int64_t total)
{
    char line[MAX_WIDTH + 1];
    struct winsize size;
    size_t width = 79;
    int64_t t;

    if (!progress->enabled)
        return;
    t = now();
    if (t - progress->started < DELAY || t - progress->drawn < INTERVAL)
        return;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
        width = size.ws_col - 1U < MAX_WIDTH ? size.ws_col - 1U : MAX_WIDTH;
    progress_format(line, width, moved, total, t - progress->started);
    fprintf(stderr, "\r%s\033[K", line);
    progress->drawn = t;
    progress->shown = true;
}

void progress_done(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}
