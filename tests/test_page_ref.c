// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/memmap.h>
#include <pagesim/page_ref.h>
#include "threads.h"

static struct page *fresh(void)
{
	struct page *page = pfn_to_page(5);

	__init_single_page(page, 5, ZONE_NORMAL, 0);
	return page;
}

static void test_every_operation(void **state)
{
	struct page *page = fresh();
	struct folio *folio = (struct folio *)page;

	(void)state;
	assert_int_equal(page_ref_count(page), 1);
	page_ref_add(page, 9);
	page_ref_sub(page, 3);
	page_ref_inc(page);
	page_ref_dec(page);
	assert_int_equal(page_count(page), 7);
	assert_int_equal(page_ref_inc_return(page), 8);
	assert_int_equal(page_ref_dec_return(page), 7);
	assert_false(page_ref_sub_and_test(page, 5));
	assert_false(page_ref_dec_and_test(page));
	assert_true(page_ref_dec_and_test(page));
	folio_set_count(folio, 1);
	folio_ref_add(folio, 9);
	folio_ref_sub(folio, 3);
	folio_ref_inc(folio);
	folio_ref_dec(folio);
	assert_int_equal(folio_ref_count(folio), 7);
	assert_int_equal(folio_ref_inc_return(folio), 8);
	assert_int_equal(folio_ref_dec_return(folio), 7);
	assert_int_equal(folio_ref_sub_return(folio, 4), 3);
	assert_false(folio_ref_dec_and_test(folio));
	assert_true(folio_ref_sub_and_test(folio, 2));
	init_page_count(page);
	assert_int_equal(page_ref_count(page), 1);
}

static void test_add_unless(void **state)
{
	struct page *page = fresh();
	struct folio *folio = (struct folio *)page;

	(void)state;
	assert_true(page_ref_add_unless(page, 2, 0));
	assert_false(page_ref_add_unless(page, 2, 3));
	assert_true(folio_ref_try_add(folio, 4));
	assert_int_equal(page_ref_count(page), 7);
	set_page_count(page, 0);
	assert_false(folio_ref_try_add(folio, 4));
	assert_int_equal(page_ref_count(page), 0);
}

static void test_freeze(void **state)
{
	struct page *page = fresh();
	struct folio *folio = (struct folio *)page;

	(void)state;
	assert_false(page_ref_freeze(page, 2));
	assert_int_equal(page_ref_count(page), 1);
	assert_true(page_ref_freeze(page, 1));
	assert_int_equal(page_ref_count(page), 0);
	assert_false(page_ref_add_unless(page, 1, 0));
	page_ref_unfreeze(page, 5);
	assert_int_equal(page_ref_count(page), 5);
	assert_true(folio_ref_freeze(folio, 5));
	folio_ref_unfreeze(folio, 1);
	assert_int_equal(folio_ref_count(folio), 1);
}

/* Below tier "vm" a blind store, as the kernel's is; in it, a report. */
static void test_unfreeze_is_blind(void **state)
{
	struct expected_report expected;
	struct pagesim_config config;
	struct page *page;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 64;
	config.debug = PAGESIM_DEBUG_NONE;
	assert_int_equal(pagesim_boot(&config), 0);
	page = fresh();
	assert_true(page_ref_freeze(page, 1));
	page_ref_inc(page); /* somebody against the rule */
	page_ref_unfreeze(page, 1);
	assert_int_equal(page_ref_count(page), 1);
	pagesim_shutdown();
	if (pagesim_built_debug() < PAGESIM_DEBUG_VM)
		return;
	config.debug = PAGESIM_DEBUG_VM;
	assert_int_equal(pagesim_boot(&config), 0);
	page = fresh();
	assert_true(page_ref_freeze(page, 1));
	page_ref_inc(page);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "page_count(page) != 0",
		      page_ref_unfreeze(page, 1));
	set_page_count(page, 0);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "count == 0",
		      page_ref_unfreeze(page, 0));
	pagesim_shutdown();
}

/*
 * One thread freezes and changes the page, the other wants a reference: what
 * it finds once it has one, is what was there before or after, not between.
 * The fields are plain data: only freeze and unfreeze keep them apart.
 */
static struct page *contested;
static unsigned long got, mixed;
static bool over;

static void freeze_and_change(void *arg)
{
	(void)arg;
	for (unsigned long i = 1; i <= scaled(30000); i++) {
		while (!page_ref_freeze(contested, 1))
			platform_relax();
		contested->index = i;
		barrier();
		contested->memcg_data = i;
		page_ref_unfreeze(contested, 1);
	}
	smp_store_release(&over, true);
}

static void get_and_look(void *arg)
{
	(void)arg;
	while (!smp_load_acquire(&over)) {
		if (!page_ref_add_unless(contested, 1, 0))
			continue;
		got++;
		mixed += contested->index != contested->memcg_data;
		page_ref_dec_and_test(contested);
	}
}

static void test_frozen_is_alone(void **state)
{
	(void)state;
	contested = fresh();
	over = false;
	run_two(freeze_and_change, NULL, get_and_look, NULL);
	print_message("%lu references got\n", got);
	assert_int_equal(mixed, 0);
	assert_int_equal(page_ref_count(contested), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_every_operation),
		machine_test(test_add_unless),
		machine_test(test_freeze),
		cmocka_unit_test(test_unfreeze_is_blind),
		machine_test(test_frozen_is_alone),
	};

	return cmocka_run_group_tests_name("page_ref", tests, NULL, NULL);
}
