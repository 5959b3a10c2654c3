/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/* What an exploration found, as text: verdict, lanes, a file to replay. */
#ifndef PAGESIM_EXPLORE_TRACE_H
#define PAGESIM_EXPLORE_TRACE_H

#include "engine.h"

/* The verdict, by the options as text or JSON, and the failing execution. */
void trace_print_result(const struct ex_result *result);

#endif /* PAGESIM_EXPLORE_TRACE_H */
