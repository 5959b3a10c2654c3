// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>
#include <pagesim/page_shadow.h>
#include <pagesim/folio_lock.h>
#include <pagesim/refcount.h>
#include "compound_pages.h"
#include "cpus.h"

static struct expected_report expected;

#define EXPECT_REFCOUNT(text, statement) \
	expect_report(&expected, PAGESIM_REPORT_REFCOUNT, text, statement)

static void assert_no_reports(void)
{
	for (int kind = 0; kind < PAGESIM_REPORT_NR_KINDS; kind++)
		assert_int_equal(
			pagesim_nr_reports((enum pagesim_report_kind)kind), 0);
}

static int refs(const struct folio *folio, enum page_ref_owner owner)
{
	return pagesim_page_refs(&folio->page, owner);
}

/* ---- generations ---- */

static void test_generation(void **state)
{
	struct page *page = pfn_to_page(0);
	u32 fresh = pagesim_page_generation(page + 3), allocated, compound;

	(void)state;
	assert_ptr_equal(alloc_pages(GFP_KERNEL, 2), page);
	allocated = pagesim_page_generation(page + 3);
	assert_int_not_equal(allocated, fresh);
	get_page(page);
	put_page(page);
	assert_int_equal(pagesim_page_generation(page + 3), allocated);
	prep_compound_page(page, 2);
	compound = pagesim_page_generation(page + 3);
	assert_int_not_equal(compound, allocated);
	destroy_compound_page(page, 2);
	assert_int_not_equal(pagesim_page_generation(page + 3), compound);
	allocated = pagesim_page_generation(page);
	__free_pages(page, 2);
	assert_int_not_equal(pagesim_page_generation(page), allocated);
	/* All else the same, and not the page that it was. */
	allocated = pagesim_page_generation(page);
	page = alloc_page(GFP_KERNEL);
	__free_page(page);
	assert_int_not_equal(pagesim_page_generation(page), allocated);
}

/* ---- the ledger ---- */

static void test_gets_are_the_callers(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);

	(void)state;
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 1);
	folio_get(folio);
	folio_ref_add(folio, 4);
	assert_int_equal(folio_ref_inc_return(folio), 7);
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 7);
	assert_true(folio_try_get(folio));
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 7);
	assert_int_equal(refs(folio, PAGE_REF_SPECULATIVE), 1);
	folio_put(folio);
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 6);
	folio_put_refs(folio, 6);
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 0);
	assert_int_equal(refs(folio, PAGE_REF_SPECULATIVE), 1);
	folio_put(folio);
	assert_int_equal(refs(folio, PAGE_REF_SPECULATIVE), 0);
	assert_no_reports();
}

static void test_handing_over(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);

	(void)state;
	folio_ref_add(folio, 4);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PAGE_CACHE, 4);
	assert_true(folio_try_get(folio));
	/* A speculative one does as well, but is not the first choice. */
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PTE, 1);
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 0);
	assert_int_equal(refs(folio, PAGE_REF_SPECULATIVE), 1);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PTE, 1);
	assert_int_equal(refs(folio, PAGE_REF_SPECULATIVE), 0);
	assert_int_equal(refs(folio, PAGE_REF_PTE), 2);
	folio_ref_hand_over(folio, PAGE_REF_PTE, PAGE_REF_CALLER, 2);
	folio_put(folio);
	folio_ref_hand_over(folio, PAGE_REF_PAGE_CACHE, PAGE_REF_CALLER, 4);
	folio_put_refs(folio, 4);
	assert_int_equal(folio_ref_count(folio), 1);
	folio_put(folio);
	assert_no_reports();
}

static void test_pins_have_an_owner(void **state)
{
	struct folio *small = folio_alloc(GFP_KERNEL, 0);
	struct folio *large = folio_alloc(GFP_KERNEL, 2);

	(void)state;
	assert_int_equal(try_grab_folio(small, 2, FOLL_PIN), 0);
	assert_ptr_equal(try_grab_folio_fast(&small->page, 1, FOLL_PIN), small);
	assert_int_equal(refs(small, PAGE_REF_PIN), 3 * 1024);
	assert_int_equal(refs(small, PAGE_REF_CALLER), 1);
	assert_int_equal(refs(small, PAGE_REF_SPECULATIVE), 0);
	gup_put_folio(small, 3, FOLL_PIN);
	assert_int_equal(refs(small, PAGE_REF_PIN), 0);
	assert_ptr_equal(try_grab_folio_fast(&large->page + 3, 2, FOLL_PIN),
			 large);
	assert_int_equal(try_grab_folio(large, 1, FOLL_PIN), 0);
	assert_int_equal(refs(large, PAGE_REF_PIN), 3);
	gup_put_folio(large, 3, FOLL_PIN);
	assert_ptr_equal(try_grab_folio_fast(&large->page, 1, FOLL_GET), large);
	assert_int_equal(refs(large, PAGE_REF_CALLER), 2);
	EXPECT_REFCOUNT("1 references of pin for caller, which has 1 fewer",
			gup_put_folio(large, 1, FOLL_PIN));
	set_page_count(&large->page, 1);
	atomic_set(&large->_pincount, 0);
	folio_put(small);
	folio_put(large);
}

static void test_put_of_what_somebody_else_owns(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	folio_get(folio);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PTE, 1);
	folio_put(folio);
	folio_get(folio);
	folio_put(folio);
	EXPECT_REFCOUNT(
		"pfn:0x0: 1 references dropped that are not the caller's",
		folio_ref_sub_return(folio, 1));
	assert_non_null(strstr(expected.rule, "caller:-1 pte:1"));
	assert_non_null(strstr(expected.console, "refcount:1 "));
	assert_non_null(strstr(expected.console, "count:1 owners: caller:-1"));
	folio_set_count(folio, 1);
	assert_int_equal(refs(folio, PAGE_REF_PTE), 0);
	folio_put(folio);
}

static void test_handing_over_what_there_is_not(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	EXPECT_REFCOUNT("3 references of caller for private, which has 2 fewer",
			folio_ref_hand_over(folio, PAGE_REF_CALLER,
					    PAGE_REF_PRIVATE, 3));
	EXPECT_REFCOUNT("4 references of private for caller, which has 1 fewer",
			folio_ref_hand_over(folio, PAGE_REF_PRIVATE,
					    PAGE_REF_CALLER, 4));
	EXPECT_REFCOUNT("1 references of lru_batch for caller",
			folio_ref_hand_over(folio, PAGE_REF_LRU_BATCH,
					    PAGE_REF_CALLER, 1));
	folio_set_count(folio, 1);
	folio_put(folio);
}

static void test_freed_with_references(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	folio_get(folio);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_SWAP_CACHE, 1);
	pagesim_shadow_rules(PAGESIM_RULES_ALL & ~PAGESIM_RULE_OWNER);
	assert_false(folio_put_testzero(folio));
	assert_true(folio_put_testzero(folio)); /* the swap cache's */
	assert_no_reports();
	pagesim_shadow_rules(PAGESIM_RULES_ALL);
	EXPECT_REFCOUNT(
		"freed while there are references: caller:-1 swap_cache:1",
		__folio_put(folio));
	assert_int_equal(refs(folio, PAGE_REF_SWAP_CACHE), 0);
}

/* Not a block of its own, so that the lists survive it. */
static void test_freed_twice(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	(void)state;
	page_shadow_free(page + 1, 0);
	expect_report(&expected, PAGESIM_REPORT_DOUBLE_FREE,
		      "pfn:0x1: freed, and was free already",
		      __free_pages(page, 1));
}

static void test_ledger_in_words(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);
	char text[1024] = "";
	FILE *to = fmemopen(text, sizeof(text) - 1, "w");

	(void)state;
	folio_ref_add(folio, 8);
	for (int owner = 0; owner < PAGE_REF_NR_OWNERS; owner++)
		folio_ref_hand_over(folio, PAGE_REF_CALLER,
				    (enum page_ref_owner)owner, 1);
	pagesim_set_console(to);
	dump_page_refs(&folio->page);
	folio_set_count(folio, 0);
	dump_page_refs(&folio->page);
	folio_set_count(folio, 1);
	assert_true(folio_ref_freeze(folio, 1));
	dump_page_refs(&folio->page);
	pagesim_set_console(NULL);
	fclose(to);
	assert_non_null(strstr(
		text,
		"refs: count:9 owners: caller:1 speculative:1 pte:1 page_cache:1 swap_cache:1 private:1 pin:1 lru_batch:1 isolation:1\n"));
	assert_non_null(strstr(text, "refs: count:0 owners: none\n"));
	assert_non_null(strstr(text, "refs: frozen at 1 by CPU 0 at "));
	folio_ref_unfreeze(folio, 1);
	folio_put(folio);
}

/* ---- frozen ---- */

static void test_frozen_is_a_state(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);
	struct page *page = &folio->page;

	(void)state;
	assert_false(pagesim_page_frozen(page));
	assert_false(page_ref_freeze(page, 2));
	assert_false(pagesim_page_frozen(page));
	assert_true(page_ref_freeze(page, 1));
	assert_true(pagesim_page_frozen(page));
	/* Nobody gets one: nothing to report. */
	assert_false(folio_try_get(folio));
	page_ref_unfreeze(page, 1);
	assert_false(pagesim_page_frozen(page));
	/* More or fewer than before: the caller's. */
	assert_true(page_ref_freeze(page, 1));
	page_ref_unfreeze(page, 5);
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 5);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PAGE_CACHE, 3);
	folio_lock(folio);
	assert_true(page_ref_freeze(page, 5));
	folio_ref_hand_over(folio, PAGE_REF_PAGE_CACHE, PAGE_REF_CALLER, 3);
	page_ref_unfreeze(page, 2);
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 2);
	folio_unlock(folio);
	/* A page that was never frozen: a tail that leaves its folio. */
	folio_set_count(folio, 0);
	page_ref_unfreeze(page, 3);
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 3);
	/* Freed as it is, as reclaim does. */
	assert_true(page_ref_freeze(page, 3));
	free_unref_page(page, 0);
	assert_false(pagesim_page_frozen(page));
	assert_no_reports();
}

/* The head of a split until v6.14: plain additions end the freeze. */
static void test_thaw(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	assert_true(folio_ref_freeze(folio, 1));
	page_shadow_thaw(&folio->page, 0);
	folio_ref_add(folio, 2);
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 2);
	folio_put_refs(folio, 2);
	assert_no_reports();
}

#define FROZEN_CHANGE(change, by)                                      \
	do {                                                           \
		folio_set_count(folio, 1);                             \
		assert_true(folio_ref_freeze(folio, 1));               \
		EXPECT_REFCOUNT(by, change);                           \
		assert_non_null(strstr(expected.rule, "frozen at 1")); \
	} while (0)

static void test_changes_of_a_frozen_count(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);
	struct page *page = &folio->page;

	(void)state;
	FROZEN_CHANGE(page_ref_inc(page), "changed by +1 ");
	FROZEN_CHANGE(page_ref_dec(page), "changed by -1 ");
	FROZEN_CHANGE(page_ref_add(page, 7), "changed by +7 ");
	FROZEN_CHANGE(page_ref_sub(page, 1), "changed by -1 ");
	FROZEN_CHANGE(page_ref_inc_return(page), "changed by +1 ");
	FROZEN_CHANGE(page_ref_dec_return(page), "changed by -1 ");
	FROZEN_CHANGE(page_ref_dec_and_test(page), "changed by -1 ");
	FROZEN_CHANGE(page_ref_sub_and_test(page, 1), "changed by -1 ");
	FROZEN_CHANGE(folio_ref_sub_return(folio, 1), "changed by -1 ");
	/* The rule turned off, one sees what comes of it: a reference is lost. */
	folio_set_count(folio, 2);
	pagesim_shadow_rules(PAGESIM_RULES_ALL & ~PAGESIM_RULE_FROZEN);
	pagesim_reset_reports();
	assert_true(folio_ref_freeze(folio, 2));
	page_ref_dec(page);
	atomic_set(&page->_refcount, 0); /* tier "vm" would object */
	folio_ref_unfreeze(folio, 2);
	assert_no_reports();
	assert_int_equal(folio_ref_count(folio), 2);
	assert_int_equal(refs(folio, PAGE_REF_CALLER), 1);
	folio_set_count(folio, 1);
	folio_put(folio);
}

static void test_who_may_be_frozen(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	(void)state;
	folio_get(folio);
	assert_true(folio_ref_freeze(folio, 2)); /* both the caller's */
	folio_ref_unfreeze(folio, 2);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PAGE_CACHE, 1);
	assert_no_reports();
	EXPECT_REFCOUNT("neither locked nor one owner's",
			folio_ref_freeze(folio, 2));
	folio_ref_unfreeze(folio, 2);
	pagesim_reset_reports();
	folio_lock(folio);
	assert_true(folio_ref_freeze(folio, 2));
	folio_ref_unfreeze(folio, 2);
	assert_no_reports();
	atomic_set(&folio->_mapcount, 0);
	EXPECT_REFCOUNT("frozen while mapped 1 times at ",
			folio_ref_freeze(folio, 2));
	folio_ref_unfreeze(folio, 2);
	/* One reference is one owner's, and mapped is mapped. */
	folio_unlock(folio);
	folio_ref_hand_over(folio, PAGE_REF_PAGE_CACHE, PAGE_REF_CALLER, 1);
	folio_put(folio);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_LRU_BATCH, 1);
	EXPECT_REFCOUNT("frozen while mapped", folio_ref_freeze(folio, 1));
	folio_ref_unfreeze(folio, 1);
	atomic_set(&folio->_mapcount, -1);
	pagesim_reset_reports();
	assert_true(folio_ref_freeze(folio, 1));
	folio_ref_unfreeze(folio, 1);
	assert_no_reports();
	/* The consequences, please: the s390 of today freezes what is mapped. */
	pagesim_shadow_rules(0);
	atomic_set(&folio->_mapcount, 0);
	assert_true(folio_ref_freeze(folio, 1));
	folio_ref_unfreeze(folio, 1);
	assert_no_reports();
	atomic_set(&folio->_mapcount, -1);
	folio_ref_hand_over(folio, PAGE_REF_LRU_BATCH, PAGE_REF_CALLER, 1);
	folio_put(folio);
}

static void freeze_it(void *folio)
{
	assert_true(folio_ref_freeze(folio, 1));
}

static void test_who_froze(void **state)
{
	struct pagesim_thread thread;
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);
	char cpu[32];

	(void)state;
	snprintf(cpu, sizeof(cpu), "by CPU %u at test_page_shadow+0x",
		 smp_processor_id() == 0 ? 1 : 0);
	assert_int_equal(
		pagesim_thread_create(&thread, "freezer", freeze_it, folio), 0);
	pagesim_thread_join(&thread);
	EXPECT_REFCOUNT(cpu, folio_ref_inc(folio));
	folio_set_count(folio, 1);
	folio_put(folio);
}

/* ---- rules ---- */

static void test_boot_turns_all_rules_on(void **state)
{
	(void)state;
	assert_int_equal(boot_machine(NULL), 0);
	assert_int_equal(pagesim_shadow_rules(PAGESIM_RULE_WORD),
			 PAGESIM_RULES_ALL);
	assert_int_equal(pagesim_shadow_rules(0), PAGESIM_RULE_WORD);
	assert_int_equal(shutdown_machine(NULL), 0);
	assert_int_equal(boot_machine(NULL), 0);
	assert_int_equal(pagesim_shadow_rules(0), PAGESIM_RULES_ALL);
	assert_int_equal(shutdown_machine(NULL), 0);
}

/* ---- the first union word ---- */

#define EXPECT_WORD(text, statement) \
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, text, statement)

static void test_word_has_one_user(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	pagesim_tag_word(page, PAGE_WORD_LRU);
	pagesim_tag_word(page, PAGE_WORD_LRU); /* from list to list */
	pagesim_expect_word(page, PAGE_WORD_LRU);
	EXPECT_WORD("written as rcu_head",
		    pagesim_tag_word(page, PAGE_WORD_RCU_HEAD));
	assert_non_null(strstr(expected.rule, "expected none, found lru"));
	EXPECT_WORD("read as pgmap",
		    pagesim_expect_word(page, PAGE_WORD_PGMAP));
	assert_non_null(strstr(expected.rule, "expected pgmap, found lru"));
	EXPECT_WORD("given up as mlock filler",
		    pagesim_clear_word(page, PAGE_WORD_MLOCK));
	pagesim_clear_word(page, PAGE_WORD_LRU);
	EXPECT_WORD("expected lru, found none",
		    pagesim_expect_word(page, PAGE_WORD_LRU));
	pagesim_clear_word(page, PAGE_WORD_LRU); /* nobody's stays nobody's */
	__free_page(page);
}

/* list_del() of a page that is a tail by now. */
static void test_tail_is_no_list_entry(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 1);

	(void)state;
	EXPECT_WORD("pfn:0x1: the first word is read as lru",
		    pagesim_expect_word(folio_page(folio, 1), PAGE_WORD_LRU));
	assert_non_null(strstr(expected.rule, "found compound_head"));
	EXPECT_WORD("written as lru",
		    pagesim_tag_word(folio_page(folio, 1), PAGE_WORD_LRU));
	folio_put(folio);
	pagesim_reset_reports();
	drain_local_pages(NULL);
	pagesim_expect_word(pfn_to_page(0), PAGE_WORD_BUDDY);
	assert_no_reports();
}

static void test_queued_rcu_head_is_not_overwritten(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	(void)state;
	pagesim_tag_word(page + 1, PAGE_WORD_RCU_HEAD);
	EXPECT_WORD("expected none, found rcu_head",
		    prep_compound_page(page, 1));
	__ClearPageHead(page);
	page[1].mapping = NULL;
	pagesim_clear_word(page + 1, PAGE_WORD_RCU_HEAD);
	pagesim_tag_word(page, PAGE_WORD_RCU_HEAD);
	EXPECT_WORD(
		"freed while its first word is in use: expected none, found rcu_head",
		__free_pages(page, 1));
	pagesim_clear_word(page, PAGE_WORD_RCU_HEAD);
	set_page_count(page, 1);
	__free_pages(page, 1);
}

/* ---- where there is no shadow ---- */

static void use_everything(struct page *page)
{
	pagesim_tag_word(page, PAGE_WORD_LRU);
	pagesim_expect_word(page, PAGE_WORD_RCU_HEAD);
	pagesim_clear_word(page, PAGE_WORD_BUDDY);
	page_ref_inc(page);
	assert_true(page_ref_add_unless(page, 1, 0));
	page_ref_dec(page);
	folio_ref_hand_over((struct folio *)page, PAGE_REF_PTE, PAGE_REF_CALLER,
			    3);
	set_page_count(page, 1);
	assert_true(page_ref_freeze(page, 1));
	assert_false(pagesim_page_frozen(page));
	page_ref_unfreeze(page, 1);
	dump_page_refs(page);
	assert_int_equal(pagesim_page_refs(page, PAGE_REF_CALLER), 0);
	assert_int_equal(pagesim_page_generation(page), 0);
	page_shadow_init(page);
	page_shadow_import(page);
	page_shadow_renew(page, 0);
	page_shadow_set_word(page, PAGE_WORD_PCP);
	page_shadow_alloc(page, 0, NULL);
	page_shadow_free(page, 0);
}

/* A copy of a page, or one of another map. */
static void test_pages_outside_of_the_map(void **state)
{
	static struct page page;

	(void)state;
	use_everything(&page);
	pagesim_tag_word(pfn_to_page(max_pfn), PAGE_WORD_LRU);
	pagesim_expect_word(pfn_to_page(max_pfn), PAGE_WORD_PCP);
	assert_no_reports();
}

static void test_lower_tiers_have_none(void **state)
{
	struct pagesim_config config;
	unsigned long long size;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 1UL << 20;
	size = pagesim_reserve_size(&config);
	config.debug = PAGESIM_DEBUG_PGFLAGS;
	assert_int_equal(size - pagesim_reserve_size(&config), 56UL << 20);
	assert_int_equal(pagesim_boot(&config), 0);
	use_everything(alloc_page(GFP_KERNEL));
	assert_int_equal(pagesim_shadow_rules(0), 0);
	assert_no_reports();
	__free_page(pfn_to_page(0));
	assert_int_equal(pagesim_shutdown(), 0);
}

/* ---- leaks ---- */

static void test_leaks_are_named(void **state)
{
	unsigned long leaked = 0;
	struct folio *folio;
	struct page *page;
	char text[64];

	(void)state;
	assert_int_equal(boot_machine(NULL), 0);
	page = alloc_pages(GFP_KERNEL, 2);
	__free_page(alloc_page(GFP_KERNEL));
	folio = folio_alloc(GFP_KERNEL, 3);
	snprintf(text, sizeof(text),
		 "leak: pfn:0x%lx, 8 pages of order 3, allocated",
		 page_to_pfn(&folio->page));
	/* Of this one its first page alone stays. */
	page_ref_inc(page);
	__free_pages(page, 2);
	expect_report(
		&expected, PAGESIM_REPORT_LEAK,
		"9 pages were never freed: pfn:0x0, order 2, allocated at test_page_shadow+0x",
		leaked = pagesim_shutdown());
	assert_int_equal(leaked, 9);
	assert_non_null(strstr(expected.rule, ", and others"));
	assert_non_null(strstr(expected.console,
			       "leak: pfn:0x0, 1 pages of order 2, allocated"));
	assert_non_null(strstr(expected.console, text));
}

/* What was there at boot and is freed does not make up for it. */
static void test_imported_pages_do_not_count(void **state)
{
	unsigned long leaked = 0;

	(void)state;
	assert_int_equal(boot_machine(NULL), 0);
	assert_ptr_equal(alloc_page(GFP_KERNEL), pfn_to_page(0));
	page_shadow_import(pfn_to_page(0));
	alloc_page(GFP_KERNEL);
	__free_page(pfn_to_page(0));
	expect_report(&expected, PAGESIM_REPORT_LEAK,
		      "1 pages were never freed: pfn:0x1, order 0",
		      leaked = pagesim_shutdown());
	assert_int_equal(leaked, 1);
}

/* ---- many threads ---- */

/*
 * Everything that is allowed at once, on one folio: no report, and at the end
 * the ledger is right. Each thread drops what it has, in any order and by
 * any way.
 */
static struct folio *shared;
static unsigned int ready;

/* All at once, or the first is through before the last has begun. */
static void start_together(void)
{
	__atomic_fetch_add(&ready, 1, __ATOMIC_RELAXED);
	while (READ_ONCE(ready) < NR_WORKERS)
		cpu_relax();
}

static void get_and_put(void *arg)
{
	unsigned long seed = (unsigned long)arg + 1;

	start_together();
	for (unsigned long i = 0; i < scaled(500000); i++) {
		int nr = 1;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		if (seed >> 63) {
			assert_true(folio_try_get(shared));
		} else {
			folio_get(shared);
		}
		if (seed >> 62 & 1) {
			folio_ref_add(shared, 2);
			nr += 2;
		}
		if (seed >> 61 & 1) {
			enum page_ref_owner to = seed >> 60 & 1
							 ? PAGE_REF_PTE
							 : PAGE_REF_ISOLATION;

			folio_ref_hand_over(shared, PAGE_REF_CALLER, to, 1);
			folio_ref_hand_over(shared, to, PAGE_REF_CALLER, 1);
		}
		folio_put_refs(shared, nr);
	}
}

static void test_no_false_alarms(void **state)
{
	(void)state;
	shared = folio_alloc(GFP_KERNEL, 0);
	ready = 0;
	run_workers(NR_WORKERS, get_and_put);
	assert_no_reports();
	assert_int_equal(folio_ref_count(shared), 1);
	assert_int_equal(refs(shared, PAGE_REF_CALLER) +
				 refs(shared, PAGE_REF_SPECULATIVE),
			 1);
	assert_int_equal(refs(shared, PAGE_REF_PTE), 0);
	folio_put(shared);
}

/*
 * One freezes by the rule, others get conditionally and put; and everybody
 * frees: nobody is told off.
 */
static void freeze_or_get(void *arg)
{
	start_together();
	for (unsigned long i = 0; i < scaled(500000); i++) {
		if (!arg) {
			if (folio_ref_freeze(shared, 1))
				folio_ref_unfreeze(shared, 1);
		} else if (folio_try_get(shared)) {
			folio_put(shared);
		}
	}
}

static void test_no_false_alarms_of_freezing(void **state)
{
	(void)state;
	shared = folio_alloc(GFP_KERNEL, 0);
	ready = 0;
	run_workers(NR_WORKERS, freeze_or_get);
	assert_no_reports();
	assert_int_equal(folio_ref_count(shared), 1);
	folio_put(shared);
}

int main(void)
{
	const struct CMUnitTest in_any_tier[] = {
		machine_test(test_pages_outside_of_the_map),
	};
	const struct CMUnitTest in_tier_full[] = {
		machine_test(test_generation),
		machine_test(test_gets_are_the_callers),
		machine_test(test_handing_over),
		machine_test(test_pins_have_an_owner),
		machine_test(test_put_of_what_somebody_else_owns),
		machine_test(test_handing_over_what_there_is_not),
		machine_test(test_freed_with_references),
		machine_test(test_freed_twice),
		machine_test(test_ledger_in_words),
		machine_test(test_frozen_is_a_state),
		machine_test(test_thaw),
		machine_test(test_changes_of_a_frozen_count),
		machine_test(test_who_may_be_frozen),
		cpu_test(test_who_froze),
		cmocka_unit_test(test_boot_turns_all_rules_on),
		machine_test(test_word_has_one_user),
		machine_test(test_tail_is_no_list_entry),
		machine_test(test_queued_rcu_head_is_not_overwritten),
		cmocka_unit_test(test_lower_tiers_have_none),
		cmocka_unit_test(test_leaks_are_named),
		cmocka_unit_test(test_imported_pages_do_not_count),
		cpu_test(test_no_false_alarms),
		cpu_test(test_no_false_alarms_of_freezing),
	};
	int failed;

	failed = cmocka_run_group_tests_name("page_shadow", in_any_tier, NULL,
					     NULL);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_FULL)
		failed += cmocka_run_group_tests_name("page_shadow, tier full",
						      in_tier_full, NULL, NULL);
	return failed;
}
