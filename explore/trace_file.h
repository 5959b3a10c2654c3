/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/* Traces in files: trace.h has the format. */
#ifndef PAGESIM_EXPLORE_TRACE_FILE_H
#define PAGESIM_EXPLORE_TRACE_FILE_H

#include "engine.h"

/* Prints why and returns false if it cannot be written. */
bool trace_write(const struct ex_result *result, const char *file);

#endif /* PAGESIM_EXPLORE_TRACE_FILE_H */
