/* SPDX-License-Identifier: MIT */
/*
 * The state of the whole sandbox cloud: what it was started with, what the control plane changed,
 * what it has counted, and what its services hold. One thread serves one connection; everything
 * below the lock is read and written with it held, and nobody waits or writes to a socket while
 * holding it.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "store.h"
#include "token.h"

#define SANDBOX_TEXT_MAX 256

/* A service that --extra-service adds to the catalog; an empty region is none. */
struct sandbox_service {
    char *name;
    char *type;
    char *region;
    char *url;
};

struct sandbox_options {
    uint16_t port;
    const char *port_file;
    const char *tls_cert;
    const char *tls_key;
    const char *data_directory;
    const char *tenant_id;
    bool die_with_parent;
    bool verbose;
    struct sandbox_service *services;
    size_t service_count;
};

/* What POST /sandbox/settings can change; plain values, so that a copy is an assignment. */
struct sandbox_settings {
    double token_lifetime;
    double login_delay;
    double revocation_delay;
    int login_places; /* 0: any number */
    int login_fault;
    int login_fault_count;
    int retry_after;
    enum clock_format expires_format;
    double clock_offset;
    bool same_token;
    bool omit_tenant;
    char default_region[SANDBOX_TEXT_MAX];
    char username[SANDBOX_TEXT_MAX];
    char api_key[SANDBOX_TEXT_MAX];
    char password[SANDBOX_TEXT_MAX];
};

struct sandbox_times {
    double *values;
    size_t count;
    size_t room;
};

struct sandbox_counters {
    uint64_t logins;
    uint64_t login_failures;
    uint64_t logins_with_token;
    uint64_t logins_at_once;
    uint64_t revocations;
    uint64_t requests;
    uint64_t unauthorized;
    uint64_t dead_token_uses;
    struct sandbox_times login_times;
    struct sandbox_times login_attempt_times;
};

struct sandbox {
    /* Fixed once the sandbox listens. */
    struct sandbox_options options;
    char base_url[64];
    /* Readable once the sandbox is asked to end: whoever waits, waits for this as well. */
    int stop_fd;

    pthread_mutex_t lock;
    struct sandbox_settings start_settings;
    struct sandbox_settings settings;
    struct sandbox_counters counters;
    uint64_t active_transfers;
    int active_logins;       /* asked for and not answered */
    int login_places_in_use; /* of them, those that are worked on */
    uint64_t sequence;
    struct token_table tokens;
    struct store store;
    /* {kind: {region: [resource]}}: servers and load balancers. */
    json_t *resources;
};

int sandbox_init(struct sandbox *s);
void sandbox_done(struct sandbox *s);

struct sandbox *sandbox_lock(struct sandbox *s);
void sandbox_unlock(struct sandbox *s);

static inline void sandbox_unlockp(struct sandbox **s)
{
    if (*s)
        sandbox_unlock(*s);
}

/* The time that the cloud believes it is. */
double sandbox_time(const struct sandbox *s);

void sandbox_times_add(struct sandbox_times *times, double time);

/* Back to what the sandbox was started with; tokens and stored things stay. */
void sandbox_reset(struct sandbox *s);

json_t *sandbox_stats(struct sandbox *s);

json_t *sandbox_settings_show(const struct sandbox_settings *settings);

/* Changes the settings that are named, all or none. What is wrong with them, if anything, is a text
 * to free. */
char *sandbox_settings_change(struct sandbox_settings *settings, const json_t *changes);

#endif
