/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The free lists of the zone, to what allocates and frees. Each function
 * says whether it takes the zone's lock or wants it held.
 */
#ifndef PAGESIM_SRC_BUDDY_H
#define PAGESIM_SRC_BUDDY_H

#include <pagesim/page_alloc.h>

/* A block off the lists, nothing of it prepared. Context: the lock is held. */
struct page *__rmqueue(struct zone *zone, unsigned int order);

/* A prepared block onto the lists, merged. Context: the lock is held. */
void __free_one_page(struct zone *zone, unsigned long pfn, unsigned int order);

/* The same for one block. Takes the lock. */
struct page *rmqueue_buddy(struct zone *zone, unsigned int order);
void free_one_page(struct zone *zone, unsigned long pfn, unsigned int order);

/* Pages on the lists. Context: the lock is held. */
unsigned long buddy_nr_free(const struct zone *zone);

void buddy_boot(struct zone *zone);

#endif /* PAGESIM_SRC_BUDDY_H */
