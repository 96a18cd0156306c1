/* SPDX-License-Identifier: MIT */
/*
 * Makes lk_error objects: out of an errno and a sentence, or out of the daemon's problem document.
 * Both return the result that the failed call returns in turn, so that it is said once, by the one
 * who decides.
 */
#ifndef ERROR_H
#define ERROR_H

#include "buffer.h"
#include "latchkey.h"

DEFINE_CLEANUP(lk_error *, lk_error_free)

/* Returns r, a negative errno. ret_error may be NULL. */
int error_errno(lk_error **ret_error, int r, const char *format, ...) _printf_(3, 4);

/* Whether a Content-Type is that of a problem document. */
bool error_is_problem_type(const char *content_type);

/* Whether the problem document is the daemon's own: services may answer with such documents too. */
bool error_is_daemons(const lk_error *error);

/*
 * Reads an answer that is an error: its HTTP status and body, which need not be a problem document.
 * Returns the positive lk_status, or -ENOMEM. ret_error may be NULL.
 */
int error_problem(lk_error **ret_error, unsigned http_status, const struct buffer *body);

#endif
