// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/bit_spinlock.h>

#include "platform.h"

#define SPINS_BEFORE_YIELDING 100

void __bit_spin_lock_slow(unsigned long bitnr, unsigned long *addr)
{
	unsigned long spins = 0;

	do {
		while (test_bit(bitnr, addr)) {
			if (++spins % SPINS_BEFORE_YIELDING)
				platform_relax();
			else
				platform_yield();
		}
	} while (!bit_spin_trylock(bitnr, addr));
}
