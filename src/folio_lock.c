// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * In this file: q is the wait queue that a folio shares with others, waiter
 * one that sleeps there for one bit of one folio.
 */
#include <pagesim/folio_lock.h>
#include <pagesim/trace_events_mm.h>
#include <pagesim/wait.h>

#include "folio_lock.h"

#define WAIT_TABLE_BITS 8
#define MAX_STEALS 5 /* sysctl_page_lock_unfairness */

static wait_queue_head_t wait_table[1 << WAIT_TABLE_BITS];

struct waiter {
	struct folio *folio;
	int bit_nr;
	wait_queue_entry_t wait;
};

/* What an unlocker looks for. */
struct key {
	struct folio *folio;
	int bit_nr;
	bool match; /* some waiter is there for this folio, whatever its bit */
};

void pagesim_folio_lock_boot(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(wait_table); i++)
		init_waitqueue_head(&wait_table[i]);
}

static wait_queue_head_t *folio_waitqueue(const struct folio *folio)
{
	unsigned long pfn = page_to_pfn(&folio->page);

	return &wait_table[pfn * 0x61c8864680b583ebUL >> (64 - WAIT_TABLE_BITS)];
}

/*
 * Woken or passed over, under the queue's lock.
 *
 * An exclusive waiter wants the lock. If it was taken again already there is
 * no use in waking anybody. If the waiter lost it too often it is taken here,
 * in its name.
 *
 * The waiter may be gone once it sees WOKEN, so the flags are stored before
 * it is set running, and the entry is taken off after: finish_wait() waits
 * for that.
 */
static int wake_page_function(wait_queue_entry_t *wait,
			      unsigned int mode __maybe_unused,
			      int sync __maybe_unused, void *arg)
{
	struct waiter *waiter = container_of(wait, struct waiter, wait);
	struct key *key = arg;
	unsigned int flags = wait->flags;

	if (waiter->folio != key->folio)
		return 0;
	key->match = true;
	if (waiter->bit_nr != key->bit_nr)
		return 0;
	if (flags & WQ_FLAG_EXCLUSIVE) {
		if (test_bit((unsigned long)key->bit_nr, &key->folio->flags))
			return -1;
		if (flags & WQ_FLAG_CUSTOM) {
			if (test_and_set_bit((unsigned long)key->bit_nr,
					     &key->folio->flags))
				return -1;
			flags |= WQ_FLAG_DONE;
		}
	}
	smp_store_release(&wait->flags, flags | WQ_FLAG_WOKEN);
	wake_up_process(wait->private);
	list_del_init_careful(&wait->entry);
	return (flags & WQ_FLAG_EXCLUSIVE) != 0;
}

/*
 * PG_waiters goes when nobody is left, or nobody for this folio. It may stay
 * without need where folios share a queue: the next unlock sees to it.
 */
void folio_wake_bit(struct folio *folio, int bit_nr)
{
	wait_queue_head_t *q = folio_waitqueue(folio);
	struct key key = { folio, bit_nr, false };
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	__wake_up_locked_key(q, TASK_NORMAL, 1, &key);
	if (!waitqueue_active(q) || !key.match)
		folio_clear_waiters(folio);
	spin_unlock_irqrestore(&q->lock, flags);
}

static struct waiter *stranded_on(wait_queue_head_t *q)
{
	wait_queue_entry_t *wait;

	list_for_each_entry(wait, &q->head, entry) {
		struct waiter *waiter = container_of(wait, struct waiter, wait);

		if (!folio_test_waiters(waiter->folio))
			return waiter;
	}
	return NULL;
}

struct folio *folio_stranded_waiter(unsigned int *queue, int *bit_nr)
{
	struct folio *folio = NULL;

	while (!folio && *queue < ARRAY_SIZE(wait_table)) {
		wait_queue_head_t *q = &wait_table[(*queue)++];
		struct waiter *waiter;
		unsigned long flags;

		if (PAGESIM_READ_STABLE(q->head.next) == &q->head)
			continue;
		spin_lock_irqsave(&q->lock, flags);
		waiter = stranded_on(q);
		if (waiter) {
			folio = waiter->folio;
			*bit_nr = waiter->bit_nr;
		}
		spin_unlock_irqrestore(&q->lock, flags);
	}
	return folio;
}

enum behaviour {
	EXCLUSIVE, /* take the bit when woken */
	SHARED, /* look no further when woken */
	DROP, /* and drop the reference before sleeping */
};

/* True if there is no need to sleep. Under the queue's lock. */
static bool trylock_flag(struct folio *folio, int bit_nr,
			 wait_queue_entry_t *wait)
{
	if (wait->flags & WQ_FLAG_EXCLUSIVE) {
		if (test_and_set_bit((unsigned long)bit_nr, &folio->flags))
			return false;
	} else if (test_bit((unsigned long)bit_nr, &folio->flags)) {
		return false;
	}
	wait->flags |= WQ_FLAG_WOKEN | WQ_FLAG_DONE;
	return true;
}

/* PG_waiters first, then the second look at the bit: see folio_lock.h. */
static void queue_waiter(wait_queue_head_t *q, struct waiter *waiter)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	folio_set_waiters(waiter->folio);
	if (!trylock_flag(waiter->folio, waiter->bit_nr, &waiter->wait))
		__add_wait_queue_entry_tail(q, &waiter->wait);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* Ordering: acquire of the waker's release; what it wrote is seen. */
static unsigned int sleep_until_woken(wait_queue_entry_t *wait)
{
	unsigned int flags;

	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		flags = smp_load_acquire(&wait->flags);
		if (flags & WQ_FLAG_WOKEN)
			return flags;
		schedule();
	}
}

/* Who lost the lock MAX_STEALS times after it was woken asks for it. */
static unsigned int flags_of_round(enum behaviour behaviour, unsigned int round)
{
	if (behaviour != EXCLUSIVE)
		return 0;
	return round < MAX_STEALS ? WQ_FLAG_EXCLUSIVE
				  : WQ_FLAG_EXCLUSIVE | WQ_FLAG_CUSTOM;
}

static void folio_wait_bit_common(struct folio *folio, int bit_nr,
				  enum behaviour behaviour)
{
	wait_queue_head_t *q = folio_waitqueue(folio);
	struct waiter waiter = { .folio = folio, .bit_nr = bit_nr };
	unsigned int flags, rounds = 0;

	init_wait(&waiter.wait);
	waiter.wait.func = wake_page_function;
	do {
		waiter.wait.flags = flags_of_round(behaviour, rounds++);
		queue_waiter(q, &waiter);
		if (behaviour == DROP)
			folio_put(folio);
		flags = sleep_until_woken(&waiter.wait);
		/* Woken for the lock is not having it, but for DONE. */
	} while (
		behaviour == EXCLUSIVE && !(flags & WQ_FLAG_DONE) &&
		test_and_set_bit((unsigned long)bit_nr, folio_flags(folio, 0)));
	finish_wait(q, &waiter.wait);
}

void __folio_lock(struct folio *folio)
{
	folio_wait_bit_common(folio, PG_locked, EXCLUSIVE);
}

void folio_wait_bit(struct folio *folio, int bit_nr)
{
	folio_wait_bit_common(folio, bit_nr, SHARED);
}

void folio_put_wait_locked(struct folio *folio)
{
	folio_wait_bit_common(folio, PG_locked, DROP);
}

void folio_unlock(struct folio *folio)
{
	VM_BUG_ON_FOLIO(!folio_test_locked(folio), folio);
	if (folio_xor_flags_has_waiters(folio, BIT(PG_locked)))
		folio_wake_bit(folio, PG_locked);
}

void folio_end_read(struct folio *folio, bool success)
{
	unsigned long mask = BIT(PG_locked);

	VM_BUG_ON_FOLIO(!folio_test_locked(folio), folio);
	VM_BUG_ON_FOLIO(folio_test_uptodate(folio), folio);
	if (likely(success))
		mask |= BIT(PG_uptodate);
	smp_release_pairs_with_rmb(); /* of folio_test_uptodate() */
	if (folio_xor_flags_has_waiters(folio, mask))
		folio_wake_bit(folio, PG_locked);
}

void folio_start_writeback(struct folio *folio)
{
	VM_BUG_ON_FOLIO(!folio_test_locked(folio), folio);
	VM_BUG_ON_FOLIO(folio_test_writeback(folio), folio);
	folio_test_set_writeback(folio);
}

/*
 * Writeback holds no reference, so the folio may be freed, and be something
 * else, as soon as the bit is clear: a reference keeps it over the wake-up
 * (073861ed77b6, v5.10).
 */
void folio_end_writeback(struct folio *folio)
{
	VM_BUG_ON_FOLIO(!folio_test_writeback(folio), folio);
	if (folio_test_reclaim(folio))
		folio_clear_reclaim(folio);
	folio_get(folio);
	if (folio_xor_flags_has_waiters(folio, BIT(PG_writeback)))
		folio_wake_bit(folio, PG_writeback);
	folio_put(folio);
}

void folio_wait_writeback(struct folio *folio)
{
	while (folio_test_writeback(folio)) {
		trace_folio_wait_writeback(folio);
		folio_wait_bit(folio, PG_writeback);
	}
}
