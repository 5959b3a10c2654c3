// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/inject.h>
#include <pagesim/slab.h>
#include "threads.h"
#include "track.h"

/* What the library was not built to find, it is not asked for. */
static bool no_checks(void)
{
	return pagesim_built_debug() < PAGESIM_DEBUG_VM;
}

static int boot_with(unsigned long long kmalloc_bytes, enum pagesim_debug debug)
{
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = 64;
	config.kmalloc_bytes = kmalloc_bytes;
	config.debug = debug;
	return pagesim_boot(&config);
}

/* A use after free: past the tool that would find the access itself. */
static void write_freed(void *object, size_t offset, unsigned char value)
{
	unsigned char *byte = (unsigned char *)object + offset;

	if (track_mem_is_watched())
		assert_true(track_mem_is_noaccess(byte));
	track_mem_defined(byte - offset % 8, 8);
	*byte = value;
}

static bool all_bytes(const void *object, size_t size, unsigned char value)
{
	const unsigned char *bytes = object;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* ---- kmalloc ---- */

static size_t class_of(size_t size)
{
	size_t class = 8;

	if (size > 64 && size <= 96)
		return 96;
	if (size > 128 && size <= 192)
		return 192;
	while (class < size)
		class *= 2;
	if (size > KMALLOC_MAX_CACHE_SIZE && class < PAGE_SIZE)
		class = PAGE_SIZE;
	return class;
}

static void test_size_classes(void **state)
{
	(void)state;
	for (size_t size = 1; size <= KMALLOC_MAX_SIZE;
	     size += size < 300 ? 1 : size / 3) {
		size_t class = class_of(size);
		void *a = kmalloc(size, GFP_KERNEL);
		void *b = kmalloc(size, GFP_ATOMIC);

		assert_non_null(a);
		assert_non_null(b);
		assert_int_equal(ksize(a), class);
		/* The largest power of two that divides the class. */
		assert_true(IS_ALIGNED((uintptr_t)a, class & -class));
		assert_true(IS_ALIGNED((uintptr_t)b, class & -class));
		assert_true((char *)a + class <= (char *)b ||
			    (char *)b + class <= (char *)a);
		memset(a, 1, size);
		memset(b, 2, size);
		assert_true(all_bytes(a, size, 1));
		kfree(a);
		kfree(b);
	}
}

static void test_sizes_at_the_ends(void **state)
{
	struct expected_report expected;
	void *object = &expected;

	(void)state;
	assert_ptr_equal(kmalloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
	assert_int_equal(ksize(ZERO_SIZE_PTR), 0);
	assert_int_equal(ksize(NULL), 0);
	kfree(ZERO_SIZE_PTR);
	kfree(NULL);
	object = kmalloc(KMALLOC_MAX_SIZE, GFP_KERNEL);
	assert_non_null(object);
	kfree(object);
	expect_report(&expected, PAGESIM_REPORT_WARN, "!cache",
		      assert_int_equal(ksize(object), 0));
	expect_report(&expected, PAGESIM_REPORT_WARN, "__GFP_NOWARN",
		      object = kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
	assert_null(object);
	assert_null(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_NOWAIT));
	assert_null(kcalloc(1UL << 33, 1UL << 33, GFP_KERNEL));
}

static void test_zeroing(void **state)
{
	static const size_t sizes[] = { 5, 40, 200, 5000, 20000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *object = kmalloc(sizes[i], GFP_KERNEL);

		memset(object, 0x5a, sizes[i]);
		kfree(object);
		object = kzalloc(sizes[i], GFP_KERNEL);
		assert_true(all_bytes(object, sizes[i], 0));
		kfree(object);
		object = kcalloc(3, sizes[i], GFP_KERNEL);
		assert_true(all_bytes(object, 3 * sizes[i], 0));
		kfree(object);
	}
}

static void test_last_freed_is_first_used(void **state)
{
	void *a = kmalloc(64, GFP_KERNEL), *b = kmalloc(64, GFP_KERNEL);
	void (*free_function)(const void *) = kfree;

	(void)state;
	kfree(a);
	free_function(b);
	assert_ptr_equal(kmalloc(60, GFP_KERNEL), b);
	assert_ptr_equal(kmalloc(60, GFP_KERNEL), a);
	kfree(a);
	kfree(b);
}

/* All of the heap in objects of a size; a list through their first words. */
static unsigned long take_all(size_t size, void **list)
{
	unsigned long nr = 0;
	void **object;

	*list = NULL;
	while ((object = kmalloc(size, GFP_KERNEL))) {
		*object = *list;
		*list = object;
		nr++;
	}
	return nr;
}

static void free_all(void *list)
{
	while (list) {
		void *next = *(void **)list;

		kfree(list);
		list = next;
	}
}

/* A class does not keep what it does not need: the next one gets it. */
static void test_full_heap(void **state)
{
	static const size_t sizes[] = { 64, 8192, 192, 1 << 20, 1024, 64 };
	void *list;

	(void)state;
	assert_int_equal(boot_with(4 << 20, pagesim_built_debug()), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long nr = take_all(sizes[i], &list);

		/* 6 classes keep some empty slabs, a MiB may be broken up. */
		assert_true(nr * sizes[i] >= 2 << 20);
		assert_true(nr * sizes[i] <= 4 << 20);
		assert_null(kmalloc(sizes[i], GFP_KERNEL));
		free_all(list);
	}
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_nofail_in_a_full_heap(void **state)
{
	struct expected_report expected;
	void *list;

	(void)state;
	assert_int_equal(boot_with(1 << 16, pagesim_built_debug()), 0);
	take_all(4096, &list);
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "heap is full",
		      kmalloc(4096, GFP_KERNEL | __GFP_NOFAIL));
	free_all(list);
	assert_int_equal(pagesim_shutdown(), 0);
}

static void test_size_of_the_heap(void **state)
{
	struct pagesim_config config;
	unsigned long long without;
	void *list;

	(void)state;
	assert_int_equal(boot_with(0, pagesim_built_debug()), 0);
	assert_null(kmalloc(8, GFP_KERNEL));
	assert_null(kmem_cache_create("none", 8, 0, 0, NULL));
	assert_int_equal(pagesim_shutdown(), 0);

	/* One page: a slab of the least size is taken, not the best. */
	assert_int_equal(boot_with(1, pagesim_built_debug()), 0);
	assert_null(kmalloc(8192, GFP_KERNEL));
	assert_int_equal(take_all(1024, &list), 4);
	free_all(list);
	assert_int_equal(pagesim_shutdown(), 0);

	assert_int_equal(boot_with(~0ULL, pagesim_built_debug()), -EINVAL);
	pagesim_config_init(&config);
	config.kmalloc_bytes = 0;
	without = pagesim_reserve_size(&config);
	config.kmalloc_bytes = 64 << 20;
	assert_in_range(pagesim_reserve_size(&config) - without, 192 << 20,
			224 << 20);
}

/* ---- caches ---- */

static unsigned long nr_constructed;

static void construct(void *object)
{
	*(unsigned long *)object = 0x1234;
	nr_constructed++;
}

static void test_cache(void **state)
{
	struct kmem_cache *cache;
	unsigned long *objects[300];

	(void)state;
	nr_constructed = 0;
	cache = kmem_cache_create("things", 40, 0, 0, construct);
	assert_int_equal(kmem_cache_size(cache), 40);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 300; i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_int_equal(*objects[i], 0x1234);
			assert_int_equal(ksize(objects[i]), 40);
		}
		for (int i = 0; i < 300; i++)
			kmem_cache_free(cache, objects[i]);
	}
	/* Once for the memory, not for each use. */
	assert_int_equal(nr_constructed, 300);
	kmem_cache_destroy(cache);
	kmem_cache_destroy(NULL);
}

struct aligned_thing {
	char bytes[72];
} __aligned(8);

static void test_alignment(void **state)
{
	static const struct {
		unsigned int size, align;
		slab_flags_t flags;
		size_t wanted;
	} cases[] = {
		{ 12, 0, 0, 8 },
		{ 12, 256, 0, 256 },
		{ 100, 0, SLAB_HWCACHE_ALIGN, 64 },
		{ 20, 0, SLAB_HWCACHE_ALIGN, 32 },
		{ 100, 8192, 0, 8192 },
	};
	struct kmem_cache *cache;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *a, *b;

		cache = kmem_cache_create("aligned", cases[i].size,
					  cases[i].align, cases[i].flags, NULL);
		a = kmem_cache_alloc(cache, GFP_KERNEL);
		b = kmem_cache_zalloc(cache, GFP_KERNEL);
		assert_true(IS_ALIGNED((uintptr_t)a, cases[i].wanted));
		assert_true(IS_ALIGNED((uintptr_t)b, cases[i].wanted));
		assert_true(all_bytes(b, cases[i].size, 0));
		/* And not more than that: no memory is wasted. */
		if (cases[i].wanted < PAGE_SIZE)
			assert_int_equal(b - a,
					 ALIGN(cases[i].size, cases[i].wanted));
		kmem_cache_free(cache, a);
		kfree(b); /* as it may since v6.4 */
		kmem_cache_destroy(cache);
	}
	cache = KMEM_CACHE(aligned_thing, SLAB_PANIC);
	assert_int_equal(kmem_cache_size(cache), sizeof(struct aligned_thing));
	kmem_cache_destroy(cache);
}

static void test_caches_that_cannot_be(void **state)
{
	struct kmem_cache *caches[513], *cache = NULL;
	struct expected_report expected;
	size_t nr = 0;

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_WARN, "cache_can_be",
		      cache = kmem_cache_create("x", 8, 24, 0, NULL));
	assert_null(cache);
	expect_report(&expected, PAGESIM_REPORT_WARN, "cache_can_be",
		      cache = kmem_cache_create(NULL, 8, 0, 0, NULL));
	assert_null(cache);
	for (; nr < 512; nr++)
		caches[nr] = kmem_cache_create("x", 8, 0, 0, NULL);
	assert_non_null(caches[511]);
	expect_report(&expected, PAGESIM_REPORT_WARN, "nr_slots",
		      caches[512] = kmem_cache_create("x", 8, 0, 0, NULL));
	assert_null(caches[512]);
	while (nr--)
		kmem_cache_destroy(caches[nr]);
	cache = kmem_cache_create("x", 8, 0, SLAB_PANIC, NULL);
	kmem_cache_destroy(cache);
}

struct node {
	u32 key; /* 0: not in the table */
	char bytes[60];
};

/* What a reader under RCU may rely on: contents, access, and the type. */
static void test_typesafe_by_rcu(void **state)
{
	struct kmem_cache *cache;
	struct node *nodes[512];
	char *low, *high;
	void *list;

	(void)state;
	assert_int_equal(boot_with(1 << 20, pagesim_built_debug()), 0);
	cache = kmem_cache_create("node", sizeof(struct node), 0,
				  SLAB_TYPESAFE_BY_RCU, NULL);
	for (int i = 0; i < 512; i++) {
		nodes[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		nodes[i]->key = (u32)i + 1;
	}
	low = (char *)nodes[0];
	high = (char *)nodes[511];
	for (int i = 0; i < 512; i++)
		kmem_cache_free(cache, nodes[i]);
	for (int i = 0; i < 512; i++) {
		assert_false(track_mem_is_noaccess(nodes[i]));
		assert_int_equal(nodes[i]->key, i + 1);
	}
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), nodes[511]);
	assert_int_equal(nodes[511]->key, 512);
	kmem_cache_free(cache, nodes[511]);
	/* The rest of the heap becomes something else, this does not. */
	take_all(64, &list);
	for (void *object = list; object; object = *(void **)object)
		assert_false((char *)object >= low && (char *)object <= high);
	free_all(list);
	kmem_cache_destroy(cache);
	assert_true(take_all(64, &list) * 64 >= 1020 << 10);
	free_all(list);
	assert_int_equal(pagesim_shutdown(), 0);
}

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
	snprintf(text, sizeof(text), "test_slab.c:%d", line);
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

/* ---- leaks ---- */

static struct {
	int nr;
	char rule[4][256];
	int line[4];
} leaks;

static void note_leak(const struct pagesim_report *report, void *data)
{
	(void)data;
	assert_int_equal(report->kind, PAGESIM_REPORT_LEAK);
	assert_in_range(leaks.nr, 0, 3);
	snprintf(leaks.rule[leaks.nr], sizeof(leaks.rule[0]), "%s",
		 report->rule);
	leaks.line[leaks.nr++] = report->line;
}

static void test_leaks(void **state)
{
	struct kmem_cache *cache, *destroyed;
	void *objects[6];
	int line;

	(void)state;
	memset(&leaks, 0, sizeof(leaks));
	assert_int_equal(boot_with(1 << 20, pagesim_built_debug()), 0);
	cache = kmem_cache_create("cache", 100, 0, 0, NULL);
	destroyed = kmem_cache_create("destroyed", 100, 0, 0, NULL);
	line = __LINE__ + 2;
	for (int i = 0; i < 3; i++)
		objects[i] = kmalloc(50, GFP_KERNEL);
	objects[3] = kmem_cache_alloc(cache, GFP_KERNEL);
	objects[4] = kmem_cache_alloc(destroyed, GFP_KERNEL);
	objects[5] = kmem_cache_alloc(destroyed, GFP_KERNEL);
	kfree(objects[0]);
	pagesim_set_report_handler(note_leak, NULL);
	kmem_cache_destroy(destroyed);
	assert_int_equal(leaks.nr, 1);
	assert_non_null(strstr(leaks.rule[0], "2 objects of destroyed"));
	kmem_cache_free(destroyed, objects[4]); /* still there */
	assert_int_equal(pagesim_shutdown(), 4);
	pagesim_set_report_handler(NULL, NULL);
	assert_int_equal(leaks.nr, 3); /* "destroyed" not again */
	assert_non_null(strstr(leaks.rule[1], "2 objects of kmalloc-64"));
	assert_non_null(strstr(leaks.rule[2], "1 objects of cache"));
	if (no_checks())
		return;
	assert_int_equal(leaks.line[1], line);
	assert_non_null(strstr(leaks.rule[1], "test_slab.c"));
}

/* ---- failure ---- */

static void test_injection(void **state)
{
	struct kmem_cache *cache;
	void *object;

	(void)state;
	pagesim_inject_fail_nth(1);
	cache = kmem_cache_create("cache", 100, 0, 0, NULL); /* is not asked */
	assert_non_null(cache);
	assert_null(kmem_cache_alloc(cache, GFP_KERNEL));
	pagesim_inject_fail_nth(1);
	object = kmalloc(8, GFP_KERNEL | __GFP_NOFAIL);
	assert_non_null(object);
	assert_null(kmalloc(8, GFP_KERNEL));
	kfree(object);
	pagesim_inject_fail_nth(2);
	object = kzalloc(20000, GFP_KERNEL);
	assert_non_null(object);
	assert_null(kcalloc(5, 8, GFP_KERNEL));
	kfree(object);
	kmem_cache_destroy(cache);
}

/* ---- threads ---- */

#define NR_THREADS 4
#define NR_SHARED 8

/* Objects go from thread to thread through these. */
static struct thing *shared[NR_SHARED];
static struct kmem_cache *thing_cache;

struct thing {
	unsigned long owner;
	u32 size; /* 0: of thing_cache */
	unsigned char bytes[];
};

static void sign(struct thing *thing, unsigned long owner)
{
	thing->owner = owner;
	memset(thing->bytes, (int)owner,
	       (thing->size ? thing->size : 80) - sizeof(*thing));
}

static void check_signature(const struct thing *thing)
{
	if (!all_bytes(thing->bytes,
		       (thing->size ? thing->size : 80) - sizeof(*thing),
		       (unsigned char)thing->owner))
		abort();
}

static struct thing *new_thing(unsigned long seed)
{
	size_t size = seed >> 60 ? 16 + (seed >> 30) % 400
				 : 16 + (seed >> 30) % 20000;
	struct thing *thing;

	if (seed & 1UL << 25)
		size = 0;
	thing = size ? kmalloc(size, GFP_KERNEL)
		     : kmem_cache_alloc(thing_cache, GFP_KERNEL);
	if (thing)
		thing->size = (u32)size;
	return thing;
}

static void hammer(void *arg)
{
	unsigned long name = (unsigned long)arg, seed = name;

	for (unsigned long i = 0; i < scaled(20000); i++) {
		struct thing *thing;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		thing = new_thing(seed);
		if (thing)
			sign(thing, name);
		thing = __atomic_exchange_n(&shared[(seed >> 50) % NR_SHARED],
					    thing, __ATOMIC_ACQ_REL);
		if (!thing)
			continue;
		check_signature(thing);
		if (thing->size)
			kfree(thing);
		else
			kmem_cache_free(thing_cache, thing);
	}
}

static void test_four_threads(void **state)
{
	struct platform_thread threads[NR_THREADS];

	(void)state;
	thing_cache = kmem_cache_create("thing", 80, 0, 0, NULL);
	for (unsigned long i = 0; i < NR_THREADS; i++)
		assert_int_equal(platform_thread_create(&threads[i], hammer,
							(void *)(i + 1)),
				 0);
	for (int i = 0; i < NR_THREADS; i++)
		platform_thread_join(&threads[i]);
	for (int i = 0; i < NR_SHARED; i++) {
		kfree(shared[i]);
		shared[i] = NULL;
	}
	kmem_cache_destroy(thing_cache);
}

static struct kmem_cache *node_cache;
static struct node *current_node;
static bool look_on;

/* Looks at what may have been freed: as under RCU, at marked words. */
static void look(void *arg)
{
	unsigned long found = 0;

	(void)arg;
	while (smp_load_acquire(&look_on)) {
		struct node *node = smp_load_acquire(&current_node);

		if (READ_ONCE(node->key) > 1)
			abort();
		found += READ_ONCE(node->key);
	}
	WRITE_ONCE(look_on, found == ~0UL);
}

static void replace(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < scaled(20000); i++) {
		struct node *node = kmem_cache_alloc(node_cache, GFP_KERNEL);
		struct node *before = READ_ONCE(current_node);

		WRITE_ONCE(node->key, 1U);
		smp_store_release(&current_node, node);
		WRITE_ONCE(before->key, 0U);
		kmem_cache_free(node_cache, before);
	}
	smp_store_release(&look_on, false);
}

static void construct_node(void *object)
{
	WRITE_ONCE(((struct node *)object)->key, 0U);
}

static void test_reader_of_freed_nodes(void **state)
{
	(void)state;
	node_cache = kmem_cache_create("node", sizeof(struct node), 0,
				       SLAB_TYPESAFE_BY_RCU, construct_node);
	current_node = kmem_cache_alloc(node_cache, GFP_KERNEL);
	look_on = true;
	run_two(look, NULL, replace, NULL);
	kmem_cache_free(node_cache, current_node);
	kmem_cache_destroy(node_cache);
}

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

static void test_no_machine(void **state)
{
	struct expected_report expected;

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "booted",
		      kmalloc(8, GFP_KERNEL));
	expect_report(&expected, PAGESIM_REPORT_BUG_ON, "never allocated",
		      kfree(&expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_size_classes),
		machine_test(test_sizes_at_the_ends),
		machine_test(test_zeroing),
		machine_test(test_last_freed_is_first_used),
		cmocka_unit_test(test_full_heap),
		cmocka_unit_test(test_nofail_in_a_full_heap),
		cmocka_unit_test(test_size_of_the_heap),
		machine_test(test_cache),
		machine_test(test_alignment),
		machine_test(test_caches_that_cannot_be),
		cmocka_unit_test(test_typesafe_by_rcu),
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
		cmocka_unit_test(test_leaks),
		machine_test(test_injection),
		machine_test(test_four_threads),
		machine_test(test_reader_of_freed_nodes),
		machine_test(test_racing_double_free),
		cmocka_unit_test(test_no_machine),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
