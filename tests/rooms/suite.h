/* SPDX-License-Identifier: MIT */
/* What every suite's file defines; suite.c runs it. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>

Suite *make_suite(void);

#endif
