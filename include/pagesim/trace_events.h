/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * The events of floor 1: locks that are waited for, RCU callbacks.
 *
 * Models: include/trace/events/lock.h, include/trace/events/rcu.h at v6.12,
 * and who calls them. Context: any.
 *
 * Differs from the kernel: the simulator's own raw spinlocks have contention
 * events, too. A kfree_rcu() is an rcu_kvfree_callback, since it goes through
 * the callback queue here; the kernel has that event for who calls call_rcu()
 * with an offset.
 */
#ifndef PAGESIM_TRACE_EVENTS_H
#define PAGESIM_TRACE_EVENTS_H

#include <pagesim/tracepoint.h>

DECLARE_TRACEPOINT(contention_begin);
DECLARE_TRACEPOINT(contention_end);
DECLARE_TRACEPOINT(rcu_callback);
DECLARE_TRACEPOINT(rcu_kvfree_callback);
DECLARE_TRACEPOINT(rcu_invoke_callback);
DECLARE_TRACEPOINT(rcu_invoke_kvfree_callback);

/* What a lock is and how it is waited for. */
#define LCB_F_SPIN (1U << 0)
#define LCB_F_READ (1U << 1)
#define LCB_F_WRITE (1U << 2)
#define LCB_F_RT (1U << 3)
#define LCB_F_PERCPU (1U << 4)
#define LCB_F_MUTEX (1U << 5)

void __trace_contention_begin(const void *lock, unsigned int flags);
void __trace_contention_end(const void *lock, int ret);
void __trace_rcu_callback(const char *rcuname, const struct rcu_head *rhp,
			  long qlen);
void __trace_rcu_kvfree_callback(const char *rcuname,
				 const struct rcu_head *rhp,
				 unsigned long offset, long qlen);
void __trace_rcu_invoke_callback(const char *rcuname,
				 const struct rcu_head *rhp);
void __trace_rcu_invoke_kvfree_callback(const char *rcuname,
					const struct rcu_head *rhp,
					unsigned long offset);

/* The lock was taken, and the caller goes on to wait for it. */
static inline void trace_contention_begin(const void *lock, unsigned int flags)
{
	if (tracepoint_enabled(contention_begin))
		__trace_contention_begin(lock, flags);
}

/* It waited, and has it (ret 0). */
static inline void trace_contention_end(const void *lock, int ret)
{
	if (tracepoint_enabled(contention_end))
		__trace_contention_end(lock, ret);
}

/* Queued by call_rcu(), as one of qlen of its CPU. */
static inline void trace_rcu_callback(const char *rcuname,
				      const struct rcu_head *rhp, long qlen)
{
	if (tracepoint_enabled(rcu_callback))
		__trace_rcu_callback(rcuname, rhp, qlen);
}

/* The same of kfree_rcu(): the head lies offset bytes into its object. */
static inline void trace_rcu_kvfree_callback(const char *rcuname,
					     const struct rcu_head *rhp,
					     unsigned long offset, long qlen)
{
	if (tracepoint_enabled(rcu_kvfree_callback))
		__trace_rcu_kvfree_callback(rcuname, rhp, offset, qlen);
}

/* About to be called. */
static inline void trace_rcu_invoke_callback(const char *rcuname,
					     const struct rcu_head *rhp)
{
	if (tracepoint_enabled(rcu_invoke_callback))
		__trace_rcu_invoke_callback(rcuname, rhp);
}

/* About to be freed. */
static inline void trace_rcu_invoke_kvfree_callback(const char *rcuname,
						    const struct rcu_head *rhp,
						    unsigned long offset)
{
	if (tracepoint_enabled(rcu_invoke_kvfree_callback))
		__trace_rcu_invoke_kvfree_callback(rcuname, rhp, offset);
}

#endif /* PAGESIM_TRACE_EVENTS_H */
