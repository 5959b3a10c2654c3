// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * dump_page(): a page's state in the lines that the kernel prints.
 *
 * Models: mm/debug.c, format_page_flags() of lib/vsprintf.c at v6.12; by a
 * snapshot, as since v6.17.
 * Differs: pointers are printed as they are, not hashed; of the fields above
 * the flags the zone alone, no "CMA"; no file name and no page owner.
 */
/* What is wrong with a page is why it is dumped: no checks in here. */
#undef PAGESIM_DEBUG
#define PAGESIM_DEBUG 0

#include <stdio.h>
#include <pagesim/mapcount.h>
#include <pagesim/memmap.h>
#include <pagesim/snapshot_page.h>

#include "dump_page.h"

const struct trace_flag pageflag_names[NR_PAGEFLAG_NAMES] = {
	{ BIT(PG_locked), "locked" },
	{ BIT(PG_waiters), "waiters" },
	{ BIT(PG_referenced), "referenced" },
	{ BIT(PG_uptodate), "uptodate" },
	{ BIT(PG_dirty), "dirty" },
	{ BIT(PG_lru), "lru" },
	{ BIT(PG_active), "active" },
	{ BIT(PG_workingset), "workingset" },
	{ BIT(PG_owner_priv_1), "owner_priv_1" },
	{ BIT(PG_owner_2), "owner_2" },
	{ BIT(PG_arch_1), "arch_1" },
	{ BIT(PG_reserved), "reserved" },
	{ BIT(PG_private), "private" },
	{ BIT(PG_private_2), "private_2" },
	{ BIT(PG_writeback), "writeback" },
	{ BIT(PG_head), "head" },
	{ BIT(PG_reclaim), "reclaim" },
	{ BIT(PG_swapbacked), "swapbacked" },
	{ BIT(PG_unevictable), "unevictable" },
	{ BIT(PG_mlocked), "mlocked" },
	{ BIT(PG_hwpoison), "hwpoison" },
	{ BIT(PG_idle), "idle" },
	{ BIT(PG_young), "young" },
	{ BIT(PG_arch_2), "arch_2" },
	{ BIT(PG_arch_3), "arch_3" },
};

static const char *const page_type_names[] = {
	[PGTY_buddy - 0xf0] = "buddy",
	[PGTY_offline - 0xf0] = "offline",
	[PGTY_table - 0xf0] = "table",
	[PGTY_guard - 0xf0] = "guard",
	[PGTY_hugetlb - 0xf0] = "hugetlb",
	[PGTY_slab - 0xf0] = "slab",
	[PGTY_zsmalloc - 0xf0] = "zsmalloc",
	[PGTY_unaccepted - 0xf0] = "unaccepted",
};

static const char *page_type_name(unsigned int page_type)
{
	unsigned int i = (page_type >> 24) - 0xf0;

	return i < ARRAY_SIZE(page_type_names) ? page_type_names[i] : "unknown";
}

/* In one piece, so that two threads that dump do not tear a line. */
static void pr_page_flags(const char *type, unsigned long flags)
{
	char names[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(pageflag_names); i++)
		if (flags & pageflag_names[i].mask)
			len += (size_t)snprintf(names + len,
						sizeof(names) - len, "%s|",
						pageflag_names[i].name);
	pr_warn("%sflags: 0x%lx(%szone=%lu)\n", type, flags, names,
		flags >> ZONES_PGSHIFT & ZONES_MASK);
}

static void pr_hex(const char *prefix, const void *data, size_t size)
{
	const unsigned long *word = data;

	for (size_t i = 0; i < size / sizeof(*word); i += 4)
		pr_warn("%s%016lx %016lx %016lx %016lx\n", prefix, word[i],
			word[i + 1], word[i + 2], word[i + 3]);
}

/* The address_space; NULL for slab and anonymous pages. */
static struct address_space *mapping_of(const struct folio *folio)
{
	if (folio_test_slab(folio) || folio_mapping_flags(folio))
		return NULL;
	return folio->mapping;
}

static void __dump_folio(const struct folio *folio, const struct page *page,
			 unsigned long pfn, unsigned long idx)
{
	struct address_space *mapping = mapping_of(folio);
	int mapcount = atomic_read(&page->_mapcount) + 1;
	const char *type = "";

	if (page_mapcount_is_type((unsigned int)mapcount))
		mapcount = 0;
	pr_warn("page: refcount:%d mapcount:%d mapping:%016lx index:0x%lx pfn:0x%lx\n",
		folio_ref_count(folio), mapcount, (unsigned long)mapping,
		folio->index + idx, pfn);
	if (folio_test_large(folio))
		pr_warn("head: order:%u mapcount:%d entire_mapcount:%d nr_pages_mapped:%d pincount:%d\n",
			folio_order(folio), folio_mapcount(folio),
			folio_entire_mapcount(folio),
			folio_nr_pages_mapped(folio),
			atomic_read(&folio->_pincount));
	if (folio->memcg_data)
		pr_warn("memcg:%lx\n", folio->memcg_data);
	if (folio_test_ksm(folio))
		type = "ksm ";
	else if (folio_test_anon(folio))
		type = "anon ";
	pr_page_flags(type, folio->flags);
	if (page_has_type(&folio->page))
		pr_warn("page_type: %x(%s)\n", folio->page.page_type >> 24,
			page_type_name(folio->page.page_type));
	pr_hex("raw: ", page, sizeof(*page));
	if (folio_test_large(folio))
		pr_hex("head: ", folio, 2 * sizeof(*page));
}

/* Nobody holds a reference here: everything is read from a snapshot. */
static void __dump_page(const struct page *page)
{
	struct page_snapshot ps;

	snapshot_page(&ps, page);
	if (!snapshot_page_is_faithful(&ps))
		pr_warn("page does not match folio\n");
	__dump_folio(&ps.folio_snapshot, &ps.page_snapshot, ps.pfn, ps.idx);
}

void dump_page(const struct page *page, const char *reason)
{
	if (PagePoisoned(page))
		pr_warn("page:%p is uninitialized and poisoned\n",
			(const void *)page);
	else
		__dump_page(page);
	if (reason)
		pr_warn("page dumped because: %s\n", reason);
}
