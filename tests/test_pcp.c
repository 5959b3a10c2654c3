// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/page_alloc.h>
#include <pagesim/rcupdate.h>

#include "cpus.h"
#include "free_lists.h"

#define NR_PAGES (1UL << 14)

static struct per_cpu_pages *my_pcp(void)
{
	return &pagesim_zone.per_cpu_pageset[smp_processor_id()];
}

static void sizes(unsigned long nr_pages, int batch)
{
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = nr_pages;
	assert_int_equal(pagesim_boot(&config), 0);
	assert_int_equal(pagesim_zone.pcp_batch, batch);
	assert_int_equal(pagesim_zone.pcp_high, 4 * batch);
	assert_int_equal(pagesim_shutdown(), 0);
}

/* zone_batchsize()'s, worked out by hand. */
static void test_sizes(void **state)
{
	(void)state;
	sizes(11, 1);
	sizes(1UL << 14, 3);
	sizes(1UL << 16, 15);
	sizes(1UL << 18, 63);
	sizes(1UL << 20, 63);
}

static void test_without(void **state)
{
	struct pagesim_config config;
	struct page *page;

	(void)state;
	pagesim_config_init(&config);
	config.no_pcp = true;
	assert_int_equal(pagesim_boot(&config), 0);
	assert_null(pagesim_zone.per_cpu_pageset);
	page = alloc_page(GFP_KERNEL);
	__free_page(page);
	assert_true(is_free_buddy_page(page));
	drain_local_pages(NULL);
	drain_all_pages(NULL);
	assert_int_equal(nr_free_pages(), max_pfn);
	assert_int_equal(pagesim_shutdown(), 0);
	/* Nor are there any when there is no machine. */
	drain_all_pages(NULL);
	drain_local_pages(NULL);
}

/* Free, and nobody can tell by the page. */
static void test_page_on_a_list(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int count = my_pcp()->count;

	(void)state;
	__free_page(page);
	assert_int_equal(my_pcp()->count, count + 1);
	assert_false(PageBuddy(page));
	assert_false(is_free_buddy_page(page));
	assert_int_equal(page_ref_count(page), 0);
	assert_int_equal(page_private(page), 0);
	assert_int_equal(nr_free_pages(), NR_PAGES);
	/* Last in, first out. */
	assert_ptr_equal(alloc_page(GFP_KERNEL), page);
	__free_page(page);
	drain_local_pages(NULL);
	assert_true(is_free_buddy_page(page));
	assert_int_equal(my_pcp()->count, 0);
}

static void test_refill(void **state)
{
	int batch = pagesim_zone.pcp_batch;
	struct page *page = alloc_page(GFP_KERNEL), *next;

	(void)state;
	assert_int_equal(my_pcp()->count, batch - 1);
	/* In the order of the memory. */
	next = alloc_page(GFP_KERNEL);
	assert_ptr_equal(next, page + 1);
	assert_int_equal(my_pcp()->count, batch - 2);
	__free_page(next);
	__free_page(page);
}

static void test_high(void **state)
{
	int high = pagesim_zone.pcp_high, largest = 0;
	struct page *pages[64];

	(void)state;
	for (int i = 0; i < 64; i++)
		pages[i] = alloc_page(GFP_KERNEL);
	drain_local_pages(NULL);
	for (int i = 0; i < 64; i++) {
		__free_page(pages[i]);
		assert_true(my_pcp()->count < high);
		if (my_pcp()->count > largest)
			largest = my_pcp()->count;
	}
	assert_int_equal(largest, high - 1);
	/* The oldest went first. */
	assert_true(is_free_buddy_page(pages[0]));
	assert_false(is_free_buddy_page(pages[63]));
	assert_free_lists_are_sound();
}

static bool goes_by_list(unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL, order);
	int count;
	bool listed;

	drain_local_pages(NULL);
	count = my_pcp()->count;
	assert_int_equal(count, 0);
	__free_pages(page, order);
	listed = !is_free_buddy_page(page);
	assert_int_equal(nr_free_pages(), max_pfn);
	assert_free_lists_are_sound();
	return listed;
}

static void test_which_orders(void **state)
{
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config); /* whose high is 252 pages */
	assert_int_equal(pagesim_boot(&config), 0);
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++)
		assert_int_equal(goes_by_list(order), order <= 3);
	assert_int_equal(pagesim_shutdown(), 0);
	/* A PMD's is no longer more than high on a list of its own. */
	assert_int_equal(pagesim_boot(&config), 0);
	pagesim_zone.pcp_high = 1024;
	assert_true(goes_by_list(HPAGE_PMD_ORDER));
	assert_false(goes_by_list(HPAGE_PMD_ORDER - 1));
	assert_int_equal(pagesim_shutdown(), 0);
}

/* By a drain, or by what this CPU was interrupted in. */
static void test_taken_lock(void **state)
{
	struct per_cpu_pages *pcp = my_pcp();
	struct page *page, *listed = alloc_page(GFP_KERNEL);
	int count;

	(void)state;
	__free_page(listed);
	count = pcp->count;
	spin_lock(&pcp->lock);
	page = alloc_page(GFP_ATOMIC);
	assert_ptr_not_equal(page, listed);
	__free_page(page);
	spin_unlock(&pcp->lock);
	assert_true(is_free_buddy_page(page));
	assert_int_equal(pcp->count, count);
}

struct object {
	struct rcu_head rcu;
	struct page *page;
};

static void free_its_page(struct rcu_head *head)
{
	__free_page(container_of(head, struct object, rcu)->page);
}

/* A softirq on top of who has the lists: no deadlock, and lockdep agrees. */
static void test_softirq_on_top(void **state)
{
	static struct object object;

	(void)state;
	object.page = alloc_page(GFP_KERNEL);
	drain_local_pages(NULL);
	spin_lock(&my_pcp()->lock);
	call_rcu(&object.rcu, free_its_page);
	rcu_barrier();
	spin_unlock(&my_pcp()->lock);
	assert_int_equal(pagesim_nr_allocated(), 0);
	assert_true(is_free_buddy_page(object.page));
}

/* ---- several CPUs ---- */

static struct page *theirs;
static int their_count;

static void free_one_there(void *arg)
{
	(void)arg;
	__free_page(theirs);
	their_count = my_pcp()->count;
}

static void test_drain_all(void **state)
{
	(void)state;
	theirs = alloc_page(GFP_KERNEL);
	run_workers(1, free_one_there);
	assert_true(their_count >= 1);
	drain_local_pages(NULL);
	assert_false(is_free_buddy_page(theirs));
	assert_int_equal(nr_free_pages(), max_pfn);
	drain_all_pages(&pagesim_zone);
	assert_true(is_free_buddy_page(theirs));
	assert_free_lists_are_sound();
}

/* What another CPU keeps is had by who may wait for it. */
static void test_direct_reclaim(void **state)
{
	struct page *first = NULL, *page;

	(void)state;
	theirs = alloc_page(GFP_KERNEL);
	while ((page = alloc_page(GFP_KERNEL))) {
		page->lru.next = (struct list_head *)first;
		first = page;
	}
	run_workers(1, free_one_there);
	assert_int_equal(nr_free_pages(), 1);
	assert_null(alloc_page(GFP_ATOMIC));
	assert_ptr_equal(alloc_page(GFP_KERNEL), theirs);
	assert_null(alloc_page(GFP_KERNEL));
	__free_page(theirs);
	while (first) {
		page = first;
		first = (struct page *)page->lru.next;
		__free_page(page);
	}
	assert_free_lists_are_sound();
}

#define NR_HELD 8

/* Each thread writes its name into what it got: nobody else may have it. */
static void hammer(void *arg)
{
	static const unsigned int orders[] = { 0, 0, 0, 1, 2, 3, 4, 9 };
	unsigned long name = (unsigned long)arg + 1, seed = name;
	struct page *held[NR_HELD] = { NULL };
	unsigned int order[NR_HELD] = { 0 };

	for (unsigned long i = 0; i < scaled(20000) + NR_HELD; i++) {
		unsigned int slot = (unsigned int)(i % NR_HELD);

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		if (held[slot]) {
			if (held[slot]->index != name)
				abort();
			__free_pages(held[slot], order[slot]);
			held[slot] = NULL;
		}
		if (i >= scaled(20000))
			continue;
		order[slot] = orders[seed >> 61];
		held[slot] = alloc_pages(GFP_KERNEL | __GFP_COMP, order[slot]);
		if (held[slot])
			held[slot]->index = name;
	}
}

/* And one that takes what the others have on their lists. */
static void hammer_or_drain(void *arg)
{
	if (arg) {
		hammer(arg);
		return;
	}
	for (unsigned long i = 0; i < scaled(5000); i++) {
		drain_all_pages(NULL);
		if (nr_free_pages() > max_pfn + 1024)
			abort();
	}
}

static void test_three_cpus(void **state)
{
	(void)state;
	run_workers(NR_WORKERS, hammer_or_drain);
	assert_int_equal(pagesim_nr_allocated(), 0);
	assert_int_equal(nr_free_pages(), max_pfn);
	assert_free_lists_are_sound();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_without),
		machine_test(test_page_on_a_list),
		machine_test(test_refill),
		machine_test(test_high),
		cmocka_unit_test(test_which_orders),
		machine_test(test_taken_lock),
		machine_test(test_softirq_on_top),
		cpu_test(test_drain_all),
		cpu_test(test_direct_reclaim),
		cpu_test(test_three_cpus),
	};

	return cmocka_run_group_tests_name("pcp", tests, NULL, NULL);
}
