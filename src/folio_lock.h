/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/* What the checker asks about those who wait for a folio. */
#ifndef PAGESIM_SRC_FOLIO_LOCK_H
#define PAGESIM_SRC_FOLIO_LOCK_H

#include <pagesim/mm_types.h>

/*
 * From wait queue *queue on (0 is the first), a folio that somebody sleeps
 * for and that has not got PG_waiters, so that no unlock will wake him. Moves
 * *queue behind. NULL: no queue has one.
 */
struct folio *folio_stranded_waiter(unsigned int *queue, int *bit_nr);

#endif /* PAGESIM_SRC_FOLIO_LOCK_H */
