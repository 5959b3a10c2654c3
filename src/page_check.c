// SPDX-License-Identifier: MIT
// Floor: 2
#include <pagesim/cpu.h>
#include <pagesim/mapcount.h>
#include <pagesim/pagesim.h>
#include <pagesim/report.h>

#include "page_check.h"
#include "page_shadow.h"

/*
 * What the page pool writes where other pages have their list. Some bits of
 * its own, and bits 0 and 1, may be set besides.
 */
#define PP_SIGNATURE (0x40UL + POISON_POINTER_DELTA)
#define PP_DMA_INDEX_MASK 0x7fffffff80UL
#define PP_MAGIC_MASK (~(PP_DMA_INDEX_MASK | 0x3UL))

static bool page_pool_page_is_pp(const struct page *page)
{
	return (READ_ONCE(page->pp_magic) & PP_MAGIC_MASK) == PP_SIGNATURE;
}

/* One comparison for what is nearly always so. */
static bool page_expected_state(const struct page *page, unsigned long flags)
{
	if (unlikely(atomic_read(&page->_mapcount) != -1))
		return false;
	return likely(!((unsigned long)READ_ONCE(page->mapping) |
			(unsigned long)page_ref_count(page) |
			READ_ONCE(page->memcg_data) |
			page_pool_page_is_pp(page) |
			(READ_ONCE(page->flags) & flags)));
}

static const char *page_bad_reason(const struct page *page, unsigned long flags)
{
	if (page_pool_page_is_pp(page))
		return "page_pool leak";
	if (READ_ONCE(page->memcg_data))
		return "page still charged to cgroup";
	if (READ_ONCE(page->flags) & flags)
		return flags == PAGE_FLAGS_CHECK_AT_PREP
			       ? "PAGE_FLAGS_CHECK_AT_PREP flag(s) set"
			       : "PAGE_FLAGS_CHECK_AT_FREE flag(s) set";
	if (page_ref_count(page))
		return "nonzero _refcount";
	if (READ_ONCE(page->mapping))
		return "non-NULL mapping";
	/* A page's type lies over its map count. */
	if (atomic_read(&page->_mapcount) != -1)
		return "nonzero mapcount";
	return NULL;
}

const char *free_page_bad_reason(const struct page *page)
{
	if (likely(page_expected_state(page, PAGE_FLAGS_CHECK_AT_FREE)))
		return NULL;
	return page_bad_reason(page, PAGE_FLAGS_CHECK_AT_FREE);
}

/* What the folio keeps in its second page, in place of a mapping. */
static const char *second_page_bad_reason(const struct folio *folio)
{
	if (folio_entire_mapcount(folio))
		return "nonzero entire_mapcount";
	if (folio_mapcount(folio))
		return "nonzero large_mapcount";
	if (atomic_read(&folio->_nr_pages_mapped))
		return "nonzero nr_pages_mapped";
	if (atomic_read(&folio->_pincount))
		return "nonzero pincount";
	return NULL;
}

static const char *tail_fields_bad_reason(const struct folio *folio,
					  const struct page *page)
{
	switch (page - &folio->page) {
	case 1:
		return second_page_bad_reason(folio);
	case 2:
		return list_empty(&folio->_deferred_list) ? NULL
							  : "on deferred list";
	case 3: /* hugetlb's */
		return NULL;
	default:
		return READ_ONCE(page->mapping) == TAIL_MAPPING
			       ? NULL
			       : "corrupted mapping in tail page";
	}
}

const char *free_tail_page_bad_reason(const struct folio *folio,
				      const struct page *page)
{
	const char *reason = tail_fields_bad_reason(folio, page);

	if (reason)
		return reason;
	if (!PageTail(page))
		return "PageTail not set";
	if (compound_head(page) != &folio->page)
		return "compound_head not consistent";
	return NULL;
}

/* True if it is to stay away from everybody; *reason if that is no surprise. */
static bool new_page_is_bad(struct page *page, const char **reason)
{
	if (likely(page_expected_state(page, PAGE_FLAGS_CHECK_AT_PREP |
						     __PG_HWPOISON)))
		return false;
	if (!PageHWPoison(page))
		*reason = page_bad_reason(page, PAGE_FLAGS_CHECK_AT_PREP);
	return true;
}

bool check_new_pages(struct page *page, unsigned int order)
{
	const char *reason = NULL;

	if (!is_check_pages_enabled())
		return false;
	for (unsigned long i = 0; i < 1UL << order; i++) {
		if (!new_page_is_bad(page + i, &reason))
			continue;
		page_shadow_lose(page, order);
		lose_block(order);
		if (reason)
			bad_page(page + i, reason);
		return true;
	}
	return false;
}

void lose_block(unsigned int order)
{
	atomic_long_add(1L << order, &pagesim_zone.nr_lost);
}

void bad_page(struct page *page, const char *reason)
{
	pr_warn("BUG: Bad page state in process %s  pfn:%05lx\n",
		this_cpu()->name, page_to_pfn(page));
	dump_page(page, reason);
	/* The rest stays as it is, but a buddy would be merged. */
	if (PageBuddy(page))
		__ClearPageBuddy(page);
	pagesim_report(PAGESIM_REPORT_BUG_ON, __FILE__, __LINE__, __func__,
		       "Bad page state: pfn %lu: %s", page_to_pfn(page),
		       reason);
}
