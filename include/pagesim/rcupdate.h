/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * RCU: readers that wait for nobody, and who waits for them.
 *
 * Models: include/linux/rcupdate.h, kernel/rcu/tree.c at v6.12 (its tree
 * RCU, without preemption and without CONFIG_RCU_LAZY).
 *
 * Readers and grace periods are the platform's (liburcu natively), callbacks
 * are a queue of our own for each CPU. One grace period serves all that was
 * queued before it began.
 *
 * Differs from the kernel:
 *  - A grace period has no thread of its own unless the configuration asks
 *    for one (rcu_worker, or PAGESIM_RCU_HELPER_THREAD): it is driven by who
 *    waits for one, in synchronize_rcu(), rcu_barrier() or pagesim_shutdown().
 *    Hence a run is repeatable, and a callback that nobody waits for is not
 *    called before shutdown.
 *  - A plain spin_lock() does not turn preemption off, and so holds no grace
 *    period up.
 *  - What the kernel says by hanging is a report.
 *
 * Context of all that has no other: a running machine. The first call on a
 * thread takes a CPU (cpu.h).
 */
#ifndef PAGESIM_RCUPDATE_H
#define PAGESIM_RCUPDATE_H

#include <stdbool.h>
#include <pagesim/barrier.h>
#include <pagesim/bug.h>
#include <pagesim/compiler.h>
#include <pagesim/cpu.h>
#include <pagesim/lockdep.h>
#include <pagesim/types.h>

typedef void (*rcu_callback_t)(struct rcu_head *head);

/*
 * ---- readers ----
 *
 * What holds a grace period up, since v4.20: rcu_read_lock(), and every
 * stretch without preemption, softirqs or interrupts: preempt_disable(),
 * local_bh_disable(), local_irq_disable(), the locks that do so, handlers of
 * both.
 */

/*
 * A read section. Nests. Context: any, also callbacks and interrupts. The
 * outermost unlock is a softirq point (cpu.h): the interrupt that the kernel
 * can take anywhere in a section comes here at its end.
 * Results: an unlock without a lock is a bug-on report and does nothing.
 */
void rcu_read_lock(void);
void rcu_read_unlock(void);

/*
 * In a section of rcu_read_lock() on this CPU; it need not be the caller's
 * own: what runs on top of a reader is in its section, too.
 * Differs from the kernel: exact in every build; without lockdep the kernel
 * says true.
 */
bool rcu_read_lock_held(void);

/*
 * A section without softirqs; unlock runs those that waited. For who reads by
 * rcu_dereference_bh(): rcu_read_lock_held() is not true of it.
 */
static inline void rcu_read_lock_bh(void)
{
	local_bh_disable();
}

static inline void rcu_read_unlock_bh(void)
{
	local_bh_enable();
}

static inline bool rcu_read_lock_bh_held(void)
{
	return in_softirq() || irqs_disabled();
}

/* In a section of any kind. */
static inline bool rcu_read_lock_any_held(void)
{
	return rcu_read_lock_held() || rcu_read_lock_bh_held();
}

/* ---- pointers ---- */

/*
 * Publishes: who gets the pointer by rcu_dereference() sees what was written
 * before. Ordering: release.
 */
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), v, __ATOMIC_RELEASE)

/* The same without order: NULL, what is public already, or has no reader. */
#define RCU_INIT_POINTER(p, v) WRITE_ONCE(p, v)

/* The value, not to be dereferenced. Context: any. Ordering: none. */
#define rcu_access_pointer(p) READ_ONCE(p)

/*
 * The pointer, to be dereferenced until the section ends. Ordering: what is
 * read through it comes after it. Neither ThreadSanitizer nor the explorer
 * sees address dependencies; they are told of an acquire, which is more.
 */
#if defined(PAGESIM_TSAN) || defined(PAGESIM_EXPLORE)
#define rcu_dereference_raw(p) __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#else
#define rcu_dereference_raw(p) READ_ONCE(p)
#endif

/*
 * As CONFIG_PROVE_RCU has it, with lockdep: the report "suspicious RCU usage"
 * if the condition holds, once for a place.
 */
#define RCU_LOCKDEP_WARN(cond, text)                                      \
	do {                                                              \
		if (lockdep_enabled() && unlikely(cond))                  \
			lockdep_rcu_suspicious(__FILE__, __LINE__, text); \
	} while (0)

/* For what sleeps; part of might_sleep(). */
#define rcu_sleep_check()             \
	RCU_LOCKDEP_WARN(             \
		rcu_read_lock_held(), \
		"Illegal context switch in RCU read-side critical section")

/* A warn report, with lockdep, outside of rcu_read_lock(). */
#define lockdep_assert_in_rcu_read_lock() \
	((void)WARN_ON(lockdep_enabled() && !rcu_read_lock_held()))

/*
 * As rcu_dereference_raw(). Reported if neither the condition holds nor the
 * caller is in a section of rcu_read_lock(), or without softirqs for _bh.
 */
#define rcu_dereference_check(p, cond)                                        \
	__extension__({                                                       \
		RCU_LOCKDEP_WARN(!((cond) || rcu_read_lock_held()),           \
				 "suspicious rcu_dereference_check() usage"); \
		rcu_dereference_raw(p);                                       \
	})
#define rcu_dereference(p) rcu_dereference_check(p, false)
#define rcu_dereference_bh_check(p, cond)                                     \
	__extension__({                                                       \
		RCU_LOCKDEP_WARN(!((cond) || rcu_read_lock_bh_held()),        \
				 "suspicious rcu_dereference_check() usage"); \
		rcu_dereference_raw(p);                                       \
	})
#define rcu_dereference_bh(p) rcu_dereference_bh_check(p, false)

/* For who keeps writers out, as the condition says. Ordering: none. */
#define rcu_dereference_protected(p, cond)                               \
	__extension__({                                                  \
		RCU_LOCKDEP_WARN(                                        \
			!(cond),                                         \
			"suspicious rcu_dereference_protected() usage"); \
		READ_ONCE(p);                                            \
	})

/* Publishes ptr. The pointer that was there, for who keeps writers out. */
#define rcu_replace_pointer(rcu_ptr, ptr, cond)                       \
	__extension__({                                               \
		__typeof__(ptr) __old =                               \
			rcu_dereference_protected((rcu_ptr), (cond)); \
		rcu_assign_pointer((rcu_ptr), (ptr));                 \
		__old;                                                \
	})

/* ---- grace periods ---- */

/*
 * Returns after the end of every read section that began before the call.
 * Callbacks that were queued before the call have their grace period behind
 * them then; in mode softirq they run at their CPU's next softirq point, of
 * which the end of this call is one.
 * Context: may sleep. In a section, in a callback, an interrupt or a
 * softirq, or with either of them off: a bug-on report, and no wait. With
 * lockdep, in a section and for the first time at a place, the kernel's
 * "Illegal synchronize_rcu() in RCU read-side critical section" instead.
 * Ordering: full, on both sides.
 */
#define synchronize_rcu() pagesim_synchronize_rcu(__FILE__, __LINE__)
void pagesim_synchronize_rcu(const char *file, int line);

/*
 * Calls func(head) once, after a grace period, in the context that the
 * configuration's rcu_mode names. The head is the queue's until then: bit 0
 * of its first word stays clear, since it may be a tail page's compound_head.
 *
 * Order: callbacks of one CPU run first come first served and one at a time,
 * or with the configuration's rcu_lifo those of one grace period the other
 * way round; nothing is said about two CPUs. One that a callback queues
 * waits for another grace period.
 *
 * Context: any. Ordering: what the caller did before is visible to func.
 * Results: a head that is queued already is a bug-on report with debug tier
 * vm, and the first call holds; without, the queue breaks, as in the kernel.
 */
#define call_rcu(head, func) pagesim_call_rcu(head, func, __FILE__, __LINE__)
void pagesim_call_rcu(struct rcu_head *head, rcu_callback_t func,
		      const char *file, int line);

/*
 * Returns when every callback that was queued before the call has run; one
 * that those queued may not have. In mode softirq the CPU that queued it has
 * some microseconds to come to a softirq point, then the caller runs it in a
 * softirq on its own CPU; in mode kthread the caller runs it unless there is
 * a worker.
 * Context: as synchronize_rcu(), and without a lock that a callback takes.
 * Ordering: what the callbacks did is visible to the caller.
 */
void rcu_barrier(void);

/*
 * Frees *ptr after a grace period. rhf is the member that is its rcu_head,
 * less than 4096 bytes into it. NULL is nothing to free. Context: any.
 * Differs from the kernel: goes through the callback queue, so rcu_barrier()
 * waits for it. The kernel collects these beside its queue, and only
 * kvfree_rcu_barrier() waits for them.
 */
#define kfree_rcu(ptr, rhf)                                                  \
	do {                                                                 \
		__typeof__(ptr) __ptr = (ptr);                               \
                                                                             \
		BUILD_BUG_ON(offsetof(__typeof__(*__ptr), rhf) >= 4096);     \
		if (__ptr)                                                   \
			pagesim_kfree_rcu(&__ptr->rhf,                       \
					  offsetof(__typeof__(*__ptr), rhf), \
					  __FILE__, __LINE__);               \
	} while (0)
void pagesim_kfree_rcu(struct rcu_head *head, unsigned long offset,
		       const char *file, int line);

/*
 * Returns when what kfree_rcu() queued before the call is freed. Since v6.12.
 * Differs from the kernel: if there is any, it waits for all callbacks.
 * Context: as rcu_barrier().
 */
void kvfree_rcu_barrier(void);

/*
 * What kfree_rcu() frees with; kfree() at first; NULL puts it back.
 * Context: nothing of kfree_rcu()'s is queued.
 */
void pagesim_rcu_set_kfree(void (*hook)(const void *ptr));

/* How many callbacks are queued and have not run. */
unsigned long pagesim_rcu_nr_queued(void);

#endif /* PAGESIM_RCUPDATE_H */
