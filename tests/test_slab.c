// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/inject.h>
#include <pagesim/slab.h>
#include "slab_heaps.h"
#include "threads.h"

/* ---- kmalloc ---- */

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
		machine_test(test_injection),
		machine_test(test_four_threads),
		cmocka_unit_test(test_no_machine),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
