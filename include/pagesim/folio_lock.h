/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The folio lock, writeback, and waiting for either.
 *
 * Models: include/linux/pagemap.h, mm/filemap.c, mm/page-writeback.c at
 * v6.12. No killable and no asynchronous waiting.
 *
 * A lock is a bit of folio->flags. Who finds it taken queues on one of 256
 * hashed wait queues, which folios share, and sets PG_waiters first: the
 * unlock clears PG_locked and learns in the same operation whether there may
 * be somebody to wake. One word, so either the unlocker sees the waiter, or
 * the waiter sees the lock free.
 *
 * Not fair: whoever comes by may take the lock before a waiter that was
 * woken for it gets there. After five times that waiter asks the unlocker to
 * take the lock for it.
 *
 * Context of everything that may sleep: a reference on the folio, and see
 * might_sleep.h.
 */
#ifndef PAGESIM_FOLIO_LOCK_H
#define PAGESIM_FOLIO_LOCK_H

#include <pagesim/might_sleep.h>
#include <pagesim/refcount.h>

void __folio_lock(struct folio *folio);

/* Ordering: acquire if it gets the lock. */
static inline bool folio_trylock(struct folio *folio)
{
	return likely(!test_and_set_bit_lock(PG_locked, folio_flags(folio, 0)));
}

static inline bool trylock_page(struct page *page)
{
	return folio_trylock(page_folio(page));
}

/* Sleeps until it has the lock. Ordering: acquire. */
static inline void folio_lock(struct folio *folio)
{
	might_sleep();
	if (!folio_trylock(folio))
		__folio_lock(folio);
}

static inline void lock_page(struct page *page)
{
	folio_lock(page_folio(page));
}

/* Context: any, the lock is held. Ordering: release. Tier "vm" checks. */
void folio_unlock(struct folio *folio);

static inline void unlock_page(struct page *page)
{
	folio_unlock(page_folio(page));
}

/*
 * The second half of an unlock: wakes who waits for the bit, and takes
 * PG_waiters away when nobody is left. Context: any, the bit was cleared.
 * Differs from the kernel: static there.
 */
void folio_wake_bit(struct folio *folio, int bit_nr);

/*
 * The end of a read from the store: unlocks, and marks uptodate if it went
 * well, in one operation. Context: any, the folio is locked and not uptodate
 * (tier "vm" checks). Ordering: release; what was read is seen by who finds
 * the folio uptodate, as by who gets the lock.
 */
void folio_end_read(struct folio *folio, bool success);

/*
 * Sleeps until the bit is clear; it may be set again by then. Context: may
 * sleep, a reference is held. Ordering: acquire of what the waker released;
 * none if it does not have to sleep.
 */
void folio_wait_bit(struct folio *folio, int bit_nr);

static inline void folio_wait_locked(struct folio *folio)
{
	if (folio_test_locked(folio))
		folio_wait_bit(folio, PG_locked);
}

/* Drops the caller's reference, then sleeps: for who looks no more after. */
void folio_put_wait_locked(struct folio *folio);

/*
 * The contents are on their way to the store. Context: the folio is locked
 * and not yet under writeback (tier "vm" checks). Writeback holds no
 * reference. Ordering: full.
 */
void folio_start_writeback(struct folio *folio);

/* They are there. Context: any. Ordering: release. */
void folio_end_writeback(struct folio *folio);

/*
 * Sleeps until no writeback is under way. Without the lock another may have
 * begun by the time that this one's waiter runs, hence again and again (since
 * v5.11).
 */
void folio_wait_writeback(struct folio *folio);

/* boot */
void pagesim_folio_lock_boot(void);

#endif /* PAGESIM_FOLIO_LOCK_H */
