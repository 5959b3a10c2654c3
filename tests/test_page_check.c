// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/page_alloc.h>

#include "free_lists.h"

#define NR_PAGES (1UL << 14)
#define SOMETHING ((void *)0x1000UL)

static int boot_zone(void **state)
{
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = NR_PAGES;
	config.no_pcp = true;
	return pagesim_boot(&config);
}

#define zone_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_zone, shutdown_machine)

static bool pages_are_checked(void)
{
	return pagesim_built_debug() >= PAGESIM_DEBUG_VM;
}

/* ---- what one can do to a page ---- */

static void map_it(struct page *page)
{
	atomic_set(&page->_mapcount, 0);
}

static void give_type(struct page *page)
{
	__SetPageTable(page);
}

static void give_mapping(struct page *page)
{
	page->mapping = SOMETHING;
}

static void take_reference(struct page *page)
{
	set_page_count(page, 1);
}

static void set_lru(struct page *page)
{
	page->flags |= BIT(PG_lru);
}

static void set_referenced(struct page *page)
{
	page->flags |= BIT(PG_referenced);
}

static void charge(struct page *page)
{
	page->memcg_data = 0x40;
}

static void charge_mapped(struct page *page)
{
	map_it(page);
	charge(page);
}

static void give_to_page_pool(struct page *page)
{
	/* With an index of the pool's and a bit of the network's. */
	page->pp_magic = POISON_POINTER_DELTA + 0x40 + (5UL << 7) + 2;
}

static struct folio *folio_of_second(struct page *page)
{
	return (struct folio *)(page - 1);
}

static void map_as_a_whole(struct page *page)
{
	atomic_set(&folio_of_second(page)->_entire_mapcount, 0);
}

static void map_large(struct page *page)
{
	atomic_set(&folio_of_second(page)->_large_mapcount, 0);
}

static void map_some_pages(struct page *page)
{
	atomic_set(&folio_of_second(page)->_nr_pages_mapped, 1);
}

static void pin(struct page *page)
{
	atomic_set(&folio_of_second(page)->_pincount, 1);
}

static struct list_head queue;

static void queue_for_split(struct page *page)
{
	struct folio *folio = (struct folio *)(page - 2);

	list_add(&folio->_deferred_list, &queue);
}

static void lose_tail_mapping(struct page *page)
{
	page->mapping = NULL;
}

static void unlink_tail(struct page *page)
{
	clear_compound_head(page);
}

static void link_elsewhere(struct page *page)
{
	set_compound_head(page, pfn_to_page(NR_PAGES - 8));
}

/* ---- at free ---- */

static const struct bad_free {
	gfp_t gfp;
	unsigned int order;
	unsigned int index; /* of the bad page in the block */
	void (*spoil)(struct page *page);
	const char *reason;
} bad_frees[] = {
	{ 0, 0, 0, map_it, "nonzero mapcount" },
	{ 0, 0, 0, give_type, "nonzero mapcount" },
	{ 0, 0, 0, give_mapping, "non-NULL mapping" },
	{ 0, 0, 0, take_reference, "nonzero _refcount" },
	{ 0, 0, 0, set_lru, "PAGE_FLAGS_CHECK_AT_FREE flag(s) set" },
	{ 0, 0, 0, charge, "page still charged to cgroup" },
	{ 0, 0, 0, charge_mapped, "page still charged to cgroup" },
	{ 0, 0, 0, give_to_page_pool, "page_pool leak" },
	{ 0, 2, 3, give_mapping, "non-NULL mapping" },
	{ __GFP_COMP, 3, 0, map_it, "nonzero mapcount" },
	{ __GFP_COMP, 3, 1, map_as_a_whole, "nonzero entire_mapcount" },
	{ __GFP_COMP, 3, 1, map_large, "nonzero large_mapcount" },
	{ __GFP_COMP, 3, 1, map_some_pages, "nonzero nr_pages_mapped" },
	{ __GFP_COMP, 3, 1, pin, "nonzero pincount" },
	{ __GFP_COMP, 3, 2, queue_for_split, "on deferred list" },
	{ __GFP_COMP, 3, 4, lose_tail_mapping,
	  "corrupted mapping in tail page" },
	{ __GFP_COMP, 3, 5, unlink_tail, "PageTail not set" },
	{ __GFP_COMP, 3, 6, link_elsewhere, "compound_head not consistent" },
	{ __GFP_COMP, 3, 7, map_it, "nonzero mapcount" },
	{ __GFP_COMP, 3, 7, take_reference, "nonzero _refcount" },
	{ __GFP_COMP, 3, 7, set_lru, "PAGE_FLAGS_CHECK_AT_FREE flag(s) set" },
};

/* By the kernel's lines, too. */
static void expect_bad(const struct expected_report *expected,
		       const struct page *page, const char *reason)
{
	const char *this_name = this_cpu()->name;
	char line[128];

	assert_int_equal(expected->nr, 1);
	assert_int_equal(expected->kind, PAGESIM_REPORT_BUG_ON);
	snprintf(line, sizeof(line), "Bad page state: pfn %lu: %s",
		 page_to_pfn(page), reason);
	assert_string_equal(expected->rule, line);
	snprintf(line, sizeof(line),
		 "BUG: Bad page state in process %s  pfn:%05lx\n", this_name,
		 page_to_pfn(page));
	assert_ptr_equal(strstr(expected->console, line), expected->console);
	snprintf(line, sizeof(line), "page dumped because: %s\n", reason);
	assert_non_null(strstr(expected->console, line));
}

/* The block is nobody's, and not missed at shutdown. */
static void test_bad_free(void **state)
{
	unsigned long lost = 0;

	(void)state;
	if (!pages_are_checked())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(bad_frees); i++) {
		const struct bad_free *bad = &bad_frees[i];
		struct page *page =
			alloc_pages(GFP_KERNEL | bad->gfp, bad->order);
		struct expected_report expected;

		INIT_LIST_HEAD(&queue);
		set_page_count(page, 0);
		bad->spoil(page + bad->index);
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "Bad page state",
			      free_unref_page(page, bad->order));
		expect_bad(&expected, page + bad->index, bad->reason);
		lost += 1UL << bad->order;
		assert_int_equal(pagesim_nr_allocated(), 0);
		assert_int_equal(nr_free_pages(), NR_PAGES - lost);
		assert_false(is_free_buddy_page(page));
	}
	assert_free_lists_are_sound();
}

static unsigned long reports;

static void count_reports(const struct pagesim_report *report, void *data)
{
	(void)report;
	(void)data;
	reports++;
}

/* Everything is told, the rest of the work is done, one block is lost. */
static void test_several_bad_pages(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	FILE *console = tmpfile();

	(void)state;
	if (!pages_are_checked()) {
		__free_pages(page, 3);
		fclose(console);
		skip();
	}
	reports = 0;
	pin(page + 1);
	set_lru(page + 5);
	set_referenced(page + 6);
	charge(page);
	pagesim_set_console(console);
	pagesim_set_report_handler(count_reports, NULL);
	__free_pages(page, 3);
	pagesim_set_report_handler(NULL, NULL);
	pagesim_set_console(NULL);
	fclose(console);
	assert_int_equal(reports, 3);
	assert_int_equal(pagesim_nr_allocated(), 0);
	assert_int_equal(nr_free_pages(), NR_PAGES - 8);
	/* Left as they were: what was wrong. Cleared: what was not. */
	assert_true(page[5].flags & BIT(PG_lru));
	assert_false(page[6].flags & BIT(PG_referenced));
	assert_true(PageHead(page));
	assert_false(PageTail(page + 7));
	assert_null(page[7].mapping);
}

/* hugetlb keeps something of its own in place of the fourth's mapping. */
static void test_fourth_page_is_hugetlbs(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);

	(void)state;
	page[3].mapping = SOMETHING;
	__free_pages(page, 3);
	assert_int_equal(nr_free_pages(), NR_PAGES);
}

/* The production kernel looks at nothing: check_pages_enabled is off. */
static void test_tier_none(void **state)
{
	struct pagesim_config config;
	struct page *page;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = NR_PAGES;
	config.no_pcp = true;
	config.debug = PAGESIM_DEBUG_NONE;
	assert_int_equal(pagesim_boot(&config), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad_frees); i++) {
		const struct bad_free *bad = &bad_frees[i];

		INIT_LIST_HEAD(&queue);
		page = alloc_pages(GFP_KERNEL | bad->gfp, bad->order);
		set_page_count(page, 0);
		bad->spoil(page + bad->index);
		free_unref_page(page, bad->order);
		assert_int_equal(nr_free_pages(), NR_PAGES);
		__init_single_page(page + bad->index,
				   page_to_pfn(page) + bad->index, ZONE_NORMAL,
				   0);
		set_page_count(page + bad->index, 0);
		pagesim_shutdown();
		assert_int_equal(pagesim_boot(&config), 0);
	}
	assert_int_equal(pagesim_shutdown(), 0);
}

/* ---- at allocation ---- */

static const struct bad_alloc {
	void (*spoil)(struct page *page);
	const char *reason;
} bad_allocs[] = {
	{ map_it, "nonzero mapcount" },
	{ give_mapping, "non-NULL mapping" },
	{ take_reference, "nonzero _refcount" },
	{ set_referenced, "PAGE_FLAGS_CHECK_AT_PREP flag(s) set" },
	{ charge, "page still charged to cgroup" },
	{ give_to_page_pool, "page_pool leak" },
};

/* Somebody wrote to the second page of a free block, which is given out next. */
static struct page *spoil_next(void (*spoil)(struct page *page))
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	__free_pages(page, 1);
	spoil(page + 1);
	return page;
}

static void test_bad_alloc(void **state)
{
	(void)state;
	if (!pages_are_checked())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(bad_allocs); i++) {
		struct page *page = spoil_next(bad_allocs[i].spoil);
		struct expected_report expected;

		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "Bad page state", alloc_pages(GFP_KERNEL, 1));
		expect_bad(&expected, page + 1, bad_allocs[i].reason);
		assert_int_equal(pagesim_nr_allocated(), 0);
		assert_int_equal(nr_free_pages(), NR_PAGES - 2 * (i + 1));
	}
	assert_free_lists_are_sound();
}

/* The next block is tried. */
static void test_alloc_goes_on(void **state)
{
	struct page *bad, *page;
	FILE *console = tmpfile();

	(void)state;
	bad = spoil_next(set_referenced);
	reports = 0;
	pagesim_set_console(console);
	pagesim_set_report_handler(count_reports, NULL);
	page = alloc_pages(GFP_KERNEL, 1);
	pagesim_set_report_handler(NULL, NULL);
	pagesim_set_console(NULL);
	fclose(console);
	assert_non_null(page);
	assert_int_equal(reports, pages_are_checked());
	if (pages_are_checked())
		assert_ptr_equal(page, bad + 2);
	assert_int_equal(pagesim_nr_allocated(), 2);
	__free_pages(page, 1);
}

static void poison(struct page *page)
{
	SetPageHWPoison(page);
	give_mapping(page);
}

/* Broken memory is passed over without a word, whatever else is wrong. */
static void test_hwpoison_is_no_surprise(void **state)
{
	struct page *bad = spoil_next(poison);
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	(void)state;
	if (pages_are_checked())
		assert_ptr_not_equal(page, bad);
	__free_pages(page, 1);
	assert_int_equal(nr_free_pages(),
			 NR_PAGES - (pages_are_checked() ? 2 : 0));
}

/* A page that a CPU keeps: found when it is given out, without a lock held. */
static void test_bad_page_of_a_pcplist(void **state)
{
	struct expected_report expected;
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	__free_page(page);
	charge(page);
	if (!pages_are_checked()) {
		page->memcg_data = 0;
		skip();
	}
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "Bad page state",
		      alloc_page(GFP_KERNEL));
	expect_bad(&expected, page, "page still charged to cgroup");
	assert_int_equal(nr_free_pages(), NR_PAGES - 1);
	assert_free_lists_are_sound();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		zone_test(test_bad_free),
		zone_test(test_several_bad_pages),
		zone_test(test_fourth_page_is_hugetlbs),
		cmocka_unit_test(test_tier_none),
		zone_test(test_bad_alloc),
		zone_test(test_alloc_goes_on),
		zone_test(test_hwpoison_is_no_surprise),
		machine_test(test_bad_page_of_a_pcplist),
	};

	return cmocka_run_group_tests_name("page_check", tests, NULL, NULL);
}
