/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/* The memory map's part of boot. */
#ifndef PAGESIM_SRC_MEMMAP_H
#define PAGESIM_SRC_MEMMAP_H

#include <stddef.h>
#include <pagesim/pagesim.h>

/* Bytes of arena that the map, its bitmap and RAM need. */
unsigned long long memmap_arena_size(const struct pagesim_config *config);
/* Alignment of the arena's first byte, which is the map's. */
size_t memmap_arena_align(void);

/* Carves them off the arena. */
void memmap_boot(const struct pagesim_config *config);
void memmap_shutdown(void);

#endif /* PAGESIM_SRC_MEMMAP_H */
