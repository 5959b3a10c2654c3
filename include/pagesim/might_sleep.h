/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * might_sleep(): what sleeps, now or another time, says so, and is reported
 * where it must not.
 *
 * Models: include/linux/kernel.h, __might_resched() of kernel/sched/core.c,
 * might_alloc() of include/linux/sched/mm.h without fs_reclaim, preempt_count()
 * and in_atomic() of include/linux/preempt.h at v6.12, with
 * CONFIG_DEBUG_ATOMIC_SLEEP from tier "vm" on.
 *
 * Reported, every time, as PAGESIM_REPORT_WARN
 *   BUG: sleeping function called from invalid context at FILE:LINE
 * with the kernel's details on the console: preemption, bottom halves or
 * interrupts off,
 * in a handler of either, in an RCU read section, or with a spinlock held.
 * In a read section also lockdep's "Illegal context switch in RCU read-side
 * critical section" (rcupdate.h), once for a place.
 *
 * Differs from the kernel: a lock does not count as preempt_disable(), it is
 * seen where lockdep follows it; not limited to one a second.
 */
#ifndef PAGESIM_MIGHT_SLEEP_H
#define PAGESIM_MIGHT_SLEEP_H

#include <pagesim/bug.h>
#include <pagesim/types.h>

void __might_sleep(const char *file, int line);

#ifdef CONFIG_DEBUG_VM
#define might_sleep_at(file, line)                 \
	do {                                       \
		if (pagesim_debug_tier >= 1)       \
			__might_sleep(file, line); \
	} while (0)
#else
#define might_sleep_at(file, line) ((void)(file), (void)(line))
#endif

#define might_sleep() might_sleep_at(__FILE__, __LINE__)
#define might_sleep_if(cond)           \
	do {                           \
		if (cond)              \
			might_sleep(); \
	} while (0)

/*
 * Between two pieces of a long piece of work. Returns whether it gave up the
 * CPU: 0, since nobody else runs there.
 */
static inline int pagesim_cond_resched(const char *file, int line)
{
	might_sleep_at(file, line);
	return 0;
}
#define cond_resched() pagesim_cond_resched(__FILE__, __LINE__)

static inline bool need_resched(void)
{
	return false;
}

/* May the allocation wait for memory to be freed? */
static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return gfp & __GFP_DIRECT_RECLAIM;
}

/* For what allocates with gfp, now or another time. */
#define might_alloc(gfp) might_sleep_if(gfpflags_allow_blocking(gfp))

/*
 * The kernel's word: spinlocks held and depth of preempt_disable() in bits 0
 * to 7, softirqs in 8 to 15 (1
 * for a handler, 2 for each local_bh_disable()), interrupt handlers from 16.
 */
unsigned int preempt_count(void);

/* Not to sleep, but for interrupts that are off and RCU. */
static inline bool in_atomic(void)
{
	return preempt_count() != 0;
}

#endif /* PAGESIM_MIGHT_SLEEP_H */
