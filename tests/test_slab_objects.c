// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/slab.h>
#include "slab_heaps.h"
#include "threads.h"
#include "track.h"

/* ---- wrong frees ---- */

static void free_twice(size_t size)
{
	struct expected_report expected;
	void *object = kmalloc(size, GFP_KERNEL), *other;
	const int line = __LINE__ + 3;
	char text[64];

	kfree(object);
	snprintf(text, sizeof(text), "before, at %s:%d", __FILE__, line);
	expect_report(&expected, PAGESIM_REPORT_DOUBLE_FREE, text,
		      kfree(object));
	assert_non_null(strstr(expected.rule, "kmalloc-"));
	/* Nothing came of it: there are no two owners. */
	assert_ptr_equal(kmalloc(size, GFP_KERNEL), object);
	other = kmalloc(size, GFP_KERNEL);
	assert_ptr_not_equal(other, object);
	kfree(object);
	kfree(other);
}

static void test_double_free(void **state)
{
	static const size_t sizes[] = { 8, 100, 3000, 8192, 9000, 100000 };

	(void)state;
	if (no_checks())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		free_twice(sizes[i]);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_DOUBLE_FREE),
			 ARRAY_SIZE(sizes));
}

/* All objects of a slab are free, and it went back to the heap. */
static void test_double_free_of_a_page(void **state)
{
	struct expected_report expected;
	void *objects[64];

	(void)state;
	if (no_checks())
		skip();
	for (int i = 0; i < 64; i++)
		objects[i] = kmalloc(4096, GFP_KERNEL);
	for (int i = 0; i < 64; i++)
		kfree(objects[i]);
	for (int i = 0; i < 64; i++)
		expect_report(&expected, PAGESIM_REPORT_DOUBLE_FREE,
			      "kmalloc-4k", kfree(objects[i]));
}

static void test_free_of_what_is_no_object(void **state)
{
	struct expected_report expected;
	char *object = kmalloc(100, GFP_KERNEL);
	char *large = kmalloc(20000, GFP_KERNEL);
	int on_stack = 0;

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "was never allocated",
		      kfree(&on_stack));
	/* The heap's second half was never touched. */
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "was never allocated",
		      kfree(object + (40 << 20)));
	if (!no_checks()) {
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "24 bytes into an object of kmalloc-128",
			      kfree(object + 24));
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "8192 bytes into an object of kmalloc-large",
			      kfree(large + 8192));
		expect_report(&expected, PAGESIM_REPORT_BUG_ON,
			      "was never allocated", kfree(object + 128));
	}
	kfree(object);
	kfree(large);
}

static void test_free_to_another_cache(void **state)
{
	struct kmem_cache *a = kmem_cache_create("a", 64, 0, 0, NULL);
	struct kmem_cache *b = kmem_cache_create("b", 64, 0, 0, NULL);
	struct expected_report expected;
	void *object = kmem_cache_alloc(a, GFP_KERNEL);

	(void)state;
	if (no_checks())
		kmem_cache_free(a, object);
	else
		expect_report(&expected, PAGESIM_REPORT_WARN,
			      "of cache a, not b", kmem_cache_free(b, object));
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
}

/* ---- use after free ---- */

/* Written to at the offset after the free, and found by the next owner. */
static void use_after_free(size_t size, size_t offset)
{
	struct expected_report expected;
	void *object = kmalloc(size, GFP_KERNEL), *again = NULL;
	char text[64];
	const int line = __LINE__ + 2;

	kfree(object);
	write_freed(object, offset, 0x17);
	snprintf(text, sizeof(text), "test_slab_objects.c:%d", line);
	expect_report(&expected, PAGESIM_REPORT_USE_AFTER_FREE, text,
		      again = kmalloc(size, GFP_KERNEL));
	/* Which is right again, and was handed out. */
	assert_ptr_equal(again, object);
	kfree(object);
	snprintf(text, sizeof(text), "byte %zu was changed to 0x17", offset);
	assert_non_null(strstr(expected.rule, text));
	assert_non_null(strstr(expected.rule, "kmalloc-"));
	snprintf(text, sizeof(text), "%p", object);
	assert_non_null(strstr(expected.rule, text));
}

static void test_use_after_free(void **state)
{
	static const size_t sizes[] = { 8, 100, 192, 3000, 8192, 20000 };

	(void)state;
	if (no_checks())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		/* Of pages each one is filled. */
		size_t end = sizes[i] > 8192 ? PAGE_SIZE : class_of(sizes[i]);

		use_after_free(sizes[i], 0);
		use_after_free(sizes[i], 5);
		use_after_free(sizes[i], end - 1);
	}
}

static void expect_damage(const char *text, void (*fn)(void *), void *arg)
{
	struct expected_report expected;

	expect_report(&expected, PAGESIM_REPORT_USE_AFTER_FREE, text, fn(arg));
}

static void destroy(void *cache)
{
	kmem_cache_destroy(cache);
}

static void allocate_1024(void *object)
{
	*(void **)object = kmalloc(1024, GFP_KERNEL);
}

static void shut_down(void *arg)
{
	(void)arg;
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_use_after_free_is_found_at_the_end(void **state)
{
	struct kmem_cache *cache;
	void *object;

	(void)state;
	if (no_checks())
		skip();
	assert_int_equal(boot_with(1 << 20, pagesim_built_debug()), 0);
	cache = kmem_cache_create("things", 56, 0, 0, NULL);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, object);
	write_freed(object, 17, 0);
	expect_damage("byte 17 was changed to 0x00", destroy, cache);
	/* Its page is the heap's now, and still nobody's. */
	write_freed(object, 3, 0);
	expect_damage("things object", allocate_1024, &object);
	kfree(object);
	write_freed(object, 1000, 1);
	expect_damage("byte 1000 was changed to 0x01", shut_down, NULL);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_USE_AFTER_FREE), 3);
}

/* Evidence is not covered up by the poison of a whole page. */
static void test_use_after_free_before_the_page_goes(void **state)
{
	void *objects[64];
	struct expected_report expected;

	(void)state;
	if (no_checks())
		skip();
	for (int i = 0; i < 64; i++)
		objects[i] = kmalloc(4096, GFP_KERNEL);
	kfree(objects[63]);
	write_freed(objects[63], 99, 0);
	expect_report(&expected, PAGESIM_REPORT_USE_AFTER_FREE, "byte 99 ",
		      for (int i = 0; i < 63; i++) kfree(objects[i]););
}

/* Who does not initialise an object, shall not find zeroes in it. */
static void test_new_memory_is_poisoned(void **state)
{
	unsigned char *object = kmalloc(64, GFP_KERNEL);

	(void)state;
	if (!no_checks()) {
		track_mem_defined(object, 64);
		assert_true(all_bytes(object, 63, 0x6b));
		assert_int_equal(object[63], 0xa5);
	}
	kfree(object);
}

static void test_tier_none(void **state)
{
	int *object;

	(void)state;
	assert_int_equal(boot_with(1 << 20, PAGESIM_DEBUG_NONE), 0);
	object = kmalloc(64, GFP_KERNEL);
	assert_int_equal(object[15], 0);
	object[15] = 42;
	kfree(object);
	assert_false(track_mem_is_noaccess(object));
	assert_int_equal(object[15], 42);
	object[15] = 43;
	assert_ptr_equal(kmalloc(64, GFP_KERNEL), object);
	assert_int_equal(object[15], 43);
	kfree(object);
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_tools_are_told(void **state)
{
	char *object, *large;

	(void)state;
	if (no_checks() || !track_mem_is_watched())
		skip();
	object = kmalloc(13, GFP_KERNEL);
	large = kmalloc(10000, GFP_KERNEL);
	assert_false(track_mem_is_noaccess(object));
	assert_false(track_mem_is_noaccess(object + 12));
	assert_true(track_mem_is_noaccess(object + 13));
	assert_true(track_mem_is_noaccess(object + 16)); /* the next one */
	assert_false(track_mem_is_noaccess(large + 9999));
	assert_true(track_mem_is_noaccess(large + 10000));
	kfree(object);
	kfree(large);
	assert_true(track_mem_is_noaccess(object));
	assert_true(track_mem_is_noaccess(large + 5000));
	pagesim_shutdown();
	/* The host may put its own there. To memcheck it is not mapped. */
	if (track_address_sanitizer()) {
		assert_false(track_mem_is_noaccess(object));
		assert_false(track_mem_is_noaccess(large + 5000));
	}
}

/* ---- a handler that leaves ---- */

static jmp_buf away;

static void leave(const struct pagesim_report *report, void *data)
{
	(void)report;
	(void)data;
	longjmp(away, 1);
}

#define assert_leaves(statement)                         \
	do {                                             \
		pagesim_set_report_handler(leave, NULL); \
		if (!setjmp(away)) {                     \
			statement;                       \
			fail_msg("there was no report"); \
		}                                        \
		pagesim_set_report_handler(NULL, NULL);  \
	} while (0)

static void test_a_handler_may_leave(void **state)
{
	void *object, *large;

	(void)state;
	if (no_checks())
		skip();
	assert_int_equal(boot_with(1 << 20, pagesim_built_debug()), 0);
	object = kmalloc(64, GFP_KERNEL);
	large = kmalloc(9000, GFP_KERNEL);
	kfree(object);
	kfree(large);
	assert_leaves(kfree(object));
	write_freed(object, 1, 1);
	write_freed(large, 1, 1);
	assert_leaves(kmalloc(64, GFP_KERNEL));
	assert_leaves(kmalloc(9000, GFP_KERNEL));
	/* No lock is held, nothing was allocated, nothing is wrong any more. */
	assert_ptr_equal(kmalloc(64, GFP_KERNEL), object);
	assert_ptr_equal(kmalloc(9000, GFP_KERNEL), large);
	kfree(object);
	write_freed(object, 1, 1);
	assert_leaves(pagesim_shutdown());
	assert_leaves(pagesim_shutdown()); /* the leak of the large one */
	assert_true(pagesim_running());
	assert_int_equal(pagesim_shutdown(), 1); /* is said once */
	assert_false(pagesim_running());
}

/* ---- threads ---- */

static void *victims[1000];

static void let_pass(const struct pagesim_report *report, void *data)
{
	(void)report;
	(void)data;
}

static void free_victims(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(victims); i++)
		kfree(victims[i]);
}

/* Two free the same: one of them is told, for each object. */
static void test_racing_double_free(void **state)
{
	(void)state;
	if (no_checks())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(victims); i++)
		victims[i] = kmalloc(i % 10 ? 64 : 9000, GFP_KERNEL);
	pagesim_set_report_handler(let_pass, NULL);
	run_two(free_victims, NULL, free_victims, NULL);
	pagesim_set_report_handler(NULL, NULL);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_DOUBLE_FREE),
			 ARRAY_SIZE(victims));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_double_free),
		machine_test(test_double_free_of_a_page),
		machine_test(test_free_of_what_is_no_object),
		machine_test(test_free_to_another_cache),
		machine_test(test_use_after_free),
		cmocka_unit_test(test_use_after_free_is_found_at_the_end),
		machine_test(test_use_after_free_before_the_page_goes),
		machine_test(test_new_memory_is_poisoned),
		cmocka_unit_test(test_tier_none),
		machine_test(test_tools_are_told),
		cmocka_unit_test(test_a_handler_may_leave),
		machine_test(test_racing_double_free),
	};

	return cmocka_run_group_tests_name("slab_objects", tests, NULL, NULL);
}
