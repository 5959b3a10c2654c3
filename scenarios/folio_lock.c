// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * folio/lock-waiters: the folio lock is a bit, PG_waiters another of the same
 * word. Can a waiter sleep for ever?
 *
 * folio/plain-flags: and if an owner, sure to be alone, sets a flag with a
 * plain read and write while a stranger waits? Split did so until v4.16
 * (605ca5ede764): the tail was unfrozen already, and a walker that had got a
 * reference waited for its lock.
 */
#include <pagesim/folio_lock.h>
#include <pagesim/page_alloc.h>
#include <pagesim/wait.h>

#include "scenarios.h"

#define MANY_TURNS 2

enum {
	V6_12,
	V6_1,
	WAITERS_FIRST,
	BY_HAND,
	NO_SECOND_LOOK,
	LOOKS_FIRST,
};

static struct {
	int variant;
	struct folio *folio;
	unsigned long turns; /* plain: the lock protects it */
	wait_queue_head_t queue; /* of waiters by hand */
} lock;

/* ---- unlocking ---- */

/* Two operations, and a waiter may come in between: to it the bit is free. */
static void unlock_6_1(struct folio *folio)
{
	clear_bit_unlock(PG_locked, &folio->flags);
	pagesim_delay();
	if (folio_test_waiters(folio))
		folio_wake_bit(folio, PG_locked);
}

/* Wrong: who comes after the look is not seen. */
static void unlock_waiters_first(struct folio *folio)
{
	bool waiters = folio_test_waiters(folio);

	pagesim_delay();
	clear_bit_unlock(PG_locked, &folio->flags);
	if (waiters)
		folio_wake_bit(folio, PG_locked);
}

/* ---- waiting by hand: queue, PG_waiters, a second look, sleep ---- */

static bool has_to_sleep(struct folio *folio)
{
	bool locked;

	switch (lock.variant) {
	case NO_SECOND_LOOK:
		pagesim_delay();
		folio_set_waiters(folio);
		return true;
	case LOOKS_FIRST:
		locked = folio_test_locked(folio);
		pagesim_delay();
		folio_set_waiters(folio);
		return locked;
	default:
		folio_set_waiters(folio);
		return folio_test_locked(folio);
	}
}

static void wait_by_hand(struct folio *folio)
{
	wait_queue_entry_t wait;

	init_wait(&wait);
	prepare_to_wait(&lock.queue, &wait, TASK_UNINTERRUPTIBLE);
	if (has_to_sleep(folio))
		schedule();
	finish_wait(&lock.queue, &wait);
}

static void lock_by_hand(struct folio *folio)
{
	while (!folio_trylock(folio))
		wait_by_hand(folio);
}

static void unlock_and_wake_all(struct folio *folio)
{
	if (folio_xor_flags_has_waiters(folio, BIT(PG_locked))) {
		folio_clear_waiters(folio);
		wake_up_all(&lock.queue);
	}
}

/* ---- the scenario ---- */

static void setup(const struct pagesim_variant *variant)
{
	lock.variant = variant->id;
	lock.folio = folio_alloc(GFP_KERNEL, 0);
	lock.turns = 0;
	init_waitqueue_head(&lock.queue);
}

static void take_lock(struct folio *folio)
{
	if (lock.variant >= BY_HAND)
		lock_by_hand(folio);
	else
		folio_lock(folio);
}

static void drop_lock(struct folio *folio)
{
	switch (lock.variant) {
	case V6_12:
		folio_unlock(folio);
		break;
	case V6_1:
		unlock_6_1(folio);
		break;
	case WAITERS_FIRST:
		unlock_waiters_first(folio);
		break;
	default:
		unlock_and_wake_all(folio);
	}
}

static void take_a_turn(void)
{
	take_lock(lock.folio);
	lock.turns++;
	pagesim_delay();
	drop_lock(lock.folio);
}

static void take_turns(void)
{
	for (int i = 0; i < MANY_TURNS; i++)
		take_a_turn();
}

static void finish(void)
{
	pagesim_assert(lock.turns == MANY_TURNS + 1);
	pagesim_assert(!folio_test_locked(lock.folio));
	folio_put(lock.folio);
}

static const struct pagesim_variant lock_variants[] = {
	{ .name = "6.12",
	  .provenance =
		  "v6.7 to v6.12, mm/filemap.c: one xor unlocks and looks",
	  .id = V6_12 },
	{ .name = "6.1",
	  .provenance =
		  "up to v6.6: the bit is cleared, then PG_waiters looked at",
	  .id = V6_1 },
	{ .name = "waiters-first",
	  .provenance = "wrong: the unlocker looks before it clears",
	  .expected = PAGESIM_DEADLOCK,
	  .id = WAITERS_FIRST },
	{ .name = "by-hand",
	  .provenance = "the waiter's steps alone, with one wake-up for all",
	  .id = BY_HAND },
	{ .name = "no-second-look",
	  .provenance = "wrong: the waiter does not look again",
	  .expected = PAGESIM_DEADLOCK,
	  .id = NO_SECOND_LOOK },
	{ .name = "looks-first",
	  .provenance = "wrong: the waiter looks, then sets PG_waiters",
	  .expected = PAGESIM_DEADLOCK,
	  .id = LOOKS_FIRST },
	{ .name = NULL },
};

const struct pagesim_scenario folio_lock_waiters = {
	.name = "folio/lock-waiters",
	.question = "can a waiter for the folio lock sleep for ever?",
	.provenance = "v6.12 mm/filemap.c",
	.variants = lock_variants,
	.setup = setup,
	.threads = { { "waiter", take_a_turn }, { "owner", take_turns } },
	.finish = finish,
};

/* ---- plain flags ---- */

enum {
	BEFORE_PUBLICATION,
	ATOMIC,
	PLAIN,
};

static struct {
	int variant;
	struct folio *folio;
} plain;

static void plain_setup(const struct pagesim_variant *variant)
{
	plain.variant = variant->id;
	plain.folio = folio_alloc(GFP_KERNEL, 0);
	/* As split leaves a tail: locked, and then with a count. */
	__folio_set_locked(plain.folio);
	if (plain.variant == BEFORE_PUBLICATION)
		__folio_set_swapbacked(plain.folio);
}

/* What __set_bit() is, with its two halves apart. */
static void set_plainly(struct folio *folio)
{
	unsigned long flags = READ_ONCE(folio->flags);

	pagesim_delay();
	WRITE_ONCE(folio->flags, flags | BIT(PG_swapbacked));
}

static void splitter(void)
{
	pagesim_delay();
	if (plain.variant == ATOMIC)
		folio_set_swapbacked(plain.folio);
	else if (plain.variant == PLAIN)
		set_plainly(plain.folio);
	folio_unlock(plain.folio);
}

static void stranger(void)
{
	struct folio *folio = folio_get_nontail_page(&plain.folio->page);

	if (!folio)
		return;
	folio_lock(folio);
	pagesim_assert(folio_test_swapbacked(folio));
	folio_unlock(folio);
	folio_put(folio);
}

static void plain_finish(void)
{
	folio_put(plain.folio);
}

static const struct pagesim_variant plain_variants[] = {
	{ .name = "4.16",
	  .provenance = "605ca5ede764: all flags before the count",
	  .id = BEFORE_PUBLICATION },
	{ .name = "atomic",
	  .provenance = "the same by an atomic operation",
	  .id = ATOMIC },
	{ .name = "4.15",
	  .provenance = "before 605ca5ede764: a plain |= after the count",
	  .expected = PAGESIM_DEADLOCK,
	  .id = PLAIN },
	{ .name = NULL },
};

const struct pagesim_scenario folio_plain_flags = {
	.name = "folio/plain-flags",
	.question =
		"may a flag be set plainly once others can hold a reference?",
	.provenance = "605ca5ede764, v4.16",
	.variants = plain_variants,
	.setup = plain_setup,
	.threads = { { "splitter", splitter }, { "stranger", stranger } },
	.finish = plain_finish,
};
