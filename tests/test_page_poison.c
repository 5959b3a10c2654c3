// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/page_alloc.h>
#include <pagesim/page_poison.h>

static int boot_tier(enum pagesim_debug debug, bool ram_contents)
{
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = 4096;
	config.ram_contents = ram_contents;
	if (config.debug > debug)
		config.debug = debug;
	return pagesim_boot(&config);
}

static int boot_poisoned(void **state)
{
	(void)state;
	return boot_tier(PAGESIM_DEBUG_FULL, true);
}

#define poison_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_poisoned, shutdown_machine)

static bool is_filled(const struct page *page, unsigned char value,
		      unsigned long nr)
{
	const unsigned char *bytes = page_address(page);

	for (size_t i = 0; i < nr << PAGE_SHIFT; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static void test_free_memory_is_filled(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	(void)state;
	/* Never used before: nobody has written there, nor have we. */
	assert_true(is_filled(page, 0, 4));
	memset(page_address(page), 0x5a, PAGE_SIZE << 2);
	__free_pages(page, 2);
	if (!page_poisoning_enabled())
		skip();
	assert_true(is_filled(page, PAGE_POISON, 4));
	assert_ptr_equal(alloc_pages(GFP_KERNEL, 2), page);
	assert_true(is_filled(page, PAGE_POISON, 4));
	__free_pages(page, 2);
	assert_ptr_equal(alloc_pages(GFP_KERNEL | __GFP_ZERO, 2), page);
	assert_true(is_filled(page, 0, 4));
	__free_pages(page, 2);
}

/* Writes to the memory while it is free, and takes it. */
static void write_and_expect(size_t offset, const char *bytes, size_t nr,
			     const char *what)
{
	struct page *page = alloc_page(GFP_KERNEL), *again = NULL;
	struct expected_report expected;
	char rule[128];

	__free_page(page);
	memcpy((char *)page_address(page) + offset, bytes, nr);
	expect_report(&expected, PAGESIM_REPORT_USE_AFTER_FREE, what,
		      again = alloc_page(GFP_KERNEL));
	snprintf(rule, sizeof(rule),
		 "pagealloc: %s: pfn %lu was written to while it was free, "
		 "at byte %zu",
		 what, page_to_pfn(page), offset);
	assert_string_equal(expected.rule, rule);
	snprintf(rule, sizeof(rule), "pagealloc: %s\n", what);
	assert_ptr_equal(strstr(expected.console, rule), expected.console);
	assert_non_null(strstr(expected.console,
			       "because: pagealloc: corrupted page details"));
	/* As in the kernel it is given out all the same. */
	assert_ptr_equal(again, page);
	__free_page(page);
}

static void test_corruption(void **state)
{
	(void)state;
	if (!page_poisoning_enabled())
		skip();
	write_and_expect(17, "\xab", 1, "single bit error");
	write_and_expect(0, "\x2a", 1, "single bit error");
	write_and_expect(PAGE_SIZE - 1, "\xa8", 1, "single bit error");
	write_and_expect(17, "\x55", 1, "memory corruption");
	write_and_expect(17, "\xab\xab", 2, "memory corruption");
	write_and_expect(4000, "words that are longer than a line of it", 40,
			 "memory corruption");
}

/* The bytes from the first that is wrong to the last, sixteen a line. */
static void test_corrupted_bytes_are_printed(void **state)
{
	struct expected_report expected;
	struct page *page = alloc_page(GFP_KERNEL);
	char *bytes = page_address(page);
	char line[128];

	(void)state;
	__free_page(page);
	if (!page_poisoning_enabled())
		skip();
	bytes[100] = 1;
	bytes[116] = 2;
	expect_report(&expected, PAGESIM_REPORT_USE_AFTER_FREE, "corruption",
		      alloc_page(GFP_KERNEL));
	snprintf(line, sizeof(line), "%p: 01 aa aa aa", (void *)&bytes[100]);
	assert_non_null(strstr(expected.console, line));
	snprintf(line, sizeof(line), "%p: 02\n", (void *)&bytes[116]);
	assert_non_null(strstr(expected.console, line));
	__free_page(page);
}

static void test_when_it_is_off(void **state)
{
	struct page *page;

	(void)state;
	assert_int_equal(boot_tier(PAGESIM_DEBUG_FULL, false), 0);
	assert_false(page_poisoning_enabled());
	page = alloc_page(GFP_KERNEL);
	__kernel_poison_pages(page, 1);
	__kernel_unpoison_pages(page, 1);
	__free_page(page);
	assert_int_equal(pagesim_shutdown(), 0);
	assert_int_equal(boot_tier(PAGESIM_DEBUG_PGFLAGS, true), 0);
	assert_false(page_poisoning_enabled());
	page = alloc_page(GFP_KERNEL);
	memset(page_address(page), 0x5a, PAGE_SIZE);
	__free_page(page);
	assert_true(is_filled(page, 0x5a, 1));
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_page_init_poison(void **state)
{
	struct expected_report expected;
	struct page *page = pfn_to_page(8);

	(void)state;
	page_init_poison(page, 2 * sizeof(*page));
	assert_false(PagePoisoned(page + 2));
	if (pagesim_built_debug() < PAGESIM_DEBUG_VM) {
		assert_false(PagePoisoned(page));
		return;
	}
	assert_true(PagePoisoned(page));
	assert_true(PagePoisoned(page + 1));
	assert_int_equal(page[1].memcg_data, ~0UL);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_PGFLAGS)
		expect_report(&expected, PAGESIM_REPORT_BUG_ON, "PagePoisoned",
			      PageHWPoison(page));
	pagesim_shutdown();
	assert_int_equal(boot_tier(PAGESIM_DEBUG_NONE, false), 0);
	page_init_poison(pfn_to_page(8), sizeof(*page));
	assert_false(PagePoisoned(pfn_to_page(8)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		poison_test(test_free_memory_is_filled),
		poison_test(test_corruption),
		poison_test(test_corrupted_bytes_are_printed),
		cmocka_unit_test(test_when_it_is_off),
		poison_test(test_page_init_poison),
	};

	return cmocka_run_group_tests_name("page_poison", tests, NULL, NULL);
}
