/* SPDX-License-Identifier: MIT */
#include "secrets.h"

#include "stage.h"

#include <pthread.h>
#include <string.h>

struct texts {
    char **items;
    size_t n;
};

static struct texts secrets, notes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void add(struct texts *t, const char *text)
{
    t->items = reallocarray(t->items, t->n + 1, sizeof(char *));
    ck_assert_ptr_nonnull(t->items);
    t->items[t->n] = strdup(text);
    ck_assert_ptr_nonnull(t->items[t->n]);
    t->n++;
}

static void forget(struct texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->items[i]);
    free(t->items);
    *t = (struct texts){0};
}

void secrets_add(const char *secret)
{
    pthread_mutex_lock(&lock);
    if (*secret && (secrets.n == 0 || !secrets_find(secret, strlen(secret))))
        add(&secrets, secret);
    pthread_mutex_unlock(&lock);
}

void secrets_note(const char *text)
{
    pthread_mutex_lock(&lock);
    add(&notes, text);
    pthread_mutex_unlock(&lock);
}

const char *secrets_find(const char *text, size_t length)
{
    for (size_t i = 0; i < secrets.n; i++)
        if (memmem(text, length, secrets.items[i], strlen(secrets.items[i])))
            return secrets.items[i];
    return NULL;
}

static const char *find_complaint(const char *text)
{
    static const char *const complaints[] = {
        "AddressSanitizer", "LeakSanitizer",           "ThreadSanitizer",
        "MemorySanitizer",  "runtime error:",          "Invalid read of size",
        "Invalid write of", "uninitialised value",     "definitely lost: 1",
        "Invalid free()",   "*** buffer overflow",     "double free",
        "Assertion",        "locked memory were lost",
    };

    for (size_t i = 0; i < ARRAY_SIZE(complaints); i++)
        if (strstr(text, complaints[i]))
            return complaints[i];
    return NULL;
}

void secrets_demand_clean_log(const char *path)
{
    size_t length;
    const char *log = stage_read(path, &length), *secret = secrets_find(log, length);
    const char *complaint = find_complaint(log);

    ck_assert_msg(!secret, "%s holds the secret %s", path, secret);
    ck_assert_msg(!complaint, "%s complains: %s", path, complaint);
}

void secrets_demand_clean_notes(void)
{
    for (size_t i = 0; i < notes.n; i++) {
        const char *secret = secrets_find(notes.items[i], strlen(notes.items[i]));

        ck_assert_msg(!secret, "the secret %s was answered: %s", secret, notes.items[i]);
    }
    forget(&notes);
    forget(&secrets);
}
