/* SPDX-License-Identifier: MIT */
/* The ways in which a login can fail on request: each as a real identity service, or something in
 * front of it, would. */
#ifndef SANDBOX_FAULT_H
#define SANDBOX_FAULT_H

struct request;
struct sandbox_settings;

/* Faults are numbers from 0, which is none. The look-up is -EINVAL for an unknown name. */
const char *fault_name(int fault);
int fault_from_name(const char *name, int *ret_fault);

/* Answers the login as the fault wants; some do so by not answering. SETTINGS is a copy: no lock is
 * held here. */
void fault_answer(struct request *r, int fault, const struct sandbox_settings *settings);

#endif
