// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * Hot operations of the library with all checks off, each beside the same
 * written by hand with the compiler's atomics: hot.py wants the same number
 * of instructions.
 */
#include <pagesim/folio_lock.h>
#include <pagesim/refcount.h>
#include <pagesim/spinlock.h>

/* Stands for a check that has crept in: hot.py must see it. */
#ifdef ONE_MORE
#define EXTRA() __asm__ __volatile__("pause")
#else
#define EXTRA() ((void)0)
#endif

#define PAIR(ret, name, arg, lib, hand) \
	ret lib_##name(arg);            \
	ret lib_##name(arg)             \
	{                               \
		EXTRA();                \
		lib;                    \
	}                               \
	ret hand_##name(arg);           \
	ret hand_##name(arg)            \
	{                               \
		hand;                   \
	}

#define COUNT (folio->_refcount.counter)

static inline bool hand_inc_not_zero(int *count)
{
	int old = __atomic_load_n(count, __ATOMIC_RELAXED);

	while (__builtin_expect(old, 1))
		if (__builtin_expect(
			    __atomic_compare_exchange_n(count, &old, old + 1,
							false, __ATOMIC_SEQ_CST,
							__ATOMIC_RELAXED),
			    1))
			return true;
	return false;
}

static inline bool hand_cmpxchg(int *count, int old, int new)
{
	return __atomic_compare_exchange_n(count, &old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Of the operation on the word both compilers make a loop, for some bits. */
#define hand_bit_op(insn, word, bit)                                 \
	__extension__({                                              \
		bool __set;                                          \
                                                                     \
		__asm__ __volatile__("lock " insn "q %2, %0"         \
				     : "+m"(*(word)), "=@ccc"(__set) \
				     : "J"(bit)                      \
				     : "memory");                    \
		__set;                                               \
	})

#define hand_xor_negative(word, mask)                         \
	__extension__({                                       \
		bool __negative;                              \
                                                              \
		__asm__ __volatile__("lock xorb %2, %0"       \
				     : "+m"(*(char *)(word)), \
				       "=@ccs"(__negative)    \
				     : "i"(mask)              \
				     : "memory");             \
		__negative;                                   \
	})

PAIR(void, get, struct folio *folio, folio_get(folio),
     __atomic_fetch_add(&COUNT, 1, __ATOMIC_RELAXED))
PAIR(void, put, struct folio *folio, folio_put(folio),
     if (__atomic_sub_fetch(&COUNT, 1, __ATOMIC_SEQ_CST) == 0)
	     __folio_put(folio))
PAIR(bool, try_get, struct folio *folio, return folio_try_get(folio),
     return hand_inc_not_zero(&COUNT))
PAIR(int, freeze, struct folio *folio, return folio_ref_freeze(folio, 2),
     return hand_cmpxchg(&COUNT, 2, 0))
PAIR(void, unfreeze, struct folio *folio, folio_ref_unfreeze(folio, 2),
     __atomic_store_n(&COUNT, 2, __ATOMIC_RELEASE))
PAIR(bool, trylock, struct folio *folio, return folio_trylock(folio),
     return !hand_bit_op("bts", &folio->flags, PG_locked))
PAIR(bool, unlock, struct folio *folio,
     return folio_xor_flags_has_waiters(folio, 1UL << PG_locked),
     return hand_xor_negative(&folio->flags, 1 << PG_locked))
PAIR(void, set_dirty, struct folio *folio, folio_set_dirty(folio),
     __atomic_fetch_or(&folio->flags, 1UL << PG_dirty, __ATOMIC_RELAXED))
PAIR(bool, test_set_dirty, struct folio *folio,
     return folio_test_set_dirty(folio),
     return hand_bit_op("bts", &folio->flags, PG_dirty))
PAIR(bool, test_clear_lru, struct folio *folio,
     return folio_test_clear_lru(folio),
     return hand_bit_op("btr", &folio->flags, PG_lru))
PAIR(bool, test_lru, struct folio *folio, return folio_test_lru(folio),
     return __atomic_load_n(&folio->flags, __ATOMIC_RELAXED) >> PG_lru & 1)
PAIR(void, spin_lock, raw_spinlock_t *lock, raw_spin_lock(lock), u8 free = 0;
     if (__builtin_expect(!__atomic_compare_exchange_n(&lock->locked, &free, 1,
						       false, __ATOMIC_ACQUIRE,
						       __ATOMIC_RELAXED),
			  0)) __pagesim_spin_lock_slow(lock))
PAIR(void, spin_unlock, raw_spinlock_t *lock, raw_spin_unlock(lock),
     __atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
     if (__builtin_expect(__atomic_load_n(&lock->sleepers, __ATOMIC_RELAXED),
			  0)) __pagesim_spin_unlock_slow(lock))
