// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/page_alloc.h>
#include <pagesim/page_ref.h>
#include "threads.h"

static void test_counts(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);
	struct page *page = &folio->page;

	(void)state;
	assert_int_equal(page_ref_count(page), 1);
	/* A tail's own count is 0; page_count() asks the head. */
	assert_int_equal(page_ref_count(page + 1), 0);
	assert_int_equal(page_count(page + 1), 1);
	assert_int_equal(folio_ref_count(folio), 1);
	set_page_count(page, 3);
	assert_false(put_page_testzero(page));
	assert_false(put_page_testzero(page));
	__free_pages(page, 2);
}

static void test_wrong_use(void **state)
{
	struct expected_report expected;
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);

	(void)state;
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM) {
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "PageTail(page)",
			      set_page_refcounted(&folio->page + 1));
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "page_ref_count(page)",
			      set_page_refcounted(&folio->page));
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "page_ref_count(page) == 0",
			      put_page_testzero(&folio->page + 1));
	}
	__free_pages(&folio->page, 2);
}

/*
 * Two users with a reference each; the last put of each round is one of
 * theirs, and sees what the other wrote before his.
 */
#define ROUNDS scaled(20000)

static struct page *shared;
static unsigned long begun, frees, notes[2], lost;

static void use_and_put(void *arg)
{
	unsigned long me = (unsigned long)arg;

	for (unsigned long i = 1; i <= ROUNDS; i++) {
		while (smp_load_acquire(&begun) != i)
			platform_relax();
		notes[me] = i; /* plain */
		if (!put_page_testzero(shared))
			continue;
		lost += notes[!me] != i;
		frees++;
		if (i == ROUNDS)
			return;
		set_page_count(shared, 2);
		smp_store_release(&begun, i + 1);
	}
}

static void test_last_put(void **state)
{
	(void)state;
	shared = alloc_page(GFP_KERNEL);
	set_page_count(shared, 2);
	smp_store_release(&begun, 1);
	run_two(use_and_put, (void *)0UL, use_and_put, (void *)1UL);
	assert_int_equal(frees, ROUNDS);
	assert_int_equal(lost, 0);
	set_page_count(shared, 1);
	__free_page(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_counts),
		machine_test(test_wrong_use),
		machine_test(test_last_put),
	};

	return cmocka_run_group_tests_name("page_ref", tests, NULL, NULL);
}
