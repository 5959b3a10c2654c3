/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* The text that pagesim_error() gives back; one per thread. */
#ifndef PAGESIM_SRC_ERROR_H
#define PAGESIM_SRC_ERROR_H

#include <pagesim/compiler.h>
#include <pagesim/error.h>

/* Keeps the line and returns err, so that a caller can return it. */
int set_error(int err, const char *fmt, ...) __printf(2, 3);

/* "1.5 GiB" into buf, which is returned. */
#define SIZE_TEXT_LEN 16
const char *size_text(char buf[SIZE_TEXT_LEN], unsigned long long bytes);

#endif /* PAGESIM_SRC_ERROR_H */
