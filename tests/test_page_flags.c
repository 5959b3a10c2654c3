// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/folio.h>
#include <pagesim/memmap.h>
#include "threads.h"

/* The numbers and the aliases of v6.12. */
static void test_numbers(void **state)
{
	static const struct {
		int flag, number;
	} table[] = {
		{ PG_locked, 0 },
		{ PG_writeback, 1 },
		{ PG_referenced, 2 },
		{ PG_uptodate, 3 },
		{ PG_dirty, 4 },
		{ PG_lru, 5 },
		{ PG_head, 6 },
		{ PG_waiters, 7 },
		{ PG_active, 8 },
		{ PG_workingset, 9 },
		{ PG_owner_priv_1, 10 },
		{ PG_owner_2, 11 },
		{ PG_arch_1, 12 },
		{ PG_reserved, 13 },
		{ PG_private, 14 },
		{ PG_private_2, 15 },
		{ PG_reclaim, 16 },
		{ PG_swapbacked, 17 },
		{ PG_unevictable, 18 },
		{ PG_mlocked, 19 },
		{ PG_hwpoison, 20 },
		{ PG_young, 21 },
		{ PG_idle, 22 },
		{ PG_arch_2, 23 },
		{ PG_arch_3, 24 },
		{ PG_swapcache, 10 },
		{ PG_checked, 10 },
		{ PG_anon_exclusive, 11 },
		{ PG_mappedtodisk, 11 },
		{ PG_fscache, 15 },
		{ PG_readahead, 16 },
		{ PG_isolated, 16 },
		{ PG_reported, 3 },
		{ PG_has_hwpoisoned, 8 },
		{ PG_large_rmappable, 9 },
		{ PG_partially_mapped, 16 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		assert_int_equal(table[i].flag, table[i].number);
	/* Flags of the second page share a word with the order's 8 bits. */
	assert_true(PG_has_hwpoisoned > 7 && PG_large_rmappable > 7 &&
		    PG_partially_mapped > 7);
	assert_int_equal(PAGE_FLAGS_CHECK_AT_PREP & __PG_HWPOISON, 0);
	assert_int_equal(PAGEFLAGS_MASK & (ZONES_MASK << ZONES_PGSHIFT), 0);
}

/* Head, tail and single page of a machine whose other bits are all set. */
struct pages {
	struct page *head, *tail, *single;
};

static struct pages make_pages(void)
{
	struct pages pages = { pfn_to_page(0), pfn_to_page(2), pfn_to_page(8) };

	for (unsigned long pfn = 0; pfn < 9; pfn++) {
		__init_single_page(pfn_to_page(pfn), pfn, ZONE_NORMAL, 0);
		set_page_count(pfn_to_page(pfn), pfn == 0 || pfn == 8);
	}
	prep_compound_page(pages.head, 3);
	return pages;
}

static void test_high_bits_survive(void **state)
{
	struct pages pages = make_pages();

	(void)state;
	__SetPageLocked(pages.single);
	SetPageDirty(pages.single);
	__ClearPageLocked(pages.single);
	ClearPageDirty(pages.single);
	assert_int_equal(page_zonenum(pages.single), ZONE_NORMAL);
	assert_int_equal(pages.single->flags & PAGEFLAGS_MASK, 0);
}

/* Set, test, clear of one flag through both APIs, on a single page. */
#define ASSERT_FLAG(page, uname, lname)                                  \
	do {                                                             \
		assert_false(Page##uname(page));                         \
		SetPage##uname(page);                                    \
		assert_true(Page##uname(page));                          \
		assert_int_equal((page)->flags &PAGEFLAGS_MASK,          \
				 1UL << PG_##lname);                     \
		assert_true(folio_test_##lname((struct folio *)(page))); \
		folio_clear_##lname((struct folio *)(page));             \
		assert_false(Page##uname(page));                         \
		folio_set_##lname((struct folio *)(page));               \
		ClearPage##uname(page);                                  \
		assert_int_equal((page)->flags &PAGEFLAGS_MASK, 0);      \
	} while (0)

#define ASSERT_FOLIO_FLAG(page, lname)                              \
	do {                                                        \
		struct folio *__folio = (struct folio *)(page);     \
                                                                    \
		assert_false(folio_test_##lname(__folio));          \
		folio_set_##lname(__folio);                         \
		assert_true(folio_test_##lname(__folio));           \
		assert_int_equal((page)->flags &PAGEFLAGS_MASK,     \
				 1UL << PG_##lname);                \
		folio_clear_##lname(__folio);                       \
		assert_int_equal((page)->flags &PAGEFLAGS_MASK, 0); \
	} while (0)

static void test_every_flag(void **state)
{
	struct page *page = make_pages().single;

	(void)state;
	ASSERT_FLAG(page, Dirty, dirty);
	ASSERT_FLAG(page, LRU, lru);
	ASSERT_FLAG(page, Workingset, workingset);
	ASSERT_FLAG(page, Checked, checked);
	ASSERT_FLAG(page, Pinned, pinned);
	ASSERT_FLAG(page, SavePinned, savepinned);
	ASSERT_FLAG(page, Foreign, foreign);
	ASSERT_FLAG(page, XenRemapped, xen_remapped);
	ASSERT_FLAG(page, Reserved, reserved);
	ASSERT_FLAG(page, Private, private);
	ASSERT_FLAG(page, MappedToDisk, mappedtodisk);
	ASSERT_FLAG(page, Reclaim, reclaim);
	ASSERT_FLAG(page, HWPoison, hwpoison);
	ASSERT_FLAG(page, VmemmapSelfHosted, vmemmap_self_hosted);
	ASSERT_FLAG(page, Isolated, isolated);
	ASSERT_FOLIO_FLAG(page, waiters);
	ASSERT_FOLIO_FLAG(page, referenced);
	ASSERT_FOLIO_FLAG(page, active);
	ASSERT_FOLIO_FLAG(page, swapbacked);
	ASSERT_FOLIO_FLAG(page, private_2);
	ASSERT_FOLIO_FLAG(page, owner_2);
	ASSERT_FOLIO_FLAG(page, readahead);
	ASSERT_FOLIO_FLAG(page, unevictable);
	ASSERT_FOLIO_FLAG(page, mlocked);
	ASSERT_FOLIO_FLAG(page, idle);
}

static void test_test_and_set(void **state)
{
	struct page *page = make_pages().single;

	(void)state;
	assert_false(TestSetPageWriteback(page));
	assert_true(TestSetPageWriteback(page));
	assert_true(PageWriteback(page));
	assert_true(TestClearPageWriteback(page));
	assert_false(TestClearPageWriteback(page));
	assert_false(folio_test_set_dirty((struct folio *)page));
	assert_true(folio_test_clear_dirty((struct folio *)page));
}

static void test_swapcache_needs_swapbacked(void **state)
{
	struct folio *folio = (struct folio *)make_pages().single;

	(void)state;
	folio_set_swapcache(folio);
	assert_false(folio_test_swapcache(folio));
	folio_set_swapbacked(folio);
	assert_true(folio_test_swapcache(folio));
}

static void test_uptodate(void **state)
{
	struct pages pages = make_pages();

	(void)state;
	assert_false(PageUptodate(pages.tail));
	folio_mark_uptodate((struct folio *)pages.head);
	assert_true(PageUptodate(pages.tail));
	ClearPageUptodate(pages.head);
	assert_false(folio_test_uptodate((struct folio *)pages.head));
	__folio_mark_uptodate((struct folio *)pages.single);
	assert_true(PageUptodate(pages.single));
}

/* The flag publishes the contents, which are plain data. */
static unsigned long contents;

static void fill_and_mark(void *arg)
{
	contents = 42;
	folio_mark_uptodate(arg);
}

static void wait_and_read(void *arg)
{
	while (!folio_test_uptodate(arg))
		platform_relax();
	contents += contents == 42;
}

static void test_uptodate_publishes(void **state)
{
	struct folio *folio = (struct folio *)make_pages().single;

	(void)state;
	run_two(fill_and_mark, folio, wait_and_read, folio);
	assert_int_equal(contents, 43);
}

static void test_xor_flags_has_waiters(void **state)
{
	struct folio *folio = (struct folio *)make_pages().single;

	(void)state;
	__SetPageLocked(&folio->page);
	assert_false(folio_xor_flags_has_waiters(folio, BIT(PG_locked)));
	assert_false(folio_test_locked(folio));
	folio_set_waiters(folio);
	assert_true(folio_xor_flags_has_waiters(folio, BIT(PG_uptodate)));
	assert_true(folio_test_uptodate(folio));
}

static void test_hwpoison_of_folios(void **state)
{
	struct pages pages = make_pages();
	struct folio *folio = (struct folio *)pages.head;

	(void)state;
	assert_false(folio_contain_hwpoisoned_page(folio));
	SetPageHWPoison(pages.tail);
	SetPageHasHWPoisoned(pages.head);
	assert_true(folio_contain_hwpoisoned_page(folio));
	assert_true(is_page_hwpoison(pages.tail));
	assert_false(is_page_hwpoison(pages.head));
	__folio_set_hugetlb(folio);
	SetPageHWPoison(pages.head);
	assert_true(is_page_hwpoison(pages.head + 3));
	__folio_clear_hugetlb(folio);
}

static void test_compound_queries(void **state)
{
	struct expected_report expected;
	struct pages pages = make_pages();

	(void)state;
	assert_true(PageTransHuge(pages.head));
	assert_false(PageTransHuge(pages.single));
	assert_true(PageTransCompound(pages.tail));
	assert_false(PageHighMem(pages.single));
	assert_false(folio_has_private((struct folio *)pages.single));
	SetPagePrivate(pages.single);
	assert_true(folio_has_private((struct folio *)pages.single));
	ClearPageCompound(pages.head);
	assert_false(PageHead(pages.head));
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "!PageHead(page)",
		      ClearPageCompound(pages.head));
}

/* ---- policies: where the bit goes, and what is reported ---- */

static bool bit_on(const struct page *page, enum pageflags flag)
{
	return page->flags >> flag & 1;
}

static void test_policies_choose_the_page(void **state)
{
	struct pages pages = make_pages();

	(void)state;
	SetPageHWPoison(pages.tail); /* PF_ANY */
	assert_true(bit_on(pages.tail, PG_hwpoison));
	assert_false(bit_on(pages.head, PG_hwpoison));

	SetPageDirty(pages.tail); /* PF_HEAD */
	assert_true(bit_on(pages.head, PG_dirty));
	assert_false(bit_on(pages.tail, PG_dirty));
	assert_true(PageDirty(pages.tail));

	__SetPageLocked(pages.head); /* PF_NO_TAIL, test */
	assert_true(PageLocked(pages.tail));

	SetPageHasHWPoisoned(pages.head); /* PF_SECOND */
	assert_true(bit_on(pages.head + 1, PG_has_hwpoisoned));
	assert_false(bit_on(pages.head, PG_has_hwpoisoned));
}

struct policy_case {
	const char *name;
	void (*change)(struct page *page);
	bool on_head, on_tail; /* reported? */
};

static void change_any(struct page *page)
{
	SetPageHWPoison(page);
}

static void change_head(struct page *page)
{
	SetPageDirty(page);
}

static void change_only_head(struct page *page)
{
	set_bit(PG_waiters, &PF_ONLY_HEAD(page, true)->flags);
}

static void change_no_tail(struct page *page)
{
	__SetPageLocked(page);
}

static void change_no_compound(struct page *page)
{
	SetPageChecked(page);
}

static void change_second(struct page *page)
{
	SetPageHasHWPoisoned(page);
}

static const struct policy_case policy_cases[] = {
	{ "PF_ANY", change_any, false, false },
	{ "PF_HEAD", change_head, false, false },
	{ "PF_ONLY_HEAD", change_only_head, false, true },
	{ "PF_NO_TAIL", change_no_tail, false, true },
	{ "PF_NO_COMPOUND", change_no_compound, true, true },
	{ "PF_SECOND", change_second, false, true },
};

static bool reports(void (*change)(struct page *), struct page *page)
{
	struct expected_report expected = { .nr = 0 };
	FILE *null = fopen("/dev/null", "w");

	pagesim_set_console(null);
	pagesim_set_report_handler(take_report, &expected);
	if (!setjmp(expected.out))
		change(page);
	pagesim_set_report_handler(NULL, NULL);
	pagesim_set_console(NULL);
	fclose(null);
	return expected.nr;
}

/* In tier pgflags a wrong change is reported; below it, it passes. */
static void policies_in_tier(enum pagesim_debug tier, bool checked)
{
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = 1024;
	config.debug = tier;
	for (size_t i = 0; i < ARRAY_SIZE(policy_cases); i++) {
		const struct policy_case *c = &policy_cases[i];
		struct pages pages;

		assert_int_equal(pagesim_boot(&config), 0);
		pages = make_pages();
		if (reports(c->change, pages.head) != (checked && c->on_head))
			fail_msg("%s on a head, tier %d", c->name, tier);
		if (reports(c->change, pages.tail) != (checked && c->on_tail))
			fail_msg("%s on a tail, tier %d", c->name, tier);
		pagesim_shutdown();
	}
}

static void test_policies_report(void **state)
{
	(void)state;
	policies_in_tier(PAGESIM_DEBUG_NONE, false);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM)
		policies_in_tier(PAGESIM_DEBUG_VM, false);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_PGFLAGS)
		policies_in_tier(PAGESIM_DEBUG_PGFLAGS, true);
}

static void test_report_names_page_and_rule(void **state)
{
	struct expected_report expected;
	struct pages pages = make_pages();

	(void)state;
	if (pagesim_built_debug() < PAGESIM_DEBUG_PGFLAGS)
		skip();
	expect_report(&expected, PAGESIM_REPORT_BUG_ON,
		      "change && PageTail(page)", __SetPageLocked(pages.tail));
	assert_non_null(strstr(expected.console, "pfn:0x2\n"));
	assert_non_null(strstr(expected.console, "page dumped because: "
						 "VM_BUG_ON_PAGE(change && "));
	pages.single->flags = PAGE_POISON_PATTERN;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "PagePoisoned",
		      PageDirty(pages.single));
	assert_non_null(strstr(expected.console, "poisoned"));
	/* A folio function was given a tail. */
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "PageTail(page)",
		      folio_test_dirty((struct folio *)pages.tail));
}

static void test_warnings(void **state)
{
	struct expected_report expected;
	struct pages pages = make_pages();

	(void)state;
	if (pagesim_built_debug() < PAGESIM_DEBUG_VM)
		skip();
	VM_WARN_ON(PageLocked(pages.single));
	expect_report(&expected, PAGESIM_REPORT_WARN,
		      "VM_WARN_ON(!PageLocked(pages.single))",
		      VM_WARN_ON(!PageLocked(pages.single)));
	expect_report(&expected, PAGESIM_REPORT_WARN, "VM_WARN_ON_ONCE_PAGE(",
		      (void)VM_WARN_ON_ONCE_PAGE(true, pages.tail));
	assert_non_null(strstr(expected.console, "pfn:0x2\n"));
	expect_report(&expected, PAGESIM_REPORT_WARN, "VM_WARN_ON_ONCE_FOLIO(",
		      (void)VM_WARN_ON_ONCE_FOLIO(true,
						  page_folio(pages.tail)));
	assert_non_null(strstr(expected.console, "pfn:0x"));
}

/* ---- mapping's low bits, types, anon_exclusive ---- */

static struct address_space *mapping(unsigned long bits)
{
	return (struct address_space *)(0x1000 | bits);
}

static void test_mapping_kinds(void **state)
{
	struct pages pages = make_pages();
	struct folio *folio = (struct folio *)pages.head;

	(void)state;
	folio->mapping = mapping(0);
	assert_false(folio_mapping_flags(folio) || folio_test_anon(folio) ||
		     folio_test_ksm(folio));
	folio->mapping = mapping(PAGE_MAPPING_ANON);
	assert_true(folio_mapping_flags(folio) && PageAnon(pages.tail));
	assert_false(PageKsm(pages.tail));
	folio->mapping = mapping(PAGE_MAPPING_KSM);
	assert_true(PageAnon(pages.tail) && PageKsm(pages.tail));
	folio->mapping = mapping(PAGE_MAPPING_MOVABLE);
	assert_true(folio_mapping_flags(folio) && PageMappingFlags(pages.head));
	assert_true(__folio_test_movable(folio) && __PageMovable(pages.head));
	assert_false(folio_test_anon(folio) || folio_test_ksm(folio));
}

static void test_types(void **state)
{
	struct page *page = make_pages().single;

	(void)state;
	assert_false(page_has_type(page));
	__SetPageBuddy(page);
	assert_true(PageBuddy(page) && page_has_type(page));
	assert_int_equal(page->page_type, 0xf0000000u);
	__ClearPageBuddy(page);
	assert_int_equal(page->page_type, ~0u);
	__ClearPageBuddy(page); /* clearing none is none */
	__SetPageTable(page);
	assert_true(PageTable(page) &&
		    folio_test_pgtable((struct folio *)page));
	assert_int_equal(page->page_type, 0xf2000000u);
	__ClearPageTable(page);
	__SetPageOffline(page);
	assert_int_equal(page->page_type >> 24, 0xf1);
	__ClearPageOffline(page);
	__folio_set_hugetlb((struct folio *)page);
	assert_int_equal(page->page_type >> 24, 0xf4);
	__folio_clear_hugetlb((struct folio *)page);
	/* Map counts up and down to "underflow" are no types. */
	assert_false(page_mapcount_is_type(0));
	assert_false(page_mapcount_is_type(1000000));
	assert_false(page_type_has_type(0xff000000u));
	assert_true(page_type_has_type(0xfe000000u));
}

static void test_type_over_type(void **state)
{
	struct expected_report expected;
	struct page *page = make_pages().single;

	(void)state;
	if (pagesim_built_debug() < PAGESIM_DEBUG_VM)
		skip();
	__SetPageBuddy(page);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "page_type",
		      __SetPageTable(page));
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "__page_is_type",
		      __ClearPageTable(page));
	__ClearPageBuddy(page);
}

/* A slab's tails answer for the folio since v6.9; their own type is none. */
static void test_types_of_tails(void **state)
{
	struct pages pages = make_pages();

	(void)state;
	__folio_set_slab((struct folio *)pages.head);
	assert_true(PageSlab(pages.tail));
	assert_false(page_has_type(pages.tail));
	__folio_clear_slab((struct folio *)pages.head);
	__folio_set_hugetlb((struct folio *)pages.head);
	assert_true(PageHuge(pages.tail));
	__folio_clear_hugetlb((struct folio *)pages.head);
}

static void test_anon_exclusive(void **state)
{
	struct expected_report expected;
	struct pages pages = make_pages();

	(void)state;
	pages.head->mapping = mapping(PAGE_MAPPING_ANON);
	SetPageAnonExclusive(pages.tail);
	assert_true(PageAnonExclusive(pages.tail));
	assert_false(PageAnonExclusive(pages.head));
	__ClearPageAnonExclusive(pages.tail);
	SetPageAnonExclusive(pages.head);
	ClearPageAnonExclusive(pages.head);
	assert_false(PageAnonExclusive(pages.head));
	if (pagesim_built_debug() < PAGESIM_DEBUG_PGFLAGS)
		return;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "PageAnon",
		      SetPageAnonExclusive(pages.single));
	pages.head->mapping = mapping(PAGE_MAPPING_KSM);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "PageKsm",
		      SetPageAnonExclusive(pages.head));
	pages.head->mapping = mapping(PAGE_MAPPING_ANON);
	__folio_set_hugetlb((struct folio *)pages.head);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "PageHuge",
		      SetPageAnonExclusive(pages.tail));
}

/* A hugetlb folio keeps the bit in its head, for all its pages. */
static void test_anon_exclusive_hugetlb(void **state)
{
	struct pages pages = make_pages();

	(void)state;
	pages.head->mapping = mapping(PAGE_MAPPING_ANON);
	__folio_set_hugetlb((struct folio *)pages.head);
	SetPageAnonExclusive(pages.head);
	assert_true(PageAnonExclusive(pages.tail));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		machine_test(test_high_bits_survive),
		machine_test(test_every_flag),
		machine_test(test_test_and_set),
		machine_test(test_swapcache_needs_swapbacked),
		machine_test(test_uptodate),
		machine_test(test_uptodate_publishes),
		machine_test(test_xor_flags_has_waiters),
		machine_test(test_hwpoison_of_folios),
		machine_test(test_compound_queries),
		machine_test(test_policies_choose_the_page),
		cmocka_unit_test(test_policies_report),
		machine_test(test_report_names_page_and_rule),
		machine_test(test_warnings),
		machine_test(test_mapping_kinds),
		machine_test(test_types),
		machine_test(test_type_over_type),
		machine_test(test_types_of_tails),
		machine_test(test_anon_exclusive),
		machine_test(test_anon_exclusive_hugetlb),
	};

	return cmocka_run_group_tests_name("page_flags", tests, NULL, NULL);
}
