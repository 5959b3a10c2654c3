/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Bit operations on unsigned long words.
 *
 * Models: include/linux/bitops.h, include/asm-generic/bitops/ at v6.12.
 *
 * Two families, and the difference is the point:
 *  - set_bit(), clear_bit(): atomic read-modify-write, unordered;
 *    test_and_*_bit(): atomic and fully ordered; test_and_set_bit_lock()
 *    acquires and clear_bit_unlock() releases;
 *  - __set_bit(), __clear_bit(): a plain load and then a store. Legal only
 *    while nobody else can write the word; another CPU's atomic operation
 *    between the two is lost. ThreadSanitizer reports it.
 *
 * Differs from the kernel: the store of the second family is marked, where
 * the kernel has a plain one that its own race detector takes for atomic
 * (KCSAN_ASSUME_PLAIN_WRITES_ATOMIC). Who only looks at the word without
 * owning the page, as every pfn walker does, is thus no data race.
 *
 * test_bit() is a marked load of the word, unordered.
 */
#ifndef PAGESIM_BITOPS_H
#define PAGESIM_BITOPS_H

#include <pagesim/barrier.h>
#include <pagesim/atomic.h>
#include <pagesim/compiler.h>
#include <pagesim/types.h>

#define BIT_MASK(nr) (1UL << ((nr) % BITS_PER_LONG))
#define BIT_WORD(nr) ((nr) / BITS_PER_LONG)

static __always_inline bool test_bit(unsigned long nr,
				     const unsigned long *addr)
{
	return (READ_ONCE(addr[BIT_WORD(nr)]) >> (nr % BITS_PER_LONG)) & 1;
}

static __always_inline void set_bit(unsigned long nr, unsigned long *addr)
{
#ifdef PAGESIM_EXPLORED
	pagesim_explore_rmw_void(addr + BIT_WORD(nr), sizeof(*addr),
				 __EXPLORE_or, BIT_MASK(nr));
#else
	__atomic_fetch_or(addr + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_RELAXED);
#endif
}

static __always_inline void clear_bit(unsigned long nr, unsigned long *addr)
{
#ifdef PAGESIM_EXPLORED
	pagesim_explore_rmw_void(addr + BIT_WORD(nr), sizeof(*addr),
				 __EXPLORE_and, ~BIT_MASK(nr));
#else
	__atomic_fetch_and(addr + BIT_WORD(nr), ~BIT_MASK(nr),
			   __ATOMIC_RELAXED);
#endif
}

/*
 * The old value. On x86-64 an instruction, as in the kernel, and written out:
 * of the compilers' operation on a word clang 14 makes a loop of cmpxchg, and
 * so does gcc 12 where the old bit, if not bit 0, becomes a bool. Nobody looks
 * at the old value in set_bit() and clear_bit(): there they do find it.
 */
#if defined(__x86_64__) && !defined(PAGESIM_TSAN)
#define __TEST_AND_CHANGE_BIT(insn, op, change, nr, addr, order)     \
	__extension__({                                              \
		bool __old;                                          \
                                                                     \
		__asm__ __volatile__(                                \
			"lock " insn "q %2, %0"                      \
			: "+m"((addr)[BIT_WORD(nr)]), "=@ccc"(__old) \
			: "Jr"((unsigned long)(nr) % BITS_PER_LONG)  \
			: "memory");                                 \
		__old;                                               \
	})
#else
#define __TEST_AND_CHANGE_BIT(insn, op, change, nr, addr, order)      \
	((__atomic_fetch_##op((addr) + BIT_WORD(nr), change, order) & \
	  BIT_MASK(nr)) != 0)
#endif

static __always_inline bool test_and_set_bit(unsigned long nr,
					     unsigned long *addr)
{
	return __TEST_AND_CHANGE_BIT("bts", or, BIT_MASK(nr), nr, addr,
				     __ATOMIC_SEQ_CST);
}

static __always_inline bool test_and_clear_bit(unsigned long nr,
					       unsigned long *addr)
{
	return __TEST_AND_CHANGE_BIT("btr", and, ~BIT_MASK(nr), nr, addr,
				     __ATOMIC_SEQ_CST);
}

/* As a lock: acquire if it was taken, and release. */
static __always_inline bool test_and_set_bit_lock(unsigned long nr,
						  unsigned long *addr)
{
	return __TEST_AND_CHANGE_BIT("bts", or, BIT_MASK(nr), nr, addr,
				     __ATOMIC_ACQUIRE);
}

static __always_inline void clear_bit_unlock(unsigned long nr,
					     unsigned long *addr)
{
	__atomic_fetch_and(addr + BIT_WORD(nr), ~BIT_MASK(nr),
			   __ATOMIC_RELEASE);
}

static __always_inline void __set_bit(unsigned long nr, unsigned long *addr)
{
	WRITE_ONCE(addr[BIT_WORD(nr)], addr[BIT_WORD(nr)] | BIT_MASK(nr));
}

static __always_inline void __clear_bit(unsigned long nr, unsigned long *addr)
{
	WRITE_ONCE(addr[BIT_WORD(nr)], addr[BIT_WORD(nr)] & ~BIT_MASK(nr));
}

/* ---- the rest of both families ---- */

/* As test_bit(). Ordering: acquire. Since v6.1. */
static __always_inline bool test_bit_acquire(unsigned long nr,
					     const unsigned long *addr)
{
	return (__atomic_load_n(addr + BIT_WORD(nr), __ATOMIC_ACQUIRE) >>
		(nr % BITS_PER_LONG)) &
	       1;
}

static __always_inline void change_bit(unsigned long nr, unsigned long *addr)
{
	__atomic_fetch_xor(addr + BIT_WORD(nr), BIT_MASK(nr), __ATOMIC_RELAXED);
}

static __always_inline bool test_and_change_bit(unsigned long nr,
						unsigned long *addr)
{
	return __TEST_AND_CHANGE_BIT("btc", xor, BIT_MASK(nr), nr, addr,
				     __ATOMIC_SEQ_CST);
}

static __always_inline void __change_bit(unsigned long nr, unsigned long *addr)
{
	WRITE_ONCE(addr[BIT_WORD(nr)], addr[BIT_WORD(nr)] ^ BIT_MASK(nr));
}

static __always_inline bool __test_and_set_bit(unsigned long nr,
					       unsigned long *addr)
{
	unsigned long old = addr[BIT_WORD(nr)];

	WRITE_ONCE(addr[BIT_WORD(nr)], old | BIT_MASK(nr));
	return old & BIT_MASK(nr);
}

static __always_inline bool __test_and_clear_bit(unsigned long nr,
						 unsigned long *addr)
{
	unsigned long old = addr[BIT_WORD(nr)];

	WRITE_ONCE(addr[BIT_WORD(nr)], old & ~BIT_MASK(nr));
	return old & BIT_MASK(nr);
}

static __always_inline bool __test_and_change_bit(unsigned long nr,
						  unsigned long *addr)
{
	unsigned long old = addr[BIT_WORD(nr)];

	WRITE_ONCE(addr[BIT_WORD(nr)], old ^ BIT_MASK(nr));
	return old & BIT_MASK(nr);
}

#endif /* PAGESIM_BITOPS_H */
