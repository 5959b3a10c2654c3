/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * Page flags: for each flag, which page of a compound page holds it, who may
 * change it, and the atomic and the plain operations that exist.
 *
 * Models: include/linux/page-flags.h at v6.12.
 *
 * Two names per flag. PageFoo(page), SetPageFoo(), ClearPageFoo() take any
 * page and go by the flag's policy (below). folio_test_foo(folio) and kin
 * take what is known to be no tail and look nothing up.
 *
 * Ordering: tests are marked loads without order. Set and Clear are atomic
 * and unordered, TestSet and TestClear atomic and fully ordered. __Set and
 * __Clear are a plain load and store: only for a page that nobody else can
 * change at that time. PG_uptodate orders the page's contents (below).
 *
 * Wrong use is reported in tier "pgflags" by page and rule, as
 * CONFIG_DEBUG_VM_PGFLAGS does; below it, it silently works on the page that
 * the policy's table names, as in a production kernel.
 */
#ifndef PAGESIM_PAGE_FLAGS_H
#define PAGESIM_PAGE_FLAGS_H

#include <pagesim/atomic.h>
#include <pagesim/bug.h>
#include <pagesim/compound_head.h>

#define PAGE_POISON_PATTERN (~0UL)

/*
 * flags &= ~mask by a load and a store: for who owns the page alone, as the
 * free path does. See __clear_bit().
 */
static __always_inline void page_flags_drop(struct page *page,
					    unsigned long mask)
{
	WRITE_ONCE(page->flags, page->flags & ~mask);
}

static inline bool PagePoisoned(const struct page *page)
{
	return READ_ONCE(page->flags) == PAGE_POISON_PATTERN;
}

/*
 * Policies: the page that holds the flag of page. change is true for an
 * operation that writes it.
 *
 * | policy         | test on a tail | change on a tail        |
 * |----------------|----------------|-------------------------|
 * | PF_ANY         | its own bit    | its own bit             |
 * | PF_HEAD        | the head's     | the head's              |
 * | PF_ONLY_HEAD   | reported       | reported                |
 * | PF_NO_TAIL     | the head's     | reported, the head's    |
 * | PF_NO_COMPOUND | its own bit    | reported, its own bit   |
 * | PF_SECOND      | reported       | reported                |
 *
 * PF_NO_COMPOUND reports a change of a head, too; PF_SECOND wants a head and
 * takes page[1]'s bit. All report a poisoned page.
 */
static __always_inline struct page *__pf_page(const struct page *page)
{
	VM_BUG_ON_PGFLAGS(PagePoisoned(page), page);
	return (struct page *)page;
}

static __always_inline struct page *PF_ANY(const struct page *page,
					   bool change __maybe_unused)
{
	return __pf_page(page);
}

static __always_inline struct page *PF_HEAD(const struct page *page,
					    bool change __maybe_unused)
{
	return __pf_page(compound_head(page));
}

/*
 * v6.1 has it, for PageWaiters() alone. v6.12 has neither: waiters and other
 * such flags have folio_ functions only.
 */
static __always_inline struct page *PF_ONLY_HEAD(const struct page *page,
						 bool change __maybe_unused)
{
	VM_BUG_ON_PGFLAGS(PageTail(page), page);
	return __pf_page(page);
}

static __always_inline struct page *PF_NO_TAIL(const struct page *page,
					       bool change __maybe_unused)
{
	VM_BUG_ON_PGFLAGS(change && PageTail(page), page);
	return __pf_page(compound_head(page));
}

static __always_inline struct page *PF_NO_COMPOUND(const struct page *page,
						   bool change __maybe_unused)
{
	VM_BUG_ON_PGFLAGS(change && PageCompound(page), page);
	return __pf_page(page);
}

static __always_inline struct page *PF_SECOND(const struct page *page,
					      bool change __maybe_unused)
{
	VM_BUG_ON_PGFLAGS(!test_bit(PG_head, &page->flags), page);
	return __pf_page(page + 1);
}

/* Which page of a folio holds the flag, for the folio_ functions. */
#define FOLIO_PF_ANY 0
#define FOLIO_PF_HEAD 0
#define FOLIO_PF_ONLY_HEAD 0
#define FOLIO_PF_NO_TAIL 0
#define FOLIO_PF_NO_COMPOUND 0
#define FOLIO_PF_SECOND 1
#define FOLIO_HEAD_PAGE 0
#define FOLIO_SECOND_PAGE 1

static __always_inline unsigned long *folio_flags(const struct folio *folio,
						  unsigned int n)
{
	struct page *page = (struct page *)&folio->page;

	VM_BUG_ON_PGFLAGS(PageTail(page), page);
	VM_BUG_ON_PGFLAGS(n > 0 && !test_bit(PG_head, &page->flags), page);
	return &page[n].flags;
}

/* One function each: F for folios, P for pages. */
#define __FLAG_F(ret, prefix, bitop, lname, nth, konst)                     \
	static __always_inline ret prefix##lname(konst struct folio *folio) \
	{                                                                   \
		return bitop(PG_##lname, folio_flags(folio, nth));          \
	}
#define __FLAG_P(ret, prefix, bitop, uname, lname, policy, change, konst) \
	static __always_inline ret prefix##uname(konst struct page *page) \
	{                                                                 \
		return bitop(PG_##lname, &policy(page, change)->flags);   \
	}

#define FOLIO_TEST_FLAG(lname, nth) \
	__FLAG_F(bool, folio_test_, test_bit, lname, nth, const)
#define FOLIO_SET_FLAG(lname, nth) \
	__FLAG_F(void, folio_set_, set_bit, lname, nth, )
#define FOLIO_CLEAR_FLAG(lname, nth) \
	__FLAG_F(void, folio_clear_, clear_bit, lname, nth, )
#define __FOLIO_SET_FLAG(lname, nth) \
	__FLAG_F(void, __folio_set_, __set_bit, lname, nth, )
#define __FOLIO_CLEAR_FLAG(lname, nth) \
	__FLAG_F(void, __folio_clear_, __clear_bit, lname, nth, )
#define FOLIO_TEST_SET_FLAG(lname, nth) \
	__FLAG_F(bool, folio_test_set_, test_and_set_bit, lname, nth, )
#define FOLIO_TEST_CLEAR_FLAG(lname, nth) \
	__FLAG_F(bool, folio_test_clear_, test_and_clear_bit, lname, nth, )
#define FOLIO_FLAG(lname, nth)      \
	FOLIO_TEST_FLAG(lname, nth) \
	FOLIO_SET_FLAG(lname, nth)  \
	FOLIO_CLEAR_FLAG(lname, nth)

#define TESTPAGEFLAG(uname, lname, policy)     \
	FOLIO_TEST_FLAG(lname, FOLIO_##policy) \
	__FLAG_P(int, Page, test_bit, uname, lname, policy, false, const)
#define SETPAGEFLAG(uname, lname, policy)     \
	FOLIO_SET_FLAG(lname, FOLIO_##policy) \
	__FLAG_P(void, SetPage, set_bit, uname, lname, policy, true, )
#define CLEARPAGEFLAG(uname, lname, policy)     \
	FOLIO_CLEAR_FLAG(lname, FOLIO_##policy) \
	__FLAG_P(void, ClearPage, clear_bit, uname, lname, policy, true, )
#define __SETPAGEFLAG(uname, lname, policy)     \
	__FOLIO_SET_FLAG(lname, FOLIO_##policy) \
	__FLAG_P(void, __SetPage, __set_bit, uname, lname, policy, true, )
#define __CLEARPAGEFLAG(uname, lname, policy)     \
	__FOLIO_CLEAR_FLAG(lname, FOLIO_##policy) \
	__FLAG_P(void, __ClearPage, __clear_bit, uname, lname, policy, true, )
#define TESTSETFLAG(uname, lname, policy)                                  \
	FOLIO_TEST_SET_FLAG(lname, FOLIO_##policy)                         \
	__FLAG_P(int, TestSetPage, test_and_set_bit, uname, lname, policy, \
		 true, )
#define TESTCLEARFLAG(uname, lname, policy)                                    \
	FOLIO_TEST_CLEAR_FLAG(lname, FOLIO_##policy)                           \
	__FLAG_P(int, TestClearPage, test_and_clear_bit, uname, lname, policy, \
		 true, )
#define TESTSCFLAG(uname, lname, policy)  \
	TESTSETFLAG(uname, lname, policy) \
	TESTCLEARFLAG(uname, lname, policy)
#define PAGEFLAG(uname, lname, policy)     \
	TESTPAGEFLAG(uname, lname, policy) \
	SETPAGEFLAG(uname, lname, policy)  \
	CLEARPAGEFLAG(uname, lname, policy)
#define __PAGEFLAG(uname, lname, policy)    \
	TESTPAGEFLAG(uname, lname, policy)  \
	__SETPAGEFLAG(uname, lname, policy) \
	__CLEARPAGEFLAG(uname, lname, policy)

/* clang-format off: a table, one flag a paragraph */

__PAGEFLAG(Locked, locked, PF_NO_TAIL)

FOLIO_FLAG(waiters, FOLIO_HEAD_PAGE)

FOLIO_FLAG(referenced, FOLIO_HEAD_PAGE)
FOLIO_TEST_CLEAR_FLAG(referenced, FOLIO_HEAD_PAGE)
__FOLIO_SET_FLAG(referenced, FOLIO_HEAD_PAGE)

PAGEFLAG(Dirty, dirty, PF_HEAD)
TESTSCFLAG(Dirty, dirty, PF_HEAD)
__CLEARPAGEFLAG(Dirty, dirty, PF_HEAD)

PAGEFLAG(LRU, lru, PF_HEAD)
TESTCLEARFLAG(LRU, lru, PF_HEAD)
__CLEARPAGEFLAG(LRU, lru, PF_HEAD)

FOLIO_FLAG(active, FOLIO_HEAD_PAGE)
FOLIO_TEST_CLEAR_FLAG(active, FOLIO_HEAD_PAGE)
__FOLIO_CLEAR_FLAG(active, FOLIO_HEAD_PAGE)

PAGEFLAG(Workingset, workingset, PF_HEAD)
TESTCLEARFLAG(Workingset, workingset, PF_HEAD)

PAGEFLAG(Checked, checked, PF_NO_COMPOUND)

PAGEFLAG(Pinned, pinned, PF_NO_COMPOUND)
TESTSCFLAG(Pinned, pinned, PF_NO_COMPOUND)
PAGEFLAG(SavePinned, savepinned, PF_NO_COMPOUND)
PAGEFLAG(Foreign, foreign, PF_NO_COMPOUND)
PAGEFLAG(XenRemapped, xen_remapped, PF_NO_COMPOUND)
TESTCLEARFLAG(XenRemapped, xen_remapped, PF_NO_COMPOUND)

PAGEFLAG(Reserved, reserved, PF_NO_COMPOUND)
__SETPAGEFLAG(Reserved, reserved, PF_NO_COMPOUND)
__CLEARPAGEFLAG(Reserved, reserved, PF_NO_COMPOUND)

FOLIO_FLAG(swapbacked, FOLIO_HEAD_PAGE)
__FOLIO_SET_FLAG(swapbacked, FOLIO_HEAD_PAGE)
__FOLIO_CLEAR_FLAG(swapbacked, FOLIO_HEAD_PAGE)

PAGEFLAG(Private, private, PF_ANY)
FOLIO_FLAG(private_2, FOLIO_HEAD_PAGE)
FOLIO_FLAG(owner_2, FOLIO_HEAD_PAGE)

/* No plain Set or Clear: they would bypass the accounting. */
TESTPAGEFLAG(Writeback, writeback, PF_NO_TAIL)
TESTSCFLAG(Writeback, writeback, PF_NO_TAIL)

PAGEFLAG(MappedToDisk, mappedtodisk, PF_NO_TAIL)

/* One bit: reclaim while a page is written, readahead while it is read. */
PAGEFLAG(Reclaim, reclaim, PF_NO_TAIL)
TESTCLEARFLAG(Reclaim, reclaim, PF_NO_TAIL)
FOLIO_FLAG(readahead, FOLIO_HEAD_PAGE)
FOLIO_TEST_CLEAR_FLAG(readahead, FOLIO_HEAD_PAGE)

FOLIO_SET_FLAG(swapcache, FOLIO_HEAD_PAGE)
FOLIO_CLEAR_FLAG(swapcache, FOLIO_HEAD_PAGE)

FOLIO_FLAG(unevictable, FOLIO_HEAD_PAGE)
__FOLIO_CLEAR_FLAG(unevictable, FOLIO_HEAD_PAGE)
FOLIO_TEST_CLEAR_FLAG(unevictable, FOLIO_HEAD_PAGE)

FOLIO_FLAG(mlocked, FOLIO_HEAD_PAGE)
__FOLIO_CLEAR_FLAG(mlocked, FOLIO_HEAD_PAGE)
FOLIO_TEST_CLEAR_FLAG(mlocked, FOLIO_HEAD_PAGE)
FOLIO_TEST_SET_FLAG(mlocked, FOLIO_HEAD_PAGE)

PAGEFLAG(HWPoison, hwpoison, PF_ANY)
TESTSCFLAG(HWPoison, hwpoison, PF_ANY)

FOLIO_TEST_FLAG(young, FOLIO_HEAD_PAGE)
FOLIO_SET_FLAG(young, FOLIO_HEAD_PAGE)
FOLIO_TEST_CLEAR_FLAG(young, FOLIO_HEAD_PAGE)
FOLIO_FLAG(idle, FOLIO_HEAD_PAGE)

/* Free pages only, under the zone's lock. */
__PAGEFLAG(Reported, reported, PF_NO_COMPOUND)

PAGEFLAG(VmemmapSelfHosted, vmemmap_self_hosted, PF_ANY)
PAGEFLAG(Isolated, isolated, PF_ANY)

TESTPAGEFLAG(Head, head, PF_ANY)
CLEARPAGEFLAG(Head, head, PF_ANY)
__SETPAGEFLAG(Head, head, PF_ANY)
__CLEARPAGEFLAG(Head, head, PF_ANY)

PAGEFLAG(HasHWPoisoned, has_hwpoisoned, PF_SECOND)
TESTSCFLAG(HasHWPoisoned, has_hwpoisoned, PF_SECOND)

FOLIO_FLAG(large_rmappable, FOLIO_SECOND_PAGE)
FOLIO_FLAG(partially_mapped, FOLIO_SECOND_PAGE)

CLEARPAGEFLAG(Uptodate, uptodate, PF_NO_TAIL)

/* clang-format on */

/* The bit alone means nothing: its other owners do not set swapbacked. */
static __always_inline bool folio_test_swapcache(const struct folio *folio)
{
	return folio_test_swapbacked(folio) &&
	       test_bit(PG_swapcache, folio_flags(folio, 0));
}

static __always_inline bool folio_test_large(const struct folio *folio)
{
	return folio_test_head(folio);
}

/*
 * PG_uptodate publishes the contents. Ordering: what was written before
 * folio_mark_uptodate() is visible to who sees folio_test_uptodate() true.
 */
static inline bool folio_test_uptodate(const struct folio *folio)
{
	bool uptodate = test_bit(PG_uptodate, folio_flags(folio, 0));

	if (uptodate)
		smp_rmb();
	return uptodate;
}

static inline bool PageUptodate(const struct page *page)
{
	return folio_test_uptodate(page_folio(page));
}

static __always_inline void folio_mark_uptodate(struct folio *folio)
{
	smp_wmb();
	set_bit(PG_uptodate, folio_flags(folio, 0));
}

static __always_inline void __folio_mark_uptodate(struct folio *folio)
{
	smp_wmb();
	__set_bit(PG_uptodate, folio_flags(folio, 0));
}

static __always_inline void SetPageUptodate(struct page *page)
{
	folio_mark_uptodate((struct folio *)page);
}

static __always_inline void __SetPageUptodate(struct page *page)
{
	__folio_mark_uptodate((struct folio *)page);
}

/*
 * Flips flags that are changed under the folio lock only, all of them in
 * bits 0 to 6, and tells whether somebody waits for one. Ordering: release.
 *
 * PG_waiters is the sign of the byte, so that on x86-64, as in the kernel
 * (xor_unlock_is_negative_byte()), one instruction does both; of the operation
 * on the word gcc 12 and clang 14 make a loop of cmpxchg.
 */
static inline bool folio_xor_flags_has_waiters(struct folio *folio,
					       unsigned long mask)
{
	unsigned long *flags = folio_flags(folio, 0);

	static_assert(PG_waiters == 7, "the sign of the first byte");
#if defined(__x86_64__) && !defined(PAGESIM_TSAN)
	bool waiters;

	__asm__ __volatile__("lock xorb %2, %0"
			     : "+m"(*(char *)flags), "=@ccs"(waiters)
			     : "iq"((char)mask)
			     : "memory");
	return waiters;
#else
	return __atomic_fetch_xor(flags, mask, __ATOMIC_RELEASE) &
	       BIT(PG_waiters);
#endif
}

#define PG_head_mask (1UL << PG_head)

static __always_inline void ClearPageCompound(struct page *page)
{
	BUG_ON(!PageHead(page));
	ClearPageHead(page);
}

/* A head, when it is known that the page is no tail (reported if it is). */
static __always_inline int PageTransHuge(const struct page *page)
{
	VM_BUG_ON_PAGE(PageTail(page), page);
	return PageHead(page);
}

static __always_inline int PageTransCompound(const struct page *page)
{
	return PageCompound(page);
}

/* There is no memory that the kernel could not address. */
static inline int PageHighMem(const struct page *page __maybe_unused)
{
	return 0;
}

#define PAGE_FLAGS_PRIVATE (1UL << PG_private | 1UL << PG_private_2)

/* A file system's data hang on it, to be released before it is. */
static inline int folio_has_private(const struct folio *folio)
{
	return !!(READ_ONCE(folio->flags) & PAGE_FLAGS_PRIVATE);
}

/* What page->mapping's low bits say; a tail's mapping says nothing. */
static __always_inline bool folio_mapping_flags(const struct folio *folio)
{
	return ((unsigned long)READ_ONCE(folio->mapping) &
		PAGE_MAPPING_FLAGS) != 0;
}

static __always_inline bool PageMappingFlags(const struct page *page)
{
	return ((unsigned long)READ_ONCE(page->mapping) & PAGE_MAPPING_FLAGS) !=
	       0;
}

static __always_inline bool __folio_test_movable(const struct folio *folio)
{
	return ((unsigned long)READ_ONCE(folio->mapping) &
		PAGE_MAPPING_FLAGS) == PAGE_MAPPING_MOVABLE;
}

static __always_inline bool __PageMovable(const struct page *page)
{
	return ((unsigned long)READ_ONCE(page->mapping) & PAGE_MAPPING_FLAGS) ==
	       PAGE_MAPPING_MOVABLE;
}

static __always_inline bool folio_test_anon(const struct folio *folio)
{
	return ((unsigned long)READ_ONCE(folio->mapping) & PAGE_MAPPING_ANON) !=
	       0;
}

static __always_inline bool PageAnon(const struct page *page)
{
	return folio_test_anon(page_folio(page));
}

static __always_inline bool folio_test_ksm(const struct folio *folio)
{
	return ((unsigned long)READ_ONCE(folio->mapping) &
		PAGE_MAPPING_FLAGS) == PAGE_MAPPING_KSM;
}

static __always_inline bool PageKsm(const struct page *page)
{
	return folio_test_ksm(page_folio(page));
}

/*
 * Page types: what a page is whose _mapcount nobody needs, in the top byte
 * of page_type. In the head only; a tail's is -1. Set from "no type" only,
 * by a plain store.
 */
enum pagetype {
	PGTY_buddy = 0xf0,
	PGTY_offline = 0xf1,
	PGTY_table = 0xf2,
	PGTY_guard = 0xf3,
	PGTY_hugetlb = 0xf4,
	PGTY_slab = 0xf5,
	PGTY_zsmalloc = 0xf6,
	PGTY_unaccepted = 0xf7,
	PGTY_mapcount_underflow = 0xff,
};

static inline bool page_type_has_type(unsigned int page_type)
{
	return (int)page_type < (int)(0xffu << 24);
}

/* mapcount is _mapcount + 1. */
static inline bool page_mapcount_is_type(unsigned int mapcount)
{
	return page_type_has_type(mapcount - 1);
}

static inline bool page_has_type(const struct page *page)
{
	return page_type_has_type(READ_ONCE(page->page_type));
}

static __always_inline bool __page_is_type(const struct page *page,
					   enum pagetype type)
{
	return READ_ONCE(page->page_type) >> 24 == type;
}

static __always_inline void __page_set_type(struct page *page,
					    enum pagetype type)
{
	if (__page_is_type(page, type))
		return;
	VM_BUG_ON_PAGE(READ_ONCE(page->page_type) != ~0u, page);
	WRITE_ONCE(page->page_type, (unsigned int)type << 24);
}

static __always_inline void __page_clear_type(struct page *page,
					      enum pagetype type)
{
	if (READ_ONCE(page->page_type) == ~0u)
		return;
	VM_BUG_ON_PAGE(!__page_is_type(page, type), page);
	WRITE_ONCE(page->page_type, ~0u);
}

#define FOLIO_TYPE_OPS(lname, fname)                                           \
	static __always_inline bool folio_test_##fname(                        \
		const struct folio *folio)                                     \
	{                                                                      \
		return __page_is_type(&folio->page, PGTY_##lname);             \
	}                                                                      \
	static __always_inline void __folio_set_##fname(struct folio *folio)   \
	{                                                                      \
		__page_set_type(&folio->page, PGTY_##lname);                   \
	}                                                                      \
	static __always_inline void __folio_clear_##fname(struct folio *folio) \
	{                                                                      \
		__page_clear_type(&folio->page, PGTY_##lname);                 \
	}

#define PAGE_TYPE_OPS(uname, lname, fname)                                \
	FOLIO_TYPE_OPS(lname, fname)                                      \
	static __always_inline int Page##uname(const struct page *page)   \
	{                                                                 \
		return __page_is_type(page, PGTY_##lname);                \
	}                                                                 \
	static __always_inline void __SetPage##uname(struct page *page)   \
	{                                                                 \
		__page_set_type(page, PGTY_##lname);                      \
	}                                                                 \
	static __always_inline void __ClearPage##uname(struct page *page) \
	{                                                                 \
		__page_clear_type(page, PGTY_##lname);                    \
	}

/* clang-format off */
PAGE_TYPE_OPS(Buddy, buddy, buddy)
PAGE_TYPE_OPS(Offline, offline, offline)
PAGE_TYPE_OPS(Table, table, pgtable)
PAGE_TYPE_OPS(Guard, guard, guard)
PAGE_TYPE_OPS(Zsmalloc, zsmalloc, zsmalloc)
PAGE_TYPE_OPS(Unaccepted, unaccepted, unaccepted)
FOLIO_TYPE_OPS(slab, slab)
FOLIO_TYPE_OPS(hugetlb, hugetlb)
/* clang-format on */

/* Since v6.9 and v6.10 these look the head up: a tail says what it is in. */
static __always_inline bool PageHuge(const struct page *page)
{
	return folio_test_hugetlb(page_folio(page));
}

static __always_inline bool PageSlab(const struct page *page)
{
	return folio_test_slab(page_folio(page));
}

/* hugetlb keeps the flag in the head, everybody else in the page. */
static inline bool is_page_hwpoison(const struct page *page)
{
	const struct folio *folio;

	if (PageHWPoison(page))
		return true;
	folio = page_folio(page);
	return folio_test_hugetlb(folio) && PageHWPoison(&folio->page);
}

static inline bool folio_contain_hwpoisoned_page(const struct folio *folio)
{
	return folio_test_hwpoison(folio) ||
	       (folio_test_large(folio) && folio_test_has_hwpoisoned(folio));
}

/*
 * PG_anon_exclusive: this very page of an anonymous folio belongs to one
 * process. On any page of a folio that is mapped page by page; on the head
 * alone for hugetlb, where a test of a tail asks the head. Reported in tier
 * "pgflags": a page that is not anonymous; for a change also a KSM page and
 * a hugetlb tail.
 */
static __always_inline int PageAnonExclusive(const struct page *page)
{
	VM_BUG_ON_PGFLAGS(!PageAnon(page), page);
	if (PageHuge(page))
		page = compound_head(page);
	return test_bit(PG_anon_exclusive, &PF_ANY(page, true)->flags);
}

static __always_inline void SetPageAnonExclusive(struct page *page)
{
	VM_BUG_ON_PGFLAGS(!PageAnon(page) || PageKsm(page), page);
	VM_BUG_ON_PGFLAGS(PageHuge(page) && !PageHead(page), page);
	set_bit(PG_anon_exclusive, &PF_ANY(page, true)->flags);
}

static __always_inline void ClearPageAnonExclusive(struct page *page)
{
	VM_BUG_ON_PGFLAGS(!PageAnon(page) || PageKsm(page), page);
	VM_BUG_ON_PGFLAGS(PageHuge(page) && !PageHead(page), page);
	clear_bit(PG_anon_exclusive, &PF_ANY(page, true)->flags);
}

/* May be called for a KSM page, which the atomic one may not. */
static __always_inline void __ClearPageAnonExclusive(struct page *page)
{
	VM_BUG_ON_PGFLAGS(!PageAnon(page), page);
	VM_BUG_ON_PGFLAGS(PageHuge(page) && !PageHead(page), page);
	__clear_bit(PG_anon_exclusive, &PF_ANY(page, true)->flags);
}

#endif /* PAGESIM_PAGE_FLAGS_H */
