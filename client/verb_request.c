/* SPDX-License-Identifier: MIT */
/*
 * request: a signed request with bodies from and to files, pipes and the terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "display.h"
#include "output.h"
#include "progress.h"

struct exchange {
    const struct arguments *arguments;
    lk_request *request;
    int source; /* where the body comes from, -1: not from a file */
    int64_t length;
    struct output output;
    struct progress progress;
    int sink;          /* where the answer's body goes, once its head is there */
    bool is_shown;     /* that is a terminal */
    bool line_is_open; /* and what is on it ends in the middle of a line */
    char *refusal;     /* status and reason of an answer of 400 or more */
    int local_error;   /* negative errno of a file of ours */
};

static void exchange_done(struct exchange *exchange)
{
    lk_request_free(exchange->request);
    if (exchange->source != STDIN_FILENO)
        closep(&exchange->source);
    output_done(&exchange->output);
    progress_done(&exchange->progress);
    free(exchange->refusal);
}

/* ---- what the library calls ------------------------------------------------------------------ */

static int64_t read_source(void *userdata, void *buffer, size_t size)
{
    struct exchange *exchange = userdata;
    ssize_t n;

    while ((n = read(exchange->source, buffer, size)) < 0 && (errno == EINTR || errno == EAGAIN))
        if (errno == EAGAIN)
            poll(&(struct pollfd){.fd = exchange->source, .events = POLLIN}, 1, -1);
    if (n < 0)
        exchange->local_error = -errno;
    return n < 0 ? exchange->local_error : n;
}

static void print_head(const lk_head *head)
{
    printf("HTTP/1.1 %u ", lk_head_status(head));
    display_text(stdout, lk_head_reason(head));
    putchar('\n');
    for (size_t i = 0; i < lk_head_count(head); i++) {
        display_text(stdout, lk_head_name(head, i));
        fputs(": ", stdout);
        display_text(stdout, lk_head_value(head, i));
        putchar('\n');
    }
    putchar('\n');
}

/* An answer that is a refusal is not what the file was meant for. On a terminal the bar makes way
 * for the answer, for good where that is the body. */
static void choose_sink(struct exchange *exchange)
{
    bool to_file = exchange->output.fd >= 0 && !exchange->refusal;

    exchange->sink = to_file ? exchange->output.fd : STDOUT_FILENO;
    exchange->is_shown = isatty(exchange->sink);
    progress_done(&exchange->progress);
    if (exchange->is_shown)
        exchange->progress.enabled = false;
}

static int take_head(void *userdata, const lk_head *head)
{
    struct exchange *exchange = userdata;
    const struct arguments *arguments = exchange->arguments;

    if (lk_head_status(head) >= 400 &&
        asprintf(&exchange->refusal, "%u %s", lk_head_status(head), lk_head_reason(head)) < 0) {
        exchange->refusal = NULL;
        return -ENOMEM;
    }
    choose_sink(exchange);
    if (arguments->include_head || strcmp(arguments->operands[0], "HEAD") == 0)
        print_head(head);
    if (fflush(stdout) != 0)
        exchange->local_error = -errno;
    return exchange->local_error;
}

static int take_body(void *userdata, const void *data, size_t size)
{
    struct exchange *exchange = userdata;

    exchange->line_is_open = exchange->is_shown && ((const char *)data)[size - 1] != '\n';
    exchange->local_error = output_write(exchange->sink, data, size);
    return exchange->local_error;
}

static int take_progress(void *userdata, int64_t sent, int64_t to_send, int64_t received,
                         int64_t to_receive)
{
    struct exchange *exchange = userdata;
    bool is_upload = to_send != 0 && received == 0;

    /* who waits for an answer has nothing to measure yet */
    if (!is_upload && received == 0)
        return 0;
    progress_update(&exchange->progress, is_upload ? sent : received,
                    is_upload ? to_send : to_receive);
    return 0;
}

/* ---- the request ----------------------------------------------------------------------------- */

/* Splits SERVICE[@REGION[:INTERFACE]]; options fill in what it leaves open. */
static int address(struct exchange *exchange, char *service, const char **ret_region,
                   const char **ret_interface)
{
    char *region = strchr(service, '@');
    char *interface = region ? strchr(region, ':') : NULL;

    if ((region && exchange->arguments->region) || (interface && exchange->arguments->interface))
        return command_misused("'%s' and an option both say where to", service);
    if (region)
        *region++ = '\0';
    if (interface)
        *interface++ = '\0';
    *ret_region = region ? region : exchange->arguments->region;
    *ret_interface = interface ? interface : exchange->arguments->interface;
    return DONE;
}

static int make_request(struct exchange *exchange, lk_client *client)
{
    const struct arguments *arguments = exchange->arguments;
    _cleanup_(freep) char *service = strdup(arguments->operands[1]);
    const char *region = NULL, *interface = NULL;
    int r;

    if (!service)
        return command_failed(-ENOMEM, NULL);
    r = address(exchange, service, &region, &interface);
    if (r != DONE)
        return r;
    r = lk_request_new(client, arguments->operands[0], service, arguments->operands[2],
                       &exchange->request);
    if (r == -EINVAL)
        return command_misused("'%s %s %s' is no request: blanks in the path are written %%20",
                               arguments->operands[0], arguments->operands[1],
                               arguments->operands[2]);
    if (r == 0)
        r = lk_request_set_cloud(exchange->request, arguments->cloud);
    if (r == 0)
        r = lk_request_set_region(exchange->request, region);
    if (r == 0)
        r = lk_request_set_interface(exchange->request, interface);
    if (r == 0 && arguments->timeout > 0)
        r = lk_request_set_silence(exchange->request, arguments->timeout);
    if (r < 0)
        return command_failed(r, NULL);
    lk_request_on_head(exchange->request, take_head, exchange);
    lk_request_on_body(exchange->request, take_body, exchange);
    lk_request_on_progress(exchange->request, take_progress, exchange);
    return DONE;
}

static int add_headers(struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->arguments->n_headers; i++) {
        const char *header = exchange->arguments->headers[i];
        const char *colon = strchrnul(header, ':');
        _cleanup_(freep) char *name = strndup(header, (size_t)(colon - header));
        int r = name ? 0 : -ENOMEM;

        if (r == 0)
            r = *colon ? lk_request_add_header(exchange->request, name, colon + 1) : -EINVAL;
        if (r == -EINVAL)
            return command_misused("'%s' is no header that a request can have", name);
        if (r < 0)
            return command_failed(r, NULL);
    }
    return DONE;
}

/* Nothing was asked of anybody yet, so this counts as wrong usage. */
static int file_failed(const char *what, const char *path, int error)
{
    command_say("cannot %s '%s': %s", what, path, strerror(error));
    return USAGE;
}

static int open_source(struct exchange *exchange, const char *path)
{
    struct stat st;
    off_t at;

    exchange->source = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (exchange->source < 0 || fstat(exchange->source, &st) < 0)
        return file_failed("read", path, errno);
    if (S_ISDIR(st.st_mode))
        return file_failed("read", path, EISDIR);

    /* standard input may have been read from already */
    at = S_ISREG(st.st_mode) ? lseek(exchange->source, 0, SEEK_CUR) : -1;
    exchange->length = at >= 0 && at <= st.st_size ? st.st_size - at : -1;
    /* files that the kernel makes up as they are read have no size */
    if (exchange->length == 0 && pread(exchange->source, &(char){0}, 1, at) > 0)
        exchange->length = -1;
    lk_request_set_reader(exchange->request, read_source, exchange, exchange->length);
    return DONE;
}

static int add_body(struct exchange *exchange)
{
    const struct arguments *arguments = exchange->arguments;
    int r;

    if (arguments->data && arguments->upload)
        return command_misused("only one of -d and -T can be the body");
    if ((arguments->data || arguments->upload) && strcmp(arguments->operands[0], "HEAD") == 0)
        return command_misused("a HEAD request has no body");
    if (arguments->upload)
        return open_source(exchange, arguments->upload);
    if (arguments->data && *arguments->data == '@')
        return open_source(exchange, arguments->data + 1);
    if (!arguments->data)
        return DONE;
    r = lk_request_set_body(exchange->request, arguments->data, strlen(arguments->data));
    return r < 0 ? command_failed(r, NULL) : DONE;
}

/* Before anything is sent: a request must not take effect when its answer cannot be kept. */
static int open_output(struct exchange *exchange)
{
    const char *path = exchange->arguments->output;
    int r = path ? output_open(&exchange->output, path) : 0;

    return r < 0 ? file_failed("write", path, -r) : DONE;
}

static int perform(struct exchange *exchange)
{
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    /* who types the body needs the line */
    bool is_typed = exchange->source >= 0 && isatty(exchange->source);
    int r;

    progress_start(&exchange->progress, isatty(STDERR_FILENO) && !is_typed);
    r = lk_request_perform(exchange->request, &error);
    progress_done(&exchange->progress);
    /* what follows on a terminal starts a line of its own */
    if (exchange->line_is_open)
        output_write(exchange->sink, "\n", 1);

    if (exchange->local_error < 0) {
        command_say("the transfer was given up: %s", strerror(-exchange->local_error));
        return REFUSED;
    }
    if (r < 0 && lk_request_status(exchange->request) > 0) {
        command_say("the answer broke off: %s", lk_status_text(r));
        return REFUSED;
    }
    if (r != 0)
        return command_failed(r, error);
    if (exchange->refusal) {
        command_say("the cloud answers %s", exchange->refusal);
        return REFUSED;
    }
    r = exchange->output.fd >= 0 ? output_commit(&exchange->output) : 0;
    if (r < 0) {
        command_say("cannot write '%s': %s", exchange->arguments->output, strerror(-r));
        return REFUSED;
    }
    return DONE;
}

int verb_request(struct command *command)
{
    static int (*const steps[])(struct exchange *) = {add_headers, add_body, open_output, perform};
    _cleanup_(exchange_done) struct exchange exchange = {
        .arguments = command->arguments, .source = -1, .output = OUTPUT_INIT};
    int status = make_request(&exchange, command->client);

    for (size_t i = 0; i < ARRAY_SIZE(steps) && status == DONE; i++)
        status = steps[i](&exchange);
    return status;
}
