// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include "test.h"
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>

#define TIB (1ULL << 40)

static void config_of(struct pagesim_config *config, unsigned long nr_pages)
{
	pagesim_config_init(config);
	config->nr_pages = nr_pages;
}

static void refused(const struct pagesim_config *config, int err,
		    const char *why)
{
	assert_int_equal(pagesim_boot(config), err);
	assert_false(pagesim_running());
	if (!strstr(pagesim_error(), why))
		fail_msg("\"%s\" does not say \"%s\"", pagesim_error(), why);
	assert_null(strchr(pagesim_error(), '\n'));
}

static void test_boot_and_shutdown(void **state)
{
	(void)state;
	assert_false(pagesim_running());
	assert_int_equal(pagesim_boot(NULL), 0);
	assert_true(pagesim_running());
	assert_int_equal(max_pfn, 1UL << 18);
	assert_int_equal(pagesim_shutdown(), 0);
	assert_false(pagesim_running());
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_one_machine_only(void **state)
{
	(void)state;
	assert_int_equal(pagesim_boot(NULL), 0);
	assert_int_equal(pagesim_boot(NULL), -EBUSY);
	assert_non_null(strstr(pagesim_error(), "running already"));
	pagesim_shutdown();
}

static void test_impossible_configurations(void **state)
{
	struct pagesim_config config;

	(void)state;
	config_of(&config, 0);
	refused(&config, -EINVAL, "at least one page");
	config_of(&config, ~0UL);
	refused(&config, -EINVAL, "more than a machine can have");
	config_of(&config, 16);
	config.nr_cpus = 0;
	refused(&config, -EINVAL, "0 CPUs");
	config.nr_cpus = PAGESIM_MAX_CPUS + 1;
	refused(&config, -EINVAL, "64 CPUs");
	config_of(&config, 16);
	config.debug = (enum pagesim_debug)7;
	refused(&config, -EINVAL, "no debug tier 7");
}

static void test_debug_tiers(void **state)
{
	struct pagesim_config config;

	(void)state;
	config_of(&config, 16);
	for (int tier = 0; tier <= PAGESIM_DEBUG_FULL; tier++) {
		config.debug = (enum pagesim_debug)tier;
		if (config.debug > pagesim_built_debug()) {
			refused(&config, -EINVAL, "is not built in");
			continue;
		}
		assert_int_equal(pagesim_boot(&config), 0);
		assert_int_equal(pagesim_debug_tier, tier);
		pagesim_shutdown();
	}
}

static void test_reserve_limit(void **state)
{
	struct pagesim_config config;

	(void)state;
	config_of(&config, 1UL << 20);
	config.reserve_limit = pagesim_reserve_size(&config) - 1;
	refused(&config, -E2BIG, "--reserve-limit");
	config.reserve_limit++;
	assert_int_equal(pagesim_boot(&config), 0);
	pagesim_shutdown();
	config.reserve_limit = pagesim_max_reserve() + 1;
	refused(&config, -EINVAL, "cannot be had");
}

/* 64 TiB where the host can, else the most that fits its limit. */
static void test_large_map_is_lazy(void **state)
{
	struct pagesim_config config;
	struct page *page;

	(void)state;
	config_of(&config, 64 * TIB >> PAGE_SHIFT);
	if (pagesim_reserve_size(&config) > pagesim_max_reserve()) {
		refused(&config, -E2BIG, "takes at most");
		config.nr_pages =
			(pagesim_max_reserve() - (1UL << 30)) /
			(pagesim_reserve_size(&config) / config.nr_pages + 1);
	}
	assert_int_equal(pagesim_boot(&config), 0);
	page = pfn_to_page(max_pfn - 1);
	assert_int_equal(page->flags, 0);
	assert_ptr_equal(compound_head(page), page);
	assert_int_equal(page_to_pfn(page), max_pfn - 1);
	__free_page(alloc_page(GFP_KERNEL));
	assert_int_equal(nr_free_pages(), max_pfn);
	pagesim_shutdown();
}

static void test_ram_contents(void **state)
{
	struct pagesim_config config;
	struct page *page;
	char *bytes;

	(void)state;
	config_of(&config, 1024);
	config.ram_contents = true;
	assert_int_equal(pagesim_boot(&config), 0);
	page = alloc_pages(GFP_KERNEL, 3);
	bytes = page_address(page);
	memset(bytes, 0x5a, PAGE_SIZE << 3);
	assert_ptr_equal(page_address(page + 7), bytes + 7 * PAGE_SIZE);
	__free_pages(page, 3);
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 3);
	bytes = page_address(page);
	for (size_t i = 0; i < PAGE_SIZE << 3; i++)
		assert_int_equal(bytes[i], 0);
	__free_pages(page, 3);
	pagesim_shutdown();
	config.ram_contents = false;
	assert_int_equal(pagesim_boot(&config), 0);
	assert_null(page_address(pfn_to_page(0)));
	pagesim_shutdown();
}

static void test_leak_is_reported(void **state)
{
	struct expected_report expected;
	unsigned long leaked = 0;

	(void)state;
	assert_int_equal(pagesim_boot(NULL), 0);
	alloc_pages(GFP_KERNEL, 2);
	expect_report(&expected, PAGESIM_REPORT_LEAK, "4 pages",
		      leaked = pagesim_shutdown());
	assert_int_equal(leaked, 4);
}

/*
 * Of a file in /proc: the sum of what the format finds, or else its lines.
 * Growth is measured in anonymous memory: pages of program files come in by
 * sixteens whenever the kernel likes.
 */
static long proc_sum(const char *path, const char *format)
{
	FILE *file = fopen(path, "r");
	char line[512];
	long sum = 0, value;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (!format)
			sum++;
		else if (sscanf(line, format, &value) == 1)
			sum += value;
	}
	fclose(file);
	return sum;
}

static void cycle(unsigned long rounds)
{
	for (unsigned long i = 0; i < rounds; i++) {
		struct page *page;

		assert_int_equal(pagesim_boot(NULL), 0);
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, 4);
		__free_pages(page, 4);
		assert_int_equal(pagesim_shutdown(), 0);
	}
}

static void test_10000_cycles_do_not_grow(void **state)
{
	unsigned long rounds = scaled(10000);
	long kib, mappings;

	(void)state;
	cycle(scaled(100));
	kib = proc_sum("/proc/self/smaps_rollup", "Anonymous: %ld kB");
	mappings = proc_sum("/proc/self/maps", NULL);
	cycle(rounds);
	kib = proc_sum("/proc/self/smaps_rollup", "Anonymous: %ld kB") - kib;
	mappings = proc_sum("/proc/self/maps", NULL) - mappings;
	print_message("%lu cycles: %+ld KiB, %+ld mappings\n", rounds, kib,
		      mappings);
	/* A leak of a word each would be 78 KiB, of a page each 39 MiB. */
	assert_true(getenv("PAGESIM_SCALE") || kib < 16);
	assert_true(getenv("PAGESIM_SCALE") || mappings <= 0);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(pagesim_version(), "0.1.0");
	assert_string_equal(pagesim_debug_name(PAGESIM_DEBUG_PGFLAGS),
			    "pgflags");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot_and_shutdown),
		cmocka_unit_test(test_one_machine_only),
		cmocka_unit_test(test_impossible_configurations),
		cmocka_unit_test(test_debug_tiers),
		cmocka_unit_test(test_reserve_limit),
		cmocka_unit_test(test_large_map_is_lazy),
		cmocka_unit_test(test_ram_contents),
		cmocka_unit_test(test_leak_is_reported),
		cmocka_unit_test(test_10000_cycles_do_not_grow),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("pagesim", tests, NULL, NULL);
}
