/* SPDX-License-Identifier: MIT */
/* The settings as JSON, both ways: one table says the name, the place and the type of each. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "fault.h"
#include "sandbox.h"

enum setting_type {
    SETTING_SECONDS,
    SETTING_SHIFT,
    SETTING_INTEGER,
    SETTING_COUNT,
    SETTING_FLAG,
    SETTING_TEXT,
    SETTING_FAULT,
    SETTING_FORMAT,
};

static const struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;
} settings_table[] = {
    {"token_lifetime", SETTING_SECONDS, offsetof(struct sandbox_settings, token_lifetime)},
    {"login_delay", SETTING_SECONDS, offsetof(struct sandbox_settings, login_delay)},
    {"revocation_delay", SETTING_SECONDS, offsetof(struct sandbox_settings, revocation_delay)},
    {"login_places", SETTING_INTEGER, offsetof(struct sandbox_settings, login_places)},
    {"login_fault", SETTING_FAULT, offsetof(struct sandbox_settings, login_fault)},
    {"login_fault_count", SETTING_COUNT, offsetof(struct sandbox_settings, login_fault_count)},
    {"retry_after", SETTING_INTEGER, offsetof(struct sandbox_settings, retry_after)},
    {"expires_format", SETTING_FORMAT, offsetof(struct sandbox_settings, expires_format)},
    {"clock_offset", SETTING_SHIFT, offsetof(struct sandbox_settings, clock_offset)},
    {"same_token", SETTING_FLAG, offsetof(struct sandbox_settings, same_token)},
    {"omit_tenant", SETTING_FLAG, offsetof(struct sandbox_settings, omit_tenant)},
    {"default_region", SETTING_TEXT, offsetof(struct sandbox_settings, default_region)},
    {"username", SETTING_TEXT, offsetof(struct sandbox_settings, username)},
    {"api_key", SETTING_TEXT, offsetof(struct sandbox_settings, api_key)},
    {"password", SETTING_TEXT, offsetof(struct sandbox_settings, password)},
};

static json_t *show(const struct setting *setting, const struct sandbox_settings *settings)
{
    const void *place = (const char *)settings + setting->offset;

    switch (setting->type) {
    case SETTING_SECONDS:
    case SETTING_SHIFT:
        return json_real(*(const double *)place);
    case SETTING_INTEGER:
    case SETTING_COUNT:
        return json_integer(*(const int *)place);
    case SETTING_FLAG:
        return json_boolean(*(const bool *)place);
    case SETTING_TEXT:
        return json_string(place);
    case SETTING_FAULT:
        return json_string(fault_name(*(const int *)place));
    case SETTING_FORMAT:
        return json_string(clock_format_name(*(const enum clock_format *)place));
    }
    return NULL;
}

json_t *sandbox_settings_show(const struct sandbox_settings *settings)
{
    json_t *shown = json_object();

    for (size_t i = 0; i < ARRAY_SIZE(settings_table); i++)
        json_object_set_new(shown, settings_table[i].name, show(&settings_table[i], settings));
    return shown;
}

static bool change_number(double *place, const json_t *value, double least)
{
    double number = json_number_value(value);

    if (!json_is_number(value) || !isfinite(number) || number < least || number > 1e9)
        return false;
    *place = number;
    return true;
}

static bool change_integer(int *place, const json_t *value, int least)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < least || number > 1000000000)
        return false;
    *place = (int)number;
    return true;
}

static bool change_text(char *place, const json_t *value)
{
    if (!json_is_string(value) || json_string_length(value) >= SANDBOX_TEXT_MAX)
        return false;
    strcpy(place, json_string_value(value));
    return true;
}

static bool change(const struct setting *setting, struct sandbox_settings *settings,
                   const json_t *value)
{
    void *place = (char *)settings + setting->offset;
    const char *name = json_string_value(value);

    switch (setting->type) {
    case SETTING_SECONDS:
        return change_number(place, value, 0);
    case SETTING_SHIFT:
        return change_number(place, value, -1e9);
    case SETTING_INTEGER:
        return change_integer(place, value, 0);
    case SETTING_COUNT:
        /* -1 is for ever. */
        return change_integer(place, value, -1);
    case SETTING_FLAG:
        *(bool *)place = json_is_true(value);
        return json_is_boolean(value);
    case SETTING_TEXT:
        return change_text(place, value);
    case SETTING_FAULT:
        return name && fault_from_name(name, place) >= 0;
    case SETTING_FORMAT:
        return name && clock_format_from_name(name, place) >= 0;
    }
    return false;
}

static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings_table); i++)
        if (strcmp(settings_table[i].name, name) == 0)
            return &settings_table[i];
    return NULL;
}

static char *complaint(const char *what, const char *name)
{
    char *text;

    return asprintf(&text, "%s: %s", name, what) < 0 ? NULL : text;
}

char *sandbox_settings_change(struct sandbox_settings *settings, const json_t *changes)
{
    struct sandbox_settings changed = *settings;
    const char *name;
    json_t *value;
    /* jansson's iteration wants the object writable, though it only looks. */
    json_auto_t *copy = json_copy((json_t *)(uintptr_t)changes);

    if (!json_is_object(copy))
        return complaint("a JSON object is wanted", "settings");

    /* A fault set without a count lasts until it is set back. */
    if (json_object_get(copy, "login_fault"))
        changed.login_fault_count = -1;

    json_object_foreach (copy, name, value) {
        const struct setting *setting = find(name);

        if (!setting)
            return complaint("there is no such setting", name);
        if (!change(setting, &changed, value))
            return complaint("that is no value for this setting", name);
    }
    *settings = changed;
    return NULL;
}
