/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* kmalloc's part of boot and shutdown. */
#ifndef PAGESIM_SRC_SLAB_H
#define PAGESIM_SRC_SLAB_H

/* Bytes of arena for a heap of so many; 0 needs none. */
unsigned long long slab_arena_size(unsigned long long bytes);
/* Carves them off the arena, touches nothing of it. */
void slab_boot(unsigned long long bytes);

/*
 * Reports what was written after its free, then the objects that remain, and
 * returns their number. Each only once, so that it can be called again after
 * a handler left by longjmp(). Context: no simulated code runs.
 */
unsigned long slab_report_leaks(void);
void slab_shutdown(void);

#endif /* PAGESIM_SRC_SLAB_H */
