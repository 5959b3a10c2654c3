/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * From any page to the head of its compound page, in every generation that
 * the kernel has had. compound_head() is the default, v6.12's.
 *
 * | generation  | how a tail knows its head       | reader                  |
 * |-------------|---------------------------------|-------------------------|
 * | pre_v3_14   | PG_tail, first_page             | two loads               |
 * | v3_14       | PG_tail, first_page             | and PG_tail once more   |
 * | v4_4        | one word: the address plus 1    | one load                |
 * | v5_14       | v4_4, heads may be faked (HVO)  | static branch, off      |
 * | v5_14_hvo   | same, some hugetlb page has HVO | static branch, on       |
 * | v7_1        | one word: a mask plus 1         | one load, page & mask   |
 * | folio       | the type says it is no tail     | no lookup               |
 *
 * None of them takes a lock or a reference. With no reference held, the
 * head may be stale by the time it is returned: take a reference on it and
 * look again whether the page still belongs to it. The first two can do
 * worse, and return what some other user of the word left there; why, is
 * told in Hugh Dickins' mail to linux-mm of 2015-08-05, "page-flags rework".
 *
 * v5_14 is named after the release that brought HVO (hugetlb vmemmap
 * optimisation); the text is v6.12's. The alias of the head, and with it
 * page_fixed_fake_head(), came some releases later than HVO itself.
 *
 * Sources: include/linux/mm.h at v3.13 and v4.2 (commits 668f9abbd433,
 * 1d798ca3f164), include/linux/page-flags.h at v4.4, v6.12 and v7.2.
 */
#ifndef PAGESIM_COMPOUND_HEAD_H
#define PAGESIM_COMPOUND_HEAD_H

#include <pagesim/barrier.h>
#include <pagesim/bitops.h>
#include <pagesim/mm_types.h>
#include <pagesim/page-flags-layout.h>
#include <pagesim/page_shadow.h>
#include <pagesim/page_v4_2.h>
#include <pagesim/static_branch.h>

/*
 * info - 1 if bit 0 of info is set, else page: a conditional move and never
 * a jump, so that the cost does not depend on the order in which heads and
 * tails are visited. Written as instructions, because neither compiler can
 * be told: gcc 12 takes a jump where it thinks one pays, clang 14 nearly
 * always. The kernel leaves the choice to the compiler.
 *
 * Selects between info and page + 1 and leaves the subtraction to whoever
 * uses the result, where it becomes part of an address: page + 1 is known
 * before info has arrived from memory, info - 1 only after.
 */
static __always_inline unsigned long select_tagged(unsigned long info,
						   unsigned long page)
{
#if defined(__x86_64__)
	__asm__("incq %[page]\n\t"
		"testb $1, %b[info]\n\t"
		"cmovnzq %[info], %[page]"
		: [page] "+&r,&r"(page)
		: [info] "a,?q"(info) /* test is a byte shorter with rax */
		: "cc");
	return page - 1;
#else
	return info & 1 ? info - 1 : page;
#endif
}

/* v4.4 until today without HVO; v6.12's with CONFIG_HVO off. Ordering: none. */
static __always_inline unsigned long
_compound_head_v4_4(const struct page *page)
{
	return select_tagged(READ_ONCE(page->compound_head),
			     (unsigned long)page);
}

/*
 * A page of a hugetlb folio whose struct pages lie in a page of the memory
 * map that is an alias of the first one looks like the head. It is told
 * apart by its neighbour, which is a tail of the real one.
 *
 * Only an address that is a multiple of PAGE_SIZE can be an alias's first.
 */
static __always_inline unsigned long
__page_fixed_fake_head(const struct page *page)
{
	if (IS_ALIGNED((unsigned long)page, PAGE_SIZE) &&
	    test_bit(PG_head, &page->flags)) {
		unsigned long info = READ_ONCE(page[1].compound_head);

		if (likely(info & 1))
			return info - 1;
	}
	return (unsigned long)page;
}

/* With CONFIG_HVO until v7.0, while no hugetlb page makes use of it. */
static __always_inline unsigned long
_compound_head_v5_14(const struct page *page)
{
	unsigned long info = READ_ONCE(page->compound_head);

	if (unlikely(info & 1))
		return info - 1;
	if (unlikely(static_branch_off()))
		return __page_fixed_fake_head(page);
	return (unsigned long)page;
}

/* The same with the branch turned on: fake heads may exist. */
static __always_inline unsigned long
_compound_head_v5_14_hvo(const struct page *page)
{
	unsigned long info = READ_ONCE(page->compound_head);

	if (unlikely(info & 1))
		return info - 1;
	if (unlikely(static_branch_on()))
		return __page_fixed_fake_head(page);
	return (unsigned long)page;
}

/*
 * v7.1: the word of a tail is a mask, alike for all tails of one order, so
 * that they can share one page of the memory map. Needs a memory map that is
 * aligned to its largest folio. Without bit 0 the mask is all ones.
 */
static __always_inline unsigned long
_compound_head_v7_1(const struct page *page)
{
	unsigned long info = READ_ONCE(page->compound_head);

	return (unsigned long)page & (info | ((info & 1) - 1));
}

#define compound_head_v4_4(page) ((__typeof__(page))_compound_head_v4_4(page))
#define compound_head_v5_14(page) ((__typeof__(page))_compound_head_v5_14(page))
#define compound_head_v5_14_hvo(page) \
	((__typeof__(page))_compound_head_v5_14_hvo(page))
#define compound_head_v7_1(page) ((__typeof__(page))_compound_head_v7_1(page))

/*
 * Until v3.13: nothing ties the two loads together. A tail that is freed
 * and reused in between gives whatever the word holds then.
 */
static __always_inline struct page_v4_2 *
compound_head_pre_v3_14(struct page_v4_2 *page)
{
	if (unlikely(test_bit(PG_v4_2_tail, &page->flags)))
		return READ_ONCE(page->first_page);
	return page;
}

/*
 * v3.14 to v4.3 (668f9abbd433): the link counts only if the page is still a
 * tail after it was read. Pairs with the smp_wmb() of set_tail_v3_14(). A
 * page that stopped being a tail and became one again passes all the same.
 */
static __always_inline struct page_v4_2 *
compound_head_v3_14(struct page_v4_2 *page)
{
	if (unlikely(test_bit(PG_v4_2_tail, &page->flags))) {
		struct page_v4_2 *head = READ_ONCE(page->first_page);

		smp_rmb();
		if (likely(test_bit(PG_v4_2_tail, &page->flags)))
			return head;
	}
	return page;
}

/*
 * The writers. Context: the caller owns the compound page, no reader that
 * follows the rules can reach the tail yet.
 */

/* Until v3.13, wrongly: a reader can see the flag and find no link behind it. */
static inline void set_tail_pre_v3_14(struct page_v4_2 *page,
				      struct page_v4_2 *head)
{
	__set_bit(PG_v4_2_tail, &page->flags);
	WRITE_ONCE(page->first_page, head);
}

/* v3.14 to v4.3: the link first. Ordering: smp_wmb() between the two. */
static inline void set_tail_v3_14(struct page_v4_2 *page,
				  struct page_v4_2 *head)
{
	WRITE_ONCE(page->first_page, head);
	smp_wmb();
	__set_bit(PG_v4_2_tail, &page->flags);
}

/* v4.4 to v7.0, and the default. Ordering: none, one store. */
static __always_inline void set_compound_head(struct page *page,
					      struct page *head)
{
	pagesim_tag_word(page, PAGE_WORD_COMPOUND_HEAD);
	WRITE_ONCE(page->compound_head, (unsigned long)head + 1);
}

/* v7.1: needs the order, not the head. Ordering: none, one store. */
static __always_inline void set_compound_head_v7_1(struct page *page,
						   unsigned int order)
{
	unsigned long mask = ~0UL << (order + 6);

	static_assert(sizeof(struct page) == 1UL << 6, "the 6 above");
	pagesim_tag_word(page, PAGE_WORD_COMPOUND_HEAD);
	WRITE_ONCE(page->compound_head, mask | 1);
}

static __always_inline void clear_compound_head(struct page *page)
{
	pagesim_clear_word(page, PAGE_WORD_COMPOUND_HEAD);
	WRITE_ONCE(page->compound_head, 0UL);
}

/*
 * The default generation: v6.12 with CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP
 * off, which is v4.4's. Constness of the argument is kept, as the kernel's
 * macro does.
 */
#define _compound_head(page) _compound_head_v4_4(page)
#define compound_head(page) ((__typeof__(page))_compound_head(page))

static __always_inline int PageTail(const struct page *page)
{
	return READ_ONCE(page->compound_head) & 1;
}

static __always_inline int PageCompound(const struct page *page)
{
	return test_bit(PG_head, &page->flags) || PageTail(page);
}

/*
 * The folio of a page. Context: none needed; without a reference the folio
 * may be split or freed at any time: take one, then look again.
 */
#define page_folio(p) \
	(_Generic((p), const struct page *                                     \
		  : (const struct folio *)_compound_head(p), struct page *     \
		  : (struct folio *)_compound_head(p)))

/* Page n of the folio. n is not checked. */
#define folio_page(folio, n) (&(folio)->page + (n))

#endif /* PAGESIM_COMPOUND_HEAD_H */
