// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * Every generation finds the head of every page, whatever else lies in the
 * words it does not own. That they differ when pages change meanwhile is for
 * the scenarios to show.
 */
#include "test.h"
#include <pagesim/folio.h>
#include <pagesim/memmap.h>
#include "threads.h"

#define ORDER 4
#define NR (1UL << ORDER)

/* Blocks of NR pages: a compound page, single pages, a compound page. */
static struct page *tagged_pages(void)
{
	struct page *pages = pfn_to_page(0);

	for (unsigned long i = 0; i < 3 * NR; i++) {
		__init_single_page(pages + i, i, ZONE_NORMAL, 0);
		set_page_count(pages + i, 0);
	}
	prep_compound_page(pages, ORDER);
	prep_compound_page(pages + 2 * NR, ORDER);
	return pages;
}

static unsigned long expected_head(unsigned long i)
{
	return i / NR == 1 ? i : ALIGN_DOWN(i, NR);
}

#define ASSERT_HEADS(pages, find)                                       \
	do {                                                            \
		for (unsigned long __i = 0; __i < 3 * NR; __i++)        \
			assert_ptr_equal(find((pages) + __i),           \
					 (pages) + expected_head(__i)); \
	} while (0)

static void test_tagged(void **state)
{
	struct page *pages = tagged_pages();

	(void)state;
	ASSERT_HEADS(pages, compound_head);
	ASSERT_HEADS(pages, compound_head_v4_4);
	ASSERT_HEADS(pages, compound_head_v5_14);
	ASSERT_HEADS(pages, compound_head_v5_14_hvo);
}

static void test_mask(void **state)
{
	struct page *pages = tagged_pages();

	(void)state;
	for (unsigned long i = 0; i < 3 * NR; i++)
		if (PageTail(pages + i))
			set_compound_head_v7_1(pages + i, ORDER);
	ASSERT_HEADS(pages, compound_head_v7_1);
	/* What makes it shareable: all tails of one order are alike. */
	assert_int_equal(pages[1].compound_head,
			 pages[2 * NR + 5].compound_head);
}

/* Without bit 0 the word is somebody else's, whatever is in it. */
static void test_mask_of_other_users(void **state)
{
	struct page *page = pfn_to_page(77);

	(void)state;
	page->compound_head = 0x123456789abcdef0;
	assert_ptr_equal(compound_head_v7_1(page), page);
	page->compound_head = 0;
	assert_ptr_equal(compound_head_v7_1(page), page);
}

/* select_tagged() must not mix up its operands when they are one value. */
static void test_select_tagged(void **state)
{
	volatile unsigned long tail = 0x1001, single = 0x1000;
	unsigned long x = tail, y = single;

	(void)state;
	assert_int_equal(select_tagged(x, x), 0x1000);
	assert_int_equal(select_tagged(y, y), 0x1000);
	assert_int_equal(select_tagged(x, y), 0x1000);
	assert_int_equal(select_tagged(0x2001, y), 0x2000);
	assert_int_equal(select_tagged(0x2000, y), 0x1000);
}

/*
 * A tail that comes to be while another thread looks: v3.14's writer and
 * reader see to it that who sees the tail finds its head, and what the head
 * was before. Both are plain data, so ThreadSanitizer has its say.
 */
#define ROUNDS scaled(20000)

static struct page_v4_2 *racing; /* racing[0] the head, racing[1] the tail */
static unsigned long round_begun, round_seen, wrong_heads, wrong_indices;

static void make_tails(void *arg)
{
	(void)arg;
	for (unsigned long i = 1; i <= ROUNDS; i++) {
		while (smp_load_acquire(&round_seen) != i - 1)
			platform_relax();
		WRITE_ONCE(racing[1].flags, 0UL);
		WRITE_ONCE(racing[1].private, 0xdeadbeefUL);
		smp_store_release(&round_begun, i);
		/* From here on only the tail's own barriers order. */
		racing[0].index = i;
		set_tail_v3_14(&racing[1], &racing[0]);
	}
}

static void find_heads(void *arg)
{
	(void)arg;
	for (unsigned long i = 1; i <= ROUNDS; i++) {
		struct page_v4_2 *head;

		while (smp_load_acquire(&round_begun) != i)
			platform_relax();
		do {
			head = compound_head_v3_14(&racing[1]);
		} while (head == &racing[1]);
		wrong_heads += head != &racing[0];
		if (head == &racing[0])
			wrong_indices += head->index != i;
		smp_store_release(&round_seen, i);
	}
}

static void test_tail_that_comes_to_be(void **state)
{
	(void)state;
	racing = (struct page_v4_2 *)pfn_to_page(0);
	run_two(make_tails, NULL, find_heads, NULL);
	assert_int_equal(wrong_heads, 0);
	assert_int_equal(wrong_indices, 0);
}

static struct page_v4_2 *v4_2_pages(void (*set_tail)(struct page_v4_2 *,
						     struct page_v4_2 *))
{
	struct page_v4_2 *pages = (struct page_v4_2 *)pfn_to_page(0);

	memset(pages, 0, 3 * NR * sizeof(*pages));
	for (unsigned long i = 0; i < 3 * NR; i++) {
		pages[i].private = 0xdeadbeef; /* shares first_page's word */
		if (expected_head(i) != i)
			set_tail(pages + i, pages + expected_head(i));
	}
	return pages;
}

static void test_flag_and_pointer(void **state)
{
	(void)state;
	ASSERT_HEADS(v4_2_pages(set_tail_pre_v3_14), compound_head_pre_v3_14);
	ASSERT_HEADS(v4_2_pages(set_tail_v3_14), compound_head_v3_14);
}

/*
 * A fake head: with HVO the second page of a hugetlb folio's struct pages is
 * an alias of the first, so a tail has PG_head and no link. Its neighbour
 * knows better.
 */
static void test_fake_head(void **state)
{
	struct page *pages = pfn_to_page(0);
	unsigned long per_page = PAGE_SIZE / sizeof(struct page);

	(void)state;
	for (unsigned long i = 0; i < 2 * per_page; i++)
		__init_single_page(pages + i, i, ZONE_NORMAL, 0);
	for (unsigned long i = 1; i < 2 * per_page; i++)
		set_compound_head(pages + i, pages);
	__SetPageHead(pages);
	memcpy(pages + per_page, pages, sizeof(*pages));
	assert_ptr_equal(compound_head_v5_14_hvo(pages + per_page), pages);
	assert_ptr_equal(compound_head_v5_14_hvo(pages), pages);
	/* Without the branch the alias passes for a head. */
	assert_ptr_equal(compound_head_v5_14(pages + per_page),
			 pages + per_page);
}

static void test_only_bit_0_counts(void **state)
{
	struct page *page = pfn_to_page(9);

	(void)state;
	for (unsigned int bit = 1; bit < 64; bit++) {
		page->compound_head = 1UL << bit;
		assert_false(PageTail(page));
		assert_ptr_equal(compound_head(page), page);
	}
	page->compound_head = (unsigned long)pfn_to_page(8) + 1;
	assert_true(PageTail(page));
	assert_ptr_equal(compound_head(page), pfn_to_page(8));
	clear_compound_head(page);
	assert_false(PageTail(page));
}

/* Each user of the first union word; see mm_types.h. */
static void test_users_of_the_word(void **state)
{
	struct page *page = pfn_to_page(9);

	(void)state;
	page->lru.next = (struct list_head *)0xdead000000000100UL;
	assert_false(PageTail(page));
	page->rcu_head.next = &page->rcu_head;
	assert_false(PageTail(page));
	/* One that breaks the rule is taken for a tail. */
	page->pgmap = (struct dev_pagemap *)0x1001;
	assert_true(PageTail(page));
	page->pgmap = NULL;
}

static void test_constness(void **state)
{
	const struct page *page = pfn_to_page(9);
	const struct folio *folio = page_folio(page);

	(void)state;
	assert_ptr_equal(compound_head(page), page);
	assert_ptr_equal(folio_page(folio, 0), page);
	assert_ptr_equal(folio_page(folio, 3), page + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_tagged),
		machine_test(test_mask),
		machine_test(test_mask_of_other_users),
		cmocka_unit_test(test_select_tagged),
		machine_test(test_tail_that_comes_to_be),
		machine_test(test_flag_and_pointer),
		machine_test(test_fake_head),
		machine_test(test_only_bit_0_counts),
		machine_test(test_users_of_the_word),
		machine_test(test_constness),
	};

	return cmocka_run_group_tests_name("compound_head", tests, NULL, NULL);
}
