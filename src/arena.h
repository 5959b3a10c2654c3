/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * The arena: the one contiguous reservation in which everything lives that
 * simulated code can reach. It is zeroed, and takes host memory only where
 * it is touched. What is in it, is carved off once, at boot.
 */
#ifndef PAGESIM_ARENA_H
#define PAGESIM_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* The most that the host, or the tool it runs the process under, can take. */
unsigned long long arena_max_size(void);
/* That tool's name, or "this host". */
const char *arena_host_name(void);

/* Returns 0 or -ENOMEM. align: of the first byte, a power of two. */
int arena_reserve(size_t size, size_t align);
void arena_release(void);

/* The next size bytes, at the next multiple of align. Must fit. */
void *arena_carve(size_t size, size_t align);

/* Whether [base, base + size) will be touched everywhere, or here and there. */
void arena_advise(void *base, size_t size, bool dense);

#endif /* PAGESIM_ARENA_H */
