/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * atomic_t with the kernel's names and the kernel's ordering.
 *
 * Models: include/linux/atomic/atomic-instrumented.h and
 * Documentation/atomic_t.txt at v6.12.
 *
 * Ordering:
 *  - atomic_read() and atomic_set() are single copies without order;
 *  - an operation without a result (atomic_inc()) is unordered;
 *  - an operation with a result (atomic_dec_and_test()) is fully ordered;
 *  - _release() as the name says.
 *
 * Differs from the kernel: "fully ordered" is __ATOMIC_SEQ_CST, which on
 * x86-64 is the same locked instruction. Code that needs smp_mb() semantics
 * towards relaxed accesses on other machines gets it there from the fence
 * that the compiler emits, as far as C11 promises one.
 */
#ifndef PAGESIM_ATOMIC_H
#define PAGESIM_ATOMIC_H

#include <pagesim/compiler.h>
#include <pagesim/types.h>

static __always_inline int atomic_read(const atomic_t *v)
{
	return READ_ONCE(v->counter);
}

static __always_inline void atomic_set(atomic_t *v, int i)
{
	WRITE_ONCE(v->counter, i);
}

static __always_inline void atomic_set_release(atomic_t *v, int i)
{
	__atomic_store_n(&v->counter, i, __ATOMIC_RELEASE);
}

static __always_inline void atomic_add(int i, atomic_t *v)
{
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

static __always_inline void atomic_sub(int i, atomic_t *v)
{
	__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);
}

static __always_inline void atomic_inc(atomic_t *v)
{
	atomic_add(1, v);
}

static __always_inline void atomic_dec(atomic_t *v)
{
	atomic_sub(1, v);
}

static __always_inline bool atomic_sub_and_test(int i, atomic_t *v)
{
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST) == 0;
}

static __always_inline bool atomic_dec_and_test(atomic_t *v)
{
	return atomic_sub_and_test(1, v);
}

static __always_inline long atomic_long_read(const atomic_long_t *v)
{
	return READ_ONCE(v->counter);
}

static __always_inline void atomic_long_set(atomic_long_t *v, long i)
{
	WRITE_ONCE(v->counter, i);
}

static __always_inline void atomic_long_add(long i, atomic_long_t *v)
{
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

#endif /* PAGESIM_ATOMIC_H */
