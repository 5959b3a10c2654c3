// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * Nothing here holds a reference, so what was a head a moment ago may be a
 * tail: no checks in this file. v6.12 has them, and with DEBUG_VM_PGFLAGS it
 * can stop here.
 */
#undef PAGESIM_DEBUG
#define PAGESIM_DEBUG 0

#include <pagesim/kpageflags.h>
#include <pagesim/mapcount.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>

#include "kpage_bits.h"

static const char *const kpf_names[KPF_NR_BITS] = {
	[KPF_LOCKED] = "locked",
	[KPF_ERROR] = "error",
	[KPF_REFERENCED] = "referenced",
	[KPF_UPTODATE] = "uptodate",
	[KPF_DIRTY] = "dirty",
	[KPF_LRU] = "lru",
	[KPF_ACTIVE] = "active",
	[KPF_SLAB] = "slab",
	[KPF_WRITEBACK] = "writeback",
	[KPF_RECLAIM] = "reclaim",
	[KPF_BUDDY] = "buddy",
	[KPF_MMAP] = "mmap",
	[KPF_ANON] = "anonymous",
	[KPF_SWAPCACHE] = "swapcache",
	[KPF_SWAPBACKED] = "swapbacked",
	[KPF_COMPOUND_HEAD] = "compound_head",
	[KPF_COMPOUND_TAIL] = "compound_tail",
	[KPF_HUGE] = "huge",
	[KPF_UNEVICTABLE] = "unevictable",
	[KPF_HWPOISON] = "hwpoison",
	[KPF_NOPAGE] = "nopage",
	[KPF_KSM] = "ksm",
	[KPF_THP] = "thp",
	[KPF_OFFLINE] = "offline",
	[KPF_ZERO_PAGE] = "zero_page",
	[KPF_IDLE] = "idle_page",
	[KPF_PGTABLE] = "pgtable",
	[KPF_RESERVED] = "reserved",
	[KPF_MLOCKED] = "mlocked",
	[KPF_OWNER_2] = "owner_2",
	[KPF_PRIVATE] = "private",
	[KPF_PRIVATE_2] = "private_2",
	[KPF_OWNER_PRIVATE] = "owner_private",
	[KPF_ARCH] = "arch",
	[KPF_SOFTDIRTY] = "softdirty",
	[KPF_ARCH_2] = "arch_2",
	[KPF_ARCH_3] = "arch_3",
	[KPF_ANON_EXCLUSIVE] = "anon_exclusive",
	[KPF_READAHEAD] = "readahead",
	[KPF_SLUB_FROZEN] = "slub_frozen",
	[KPF_SLUB_DEBUG] = "slub_debug",
};

static const char *const kind_names[KPAGE_NR_KINDS] = {
	[KPAGE_FREE] = "free",
	[KPAGE_ANONYMOUS] = "anonymous",
	[KPAGE_KSM] = "ksm",
	[KPAGE_FILE] = "file",
	[KPAGE_SHMEM] = "shmem",
	[KPAGE_HUGETLB] = "hugetlb",
	[KPAGE_SLAB] = "slab",
	[KPAGE_PGTABLE] = "pgtable",
	[KPAGE_ZERO_PAGE] = "zero_page",
	[KPAGE_RESERVED] = "reserved",
	[KPAGE_OFFLINE] = "offline",
	[KPAGE_HWPOISON] = "hwpoison",
	[KPAGE_OTHER] = "other",
	[KPAGE_ABSENT] = "absent",
};

const char *kpf_name(unsigned int bit)
{
	return bit < KPF_NR_BITS ? kpf_names[bit] : NULL;
}

static u64 swap_bits(u64 word, unsigned int from, unsigned int to)
{
	if (word & BIT_ULL(from))
		word ^= BIT_ULL(from) | BIT_ULL(to);
	return word;
}

u64 kpf_expand_overloaded(u64 word)
{
	if (word & BIT_ULL(KPF_ANON))
		word = swap_bits(word, KPF_OWNER_2, KPF_ANON_EXCLUSIVE);
	if (word & BIT_ULL(KPF_SLAB)) {
		word = swap_bits(word, KPF_ACTIVE, KPF_SLUB_FROZEN);
		word = swap_bits(word, KPF_ERROR, KPF_SLUB_DEBUG);
	}
	if (!(word & BIT_ULL(KPF_WRITEBACK)))
		word = swap_bits(word, KPF_RECLAIM, KPF_READAHEAD);
	return word;
}

/* What the folio is, from its mapping word, size and type. */
static u64 folio_pseudo_flags(const struct folio *folio)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);
	u64 word = 0;

	if (folio_mapped(folio))
		word |= BIT_ULL(KPF_MMAP);
	/* Not guarded by the type: a slab's own use of the word shows. */
	if (mapping & PAGE_MAPPING_ANON) {
		word |= BIT_ULL(KPF_ANON);
		if (mapping & PAGE_MAPPING_MOVABLE)
			word |= BIT_ULL(KPF_KSM);
	}
	if (folio_test_hugetlb(folio))
		word |= BIT_ULL(KPF_HUGE);
	else if (folio_test_large(folio) && folio_test_large_rmappable(folio))
		word |= BIT_ULL(KPF_THP);
	else if (is_huge_zero_folio(folio))
		word |= BIT_ULL(KPF_ZERO_PAGE) | BIT_ULL(KPF_THP);
	else if (is_zero_pfn(page_to_pfn(&folio->page)))
		word |= BIT_ULL(KPF_ZERO_PAGE);
	if (folio_test_slab(folio))
		word |= BIT_ULL(KPF_SLAB);
	return word;
}

/* What this very page is, whatever its folio. */
static u64 page_pseudo_flags(const struct page *page)
{
	u64 word = 0;

	if (PageBuddy(page) ||
	    (page_count(page) == 0 && is_free_buddy_page(page)))
		word |= BIT_ULL(KPF_BUDDY);
	if (PageOffline(page))
		word |= BIT_ULL(KPF_OFFLINE);
	if (PageTable(page))
		word |= BIT_ULL(KPF_PGTABLE);
	return word;
}

static u64 copy_flags(unsigned long flags)
{
	const unsigned long swapcache = BIT(PG_swapbacked) | BIT(PG_swapcache);
	u64 word = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kpage_bits); i++)
		word |= (u64)(flags >> kpage_bits[i].pg & 1)
			<< kpage_bits[i].kpf;
	if ((flags & swapcache) == swapcache)
		word |= BIT_ULL(KPF_SWAPCACHE);
	return word;
}

u64 stable_page_flags(const struct page *page)
{
	const struct folio *folio;
	unsigned long flags;
	u64 word;

	if (!page)
		return BIT_ULL(KPF_NOPAGE);
	folio = page_folio(page);
	flags = READ_ONCE(folio->flags);
	word = folio_pseudo_flags(folio) | page_pseudo_flags(page) |
	       copy_flags(flags);
	if (page != &folio->page)
		word |= BIT_ULL(KPF_COMPOUND_TAIL);
	else if (flags & BIT(PG_head))
		word |= BIT_ULL(KPF_COMPOUND_HEAD);
	/* Kept page by page, but for hugetlb. */
	if (!(word & BIT_ULL(KPF_HUGE)))
		flags = READ_ONCE(page->flags);
	if (flags & BIT(PG_hwpoison))
		word |= BIT_ULL(KPF_HWPOISON);
	return word;
}

u64 pagesim_kpageflags(unsigned long pfn)
{
	const struct page *page = pfn_to_online_page(pfn);

	if (page && pfn >= smp_load_acquire(&pagesim_zone.first_deferred_pfn))
		return BIT_ULL(KPF_BUDDY);
	return stable_page_flags(page);
}

u64 pagesim_kpagecount(unsigned long pfn)
{
	const struct page *page = pfn_to_online_page(pfn);

	if (!page || pfn >= smp_load_acquire(&pagesim_zone.first_deferred_pfn))
		return 0;
	return (u64)(s64)folio_precise_page_mapcount(page_folio(page), page);
}

enum kpage_kind kpage_kind(u64 word)
{
	/* The first that matches: a slab page that looks KSM is slab. */
	static const struct {
		u64 bits;
		enum kpage_kind kind;
	} rules[] = {
		{ BIT_ULL(KPF_NOPAGE), KPAGE_ABSENT },
		{ BIT_ULL(KPF_HWPOISON), KPAGE_HWPOISON },
		{ BIT_ULL(KPF_BUDDY), KPAGE_FREE },
		{ BIT_ULL(KPF_OFFLINE), KPAGE_OFFLINE },
		{ BIT_ULL(KPF_PGTABLE), KPAGE_PGTABLE },
		{ BIT_ULL(KPF_SLAB), KPAGE_SLAB },
		{ BIT_ULL(KPF_HUGE), KPAGE_HUGETLB },
		{ BIT_ULL(KPF_ZERO_PAGE), KPAGE_ZERO_PAGE },
		{ BIT_ULL(KPF_KSM), KPAGE_KSM },
		{ BIT_ULL(KPF_ANON), KPAGE_ANONYMOUS },
		{ BIT_ULL(KPF_RESERVED), KPAGE_RESERVED },
		{ BIT_ULL(KPF_SWAPBACKED), KPAGE_SHMEM },
		{ BIT_ULL(KPF_LRU), KPAGE_FILE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (word & rules[i].bits)
			return rules[i].kind;
	return KPAGE_OTHER;
}

const char *kpage_kind_name(enum kpage_kind kind)
{
	return kind_names[kind];
}
