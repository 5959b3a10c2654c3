/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Pointers that are an error: the last 4095 addresses are minus errno.
 *
 * Models: include/linux/err.h at v6.12. The numbers are the host's errno.h,
 * which is Linux's own.
 */
#ifndef PAGESIM_ERR_H
#define PAGESIM_ERR_H

#include <errno.h>
#include <stdbool.h>
#include <pagesim/compiler.h>

#define MAX_ERRNO 4095

#define IS_ERR_VALUE(x) \
	unlikely((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return IS_ERR_VALUE(ptr);
}

static inline bool IS_ERR_OR_NULL(const void *ptr)
{
	return unlikely(!ptr) || IS_ERR_VALUE(ptr);
}

/* The same error as a pointer of another type. */
static inline void *ERR_CAST(const void *ptr)
{
	return (void *)(unsigned long)ptr;
}

static inline int PTR_ERR_OR_ZERO(const void *ptr)
{
	return IS_ERR(ptr) ? (int)PTR_ERR(ptr) : 0;
}

#endif /* PAGESIM_ERR_H */
