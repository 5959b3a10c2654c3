// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/folio.h>
#include <pagesim/kpageflags.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>

static struct page *fresh(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	pagesim_zone.first_deferred_pfn = max_pfn;
	__init_single_page(page, pfn, ZONE_NORMAL, 0);
	return page;
}

static struct page *compound(unsigned int order)
{
	for (unsigned long pfn = 0; pfn < 1UL << order; pfn++)
		set_page_count(fresh(pfn), pfn == 0);
	prep_compound_page(pfn_to_page(0), order);
	return pfn_to_page(0);
}

/* Of the frames that fresh() tells of, most are no pages: not to be checked. */
static int forget_pages(void **state)
{
	pagesim_zone.first_deferred_pfn = 0;
	return shutdown_machine(state);
}

#define made_up_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_machine, forget_pages)

#define ASSERT_BITS(page, bits) assert_int_equal(stable_page_flags(page), bits)
#define B(name) BIT_ULL(KPF_##name)

/* Each page flag by itself, and the one bit that it shows as. */
static void test_single_flags(void **state)
{
	static const struct {
		enum pageflags pg;
		unsigned int kpf;
	} table[] = {
		{ PG_locked, 0 },      { PG_referenced, 2 },
		{ PG_uptodate, 3 },    { PG_dirty, 4 },
		{ PG_lru, 5 },	       { PG_active, 6 },
		{ PG_writeback, 8 },   { PG_reclaim, 9 },
		{ PG_swapbacked, 14 }, { PG_unevictable, 18 },
		{ PG_hwpoison, 19 },   { PG_idle, 25 },
		{ PG_reserved, 32 },   { PG_mlocked, 33 },
		{ PG_owner_2, 34 },    { PG_private, 35 },
		{ PG_private_2, 36 },  { PG_owner_priv_1, 37 },
		{ PG_arch_1, 38 },     { PG_arch_2, 41 },
		{ PG_arch_3, 42 },
	};
	struct page *page = fresh(5);

	(void)state;
	ASSERT_BITS(page, 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		set_bit(table[i].pg, &page->flags);
		ASSERT_BITS(page, BIT_ULL(table[i].kpf));
		clear_bit(table[i].pg, &page->flags);
	}
	/* Not shown: waiters, workingset, young. */
	page->flags |= BIT(PG_waiters) | BIT(PG_workingset) | BIT(PG_young);
	ASSERT_BITS(page, 0);
}

static void test_swapcache(void **state)
{
	struct page *page = fresh(5);

	(void)state;
	page->flags |= BIT(PG_swapcache) | BIT(PG_swapbacked);
	ASSERT_BITS(page, B(SWAPCACHE) | B(SWAPBACKED) | B(OWNER_PRIVATE));
}

static void test_anon_ksm_and_mapped(void **state)
{
	struct page *page = fresh(5);

	(void)state;
	page->mapping = (struct address_space *)0x1001UL;
	ASSERT_BITS(page, B(ANON));
	SetPageAnonExclusive(page);
	ASSERT_BITS(page, B(ANON) | BIT_ULL(34));
	ClearPageAnonExclusive(page);
	page->mapping = (struct address_space *)0x1003UL;
	atomic_set(&page->_mapcount, 0);
	ASSERT_BITS(page, B(ANON) | B(KSM) | B(MMAP));
	assert_int_equal(pagesim_kpagecount(5), 1);
}

static void test_types(void **state)
{
	struct page *page = fresh(5);

	(void)state;
	__SetPageTable(page);
	ASSERT_BITS(page, B(PGTABLE));
	__ClearPageTable(page);
	__SetPageOffline(page);
	ASSERT_BITS(page, B(OFFLINE));
	__ClearPageOffline(page);
	__folio_set_slab((struct folio *)page);
	ASSERT_BITS(page, B(SLAB));
	assert_int_equal(pagesim_kpagecount(5), 0);
	/* A slab's own use of the mapping word shows as anonymous. */
	page->mapping = (struct address_space *)3UL;
	ASSERT_BITS(page, B(SLAB) | B(ANON) | B(KSM));
}

static void test_free_blocks(void **state)
{
	struct page *page;

	(void)state;
	/* Not yet touched is free, and inside a block is free. */
	assert_int_equal(pagesim_kpageflags(max_pfn - 1), B(BUDDY));
	assert_int_equal(pagesim_kpagecount(max_pfn - 1), 0);
	page = alloc_pages(GFP_KERNEL, 2);
	ASSERT_BITS(page, 0);
	__free_pages(page, 2);
	drain_all_pages(NULL);
	for (unsigned long i = 0; i < 4; i++)
		ASSERT_BITS(page + i, B(BUDDY));
}

static void test_absent(void **state)
{
	(void)state;
	pagesim_set_absent(9);
	assert_int_equal(pagesim_kpageflags(9), B(NOPAGE));
	assert_int_equal(pagesim_kpagecount(9), 0);
}

static void test_compound(void **state)
{
	struct page *page = compound(3);
	struct folio *folio = (struct folio *)page;

	(void)state;
	ASSERT_BITS(page, B(COMPOUND_HEAD));
	ASSERT_BITS(page + 7, B(COMPOUND_TAIL));
	/* The folio's flags show on its tails, hwpoison on its own page. */
	folio_set_referenced(folio);
	SetPageHWPoison(page + 2);
	folio_set_large_rmappable(folio);
	ASSERT_BITS(page, B(COMPOUND_HEAD) | B(REFERENCED) | B(THP));
	ASSERT_BITS(page + 2,
		    B(COMPOUND_TAIL) | B(REFERENCED) | B(THP) | B(HWPOISON));
	/* Mapped anywhere is mapped everywhere. */
	atomic_set(&page[1]._mapcount, 0);
	atomic_set(&folio->_large_mapcount, 0);
	assert_true(stable_page_flags(page + 6) & B(MMAP));
	assert_int_equal(pagesim_kpagecount(1), 1);
	assert_int_equal(pagesim_kpagecount(6), 0);
}

static void test_hugetlb(void **state)
{
	struct page *page = compound(9);

	(void)state;
	__folio_set_hugetlb((struct folio *)page);
	ASSERT_BITS(page + 1, B(COMPOUND_TAIL) | B(HUGE));
	/* hugetlb keeps hwpoison in the head. */
	SetPageHWPoison(page + 2);
	ASSERT_BITS(page + 2, B(COMPOUND_TAIL) | B(HUGE));
	SetPageHWPoison(page);
	ASSERT_BITS(page + 1, B(COMPOUND_TAIL) | B(HUGE) | B(HWPOISON));
}

static void test_zero_pages(void **state)
{
	struct page *page = compound(9);

	(void)state;
	huge_zero_folio = (struct folio *)page;
	ASSERT_BITS(page + 1, B(COMPOUND_TAIL) | B(ZERO_PAGE) | B(THP));
	fresh(600);
	zero_pfn = 600;
	ASSERT_BITS(pfn_to_page(600), B(ZERO_PAGE));
}

static void test_modelled_bits(void **state)
{
	u64 named = 0;

	(void)state;
	for (unsigned int bit = 0; bit < KPF_ANON_EXCLUSIVE; bit++)
		if (kpf_name(bit))
			named |= BIT_ULL(bit);
	/* Two have a name that no page carries. */
	assert_int_equal(KPF_MODELLED, named & ~(B(ERROR) | B(SOFTDIRTY)));
	assert_null(kpf_name(27));
	assert_null(kpf_name(64));
}

static void test_overloaded_bits(void **state)
{
	(void)state;
	assert_int_equal(kpf_expand_overloaded(B(ANON) | B(OWNER_2)),
			 B(ANON) | B(ANON_EXCLUSIVE));
	assert_int_equal(kpf_expand_overloaded(B(OWNER_2)), B(OWNER_2));
	assert_int_equal(kpf_expand_overloaded(B(RECLAIM)), B(READAHEAD));
	assert_int_equal(kpf_expand_overloaded(B(RECLAIM) | B(WRITEBACK)),
			 B(RECLAIM) | B(WRITEBACK));
	assert_int_equal(kpf_expand_overloaded(B(SLAB) | B(ACTIVE) | B(ERROR)),
			 B(SLAB) | B(SLUB_FROZEN) | B(SLUB_DEBUG));
}

static void test_kinds(void **state)
{
	static const struct {
		u64 word;
		const char *kind;
	} table[] = {
		{ 0, "other" },
		{ B(BUDDY), "free" },
		{ B(BUDDY) | B(UPTODATE), "free" },
		{ B(NOPAGE), "absent" },
		{ B(SLAB) | B(ANON) | B(KSM), "slab" },
		{ B(ANON) | B(KSM) | B(LRU), "ksm" },
		{ B(ANON) | B(LRU) | B(SWAPBACKED), "anonymous" },
		{ B(LRU) | B(UPTODATE), "file" },
		{ B(LRU) | B(SWAPBACKED), "shmem" },
		{ B(HUGE) | B(COMPOUND_HEAD), "hugetlb" },
		{ B(ZERO_PAGE) | B(THP), "zero_page" },
		{ B(PGTABLE), "pgtable" },
		{ B(OFFLINE), "offline" },
		{ B(RESERVED), "reserved" },
		{ B(HWPOISON) | B(ANON), "hwpoison" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		assert_string_equal(kpage_kind_name(kpage_kind(table[i].word)),
				    table[i].kind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		made_up_test(test_single_flags),
		made_up_test(test_swapcache),
		made_up_test(test_anon_ksm_and_mapped),
		made_up_test(test_types),
		machine_test(test_free_blocks),
		made_up_test(test_absent),
		made_up_test(test_compound),
		made_up_test(test_hugetlb),
		made_up_test(test_zero_pages),
		cmocka_unit_test(test_modelled_bits),
		cmocka_unit_test(test_overloaded_bits),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests_name("kpageflags", tests, NULL, NULL);
}
