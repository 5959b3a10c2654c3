/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Atomic operations with the kernel's names and the kernel's ordering: on
 * atomic_t, on atomic_long_t and atomic64_t, and on plain words.
 *
 * Models: include/linux/atomic/atomic-instrumented.h, Documentation/
 * atomic_t.txt and memory-barriers.txt at v6.12.
 *
 * Ordering, by the name:
 *  - atomic_read() and atomic_set() are single copies without order;
 *  - an operation without a result (atomic_inc()) is unordered;
 *  - one with a result (atomic_inc_return(), atomic_fetch_or(),
 *    atomic_dec_and_test(), cmpxchg()) is fully ordered;
 *  - _acquire, _release and _relaxed instead do what they say;
 *  - a conditional operation that fails (cmpxchg(), add_unless()) is
 *    unordered, whatever its name.
 *
 * Differs from the kernel: "fully ordered" is __ATOMIC_SEQ_CST. On x86-64
 * that is the same locked instruction; on other machines it is as much as
 * C11 promises, which is less than smp_mb() before and after. atomic_long_t
 * and atomic64_t are two types, where a 64-bit kernel has one.
 */
#ifndef PAGESIM_ATOMIC_H
#define PAGESIM_ATOMIC_H

#include <pagesim/barrier.h>
#include <pagesim/compiler.h>
#include <pagesim/types.h>

/* ---- plain words ---- */

#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

/* Around an atomic operation without a result, to order it after all. */
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()

/* A store before all that follows it. Ordering: full, after the store. */
#define smp_store_mb(var, value)        \
	do {                            \
		WRITE_ONCE(var, value); \
		smp_mb();               \
	} while (0)

/*
 * Looks at *ptr until cond, an expression of VAL, holds; VAL is what is there.
 * Returns it. Ordering: none, or acquire by the look that ended it.
 */
void cpu_relax(void); /* cpu.h */
#define __smp_cond_load(ptr, cond, load)   \
	__extension__({                    \
		__auto_type __ptr = (ptr); \
		__auto_type VAL = load;    \
                                           \
		while (!(cond)) {          \
			cpu_relax();       \
			VAL = load;        \
		}                          \
		VAL;                       \
	})
#define smp_cond_load_relaxed(ptr, cond) \
	__smp_cond_load(ptr, cond, READ_ONCE(*__ptr))
#define smp_cond_load_acquire(ptr, cond) \
	__smp_cond_load(ptr, cond, smp_load_acquire(__ptr))
#define atomic_cond_read_relaxed(v, cond) \
	smp_cond_load_relaxed(&(v)->counter, cond)
#define atomic_cond_read_acquire(v, cond) \
	smp_cond_load_acquire(&(v)->counter, cond)

#define xchg(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define xchg_acquire(p, v) __atomic_exchange_n(p, v, __ATOMIC_ACQUIRE)
#define xchg_release(p, v) __atomic_exchange_n(p, v, __ATOMIC_RELEASE)
#define xchg_relaxed(p, v) __atomic_exchange_n(p, v, __ATOMIC_RELAXED)

/* Returns what was there: old if it was replaced. */
#define __cmpxchg(p, old, new, order)                                     \
	__extension__({                                                   \
		__typeof__(*(p)) __old = (old);                           \
		__atomic_compare_exchange_n(p, &__old, new, false, order, \
					    __ATOMIC_RELAXED);            \
		__old;                                                    \
	})
#define cmpxchg(p, old, new) __cmpxchg(p, old, new, __ATOMIC_SEQ_CST)
#define cmpxchg_acquire(p, old, new) __cmpxchg(p, old, new, __ATOMIC_ACQUIRE)
#define cmpxchg_release(p, old, new) __cmpxchg(p, old, new, __ATOMIC_RELEASE)
#define cmpxchg_relaxed(p, old, new) __cmpxchg(p, old, new, __ATOMIC_RELAXED)

/* True if it was replaced; else *oldp is what was there. */
#define __try_cmpxchg(p, oldp, new, order)                             \
	likely(__atomic_compare_exchange_n(p, oldp, new, false, order, \
					   __ATOMIC_RELAXED))
#define try_cmpxchg(p, oldp, new) __try_cmpxchg(p, oldp, new, __ATOMIC_SEQ_CST)
#define try_cmpxchg_acquire(p, oldp, new) \
	__try_cmpxchg(p, oldp, new, __ATOMIC_ACQUIRE)
#define try_cmpxchg_release(p, oldp, new) \
	__try_cmpxchg(p, oldp, new, __ATOMIC_RELEASE)
#define try_cmpxchg_relaxed(p, oldp, new) \
	__try_cmpxchg(p, oldp, new, __ATOMIC_RELAXED)

/* ---- atomic_t and the longer ones: one set of functions for each ---- */

#ifdef PAGESIM_EXPLORED

/*
 * The explorer has to be told that there is no result: such operations
 * commute. It performs them; fn is one of enum ex_fn (explore/engine.h).
 */
void pagesim_explore_rmw_void(void *p, unsigned int size, unsigned int fn,
			      unsigned long v);

enum {
	__EXPLORE_add,
	__EXPLORE_sub,
	__EXPLORE_and,
	__EXPLORE_or,
	__EXPLORE_xor,
};

#define __ATOMIC_VOID(type, pfx, word, op, builtin)                         \
	static __always_inline void pfx##_##op(word i, type *v)             \
	{                                                                   \
		pagesim_explore_rmw_void(&v->counter, sizeof(v->counter),   \
					 __EXPLORE_##op, (unsigned long)i); \
	}

#else

/* Without a result: relaxed. */
#define __ATOMIC_VOID(type, pfx, word, op, builtin)             \
	static __always_inline void pfx##_##op(word i, type *v) \
	{                                                       \
		builtin(&v->counter, i, __ATOMIC_RELAXED);      \
	}

#endif

/* The value before, and for sums also the one after. */
#define __ATOMIC_FETCH(type, pfx, word, op, builtin, sfx, order)           \
	static __always_inline word pfx##_fetch_##op##sfx(word i, type *v) \
	{                                                                  \
		return builtin(&v->counter, i, order);                     \
	}
#define __ATOMIC_RETURN(type, pfx, word, op, builtin, sfx, order)             \
	static __always_inline word pfx##_##op##_return##sfx(word i, type *v) \
	{                                                                     \
		return builtin(&v->counter, i, order);                        \
	}

#define __ATOMIC_ORDERS(make, ...)                                    \
	make(__VA_ARGS__, , __ATOMIC_SEQ_CST)                         \
		make(__VA_ARGS__, _acquire, __ATOMIC_ACQUIRE)         \
			make(__VA_ARGS__, _release, __ATOMIC_RELEASE) \
				make(__VA_ARGS__, _relaxed, __ATOMIC_RELAXED)

#define __ATOMIC_SUM(type, pfx, word, op)                       \
	__ATOMIC_VOID(type, pfx, word, op, __atomic_fetch_##op) \
	__ATOMIC_ORDERS(__ATOMIC_FETCH, type, pfx, word, op,    \
			__atomic_fetch_##op)                    \
	__ATOMIC_ORDERS(__ATOMIC_RETURN, type, pfx, word, op,   \
			__atomic_##op##_fetch)
#define __ATOMIC_BITS(type, pfx, word, op)                      \
	__ATOMIC_VOID(type, pfx, word, op, __atomic_fetch_##op) \
	__ATOMIC_ORDERS(__ATOMIC_FETCH, type, pfx, word, op,    \
			__atomic_fetch_##op)

/* v &= ~i */
#define __ATOMIC_ANDNOT(type, pfx, word, sfx, order)                         \
	static __always_inline word pfx##_fetch_andnot##sfx(word i, type *v) \
	{                                                                    \
		return __atomic_fetch_and(&v->counter, ~i, order);           \
	}

/* inc and dec are sums of 1. */
#define __ATOMIC_STEP(type, pfx, word, step, op, sfx, order)            \
	static __always_inline word pfx##_##step##_return##sfx(type *v) \
	{                                                               \
		return __atomic_##op##_fetch(&v->counter, 1, order);    \
	}                                                               \
	static __always_inline word pfx##_fetch_##step##sfx(type *v)    \
	{                                                               \
		return __atomic_fetch_##op(&v->counter, 1, order);      \
	}

#define __ATOMIC_EXCHANGE(type, pfx, word, sfx, order)                         \
	static __always_inline word pfx##_xchg##sfx(type *v, word new)         \
	{                                                                      \
		return __atomic_exchange_n(&v->counter, new, order);           \
	}                                                                      \
	static __always_inline word pfx##_cmpxchg##sfx(type *v, word old,      \
						       word new)               \
	{                                                                      \
		return __cmpxchg(&v->counter, old, new, order);                \
	}                                                                      \
	static __always_inline bool pfx##_try_cmpxchg##sfx(type *v, word *old, \
							   word new)           \
	{                                                                      \
		return __try_cmpxchg(&v->counter, old, new, order);            \
	}

#define __ATOMIC_TYPE(type, pfx, word)                                        \
	static __always_inline word pfx##_read(const type *v)                 \
	{                                                                     \
		return READ_ONCE(v->counter);                                 \
	}                                                                     \
	static __always_inline word pfx##_read_acquire(const type *v)         \
	{                                                                     \
		return smp_load_acquire(&v->counter);                         \
	}                                                                     \
	static __always_inline void pfx##_set(type *v, word i)                \
	{                                                                     \
		WRITE_ONCE(v->counter, i);                                    \
	}                                                                     \
	static __always_inline void pfx##_set_release(type *v, word i)        \
	{                                                                     \
		smp_store_release(&v->counter, i);                            \
	}                                                                     \
	__ATOMIC_SUM(type, pfx, word, add)                                    \
	__ATOMIC_SUM(type, pfx, word, sub)                                    \
	__ATOMIC_BITS(type, pfx, word, and)                                   \
	__ATOMIC_BITS(type, pfx, word, or)                                    \
	__ATOMIC_BITS(type, pfx, word, xor)                                   \
	__ATOMIC_ORDERS(__ATOMIC_ANDNOT, type, pfx, word)                     \
	static __always_inline void pfx##_andnot(word i, type *v)             \
	{                                                                     \
		pfx##_and(~i, v);                                             \
	}                                                                     \
	static __always_inline void pfx##_inc(type *v)                        \
	{                                                                     \
		pfx##_add(1, v);                                              \
	}                                                                     \
	static __always_inline void pfx##_dec(type *v)                        \
	{                                                                     \
		pfx##_sub(1, v);                                              \
	}                                                                     \
	__ATOMIC_ORDERS(__ATOMIC_STEP, type, pfx, word, inc, add)             \
	__ATOMIC_ORDERS(__ATOMIC_STEP, type, pfx, word, dec, sub)             \
	__ATOMIC_ORDERS(__ATOMIC_EXCHANGE, type, pfx, word)                   \
	/* True if the result is 0, or below. */                              \
	static __always_inline bool pfx##_sub_and_test(word i, type *v)       \
	{                                                                     \
		return pfx##_sub_return(i, v) == 0;                           \
	}                                                                     \
	static __always_inline bool pfx##_dec_and_test(type *v)               \
	{                                                                     \
		return pfx##_dec_return(v) == 0;                              \
	}                                                                     \
	static __always_inline bool pfx##_inc_and_test(type *v)               \
	{                                                                     \
		return pfx##_inc_return(v) == 0;                              \
	}                                                                     \
	static __always_inline bool pfx##_add_negative(word i, type *v)       \
	{                                                                     \
		return pfx##_add_return(i, v) < 0;                            \
	}                                                                     \
	/* Adds unless it is u. Returns what was there. */                    \
	static __always_inline word pfx##_fetch_add_unless(type *v, word a,   \
							   word u)            \
	{                                                                     \
		word old = pfx##_read(v);                                     \
                                                                              \
		do {                                                          \
			if (unlikely(old == u))                               \
				break;                                        \
		} while (!pfx##_try_cmpxchg(v, &old, old + a));               \
		return old;                                                   \
	}                                                                     \
	static __always_inline bool pfx##_add_unless(type *v, word a, word u) \
	{                                                                     \
		word old = pfx##_read(v);                                     \
                                                                              \
		do {                                                          \
			if (unlikely(old == u))                               \
				return false;                                 \
		} while (!pfx##_try_cmpxchg(v, &old, old + a));               \
		return true;                                                  \
	}                                                                     \
	static __always_inline bool pfx##_inc_not_zero(type *v)               \
	{                                                                     \
		return pfx##_add_unless(v, 1, 0);                             \
	}                                                                     \
	static __always_inline bool pfx##_inc_unless_negative(type *v)        \
	{                                                                     \
		word old = pfx##_read(v);                                     \
                                                                              \
		do {                                                          \
			if (unlikely(old < 0))                                \
				return false;                                 \
		} while (!pfx##_try_cmpxchg(v, &old, old + 1));               \
		return true;                                                  \
	}                                                                     \
	static __always_inline bool pfx##_dec_unless_positive(type *v)        \
	{                                                                     \
		word old = pfx##_read(v);                                     \
                                                                              \
		do {                                                          \
			if (unlikely(old > 0))                                \
				return false;                                 \
		} while (!pfx##_try_cmpxchg(v, &old, old - 1));               \
		return true;                                                  \
	}                                                                     \
	/* Returns the old value less 1, be it stored (>= 0) or not. */       \
	static __always_inline word pfx##_dec_if_positive(type *v)            \
	{                                                                     \
		word old = pfx##_read(v);                                     \
                                                                              \
		do {                                                          \
			if (unlikely(old < 1))                                \
				break;                                        \
		} while (!pfx##_try_cmpxchg(v, &old, old - 1));               \
		return old - 1;                                               \
	}

/* clang-format off */
__ATOMIC_TYPE(atomic_t, atomic, int)
__ATOMIC_TYPE(atomic_long_t, atomic_long, long)
__ATOMIC_TYPE(atomic64_t, atomic64, s64)
/* clang-format on */

#endif /* PAGESIM_ATOMIC_H */
