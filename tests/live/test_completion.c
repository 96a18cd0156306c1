/* SPDX-License-Identifier: MIT */
/* What bash offers to whom types a command line: the words as bash takes them apart. */
#include "command.h"
#include "daemon.h"
#include "sandbox.h"
#include "stage.h"

#include <string.h>

static const struct {
    const char *words; /* behind the command's name; the last one is what is being typed */
    const char *offers;
} lines[] = {
    {"sta", "status "},
    {"--cloud rack", "rackspace "},
    {"--cloud = rack", "rackspace "},
    {"--cloud =", "rackspace "},
    {"--cloud rackspace i", "identity "},
    {"--cloud = rackspace i", "identity "},
    {"--region = DFW endpoint cloudMon", ""},
    {"--region = DFW endpoint object-", "object-store "},
    {"run --service = object-", "object-store "},
    {"env --service object-store --min", "--min-ttl "},
    {"endpoint --region = DFW object-", "object-store "},
    {"endpoint object-store --region D", "DFW "},
    {"endpoint object-store --region = D", "DFW "},
    {"endpoint object-store --interface = int", "internal "},
    {"request --header = A : b PU", "PUT "},
    {"request -d a = b PU", "PUT "},
    {"request PUT comp", "compute "},
    {"--cloud = nowhere endpoint object-", ""},
    {"token --timeout = ", ""},
};

/* The file that bash reads, and the function it would call. */
static const struct command *complete(const char *words)
{
    const char *file = getenv("LATCHKEY_COMPLETION");

    ck_assert_msg(file, "LATCHKEY_COMPLETION does not say where latchkey.bash is");
    return command_shell(stage_text("exec bash -c '. \"%s\"; COMP_WORDS=(\"$LATCHKEY\" %s);"
                                    " COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _latchkey;"
                                    " printf \"%%s \" \"${COMPREPLY[@]}\"'",
                                    file, words));
}

START_TEST(offers_what_fits)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        const struct command *c = complete(lines[i].words);

        ck_assert_str_eq(c->err, "");
        ck_assert_msg(!strcmp(c->out, *lines[i].offers ? lines[i].offers : " "),
                      "latchkey %s: offers %s", lines[i].words, c->out);
    }
}
END_TEST

/* What needs a daemon is not offered, and nothing is said. */
START_TEST(offers_less_without_a_daemon)
{
    const struct command *c;

    sandbox_start(NULL);
    daemon_stop(daemon_start(NULL));
    c = complete("--cloud = ");
    ck_assert_str_eq(c->err, "");
    ck_assert_str_eq(c->out, " ");
    c = complete("end");
    ck_assert_str_eq(c->out, "endpoint ");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("completion");
    TCase *c = stage_case(s, "completion", 30);

    tcase_add_test(c, offers_what_fits);
    tcase_add_test(c, offers_less_without_a_daemon);
    return stage_run(s);
}
