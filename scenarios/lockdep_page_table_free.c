// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * lockdep/page-table-free: s390 has two page tables in a page, and a list of
 * the pages with a free half in each mm. A table is freed after a grace
 * period. May the RCU callback, in a softirq, take the lock of that list?
 *
 * What is here are the locks of each generation, and in which context they
 * are taken. Allocation and free hold the lock of the list with softirqs off,
 * but the flush of the mm's TLB holds mm->context.lock with softirqs on:
 * where that is the lock of the list, too, an interrupt in the flush ends in
 * a callback that waits for the thread below it. It was met so, with lockdep
 * off. One thread owns the mm, another CPU switches to it.
 */
#include <pagesim/atomic.h>
#include <pagesim/completion.h>
#include <pagesim/rcupdate.h>
#include <pagesim/spinlock.h>

#include "scenarios.h"

/* The locks that a list of tables may have. */
enum list_lock {
	NO_LIST,
	CONTEXT_LOCK, /* the mm's, which the flush takes, too */
	GLOBAL_LOCK,
	OBJECT_LOCK, /* of an object that outlives the mm by a grace period */
};

struct generation {
	enum list_lock list;
	bool callback_locks; /* a table's other half comes back to the list */
	bool flush_bh; /* the flush keeps softirqs out */
	bool two_grace_periods; /* the last half freed queues the page again */
	bool no_lockdep;
	enum pagesim_rcu_mode mode;
};

enum {
	V6_1,
	V1,
	V1_KTHREAD,
	V1_UNSEEN,
	B0,
	B0_FLUSH_BH,
	B0_KTHREAD,
	B0_UNSEEN,
	B0_FLUSH_BH_UNSEEN,
	C1,
	B1,
	B2,
	C2,
	V6_6,
	V6_7,
};

#define RELISTS .list = CONTEXT_LOCK, .callback_locks = true

static const struct generation generations[] = {
	[V6_1] = { .list = CONTEXT_LOCK },
	[V1] = { RELISTS },
	[V1_KTHREAD] = { RELISTS, .mode = PAGESIM_RCU_KTHREAD_BH_OFF },
	[V1_UNSEEN] = { RELISTS, .no_lockdep = true },
	[B0] = { RELISTS },
	[B0_FLUSH_BH] = { RELISTS, .flush_bh = true },
	[B0_KTHREAD] = { RELISTS, .mode = PAGESIM_RCU_KTHREAD_BH_OFF },
	[B0_UNSEEN] = { RELISTS, .no_lockdep = true },
	[B0_FLUSH_BH_UNSEEN] = { RELISTS, .flush_bh = true,
				 .no_lockdep = true },
	[C1] = { .list = CONTEXT_LOCK },
	[B1] = { .list = GLOBAL_LOCK, .callback_locks = true },
	[B2] = { .list = OBJECT_LOCK, .callback_locks = true },
	[C2] = { .list = CONTEXT_LOCK },
	[V6_6] = { .list = CONTEXT_LOCK, .two_grace_periods = true },
	[V6_7] = { .list = NO_LIST },
};

static const struct generation *gen;
static spinlock_t context_lock, global_lock, object_lock;
static spinlock_t *list_lock; /* one of the three, or NULL */

static long nr_listed; /* plain: under list_lock */
static bool needs_flush; /* plain: under context_lock */
static atomic_t nr_freed;
static struct rcu_head table;
static struct completion queued, due; /* the callback */
static bool is_due;

static void configure(const struct pagesim_variant *variant,
		      struct pagesim_config *config)
{
	config->no_lockdep = generations[variant->id].no_lockdep;
	config->rcu_mode = generations[variant->id].mode;
}

static void setup(const struct pagesim_variant *variant)
{
	spinlock_t *const locks[] = {
		[NO_LIST] = NULL,
		[CONTEXT_LOCK] = &context_lock,
		[GLOBAL_LOCK] = &global_lock,
		[OBJECT_LOCK] = &object_lock,
	};

	gen = &generations[variant->id];
	list_lock = locks[gen->list];
	spin_lock_init(&context_lock);
	spin_lock_init(&global_lock);
	spin_lock_init(&object_lock);
	nr_listed = 0;
	needs_flush = true;
	init_completion(&queued);
	init_completion(&due);
	is_due = false;
	atomic_set(&nr_freed, 0);
}

/* Allocation, free, and in some generations the callback. */
static void change_list(long change)
{
	if (!list_lock)
		return;
	spin_lock_bh(list_lock);
	nr_listed += change;
	spin_unlock_bh(list_lock);
}

/* An interrupt may come while it holds the lock, with a softirq at its end. */
static void flush_mm(void)
{
	if (gen->flush_bh)
		spin_lock_bh(&context_lock);
	else
		spin_lock(&context_lock);
	needs_flush = false;
	pagesim_delay();
	pagesim_softirq_point();
	if (gen->flush_bh)
		spin_unlock_bh(&context_lock);
	else
		spin_unlock(&context_lock);
}

static void page_free_now(struct rcu_head *head)
{
	(void)head;
	atomic_inc(&nr_freed);
}

/* The object's own lock is found under RCU, by a page that is still there. */
static void table_free_rcu(struct rcu_head *head)
{
	if (gen->callback_locks) {
		rcu_read_lock();
		change_list(1);
		rcu_read_unlock();
	}
	if (gen->two_grace_periods)
		call_rcu(head, page_free_now);
	else
		atomic_inc(&nr_freed);
}

/*
 * For the end of a grace period. Who sleeps takes interrupts meanwhile; for
 * lockdep it is all the same, but to be hit in the flush takes one who does
 * not.
 */
static void wait_until_due(void)
{
	if (!gen->no_lockdep)
		wait_for_completion(&due);
	while (!READ_ONCE(is_due))
		cpu_relax();
}

static void owner(void)
{
	change_list(1); /* a table is allocated: the other half is free */
	change_list(-1); /* and goes, with the page off the list until then */
	call_rcu(&table, table_free_rcu);
	complete(&queued);
	wait_until_due();
	flush_mm();
	rcu_barrier();
	rcu_barrier(); /* for what the first ones queued */
}

static void switcher(void)
{
	wait_for_completion(&queued);
	synchronize_rcu();
	WRITE_ONCE(is_due, true);
	complete(&due);
	flush_mm();
}

static void finish(void)
{
	pagesim_assert(atomic_read(&nr_freed) == 1);
	pagesim_assert(nr_listed == gen->callback_locks);
}

static const struct pagesim_variant variants[] = {
	{ .name = "6.1",
	  .provenance = "v6.1 arch/s390/mm/pgalloc.c: no lock in a callback",
	  .id = V6_1 },
	{ .name = "v1-posted",
	  .provenance = "<6dd63b39-e71f-2e8b-7e0-83e02f3bcb39@google.com>: "
			"{SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W}",
	  .expected = PAGESIM_LOCKDEP,
	  .needs = PAGESIM_DEBUG_FULL,
	  .id = V1 },
	{ .name = "v1-posted-kthread",
	  .provenance = "callbacks in a thread, as with rcutree.use_softirq=0",
	  .id = V1_KTHREAD },
	{ .name = "v1-posted-no-lockdep",
	  .provenance = "the callback waits for the flush that it interrupted",
	  .expected = PAGESIM_DEADLOCK,
	  .id = V1_UNSEEN },
	{ .name = "b0",
	  .provenance = "Hugh Dickins, 13 Jun 2023, quoted by "
			"<20230615141132.63ac6e67@thinkpad-T15>",
	  .expected = PAGESIM_LOCKDEP,
	  .needs = PAGESIM_DEBUG_FULL,
	  .id = B0 },
	{ .name = "b0-flush-bh",
	  .provenance = "<20230615141132.63ac6e67@thinkpad-T15>: the flush "
			"takes the lock by spin_lock_bh()",
	  .id = B0_FLUSH_BH },
	{ .name = "b0-kthread",
	  .provenance = "callbacks in a thread, as with rcutree.use_softirq=0",
	  .id = B0_KTHREAD },
	{ .name = "b0-no-lockdep",
	  .provenance = "met by LTP's mmap1, 16 Jun 2023",
	  .expected = PAGESIM_DEADLOCK,
	  .id = B0_UNSEEN },
	{ .name = "b0-flush-bh-no-lockdep",
	  .provenance = "<20230615141132.63ac6e67@thinkpad-T15>",
	  .id = B0_FLUSH_BH_UNSEEN },
	{ .name = "c1",
	  .provenance = "<20230614153042.43a52187@thinkpad-T15>: never back "
			"on the list",
	  .id = C1 },
	{ .name = "b1-posted",
	  .provenance = "Hugh Dickins, v2 07/12, 20 Jun 2023: one lock for "
			"the lists of every mm",
	  .id = B1 },
	{ .name = "b2",
	  .provenance = "Hugh Dickins, \"13/12\", 22 Jun 2023: list and lock "
			"in an object of SLAB_TYPESAFE_BY_RCU",
	  .id = B2 },
	{ .name = "c2",
	  .provenance = "<20230628211624.531cdc58@thinkpad-T15>",
	  .id = C2 },
	{ .name = "6.6",
	  .provenance = "v6.6 arch/s390/mm/pgalloc.c: PageActive, never back "
			"on the list",
	  .id = V6_6 },
	{ .name = "6.7",
	  .provenance = "d08d4e7cd6bf: a page for each table, no list",
	  .id = V6_7 },
	{ .name = NULL },
};

const struct pagesim_scenario lockdep_page_table_free = {
	.name = "lockdep/page-table-free",
	.question = "may a page table's RCU callback take mm->context.lock?",
	.provenance = "arch/s390/mm/pgalloc.c, v6.1 to v6.7",
	.variants = variants,
	.configure = configure,
	.setup = setup,
	.threads = { { "owner", owner }, { "switcher", switcher } },
	.finish = finish,
};
