// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/slab.h>
#include "slab_heaps.h"
#include "threads.h"
#include "track.h"

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

/* ---- threads ---- */

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
	assert_non_null(strstr(leaks.rule[1], "test_slab_cache.c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_cache),
		machine_test(test_alignment),
		machine_test(test_caches_that_cannot_be),
		cmocka_unit_test(test_typesafe_by_rcu),
		cmocka_unit_test(test_leaks),
		machine_test(test_reader_of_freed_nodes),
	};

	return cmocka_run_group_tests_name("slab_cache", tests, NULL, NULL);
}
