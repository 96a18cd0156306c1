/* SPDX-License-Identifier: MIT */
#include "store.h"

#include "log.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3 */
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define NAME_START "session-"
#define SLOTS 2
#define SLOT_FORMAT NAME_START "%u-%s"

/* How many descriptors systemd keeps, when it does not say so (since version 254 it does): the
 * unit's FileDescriptorStoreMax=. What is too many it closes without a word. */
#define DESCRIPTORS_MOST 1024
/* All names are one string in the next process's environment, where none may be longer than 128 KiB; the
 * rest is for the sockets'. */
#define NAMES_MOST ((size_t)120 * 1024)

/* With these nobody changes it any more, we neither. */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* What is known of one cloud. */
struct kept {
    char *cloud;
    bool is_used[SLOTS];        /* which of its names systemd has */
    struct store_record *found; /* what came back and was not taken yet; NULL: nothing */
};

struct store {
    bool is_there;                    /* there is somebody to keep things */
    char boot[STORE_BOOT_LENGTH + 1]; /* zeros: not to be known */
    struct kept *kept;
    size_t n;

    size_t descriptors, names; /* that systemd has, and how long their names are in all */
    size_t descriptors_most;
    bool was_full; /* and that has been said */
};

/* ---- what is known of whom */

static struct kept *find(const struct store *s, const char *cloud)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->kept[i].cloud, cloud))
            return &s->kept[i];
    return NULL;
}

static struct kept *find_or_add(struct store *s, const char *cloud)
{
    struct kept *found = find(s, cloud), *grown;

    if (found)
        return found;
    grown = reallocarray(s->kept, s->n + 1, sizeof(*grown));
    if (!grown)
        return NULL;
    s->kept = grown;
    grown[s->n] = (struct kept){.cloud = strdup(cloud)};
    return grown[s->n].cloud ? &grown[s->n++] : NULL;
}

/* ---- what is said to systemd */

static void take_out(const struct store *s, const char *name)
{
    if (s->is_there)
        (void)sd_notifyf(false, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

static size_t name_length(const struct kept *k)
{
    return strlen(NAME_START "0-") + strlen(k->cloud) + strlen(":");
}

static void use_slot(struct store *s, struct kept *k, unsigned slot)
{
    if (k->is_used[slot])
        return;
    k->is_used[slot] = true;
    s->descriptors++;
    s->names += name_length(k);
}

/* One more; and where the cloud has none yet, another one when that is renewed. */
static bool has_room(const struct store *s, const struct kept *k)
{
    size_t more = k->is_used[0] || k->is_used[1] ? 1 : 2;

    return s->descriptors + more <= s->descriptors_most &&
           s->names + more * name_length(k) <= NAMES_MOST;
}

static void take_slot_out(struct store *s, struct kept *k, unsigned slot)
{
    _cleanup_(freep) char *name = NULL;

    if (!k->is_used[slot])
        return;
    if (asprintf(&name, SLOT_FORMAT, slot, k->cloud) < 0)
        name = NULL;
    else
        take_out(s, name);
    k->is_used[slot] = false;
    s->descriptors--;
    s->names -= name_length(k);
}

static void kept_done(struct kept *k)
{
    free(k->cloud);
    store_record_free(k->found);
}

/* The last one takes its place. */
static void remove_kept(struct store *s, struct kept *k)
{
    for (unsigned slot = 0; slot < SLOTS; slot++)
        take_slot_out(s, k, slot);
    kept_done(k);
    *k = s->kept[--s->n];
}

/* FDPOLL: a memfd cannot be polled, and systemd is not to try. */
static int send_fd(struct store *s, struct kept *k, unsigned slot, int fd)
{
    _cleanup_(freep) char *message = NULL;
    int r;

    if (asprintf(&message, "FDSTORE=1\nFDPOLL=0\nFDNAME=" SLOT_FORMAT, slot, k->cloud) < 0) {
        message = NULL;
        return -ENOMEM;
    }
    r = sd_pid_notify_with_fds(0, false, message, &fd, 1);
    if (r < 0)
        return r;
    use_slot(s, k, slot);
    return 0;
}

/* ---- memfds */

/* Not to be run: kernels that know of that warn of who does not say so. */
static int make_memfd(void)
{
    int fd = memfd_create("latchkeyd-session", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("latchkeyd-session", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);

        if (n < 0)
            return -errno;
        data += n;
        length -= (size_t)n;
    }
    return 0;
}

static int seal(const char *data, size_t length, int *ret)
{
    _cleanup_(closep) int fd = make_memfd();
    int r;

    if (fd < 0)
        return fd;
    if (fchmod(fd, 0600) < 0)
        return -errno;
    r = write_all(fd, data, length);
    if (r < 0)
        return r;
    if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        return -errno;
    *ret = TAKE_FD(fd);
    return 0;
}

/* -EBADMSG: it is no memfd that nobody can change any more, or too large. It is looked at before it is read, so
 * that nobody has us wait at a pipe, or read a file for ever. */
static int read_sealed(int fd, char **ret, size_t *ret_length)
{
    _cleanup_(secret_freep) char *text = NULL;
    struct stat st;
    size_t length, done = 0;
    int seals = fcntl(fd, F_GET_SEALS);

    if (fstat(fd, &st) < 0)
        return -errno;
    if (seals < 0 || (seals & SEALS) != SEALS || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
        st.st_size > (off_t)STORE_DOCUMENT_MOST)
        return -EBADMSG;
    length = (size_t)st.st_size;
    text = secret_malloc(length);
    if (!text)
        return -ENOMEM;
    while (done < length) {
        ssize_t n = pread(fd, text + done, length - done, (off_t)done);

        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    *ret = TAKE_PTR(text);
    *ret_length = length;
    return 0;
}

/* ---- what came back */

bool store_has_name(const char *name)
{
    return strncmp(name, NAME_START, strlen(NAME_START)) == 0;
}

/* Nothing in it would be another line to systemd. */
static bool is_plain(const char *name)
{
    for (const char *p = name; *p; p++)
        if (*p < ' ' || *p > '~')
            return false;
    return true;
}

/* "session-SLOT-CLOUD" */
static bool parse_name(const char *name, unsigned *ret_slot, const char **ret_cloud)
{
    const char *rest = name + strlen(NAME_START);

    if (*rest < '0' || *rest >= '0' + SLOTS || rest[1] != '-')
        return false;
    *ret_slot = (unsigned)(*rest - '0');
    *ret_cloud = rest + 2;
    return true;
}

static bool is_newer(const struct store_record *a, const struct store_record *b)
{
    if (a->session->generation != b->session->generation)
        return a->session->generation > b->session->generation;
    return a->session->obtained > b->session->obtained;
}

static void keep_newest(struct kept *k, struct store_record *record)
{
    if (k->found && is_newer(k->found, record)) {
        store_record_free(record);
        return;
    }
    store_record_free(k->found);
    k->found = record;
}

/* 0; or a negative errno, with -EBADMSG what is wrong in ret_wrong, static. */
static int take_in(struct store *s, int fd, const char *name, const char **ret_wrong)
{
    _cleanup_(store_record_freep) struct store_record *record = NULL;
    _cleanup_(secret_freep) char *text = NULL;
    size_t length = 0;
    const char *cloud;
    struct kept *k;
    unsigned slot;
    int r;

    *ret_wrong = "name";
    if (!parse_name(name, &slot, &cloud))
        return -EBADMSG;
    *ret_wrong = "kind of descriptor";
    r = read_sealed(fd, &text, &length);
    if (r >= 0)
        r = store_decode(text, length, s->boot, clock_boottime(), &record, ret_wrong);
    if (r < 0)
        return r;
    *ret_wrong = "cloud";
    if (strcmp(record->cloud, cloud) != 0)
        return -EBADMSG;
    k = find_or_add(s, cloud);
    if (!k)
        return -ENOMEM;
    use_slot(s, k, slot);
    keep_newest(k, TAKE_PTR(record));
    return 0;
}

void store_add_passed(struct store *s, int fd, const char *name)
{
    _cleanup_(closep) int owned = fd;
    const char *wrong;
    int r;

    if (!is_plain(name)) {
        log_warning("descriptor %d, passed as a session, is not used: its name is not one", owned);
        return;
    }
    r = take_in(s, fd, name, &wrong);
    if (r == 0)
        return;
    if (r == -EBADMSG)
        log_warning("what systemd has kept as %s is not used: its %s is not right", name, wrong);
    else
        log_warning("what systemd has kept as %s is not used: %s", name, strerror(-r));
    take_out(s, name);
}

struct store_record *store_take(struct store *s, const char *cloud)
{
    struct kept *k = s ? find(s, cloud) : NULL;

    return k ? TAKE_PTR(k->found) : NULL;
}

void store_remove_untaken(struct store *s)
{
    for (size_t i = s->n; i-- > 0;) {
        if (!s->kept[i].found)
            continue;
        log_info("the session of cloud %s from before the restart is dropped: there is no such "
                 "cloud any more",
                 s->kept[i].cloud);
        remove_kept(s, &s->kept[i]);
    }
}

/* ---- what is to outlive us */

static int put(struct store *s, struct kept *k, unsigned slot, const struct store_record *record)
{
    _cleanup_(secret_freep) char *text = NULL;
    _cleanup_(closep) int fd = -1;
    size_t length = 0;
    int r = store_encode(record, s->boot, &text, &length);

    if (r >= 0)
        r = seal(text, length, &fd);
    return r < 0 ? r : send_fd(s, k, slot, fd);
}

void store_put(struct store *s, const struct store_record *record)
{
    struct kept *k;
    unsigned slot;
    int r = -ENOMEM;

    if (!s || !s->is_there)
        return;
    k = find_or_add(s, record->cloud);
    slot = k && k->is_used[0] ? 1 : 0;
    if (k) {
        take_slot_out(s, k, slot); /* both are there after a crash between the two */
        r = has_room(s, k) ? put(s, k, slot, record) : -ENOSPC;
        /* Also when there is no new one: a token that is not the last one any more is not to come back. */
        take_slot_out(s, k, 1 - slot);
    }
    if (r == -ENOSPC && !s->was_full)
        log_warning("the session of cloud %s, and perhaps of others, will not outlive a restart: "
                    "systemd keeps "
                    "%zu descriptors, with names of up to %zu KiB; raise FileDescriptorStoreMax=, "
                    "and before "
                    "systemd 254 have Environment=FDSTORE= say the same",
                    record->cloud, s->descriptors_most, NAMES_MOST / 1024);
    if (r == -ENOSPC)
        s->was_full = true;
    else if (r < 0)
        log_warning("the session of cloud %s will not outlive a restart: %s", record->cloud,
                    strerror(-r));
}

void store_remove(struct store *s, const char *cloud)
{
    struct kept *k = s ? find(s, cloud) : NULL;

    if (k)
        remove_kept(s, k);
}

/* ---- life */

static size_t descriptors_most(void)
{
    const char *most = getenv("FDSTORE");

    return most && *most ? strtoul(most, NULL, 10) : DESCRIPTORS_MOST;
}

int store_new(struct store **ret)
{
    struct store *s = calloc(1, sizeof(*s));
    const char *socket = getenv("NOTIFY_SOCKET");
    sd_id128_t boot;

    if (!s)
        return -ENOMEM;
    s->is_there = socket && *socket;
    s->descriptors_most = descriptors_most();
    /* With ProcSubset=pid nobody tells us. That is no harm: memory does not outlive its boot. */
    if (sd_id128_get_boot(&boot) < 0)
        boot = SD_ID128_NULL;
    (void)sd_id128_to_string(boot, s->boot);
    *ret = s;
    return 0;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        kept_done(&s->kept[i]);
    free(s->kept);
    free(s);
}
