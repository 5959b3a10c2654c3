// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * Nothing here holds a reference, so what was a head a moment ago may be a
 * tail, in the map and in a copy of it: no checks in this file.
 */
#undef PAGESIM_DEBUG
#define PAGESIM_DEBUG 0

#include <string.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>
#include <pagesim/snapshot_page.h>

#define MAX_FOLIO_NR_PAGES (1UL << PAGESIM_MEMMAP_ALIGN_ORDER)
#define RETRIES 5

static void copy_pages(struct page *to, const struct page *from, size_t nr)
{
	const unsigned long *src = (const unsigned long *)from;
	unsigned long *dst = (unsigned long *)to;

	for (size_t i = 0; i < nr * sizeof(*to) / sizeof(*dst); i++)
		dst[i] = READ_ONCE(src[i]);
}

/* A link that a walker found may be anything. */
static bool in_map(const struct page *page, unsigned long nr)
{
	unsigned long offset = (unsigned long)page - (unsigned long)vmemmap;

	return offset % sizeof(*page) == 0 && nr <= max_pfn &&
	       offset / sizeof(*page) <= max_pfn - nr;
}

/* Returns whether the page lies in the folio that its copy leads to. */
static bool copy_page_and_folio(struct page_snapshot *ps,
				const struct page *page)
{
	struct folio *folio = &ps->folio_snapshot;
	const struct page *head = page;
	unsigned long nr_pages;

	memset(folio, 0, sizeof(*folio));
	copy_pages(&ps->page_snapshot, page, 1);
	ps->idx = 0;
	if (ps->page_snapshot.compound_head & 1) {
		head = (const struct page *)(ps->page_snapshot.compound_head -
					     1);
	} else if (!test_bit(PG_head, &ps->page_snapshot.flags)) {
		folio->page = ps->page_snapshot;
		return true;
	}
	if (!in_map(head, 2))
		return false;
	ps->idx = folio_page_idx((const struct folio *)head, page);
	if (ps->idx >= MAX_FOLIO_NR_PAGES)
		return false;
	copy_pages(&folio->page, head, 2);
	nr_pages = (unsigned long)folio_nr_pages(folio);
	if (nr_pages > 2) {
		if (!in_map(head, 3))
			return false;
		copy_pages(&folio->__page_2, head + 2, 1);
	}
	return ps->idx <= nr_pages;
}

static bool is_buddy(const struct page_snapshot *ps, const struct page *page)
{
	return PageBuddy(&ps->page_snapshot) ||
	       (folio_ref_count(&ps->folio_snapshot) == 0 && in_map(page, 1) &&
		is_free_buddy_page(page));
}

static void take_for_single(struct page_snapshot *ps)
{
	clear_compound_head(&ps->page_snapshot);
	ps->page_snapshot.flags &= ~BIT(PG_head);
	memset(&ps->folio_snapshot, 0, sizeof(ps->folio_snapshot));
	ps->folio_snapshot.page = ps->page_snapshot;
	ps->idx = 0;
	ps->flags = 0;
}

void snapshot_page(struct page_snapshot *ps, const struct page *page)
{
	ps->pfn = page_to_pfn(page);
	for (int i = 0; i <= RETRIES; i++) {
		if (!copy_page_and_folio(ps, page))
			continue;
		ps->flags = PAGE_SNAPSHOT_FAITHFUL;
		if (is_buddy(ps, page))
			ps->flags |= PAGE_SNAPSHOT_PG_BUDDY;
		if (folio_test_idle(&ps->folio_snapshot))
			ps->flags |= PAGE_SNAPSHOT_PG_IDLE;
		return;
	}
	take_for_single(ps);
}
