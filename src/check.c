// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * In this file: c is the walk, pfn a frame's number, page its page; a block
 * is free, a folio in use. Each function that is given a folio or a block
 * reports all that is wrong with it.
 */
/* What is wrong with a page is what is asked for: no checks in here. */
#undef PAGESIM_DEBUG
#define PAGESIM_DEBUG 0

#include <stdarg.h>
#include <stdio.h>
#include <pagesim/check.h>
#include <pagesim/folio.h>
#include <pagesim/mapcount.h>
#include <pagesim/page_alloc.h>

#include "folio_lock.h"
#include "page_shadow.h"

#define MAX_REPORTS 64

struct check {
	unsigned long wrong;
	unsigned long end; /* the first frame that was never touched */
	unsigned long blocks[NR_PAGE_ORDERS]; /* free ones that were met */
};

static unsigned int allowed;

unsigned int pagesim_check_allow(unsigned int mask)
{
	unsigned int was = allowed;

	allowed = mask;
	return was;
}

static __printf(4, 5) void wrong(struct check *c, enum pagesim_report_kind kind,
				 const struct page *page, const char *fmt, ...)
{
	char rule[256];
	va_list args;
	int len;

	if (c->wrong++ >= MAX_REPORTS)
		return;
	len = snprintf(rule, sizeof(rule), "pfn:0x%lx: ", page_to_pfn(page));
	va_start(args, fmt);
	vsnprintf(rule + len, sizeof(rule) - (size_t)len, fmt, args);
	va_end(args);
	dump_page(page, rule);
	pagesim_report(kind, __FILE__, __LINE__, __func__, "%s", rule);
}

#define WRONG(c, page, ...) \
	wrong(c, PAGESIM_REPORT_ASSERTION, page, __VA_ARGS__)
#define WRONG_COUNT(c, page, ...) \
	wrong(c, PAGESIM_REPORT_REFCOUNT, page, __VA_ARGS__)

/*
 * The words of a live machine are read while it runs, and a flag may be there
 * that its page had a moment before: of an imported page no flag, and no type
 * by itself, is wrong.
 */
static bool is_as_imported(const struct page *page)
{
	const struct page_shadow *s = shadow_of(page);

	return s && s->use == PAGE_USE_IMPORTED;
}

/* ---- I12, I13: any page that is in use ---- */

static void check_type(struct check *c, const struct page *page)
{
	unsigned int type = page->page_type >> 24;

	if (page_has_type(page) &&
	    (type < PGTY_buddy || type > PGTY_unaccepted))
		WRONG(c, page, "I12: page type is 0x%x, which there is not",
		      page->page_type);
	else if (!page_has_type(page) && (int)page->page_type < -1)
		WRONG(c, page, "I12: _mapcount is %d, at least -1 is expected",
		      (int)page->page_type);
}

static void check_anon_exclusive(struct check *c, const struct folio *folio,
				 const struct page *page)
{
	if (folio_test_ksm(folio) &&
	    test_bit(PG_anon_exclusive, &page->flags) && !is_as_imported(page))
		WRONG(c, page, "I13: PG_anon_exclusive on a KSM page");
}

/* Of a small folio alone: a large one does not say which page is pinned. */
static void check_pinned(struct check *c, const struct folio *folio)
{
	const struct page_shadow *s = shadow_of(&folio->page);

	if (s && s->refs[PAGE_REF_PIN] && folio_test_anon(folio) &&
	    !folio_test_ksm(folio) && !folio_test_large(folio) &&
	    folio_mapped(folio) && !test_bit(PG_anon_exclusive, &folio->flags))
		WRONG(c, &folio->page,
		      "I13: mapped, anonymous and pinned without PG_anon_exclusive");
}

/* ---- I3 to I5: counts ---- */

/* The first that is wrong: one mistake is often several of them. */
static void check_ledger(struct check *c, const struct page *page,
			 const struct page_shadow *s, int count, int mapcount)
{
	char refs[REFS_TEXT_LEN];
	int sum = shadow_sum(s), least = 0;
	int others = sum - s->refs[PAGE_REF_CALLER] -
		     s->refs[PAGE_REF_SPECULATIVE] - s->refs[PAGE_REF_PTE];

	for (int i = 0; i < PAGE_REF_NR_OWNERS; i++)
		if (s->refs[i] < least)
			least = s->refs[i];
	refs_text(refs, s);
	if (sum != count)
		WRONG_COUNT(c, page,
			    "I4: the count is %d, its owners have %d: %s",
			    count, sum, refs);
	else if (least < 0)
		WRONG_COUNT(c, page, "I4: an owner has less than none: %s",
			    refs);
	else if (s->refs[PAGE_REF_PTE] > mapcount)
		WRONG_COUNT(
			c, page,
			"I4: mapped %d times, page tables have more references: %s",
			mapcount, refs);
	else if (count - others < mapcount)
		WRONG_COUNT(
			c, page,
			"I4: mapped %d times, the count is %d, others have %d: %s",
			mapcount, count, others, refs);
}

static void check_counts(struct check *c, const struct folio *folio)
{
	const struct page *page = &folio->page;
	const struct page_shadow *s = shadow_of(page);
	int count = page_ref_count(page);
	int mapcount = folio_mapcount(folio);
	char frozen[FROZEN_TEXT_LEN];

	if (mapcount < 0) /* for which there is another rule */
		mapcount = 0;
	if (s && s->frozen) {
		if (!(allowed & PAGESIM_ALLOW_FROZEN))
			WRONG_COUNT(c, page, "I5: still frozen at %d by %s",
				    s->frozen_count, frozen_text(frozen, s));
	} else if (count < 0) {
		WRONG_COUNT(c, page, "I3: the count is %d", count);
	} else if (s) {
		check_ledger(c, page, s, count, mapcount);
	} else if (count < mapcount) {
		WRONG_COUNT(c, page, "I4: mapped %d times, the count is %d",
			    mapcount, count);
	}
}

/* ---- what small and large folios share ---- */

static void check_folio(struct check *c, const struct folio *folio)
{
	const struct page *page = &folio->page;

	check_counts(c, folio);
	check_type(c, page);
	check_anon_exclusive(c, folio, page);
	check_pinned(c, folio);
	if (!(allowed & PAGESIM_ALLOW_LOCKED)) {
		if (test_bit(PG_locked, &page->flags))
			WRONG(c, page, "I10: still locked");
		if (test_bit(PG_writeback, &page->flags))
			WRONG(c, page, "I10: still under writeback");
	}
}

static void check_small(struct check *c, const struct page *page)
{
	check_folio(c, (const struct folio *)page);
	if (folio_test_hugetlb((const struct folio *)page) &&
	    !is_as_imported(page))
		WRONG(c, page, "I20: hugetlb, and not large");
}

/* ---- I1, I2, I15: compound pages ---- */

static bool tail_keeps_mapping(const struct folio *folio, unsigned long i)
{
	/* The first ones' word is the folio's: page_1, page_2, hugetlb's. */
	return i >= (folio_test_hugetlb(folio) ? 4 : 3);
}

static void check_tail(struct check *c, const struct folio *folio,
		       unsigned long i)
{
	const struct page *tail = folio_page(folio, i);
	const struct page_shadow *s = shadow_of(tail);
	unsigned long link = (unsigned long)&folio->page + 1;
	char refs[REFS_TEXT_LEN];

	if (tail->compound_head != link)
		WRONG(c, tail,
		      "I1: page %lu of pfn:0x%lx links to 0x%lx, expected 0x%lx",
		      i, page_to_pfn(&folio->page), tail->compound_head, link);
	else if (tail_keeps_mapping(folio, i) && tail->mapping != TAIL_MAPPING)
		WRONG(c, tail, "I1: a tail's mapping is %p, expected %p",
		      (void *)tail->mapping, (void *)TAIL_MAPPING);
	if (test_bit(PG_head, &tail->flags))
		WRONG(c, tail, "I1: PG_head on a tail");
	if (page_ref_count(tail))
		WRONG_COUNT(c, tail, "I2: a tail's count is %d",
			    page_ref_count(tail));
	else if (s && shadow_sum(s))
		WRONG_COUNT(c, tail, "I2: a tail has references: %s",
			    refs_text(refs, s));
	if (page_has_type(tail))
		WRONG(c, tail, "I12: a tail's page type is 0x%x",
		      tail->page_type);
	else
		check_type(c, tail);
	check_anon_exclusive(c, folio, tail);
}

/* Of an imported page the type may be younger than the counts. */
static void check_mapcounts(struct check *c, const struct folio *folio)
{
	const struct page *page = &folio->page;
	const char *broken = pagesim_mapcount_check(folio);

	if (broken && !(is_as_imported(page) && page_has_type(page) &&
			!folio_test_hugetlb(folio)))
		WRONG(c, page, "I15: %s", broken);
}

/* However wrong the order is: the pages that say that they belong to it. */
static unsigned long nr_tails_behind(const struct check *c,
				     const struct page *page)
{
	unsigned long pfn = page_to_pfn(page), nr = 0;

	while (pfn + nr + 1 < c->end &&
	       page[nr + 1].compound_head == (unsigned long)page + 1)
		nr++;
	return nr;
}

static unsigned long check_large(struct check *c, const struct page *page)
{
	const struct folio *folio = (const struct folio *)page;
	unsigned long pfn = page_to_pfn(page), nr;
	unsigned int order;

	if (pfn + 1 >= c->end) {
		WRONG(c, page, "I1: PG_head on the last page");
		return 1;
	}
	order = folio_order(folio);
	nr = 1UL << order % BITS_PER_LONG;
	if (!order || order > PAGESIM_MEMMAP_ALIGN_ORDER ||
	    folio_nr_pages(folio) != (long)nr || pfn + nr > c->end) {
		WRONG(c, page, "I1: a head of order %u with %ld pages", order,
		      folio_nr_pages(folio));
		return 1 + nr_tails_behind(c, page);
	}
	check_folio(c, folio);
	for (unsigned long i = 1; i < nr; i++)
		check_tail(c, folio, i);
	check_mapcounts(c, folio);
	return nr;
}

/* ---- I7, I21: free pages ---- */

/* first: of a block, and so of type buddy. */
static void check_free_page(struct check *c, const struct page *page,
			    bool first)
{
	const unsigned long bad = PAGE_FLAGS_CHECK_AT_FREE | BIT(PG_head);
	const struct page_shadow *s = shadow_of(page);
	char refs[REFS_TEXT_LEN];

	if (page_ref_count(page))
		WRONG_COUNT(c, page, "I7: a free page's count is %d",
			    page_ref_count(page));
	else if (s && shadow_sum(s))
		WRONG_COUNT(c, page, "I7: a free page has references: %s",
			    refs_text(refs, s));
	if (page->mapping)
		WRONG(c, page, "I7: a free page's mapping is %p",
		      (void *)page->mapping);
	if (!first && atomic_read(&page->_mapcount) != -1)
		WRONG(c, page, "I7: a free page's _mapcount is %d",
		      atomic_read(&page->_mapcount));
	if (page->flags & bad && !is_as_imported(page))
		WRONG(c, page, "I7: a free page's flags have 0x%lx",
		      page->flags & bad);
	if (page->memcg_data)
		WRONG(c, page, "I7: a free page's memcg_data is 0x%lx",
		      page->memcg_data);
	if (PageTail(page))
		WRONG(c, page, "I7: a free page is a tail");
	if (s && s->frozen)
		WRONG_COUNT(c, page, "I7: a free page is frozen");
}

static unsigned long check_block(struct check *c, const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned long order = page_private(page);
	const struct page_shadow *s = shadow_of(page);

	if (order > MAX_PAGE_ORDER || !IS_ALIGNED(pfn, 1UL << order) ||
	    pfn + (1UL << order) > c->end) {
		WRONG(c, page, "I21: a free block of order %lu", order);
		return 1;
	}
	if (s && s->word != PAGE_WORD_BUDDY)
		WRONG(c, page,
		      "I21: a free block's first word: expected %s, found %s",
		      page_word_name(PAGE_WORD_BUDDY),
		      page_word_name((enum page_word)s->word));
	c->blocks[order]++;
	for (unsigned long i = 0; i < 1UL << order; i++) {
		if (i && PageBuddy(page + i))
			WRONG(c, page + i,
			      "I21: a free block inside of a free block");
		check_free_page(c, page + i, !i || PageBuddy(page + i));
	}
	return 1UL << order;
}

/* A link may lead anywhere: it is followed into the map only. */
static const struct page *page_of_link(const struct check *c,
				       const struct list_head *link)
{
	unsigned long offset = (unsigned long)link - (unsigned long)vmemmap -
			       offsetof(struct page, buddy_list);

	if (offset % sizeof(struct page) ||
	    offset / sizeof(struct page) >= c->end)
		return NULL;
	return pfn_to_page(offset / sizeof(struct page));
}

static void check_free_list(struct check *c, unsigned int order)
{
	const struct free_area *area = &pagesim_zone.free_area[order];
	const struct list_head *head = &area->free_list, *prev = head;
	const struct page *last = pfn_to_page(0);
	unsigned long nr = 0;

	for (const struct list_head *pos = head->next; pos != head;
	     prev = pos, pos = pos->next) {
		const struct page *page = page_of_link(c, pos);

		if (!page) {
			WRONG(c, last, "I21: free list %u goes on at %p", order,
			      (const void *)pos);
			return;
		}
		if (!PageBuddy(page) || page_private(page) != order)
			WRONG(c, page,
			      "I21: on free list %u, and is no block of that order",
			      order);
		if (pos->prev != prev) { /* also where it goes in circles */
			WRONG(c, page,
			      "I21: free list %u has %p before it, expected %p",
			      order, (void *)pos->prev, (const void *)prev);
			return;
		}
		last = page;
		nr++;
	}
	if (nr != area->nr_free || nr != c->blocks[order])
		WRONG(c, last,
		      "I21: free list %u has %lu blocks, nr_free is %lu, the map has %lu",
		      order, nr, area->nr_free, c->blocks[order]);
}

/* ---- the map ---- */

/*
 * A page is free when it lies in a free block, or when the allocator got it
 * back and keeps it elsewhere: on a per-CPU list, or aside because its memory
 * is broken. Returns how many pages it went over.
 */
static unsigned long check_next(struct check *c, unsigned long pfn)
{
	const struct page *page = pfn_to_online_page(pfn);
	const struct page_shadow *s;

	if (!page)
		return 1;
	s = shadow_of(page);
	if (s && s->use == PAGE_USE_LOST)
		return 1;
	if (PageBuddy(page))
		return check_block(c, page);
	if (s && s->use == PAGE_USE_FREED) {
		check_free_page(c, page, false);
	} else if (PageTail(page)) {
		WRONG(c, page, "I1: a tail of 0x%lx, which has not got it",
		      page->compound_head - 1);
	} else if (test_bit(PG_head, &page->flags)) {
		return check_large(c, page);
	} else {
		check_small(c, page);
	}
	return 1;
}

static void check_waiters(struct check *c)
{
	struct folio *folio;
	unsigned int queue = 0;
	int bit_nr;

	while ((folio = folio_stranded_waiter(&queue, &bit_nr)))
		WRONG(c, &folio->page,
		      "I9: somebody waits for bit %d without PG_waiters",
		      bit_nr);
}

unsigned long pagesim_check(void)
{
	struct check c = { .end = pagesim_zone.first_deferred_pfn };

	if (!max_pfn) /* no machine */
		return 0;
	for (unsigned long pfn = 0; pfn < c.end;)
		pfn += check_next(&c, pfn);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		check_free_list(&c, order);
	check_waiters(&c);
	if (c.wrong > MAX_REPORTS)
		pr_warn("check: %lu more are not shown\n",
			c.wrong - MAX_REPORTS);
	return c.wrong;
}
