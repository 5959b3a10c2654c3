// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * Each operation as the library has it, and by hand: with the compiler's
 * atomics and nothing else. The count is taken up and down again, so that a
 * loop leaves what it found.
 */
#include <pagesim/folio_lock.h>
#include <pagesim/refcount.h>

#include "hot_ops.h"

#define LOOP(name, body)                                               \
	static noinline void name(const struct hot_args *args,         \
				  unsigned long nr)                    \
	{                                                              \
		struct folio *folio __maybe_unused = args->folio;      \
		int *count __maybe_unused = &folio->_refcount.counter; \
		unsigned long *flags __maybe_unused = &folio->flags;   \
		spinlock_t *lock __maybe_unused = args->lock;          \
		u32 *word __maybe_unused = args->word;                 \
                                                                       \
		for (unsigned long i = 0; i < nr; i++) {               \
			body;                                          \
			barrier();                                     \
		}                                                      \
	}

static inline bool hand_cmpxchg(int *count, int old, int new)
{
	return __atomic_compare_exchange_n(count, &old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static inline bool hand_try_get(int *count)
{
	int old = __atomic_load_n(count, __ATOMIC_RELAXED);

	while (likely(old))
		if (likely(__atomic_compare_exchange_n(count, &old, old + 1,
						       false, __ATOMIC_SEQ_CST,
						       __ATOMIC_RELAXED)))
			return true;
	return false;
}

static inline void hand_put(struct folio *folio, int *count)
{
	if (!__atomic_sub_fetch(count, 1, __ATOMIC_SEQ_CST))
		__folio_put(folio);
}

static inline void hand_lock(u32 *word)
{
	while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(word, __ATOMIC_RELAXED))
			cpu_relax();
}

/* As the kernel's x86 code: one instruction each. */
#if defined(__x86_64__) && !defined(PAGESIM_TSAN)
static inline bool hand_folio_trylock(unsigned long *flags)
{
	bool old;

	__asm__ __volatile__("lock btsq %2, %0"
			     : "+m"(*flags), "=@ccc"(old)
			     : "J"(PG_locked)
			     : "memory");
	return !old;
}

static inline bool hand_folio_unlock(unsigned long *flags)
{
	bool waiters;

	__asm__ __volatile__("lock xorb %2, %0"
			     : "+m"(*(char *)flags), "=@ccs"(waiters)
			     : "i"(1 << PG_locked)
			     : "memory");
	return waiters;
}
#else
static inline bool hand_folio_trylock(unsigned long *flags)
{
	return !(__atomic_fetch_or(flags, 1UL << PG_locked, __ATOMIC_ACQUIRE) &
		 1UL << PG_locked);
}

static inline bool hand_folio_unlock(unsigned long *flags)
{
	return __atomic_fetch_xor(flags, 1UL << PG_locked, __ATOMIC_RELEASE) &
	       1UL << PG_waiters;
}
#endif

LOOP(lib_get_put, (folio_get(folio), folio_put(folio)))
LOOP(hand_get_put,
     (__atomic_fetch_add(count, 1, __ATOMIC_RELAXED), hand_put(folio, count)))

LOOP(lib_try_get_put, if (folio_try_get(folio)) folio_put(folio))
LOOP(hand_try_get_put, if (hand_try_get(count)) hand_put(folio, count))

LOOP(lib_freeze, if (folio_ref_freeze(folio, 1)) folio_ref_unfreeze(folio, 1))
LOOP(hand_freeze, if (hand_cmpxchg(count, 1, 0))
			  __atomic_store_n(count, 1, __ATOMIC_RELEASE))

LOOP(lib_flag, (folio_set_dirty(folio), folio_clear_dirty(folio)))
LOOP(hand_flag,
     (__atomic_fetch_or(flags, 1UL << PG_dirty, __ATOMIC_RELAXED),
      __atomic_fetch_and(flags, ~(1UL << PG_dirty), __ATOMIC_RELAXED)))

LOOP(lib_folio_lock, (folio_lock(folio), folio_unlock(folio)))
LOOP(hand_folio_lock, if (!hand_folio_trylock(flags)) __folio_lock(folio);
     if (hand_folio_unlock(flags)) folio_wake_bit(folio, PG_locked))

LOOP(lib_spin_lock, (spin_lock(lock), spin_unlock(lock)))
LOOP(hand_spin_lock,
     (hand_lock(word), __atomic_store_n(word, 0, __ATOMIC_RELEASE)))

const struct hot_op HOT_OPS[NR_HOT_OPS] = {
	{ "get_put", lib_get_put, hand_get_put },
	{ "try_get_put", lib_try_get_put, hand_try_get_put },
	{ "freeze_unfreeze", lib_freeze, hand_freeze },
	{ "set_clear_flag", lib_flag, hand_flag },
	{ "folio_lock_unlock", lib_folio_lock, hand_folio_lock },
	{ "spin_lock_unlock", lib_spin_lock, hand_spin_lock },
};
