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

#define ORDER 4
#define NR (1UL << ORDER)

/* Blocks of NR pages: a compound page, single pages, a compound page. */
static struct page *tagged_pages(void)
{
	struct page *pages = pfn_to_page(0);

	for (unsigned long i = 0; i < 3 * NR; i++) {
		__init_single_page(pages + i, ZONE_NORMAL);
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

static void test_mask_never_leaves_the_map(void **state)
{
	struct page *page = pfn_to_page(77);

	(void)state;
	page->compound_head = 0x123456789abcdef1;
	assert_true(compound_head_v7_1(page) <= page);
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
		__init_single_page(pages + i, ZONE_NORMAL);
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
		machine_test(test_mask_never_leaves_the_map),
		machine_test(test_flag_and_pointer),
		machine_test(test_fake_head),
		machine_test(test_only_bit_0_counts),
		machine_test(test_users_of_the_word),
		machine_test(test_constness),
	};

	return cmocka_run_group_tests_name("compound_head", tests, NULL, NULL);
}
