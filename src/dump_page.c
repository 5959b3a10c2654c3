// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * dump_page(): a page's state in the lines that the kernel prints.
 *
 * Models: mm/debug.c, format_page_flags() of lib/vsprintf.c at v6.12.
 * Differs: pointers are printed as they are, not hashed; of the fields above
 * the flags the zone alone, no "CMA"; no file name and no page owner.
 */
/* What is wrong with a page is why it is dumped: no checks in here. */
#undef PAGESIM_DEBUG
#define PAGESIM_DEBUG 0

#include <stdio.h>
#include <pagesim/mapcount.h>
#include <pagesim/memmap.h>

#define MAX_FOLIO_NR_PAGES (1UL << PAGESIM_MEMMAP_ALIGN_ORDER)
#define COPY_RETRIES 5

/* In the order in which the kernel's tables list them. */
static const struct {
	enum pageflags bit;
	const char *name;
} pageflag_names[] = {
	{ PG_locked, "locked" },
	{ PG_waiters, "waiters" },
	{ PG_referenced, "referenced" },
	{ PG_uptodate, "uptodate" },
	{ PG_dirty, "dirty" },
	{ PG_lru, "lru" },
	{ PG_active, "active" },
	{ PG_workingset, "workingset" },
	{ PG_owner_priv_1, "owner_priv_1" },
	{ PG_owner_2, "owner_2" },
	{ PG_arch_1, "arch_1" },
	{ PG_reserved, "reserved" },
	{ PG_private, "private" },
	{ PG_private_2, "private_2" },
	{ PG_writeback, "writeback" },
	{ PG_head, "head" },
	{ PG_reclaim, "reclaim" },
	{ PG_swapbacked, "swapbacked" },
	{ PG_unevictable, "unevictable" },
	{ PG_mlocked, "mlocked" },
	{ PG_hwpoison, "hwpoison" },
	{ PG_idle, "idle" },
	{ PG_young, "young" },
	{ PG_arch_2, "arch_2" },
	{ PG_arch_3, "arch_3" },
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
		if (flags & BIT(pageflag_names[i].bit))
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

/* A page may change while it is read: word by word, each of them whole. */
static void copy_pages(struct page *to, const struct page *from,
		       unsigned int nr)
{
	const unsigned long *src = (const unsigned long *)from;
	unsigned long *dst = (unsigned long *)to;

	for (size_t i = 0; i < nr * sizeof(*to) / sizeof(*dst); i++)
		dst[i] = READ_ONCE(src[i]);
}

/* A link that a walker found may be anything. */
static bool is_in_map(const struct folio *folio)
{
	unsigned long offset = (unsigned long)folio - (unsigned long)vmemmap;

	return offset % sizeof(struct page) == 0 &&
	       pfn_valid(offset / sizeof(struct page));
}

/*
 * Nobody holds a reference here, so a tail's head may be no head any more.
 * Everything is therefore read from copies, again until the page's place
 * lies within the folio; if it never does, the page is shown as a single
 * one.
 */
static void __dump_page(const struct page *page)
{
	struct page precise;
	struct folio copy;
	const struct folio *foliop;
	unsigned long idx, nr_pages;

	for (int i = 0; i <= COPY_RETRIES; i++) {
		copy_pages(&precise, page, 1);
		foliop = (const struct folio *)&precise;
		idx = 0;
		if (PageTail(&precise))
			foliop = (const struct folio *)(precise.compound_head -
							1);
		else if (folio_test_large(foliop))
			foliop = (const struct folio *)page;
		else
			goto dump;
		if (!is_in_map(foliop))
			continue;
		idx = folio_page_idx(foliop, page);
		nr_pages = 1;
		if (idx < MAX_FOLIO_NR_PAGES) {
			copy_pages(&copy.page, &foliop->page, 2);
			nr_pages = (unsigned long)folio_nr_pages(&copy);
			foliop = &copy;
		}
		if (idx <= nr_pages)
			goto dump;
	}
	pr_warn("page does not match folio\n");
	precise.compound_head &= ~1UL;
	precise.flags &= ~BIT(PG_head); /* there is no second page in a copy */
	foliop = (const struct folio *)&precise;
	idx = 0;
dump:
	__dump_folio(foliop, &precise, page_to_pfn(page), idx);
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
