/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * A spinlock in one bit of a word that has other uses.
 *
 * Models: include/linux/bit_spinlock.h at v6.12. Ordering: acquire and
 * release. lockdep does not follow it, nor does the kernel's: there is no
 * class to one bit of somebody's word. The unlock of a bit that is clear is a
 * bug-on report from tier "vm" on, as with CONFIG_DEBUG_SPINLOCK.
 *
 * Differs from the kernel: who waits long gives its host's CPU away for a
 * while, since the holder may have been preempted; might_sleep() does not
 * know that one is held.
 */
#ifndef PAGESIM_BIT_SPINLOCK_H
#define PAGESIM_BIT_SPINLOCK_H

#include <pagesim/bitops.h>
#include <pagesim/bug.h>

void __bit_spin_lock_slow(unsigned long bitnr, unsigned long *addr);

static inline bool bit_spin_trylock(unsigned long bitnr, unsigned long *addr)
{
	return !test_and_set_bit_lock(bitnr, addr);
}

static inline void bit_spin_lock(unsigned long bitnr, unsigned long *addr)
{
	if (unlikely(!bit_spin_trylock(bitnr, addr)))
		__bit_spin_lock_slow(bitnr, addr);
}

static inline void bit_spin_unlock(unsigned long bitnr, unsigned long *addr)
{
	VM_BUG_ON(!test_bit(bitnr, addr));
	clear_bit_unlock(bitnr, addr);
}

/*
 * The same with a plain store: for who holds the lock of a word that nobody
 * else changes without it.
 */
static inline void __bit_spin_unlock(unsigned long bitnr, unsigned long *addr)
{
	VM_BUG_ON(!test_bit(bitnr, addr));
	__atomic_store_n(addr + BIT_WORD(bitnr),
			 READ_ONCE(addr[BIT_WORD(bitnr)]) & ~BIT_MASK(bitnr),
			 __ATOMIC_RELEASE);
}

static inline bool bit_spin_is_locked(unsigned long bitnr,
				      const unsigned long *addr)
{
	return test_bit(bitnr, addr);
}

#endif /* PAGESIM_BIT_SPINLOCK_H */
