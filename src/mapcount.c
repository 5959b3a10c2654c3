// SPDX-License-Identifier: MIT
// Floor: 2
#include <pagesim/mapcount.h>

struct counts {
	long sum; /* PTEs of all pages */
	long mapped; /* pages with at least one */
	bool underflow;
};

static void count_page(struct counts *counts, const struct page *page)
{
	int mapcount = atomic_read(&page->_mapcount) + 1;

	if (page_mapcount_is_type((unsigned int)mapcount))
		return;
	counts->sum += mapcount;
	counts->mapped += mapcount > 0;
	counts->underflow |= mapcount < 0;
}

static const char *check_large(const struct folio *folio)
{
	long entire = atomic_read(&folio->_entire_mapcount) + 1L;
	struct counts counts = { .underflow = entire < 0 };

	for (long i = 0; i < folio_nr_pages(folio); i++)
		count_page(&counts, folio_page(folio, i));
	if (counts.underflow)
		return "a map count is below none";
	if (folio_test_hugetlb(folio)) {
		if (counts.sum)
			return "hugetlb has pages mapped by a PTE";
	} else {
		if (page_has_type(&folio->page) && (entire || counts.sum))
			return "a folio of this type is never mapped";
		counts.mapped += entire ? ENTIRELY_MAPPED : 0;
	}
	if (atomic_read(&folio->_large_mapcount) + 1L != counts.sum + entire)
		return "_large_mapcount is not the sum of the others";
	if (atomic_read(&folio->_nr_pages_mapped) != counts.mapped)
		return "_nr_pages_mapped is not what is mapped";
	return NULL;
}

const char *pagesim_mapcount_check(const struct folio *folio)
{
	struct counts counts = { 0 };

	if (folio_test_large(folio))
		return check_large(folio);
	count_page(&counts, &folio->page);
	return counts.underflow ? "a map count is below none" : NULL;
}
