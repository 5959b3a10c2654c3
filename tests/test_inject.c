// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/inject.h>
#include <pagesim/page_alloc.h>
#include "threads.h"

#define NR_ASKED 100000

/* Which of the next allocations fails first; 0 if none of 100. */
static int first_failure(void)
{
	for (int i = 1; i <= 100; i++)
		if (pagesim_should_fail())
			return i;
	return 0;
}

static void test_nth(void **state)
{
	(void)state;
	assert_int_equal(first_failure(), 0);
	for (unsigned long n = 1; n <= 10; n++) {
		pagesim_inject_fail_nth(n);
		assert_int_equal(pagesim_nr_injected(), 0);
		assert_int_equal(first_failure(), n);
		assert_int_equal(pagesim_nr_injected(), 1);
		assert_int_equal(first_failure(), 0); /* that one only */
	}
	pagesim_inject_fail_nth(5);
	pagesim_inject_fail_nth(0);
	assert_int_equal(first_failure(), 0);
	assert_int_equal(pagesim_nr_injected(), 0);
	pagesim_inject_fail_nth(~0UL);
	assert_int_equal(first_failure(), 0);
	pagesim_inject_off();
}

static void answers(unsigned long long seed, unsigned int per_million,
		    bool *answer)
{
	pagesim_inject_fail_seed(seed, per_million);
	for (int i = 0; i < NR_ASKED; i++)
		answer[i] = pagesim_should_fail();
}

static void test_seed(void **state)
{
	static bool a[NR_ASKED], b[NR_ASKED];

	(void)state;
	answers(1, 100000, a);
	/* A tenth: the standard deviation is 95. */
	assert_in_range(pagesim_nr_injected(), 9400, 10600);
	answers(1, 100000, b);
	assert_memory_equal(a, b, sizeof(a));
	answers(2, 100000, b);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_in_range(pagesim_nr_injected(), 9400, 10600);
	answers(3, 1000000, a);
	assert_int_equal(pagesim_nr_injected(), NR_ASKED);
	answers(3, 0, a);
	assert_int_equal(pagesim_nr_injected(), 0);
}

static void test_alloc_pages(void **state)
{
	struct page *page;

	(void)state;
	pagesim_inject_fail_nth(2);
	page = alloc_pages(GFP_KERNEL, 2);
	assert_non_null(page);
	assert_null(alloc_page(GFP_KERNEL));
	__free_pages(page, 2);
	pagesim_inject_fail_nth(1);
	assert_null(folio_alloc(GFP_ATOMIC, 3));
	/* Who cannot fail is not asked, and is not counted. */
	pagesim_inject_fail_nth(1);
	page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	assert_non_null(page);
	assert_null(alloc_page(GFP_KERNEL));
	__free_page(page);
	assert_int_equal(nr_free_pages(), max_pfn);
}

static void test_shutdown_turns_it_off(void **state)
{
	(void)state;
	assert_int_equal(pagesim_boot(NULL), 0);
	pagesim_inject_fail_nth(3);
	pagesim_inject_fail_seed(1, 1000000);
	assert_true(pagesim_should_fail());
	pagesim_shutdown();
	assert_int_equal(first_failure(), 0);
}

static void ask(void *arg)
{
	unsigned long *failed = arg;

	for (unsigned long i = 0; i < scaled(NR_ASKED); i++)
		*failed += pagesim_should_fail();
}

/* Of two threads that ask at once, one is told to fail. */
static void test_two_threads(void **state)
{
	unsigned long a = 0, b = 0;

	(void)state;
	pagesim_inject_fail_nth(scaled(NR_ASKED));
	run_two(ask, &a, ask, &b);
	assert_int_equal(a + b, 1);
	assert_int_equal(pagesim_nr_injected(), 1);
	a = b = 0;
	pagesim_inject_fail_seed(7, 500000);
	run_two(ask, &a, ask, &b);
	assert_int_equal(pagesim_nr_injected(), a + b);
	pagesim_inject_off();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nth),
		cmocka_unit_test(test_seed),
		machine_test(test_alloc_pages),
		cmocka_unit_test(test_shutdown_turns_it_off),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests_name("inject", tests, NULL, NULL);
}
