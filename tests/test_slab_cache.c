// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/atomic.h>
#include <pagesim/rcupdate.h>
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

static struct kmem_cache *node_cache;

static void boot_nodes(void (*ctor)(void *))
{
	assert_int_equal(boot_with(1 << 20, pagesim_built_debug()), 0);
	node_cache = kmem_cache_create("node", sizeof(struct node), 0,
				       SLAB_TYPESAFE_BY_RCU, ctor);
}

static bool any_between(void *list, const void *low, const void *high)
{
	for (; list; list = *(void **)list)
		if (list >= low && list <= high)
			return true;
	return false;
}

/* What a reader under RCU may rely on: contents, access, and the type. */
static void test_typesafe_by_rcu(void **state)
{
	struct node *nodes[1024];
	void *list;

	(void)state;
	boot_nodes(NULL);
	for (int i = 0; i < 1024; i++) {
		nodes[i] = kmem_cache_alloc(node_cache, GFP_KERNEL);
		nodes[i]->key = (u32)i + 1;
	}
	kmem_cache_free(node_cache, nodes[1023]);
	assert_ptr_equal(kmem_cache_alloc(node_cache, GFP_KERNEL), nodes[1023]);
	for (int i = 0; i < 1024; i++)
		kmem_cache_free(node_cache, nodes[i]);
	assert_true(pagesim_rcu_nr_queued());
	for (int i = 0; i < 1024; i++) {
		assert_false(track_mem_is_noaccess(nodes[i]));
		assert_int_equal(nodes[i]->key, i + 1);
	}
	/* The rest of the heap becomes something else, this does not ... */
	take_all(64, &list);
	assert_false(any_between(list, nodes[0], nodes[1023]));
	free_all(list);
	/* ... before a grace period, but for what the cache keeps. */
	synchronize_rcu();
	assert_int_equal(pagesim_rcu_nr_queued(), 0);
	take_all(64, &list);
	assert_true(any_between(list, nodes[0], nodes[1023]));
	free_all(list);
	kmem_cache_destroy(node_cache);
	assert_true(take_all(64, &list) * 64 >= 1020 << 10);
	free_all(list);
	assert_int_equal(pagesim_shutdown(), 0);
}

/* When it returns, all slabs are back. */
static void test_destroy_waits(void **state)
{
	struct expected_report expected;
	struct node *node;
	void *list;

	(void)state;
	boot_nodes(NULL);
	node = kmem_cache_alloc(node_cache, GFP_KERNEL);
	kmem_cache_free(node_cache, node);
	assert_int_equal(pagesim_rcu_nr_queued(), 0); /* kept */
	kmem_cache_destroy(node_cache);
	assert_int_equal(pagesim_rcu_nr_queued(), 0);
	assert_true(take_all(64, &list) * 64 >= 1020 << 10);
	free_all(list);
	if (pagesim_built_debug() >= PAGESIM_DEBUG_VM) {
		node_cache = kmem_cache_create("x", 8, 0, 0, NULL);
		local_bh_disable();
		expect_report(&expected, PAGESIM_REPORT_WARN,
			      "sleeping function",
			      kmem_cache_destroy(node_cache));
		local_bh_enable();
	}
	assert_int_equal(pagesim_shutdown(), 0);
}

struct freed {
	char before[24];
	struct rcu_head rcu;
};

static struct kmem_cache *freed_cache;

static void free_one(struct rcu_head *head)
{
	kmem_cache_free(freed_cache, container_of(head, struct freed, rcu));
}

/* For kfree_rcu(), and not for who frees in a callback of his own. */
static void test_destroy_waits_for_kfree_rcu(void **state)
{
	struct expected_report expected;
	struct freed *object;

	(void)state;
	freed_cache = KMEM_CACHE(freed, 0);
	object = kmem_cache_alloc(freed_cache, GFP_KERNEL);
	kfree_rcu(object, rcu);
	kmem_cache_destroy(freed_cache);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_LEAK), 0);

	freed_cache = KMEM_CACHE(freed, 0);
	object = kmem_cache_alloc(freed_cache, GFP_KERNEL);
	call_rcu(&object->rcu, free_one);
	expect_report(&expected, PAGESIM_REPORT_LEAK, "1 objects of freed",
		      kmem_cache_destroy(freed_cache));
	rcu_barrier();
	kmem_cache_destroy(freed_cache);
}

/* ---- threads ---- */

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

static void look_under_rcu(void *arg)
{
	unsigned long found = 0;

	(void)arg;
	while (smp_load_acquire(&look_on)) {
		const struct node *node;

		rcu_read_lock();
		node = rcu_dereference(current_node);
		for (int i = 0; i < 10; i++) {
			if (READ_ONCE(node->key) > 1)
				abort();
			found += READ_ONCE(node->key);
		}
		rcu_read_unlock();
	}
	WRITE_ONCE(look_on, found == ~0UL);
}

/*
 * Slabs come and go: freed ones become memory that is written to without
 * marks, which ThreadSanitizer finds, and AddressSanitizer the reader.
 */
static void replace_slabs(void *arg)
{
	static struct node *nodes[512];

	(void)arg;
	for (unsigned long i = 0; i < scaled(100); i++) {
		struct node *before = READ_ONCE(current_node);
		void *list;

		for (int n = 0; n < 512; n++) {
			nodes[n] = kmem_cache_alloc(node_cache, GFP_KERNEL);
			WRITE_ONCE(nodes[n]->key, 1U);
		}
		rcu_assign_pointer(current_node, nodes[i % 511]);
		kmem_cache_free(node_cache, before);
		for (int n = 0; n < 511; n++)
			if (n != (int)(i % 511))
				kmem_cache_free(node_cache, nodes[n]);
		rcu_assign_pointer(current_node, nodes[511]);
		kmem_cache_free(node_cache, nodes[i % 511]);
		take_all(64, &list);
		for (void *object = list; object; object = *(void **)object)
			((char *)object)[8] = 0x77;
		free_all(list);
		if (i % 4 == 3)
			rcu_barrier();
	}
	smp_store_release(&look_on, false);
}

static void test_reader_of_slabs_that_go(void **state)
{
	(void)state;
	boot_nodes(construct_node);
	current_node = kmem_cache_alloc(node_cache, GFP_KERNEL);
	look_on = true;
	run_two(look_under_rcu, NULL, replace_slabs, NULL);
	kmem_cache_free(node_cache, current_node);
	kmem_cache_destroy(node_cache);
	assert_int_equal(pagesim_shutdown(), 0);
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
		cmocka_unit_test(test_destroy_waits),
		machine_test(test_destroy_waits_for_kfree_rcu),
		cmocka_unit_test(test_leaks),
		machine_test(test_reader_of_freed_nodes),
		cmocka_unit_test(test_reader_of_slabs_that_go),
	};

	return cmocka_run_group_tests_name("slab_cache", tests, NULL, NULL);
}
