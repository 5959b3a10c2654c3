/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* How large the caches are that one core of this host uses. */
#ifndef PAGESIM_CACHE_SIZE_H
#define PAGESIM_CACHE_SIZE_H

/* Bytes of the data or unified cache of level 1 to 3; 0 if it is not known. */
unsigned long cache_size(int level);

#endif /* PAGESIM_CACHE_SIZE_H */
