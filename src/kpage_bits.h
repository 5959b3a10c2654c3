/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/* Which page flag shows as which bit of a kpageflags word, one to one. */
#ifndef PAGESIM_KPAGE_BITS_H
#define PAGESIM_KPAGE_BITS_H

#include <pagesim/kpageflags.h>
#include <pagesim/page-flags-layout.h>

static const struct kpage_bit {
	unsigned char kpf;
	unsigned char pg;
} kpage_bits[] = {
	{ KPF_LOCKED, PG_locked },
	{ KPF_REFERENCED, PG_referenced },
	{ KPF_UPTODATE, PG_uptodate },
	{ KPF_DIRTY, PG_dirty },
	{ KPF_LRU, PG_lru },
	{ KPF_ACTIVE, PG_active },
	{ KPF_WRITEBACK, PG_writeback },
	{ KPF_RECLAIM, PG_reclaim },
	{ KPF_SWAPBACKED, PG_swapbacked },
	{ KPF_UNEVICTABLE, PG_unevictable },
	{ KPF_MLOCKED, PG_mlocked },
	{ KPF_IDLE, PG_idle },
	{ KPF_RESERVED, PG_reserved },
	{ KPF_OWNER_2, PG_owner_2 },
	{ KPF_PRIVATE, PG_private },
	{ KPF_PRIVATE_2, PG_private_2 },
	{ KPF_OWNER_PRIVATE, PG_owner_priv_1 },
	{ KPF_ARCH, PG_arch_1 },
	{ KPF_ARCH_2, PG_arch_2 },
	{ KPF_ARCH_3, PG_arch_3 },
};

#endif /* PAGESIM_KPAGE_BITS_H */
