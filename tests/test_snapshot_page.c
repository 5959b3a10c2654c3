// SPDX-License-Identifier: MIT
// Floor: 5
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include "test.h"
#include <pagesim/folio.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>
#include <pagesim/snapshot_page.h>
#include "compound_pages.h"
#include "threads.h"

static struct page_snapshot ps;

static struct page *fresh(unsigned long pfn, unsigned int order)
{
	struct page *page = pfn_to_page(pfn);

	for (unsigned long i = 0; i < 1UL << order; i++) {
		__init_single_page(page + i, pfn + i, ZONE_NORMAL, 0);
		set_page_count(page + i, i == 0);
	}
	if (order)
		prep_compound_page(page, order);
	return page;
}

static void assert_zero(const struct page *page)
{
	static const struct page zero;

	assert_memory_equal(page, &zero, sizeof(zero));
}

static void test_single(void **state)
{
	struct page *page = fresh(77, 0);

	(void)state;
	page->index = 5;
	snapshot_page(&ps, page);
	assert_int_equal(ps.flags, PAGE_SNAPSHOT_FAITHFUL);
	assert_true(snapshot_page_is_faithful(&ps));
	assert_int_equal(ps.pfn, 77);
	assert_int_equal(ps.idx, 0);
	assert_memory_equal(&ps.page_snapshot, page, sizeof(*page));
	assert_memory_equal(&ps.folio_snapshot, page, sizeof(*page));
	assert_zero(&ps.folio_snapshot.__page_1);
	/* A copy stays what it is. */
	page->index = 6;
	assert_int_equal(ps.folio_snapshot.index, 5);
}

static void test_compound(void **state)
{
	(void)state;
	fresh(1026, 0); /* behind the first one, to see that it is not copied */
	for (unsigned int order = 1; order <= 10; order++) {
		struct page *page = fresh(1024, order);
		struct folio *folio = (struct folio *)page;

		for (unsigned long i = 0; i < 1UL << order; i++) {
			snapshot_page(&ps, page + i);
			assert_int_equal(ps.flags, PAGE_SNAPSHOT_FAITHFUL);
			assert_int_equal(ps.pfn, 1024 + i);
			assert_int_equal(ps.idx, i);
			assert_memory_equal(&ps.page_snapshot, page + i,
					    sizeof(*page));
			assert_memory_equal(&ps.folio_snapshot, folio,
					    2 * sizeof(*page));
			assert_int_equal(folio_order(&ps.folio_snapshot),
					 order);
			/* There is a third page, or there is none. */
			if (order > 1)
				assert_ptr_equal(
					ps.folio_snapshot._deferred_list.next,
					&folio->_deferred_list);
			else
				assert_zero(&ps.folio_snapshot.__page_2);
			assert_zero(&ps.folio_snapshot.__page_3);
		}
	}
}

static void test_free_block(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	(void)state;
	snapshot_page(&ps, page);
	assert_int_equal(ps.flags, PAGE_SNAPSHOT_FAITHFUL);
	__free_pages(page, 3);
	drain_all_pages(NULL);
	/* The block's first page, and one that says nothing itself. */
	snapshot_page(&ps, pfn_to_page(0));
	assert_true(PageBuddy(&ps.page_snapshot));
	assert_int_equal(ps.flags,
			 PAGE_SNAPSHOT_FAITHFUL | PAGE_SNAPSHOT_PG_BUDDY);
	snapshot_page(&ps, pfn_to_page(5));
	assert_false(PageBuddy(&ps.page_snapshot));
	assert_int_equal(ps.flags,
			 PAGE_SNAPSHOT_FAITHFUL | PAGE_SNAPSHOT_PG_BUDDY);
	/* Somebody holds it: it cannot be free. */
	set_page_count(pfn_to_page(5), 1);
	snapshot_page(&ps, pfn_to_page(5));
	assert_int_equal(ps.flags, PAGE_SNAPSHOT_FAITHFUL);
	set_page_count(pfn_to_page(5), 0);
	/* Frozen is not free. */
	page = alloc_pages(GFP_KERNEL, 0);
	page_ref_freeze(page, 1);
	snapshot_page(&ps, page);
	assert_int_equal(ps.flags, PAGE_SNAPSHOT_FAITHFUL);
	page_ref_unfreeze(page, 1);
	__free_page(page);
}

static void test_idle(void **state)
{
	struct page *page = fresh(8, 2);

	(void)state;
	folio_set_idle((struct folio *)page);
	snapshot_page(&ps, page + 3);
	assert_int_equal(ps.flags,
			 PAGE_SNAPSHOT_FAITHFUL | PAGE_SNAPSHOT_PG_IDLE);
}

/* Of a page in nobody's map, such as a copy of one. */
static void test_not_in_the_map(void **state)
{
	struct page copy = *fresh(8, 0);

	(void)state;
	set_page_count(&copy, 0);
	snapshot_page(&ps, &copy);
	assert_int_equal(ps.flags, PAGE_SNAPSHOT_FAITHFUL);
	__SetPageHead(&copy);
	snapshot_page(&ps, &copy);
	assert_false(snapshot_page_is_faithful(&ps));
}

static void assert_unfaithful(struct page *page, unsigned long link)
{
	WRITE_ONCE(page->compound_head, link);
	snapshot_page(&ps, page);
	assert_int_equal(ps.flags, 0);
	assert_int_equal(ps.pfn, page_to_pfn(page));
	assert_int_equal(ps.idx, 0);
	assert_int_equal(ps.page_snapshot.compound_head, 0);
	assert_false(folio_test_large(&ps.folio_snapshot));
	assert_memory_equal(&ps.folio_snapshot, &ps.page_snapshot,
			    sizeof(*page));
	assert_zero(&ps.folio_snapshot.__page_1);
}

static void test_wild_links(void **state)
{
	struct page *page = fresh(1, 0), *last = fresh(max_pfn - 1, 0);

	(void)state;
	page->index = 0x1234;
	assert_unfaithful(page, 0xffff888000000001UL);
	assert_unfaithful(page, (unsigned long)(vmemmap + max_pfn) + 1);
	assert_unfaithful(page, (unsigned long)(vmemmap - 1) + 1);
	/* A head behind the page; no head; the middle of a page. */
	assert_unfaithful(page, (unsigned long)fresh(0x100, 2) + 1);
	assert_unfaithful(pfn_to_page(9), (unsigned long)fresh(7, 0) + 1);
	assert_unfaithful(page, (unsigned long)page - 24 + 1);
	__SetPageHead(page);
	assert_unfaithful(page, (unsigned long)page - 24 + 1);
	assert_int_equal(ps.folio_snapshot.index, 0x1234);
	/* No room for a second page; for a third. */
	assert_unfaithful(last, (unsigned long)last + 1);
	last = fresh(max_pfn - 2, 1);
	((struct folio *)last)->_folio_nr_pages = 4;
	assert_unfaithful(last + 1, (unsigned long)last + 1);
}

/* The page behind a folio is taken for its own, the next one is not. */
static void test_one_too_many(void **state)
{
	struct page *page = fresh(8, 2);

	(void)state;
	fresh(12, 0);
	fresh(13, 0);
	page[4].compound_head = (unsigned long)page + 1;
	snapshot_page(&ps, page + 4);
	assert_true(snapshot_page_is_faithful(&ps));
	assert_int_equal(ps.idx, 4);
	assert_int_equal(folio_nr_pages(&ps.folio_snapshot), 4);
	assert_unfaithful(page + 5, (unsigned long)page + 1);
}

/* ---- between the two copies ---- */

/*
 * A tail and its head lie in different pages of the host. The one that the
 * next copy reads is not accessible, so that the read stops in a signal
 * handler, which can change the folio in between.
 */
static struct {
	size_t size; /* of a page of the host */
	unsigned int order;
	struct page *head, *tail;
	int looks; /* at the head */
	void (*at_head)(void);
} trap;

static void set_access(struct page *page, int access)
{
	char *host = (char *)page - (uintptr_t)page % trap.size;

	assert_int_equal(mprotect(host, trap.size, access), 0);
}

static void step_into_trap(int number, siginfo_t *info, void *context)
{
	uintptr_t offset = (uintptr_t)info->si_addr - (uintptr_t)trap.head;

	(void)context;
	if (offset >= 2 * trap.size) {
		signal(number, SIG_DFL); /* a mistake elsewhere */
	} else if (offset < trap.size) {
		set_access(trap.head, PROT_READ | PROT_WRITE);
		trap.looks++;
		trap.at_head();
		set_access(trap.tail, PROT_NONE);
	} else {
		set_access(trap.tail, PROT_READ | PROT_WRITE);
		set_access(trap.head, PROT_NONE);
	}
}

static void snapshot_tail(void (*at_head)(void))
{
	struct sigaction action = { .sa_sigaction = step_into_trap,
				    .sa_flags = SA_SIGINFO };
	struct sigaction before;

	trap.size = (size_t)sysconf(_SC_PAGESIZE);
	for (trap.order = 0; sizeof(struct page) << trap.order < 2 * trap.size;)
		trap.order++;
	trap.head = fresh(0, trap.order);
	trap.tail = trap.head + (1UL << trap.order) - 1;
	trap.looks = 0;
	trap.at_head = at_head;
	sigaction(SIGSEGV, &action, &before);
	set_access(trap.head, PROT_NONE);
	snapshot_page(&ps, trap.tail);
	set_access(trap.head, PROT_READ | PROT_WRITE);
	set_access(trap.tail, PROT_READ | PROT_WRITE);
	sigaction(SIGSEGV, &before, NULL);
}

static void free_it(void)
{
	if (trap.looks == 1)
		destroy_compound_page(trap.head, trap.order);
}

/* The copy of the tail is that of a tail, the head's not that of a head. */
static void test_freed_between(void **state)
{
	(void)state;
	snapshot_tail(free_it);
	assert_int_equal(ps.flags, PAGE_SNAPSHOT_FAITHFUL);
	assert_int_equal(ps.idx, 0);
	assert_false(folio_test_large(&ps.folio_snapshot));
}

static int misses;

static void miss(void)
{
	if (trap.looks <= misses)
		__ClearPageHead(trap.head);
	else
		__SetPageHead(trap.head);
}

/* Five more copies after the first one, and no sixth. */
static void test_retries(void **state)
{
	(void)state;
	for (misses = 0; misses <= 5; misses++) {
		snapshot_tail(miss);
		assert_int_equal(trap.looks, misses + 1);
		assert_int_equal(ps.flags, PAGE_SNAPSHOT_FAITHFUL);
		assert_int_equal(ps.idx, trap.tail - trap.head);
	}
	snapshot_tail(miss);
	assert_int_equal(trap.looks, 6);
	assert_false(snapshot_page_is_faithful(&ps));
}

/* ---- while another thread changes the pages ---- */

/* The allocator gives out and takes back folios of all sizes meanwhile. */
#define WALKED 2048

static bool done;
static unsigned long nr_kind[2][2], wrong;

static void own(void *arg)
{
	unsigned long seed = 1;

	(void)arg;
	for (unsigned long i = 0; i < scaled(50000); i++) {
		struct folio *folio;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		folio = folio_alloc(GFP_KERNEL, (unsigned int)(seed >> 61));
		folio_put(folio);
	}
	smp_store_release(&done, true);
}

static bool is_sound(const struct page_snapshot *snapshot, unsigned long pfn)
{
	const struct folio *folio = &snapshot->folio_snapshot;

	if (snapshot->pfn != pfn || snapshot->idx > pfn)
		return false;
	if (!snapshot_page_is_faithful(snapshot))
		return snapshot->idx == 0 && !folio_test_large(folio);
	return snapshot->idx <= (unsigned long)folio_nr_pages(folio);
}

static void walk(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; !smp_load_acquire(&done); i++) {
		unsigned long pfn = i % WALKED;

		snapshot_page(&ps, pfn_to_page(pfn));
		wrong += !is_sound(&ps, pfn);
		nr_kind[snapshot_page_is_faithful(&ps)][ps.idx > 0]++;
	}
}

static void test_walkers_and_owners(void **state)
{
	(void)state;
	run_two(own, NULL, walk, NULL);
	print_message("%lu of tails, %lu of others, %lu unfaithful\n",
		      nr_kind[1][1], nr_kind[1][0], nr_kind[0][0]);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_single),
		machine_test(test_compound),
		machine_test(test_free_block),
		machine_test(test_idle),
		machine_test(test_not_in_the_map),
		machine_test(test_wild_links),
		machine_test(test_one_too_many),
		machine_test(test_freed_between),
		machine_test(test_retries),
		machine_test(test_walkers_and_owners),
	};

	return cmocka_run_group_tests_name("snapshot_page", tests, NULL, NULL);
}
