/* SPDX-License-Identifier: MIT */
#include "manager.h"

#include "patience.h"
#include "process.h"
#include "raw.h"
#include "stage.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <systemd/sd-bus.h>

#define MANAGER_UNIT_PATH "/org/freedesktop/systemd1/unit/a_2dcaller_40home_2eservice"
#define HELD_MOST 64

/* ---- the bus */

static struct process bus;

const char *manager_bus_path(void)
{
    return stage_path("bus");
}

static bool is_up(void *userdata _unused_)
{
    return raw_connects(manager_bus_path());
}

void manager_start_bus(void)
{
    const char *config = stage_write(
        "bus.conf", 0644,
        stage_text("<busconfig><type>system</type><listen>unix:path=%s</listen>"
                   "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>"
                   "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy>"
                   "</busconfig>",
                   manager_bus_path()));

    process_start(&bus,
                  &(struct process_options){
                      .argv = (const char *const[]){"/usr/bin/dbus-daemon", "--nofork",
                                                    "--nopidfile", "--config-file", config, NULL},
                      .log = stage_path("bus.log"),
                  });
    ck_assert_msg(wait_until(10, is_up, NULL), "%s", stage_read(stage_path("bus.log"), NULL));
}

void manager_stop_bus(void)
{
    process_kill(&bus);
    ck_assert_int_eq(unlink(manager_bus_path()), 0);
}

/* ---- the manager */

struct manager *manager;

static int answer(sd_bus_message *m)
{
    switch (manager->manner) {
    case KNOWS_NONE:
        return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoUnitForPID", "None.");
    case REFUSES:
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "No business of yours.");
    case ANSWERS_NONSENSE:
        return sd_bus_reply_method_return(m, "o", "/elsewhere");
    default:
        return sd_bus_reply_method_return(m, "o", MANAGER_UNIT_PATH);
    }
}

static sd_bus_message *held[HELD_MOST];
static size_t n_held;

static int on_message(sd_bus_message *m, void *userdata _unused_, sd_bus_error *error _unused_)
{
    uint32_t pid;

    if (!sd_bus_message_is_method_call(m, "org.freedesktop.systemd1.Manager", "GetUnitByPID"))
        return 0;
    if (sd_bus_message_read(m, "u", &pid) < 0)
        _exit(1);
    manager->pid = (pid_t)pid;
    manager->asked++;
    if (manager->manner != HOLDS)
        return answer(m);
    held[n_held++] = sd_bus_message_ref(m);
    return 1;
}

static void release(void)
{
    while (n_held > 0) {
        (void)answer(held[--n_held]);
        sd_bus_message_unref(held[n_held]);
    }
}

static void be_manager(void)
{
    sd_bus *b;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("DBUS_SYSTEM_BUS_ADDRESS", stage_text("unix:path=%s", manager_bus_path()), true);
    if (sd_bus_open_system(&b) < 0 || sd_bus_add_filter(b, NULL, on_message, NULL) < 0 ||
        sd_bus_request_name(b, "org.freedesktop.systemd1", 0) < 0)
        _exit(1);
    manager->up++;
    for (;;) {
        int r = sd_bus_process(b, NULL);

        if (manager->manner != HOLDS)
            release();
        if (r == 0)
            r = sd_bus_wait(b, 10000);
        if (r < 0)
            _exit(0); /* the bus is gone */
    }
}

struct wish {
    volatile unsigned *what;
    unsigned value;
};

static bool has_come(void *userdata)
{
    const struct wish *w = userdata;

    return *w->what >= w->value;
}

static void wait_for(volatile unsigned *what, unsigned value)
{
    struct wish w = {what, value};

    ck_assert(wait_until(10, has_come, &w));
}

void manager_wait_asked(unsigned times)
{
    wait_for(&manager->asked, times);
}

void manager_start(void)
{
    unsigned before = manager->up;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0)
        be_manager();
    wait_for(&manager->up, before + 1);
}

void manager_prepare(void)
{
    manager =
        mmap(NULL, sizeof(*manager), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(manager, MAP_FAILED);
}
