// SPDX-License-Identifier: MIT
// Floor: 5
#include <errno.h>
#include "test.h"
#include <pagesim/check.h>
#include <pagesim/kpage_import.h>
#include <pagesim/mapcount.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>

#define B(name) BIT_ULL(KPF_##name)
#define HEAD B(COMPOUND_HEAD)
#define TAIL B(COMPOUND_TAIL)
#define MAX_FRAMES 2048

/* A map under construction, and what became of it. */
static u64 flags[MAX_FRAMES], count[MAX_FRAMES];
static unsigned long nr;
static struct kpage_map map;

static void begin(void)
{
	nr = 0;
	memset(flags, 0, sizeof(flags));
	memset(count, 0, sizeof(count));
}

static void frames(unsigned long how_many, u64 word, u64 mapcount)
{
	while (how_many--) {
		flags[nr] = word;
		count[nr++] = mapcount;
	}
}

static void folio(unsigned long how_many, u64 word, u64 mapcount)
{
	frames(1, word | HEAD, mapcount);
	frames(how_many - 1, word | TAIL, mapcount);
}

static int import(bool allow_odd)
{
	struct kpage_words words = { flags, count, nr };
	struct kpage_import_options options = { .flags_name = "a-file",
						.allow_odd = allow_odd };
	struct pagesim_config config;

	pagesim_config_init(&config);
	config.nr_pages = nr;
	assert_int_equal(pagesim_boot(&config), 0);
	return kpage_import(&map, &words, &options);
}

static void end(void)
{
	kpage_map_free(&map);
	pagesim_shutdown();
}

/* What comes out is what went in; how many frames needed to be odd for it? */
static void assert_round_trip(unsigned long odd)
{
	struct kpage_words out;

	assert_int_equal(map.nr_odd, odd);
	assert_int_equal(kpage_export(&out, &map), 0);
	for (unsigned long pfn = 0; pfn < nr; pfn++) {
		assert_int_equal(out.flags[pfn], flags[pfn] & KPF_MODELLED);
		assert_int_equal(out.count[pfn], count[pfn]);
	}
	kpage_words_free(&out);
}

static void assert_refused(const char *why)
{
	assert_int_equal(import(false), -EINVAL);
	if (!strstr(pagesim_error(), why))
		fail_msg("\"%s\" does not say \"%s\"", pagesim_error(), why);
	end();
}

/* One of each that the kernel's rules can give. */
static void test_every_kind(void **state)
{
	(void)state;
	begin();
	folio(4, B(SLAB), 0);
	frames(1, B(SLAB) | B(ANON) | B(KSM), 0);
	frames(1, B(PGTABLE), 0);
	frames(1, B(OFFLINE), 0);
	frames(1, B(RESERVED), 0);
	frames(1, B(ANON) | B(SWAPBACKED) | B(LRU) | B(OWNER_2) | B(MMAP), 1);
	frames(1, B(ANON) | B(KSM) | B(LRU) | B(MMAP), 17);
	frames(1, B(LRU) | B(UPTODATE) | B(PRIVATE), 0);
	frames(1, B(LRU) | B(SWAPBACKED) | B(MMAP), 2);
	frames(2, B(NOPAGE), 0);
	frames(1, B(HWPOISON), 0);
	frames(1, B(ZERO_PAGE) | B(RESERVED), 0);
	frames(32 - nr, B(BUDDY), 0);
	folio(32, B(LRU) | B(THP) | B(UPTODATE), 0);
	frames(512 - nr, 0, 0);
	folio(512, B(HUGE) | B(MMAP), 3);
	folio(512, B(ZERO_PAGE) | B(THP), 0);
	folio(512, B(ANON) | B(THP) | B(LRU) | B(SWAPBACKED) | B(MMAP), 1);
	assert_int_equal(import(false), 0);
	assert_round_trip(0);
	assert_int_equal(folio_order((struct folio *)pfn_to_page(0)), 2);
	assert_true(PageSlab(pfn_to_page(3)));
	assert_true(PageTable(pfn_to_page(5)));
	assert_null(pfn_to_online_page(12));
	assert_int_equal(zero_pfn, 15);
	assert_ptr_equal(huge_zero_folio, pfn_to_page(1024));
	assert_true(PageHuge(pfn_to_page(513)));
	assert_int_equal(
		folio_entire_mapcount((struct folio *)pfn_to_page(1536)), 1);
	end();
}

/* A count is the least that the rest of the state demands. */
static void test_reference_counts(void **state)
{
	(void)state;
	begin();
	frames(1, 0, 0);
	frames(1, B(ANON) | B(MMAP), 5);
	frames(1, B(LRU) | B(MMAP) | B(PRIVATE), 2);
	frames(1, B(SWAPBACKED) | B(OWNER_PRIVATE) | B(SWAPCACHE) | B(ANON), 0);
	folio(4, B(LRU) | B(THP), 0);
	frames(1, B(BUDDY), 0);
	assert_int_equal(import(false), 0);
	assert_round_trip(0);
	assert_int_equal(page_count(pfn_to_page(0)), 1);
	assert_int_equal(page_count(pfn_to_page(1)), 5);
	assert_int_equal(page_count(pfn_to_page(2)), 2 + 1 + 1);
	assert_int_equal(page_count(pfn_to_page(3)), 1);
	assert_int_equal(page_count(pfn_to_page(4)), 4);
	assert_int_equal(page_ref_count(pfn_to_page(5)), 0);
	assert_int_equal(page_count(pfn_to_page(8)), 0);
	end();
}

/*
 * As many mappings as can be told: the count must not turn negative, and the
 * folio's map count is still the sum of its pages'.
 */
static void test_huge_counts(void **state)
{
	long sum = 0;

	(void)state;
	begin();
	folio(4, B(LRU) | B(MMAP), (1UL << 30) - 1);
	assert_int_equal(import(false), 0);
	assert_true(page_count(pfn_to_page(0)) > 0);
	for (unsigned long pfn = 0; pfn < 4; pfn++)
		sum += atomic_read(&pfn_to_page(pfn)->_mapcount) + 1;
	assert_int_equal(folio_mapcount((struct folio *)pfn_to_page(0)), sum);
	end();
}

static void test_mapcounts_of_a_pmd_sized_folio(void **state)
{
	struct folio *thp;

	(void)state;
	begin();
	folio(512, B(ANON) | B(THP) | B(MMAP), 2);
	count[7] = 5;
	assert_int_equal(import(false), 0);
	assert_round_trip(0);
	thp = (struct folio *)pfn_to_page(0);
	assert_int_equal(folio_entire_mapcount(thp), 2);
	assert_int_equal(folio_mapcount(thp), 2 + 3);
	assert_int_equal(atomic_read(&thp->_nr_pages_mapped), 0x800000 + 1);
	assert_int_equal(atomic_read(&pfn_to_page(7)->_mapcount), 2);
	end();
}

/* Free frames become blocks that the allocator can hand out again. */
static void test_free_blocks_are_the_allocators(void **state)
{
	struct page *page;

	(void)state;
	begin();
	frames(3, 0, 0);
	frames(61, B(BUDDY), 0);
	frames(1, B(BUDDY) | B(UPTODATE), 0); /* reported to the host */
	frames(1, 0, 0);
	assert_int_equal(import(false), 0);
	assert_round_trip(0);
	assert_int_equal(nr_free_pages(), 62);
	/* 3, 4-7, 8-15, 16-31, 32-63, 64 */
	assert_int_equal(pagesim_zone.free_area[0].nr_free, 2);
	for (unsigned int order = 2; order <= 5; order++)
		assert_int_equal(pagesim_zone.free_area[order].nr_free, 1);
	page = alloc_pages(GFP_KERNEL, 5);
	assert_int_equal(page_to_pfn(page), 32);
	assert_null(alloc_pages(GFP_KERNEL, 5));
	__free_pages(page, 5);
	end();
}

static void test_no_count_file(void **state)
{
	struct kpage_import_options options = { .flags_name = "a-file" };
	struct kpage_words words = { flags, NULL, 0 };
	struct pagesim_config config;

	(void)state;
	begin();
	frames(1, B(ANON) | B(MMAP), 0);
	frames(1, B(ANON), 0);
	words.nr = nr;
	pagesim_config_init(&config);
	config.nr_pages = nr;
	assert_int_equal(pagesim_boot(&config), 0);
	assert_int_equal(kpage_import(&map, &words, &options), 0);
	assert_int_equal(map.nr_odd, 0);
	assert_int_equal(pagesim_kpagecount(0), 1);
	assert_int_equal(pagesim_kpagecount(1), 0);
	end();
}

static void test_refused_shapes(void **state)
{
	(void)state;
	begin();
	frames(5, 0, 0);
	frames(1, TAIL, 0);
	assert_refused("a-file: frame 5: a tail without a head");

	begin();
	frames(2, 0, 0);
	folio(3, B(SLAB), 0);
	assert_refused("a-file: frame 2: a compound page of 3 frames, which "
		       "is no power of two");

	begin();
	frames(7, 0, 0);
	frames(1, HEAD, 0);
	assert_refused("a-file: frame 7: a compound page of 1 frames");

	/* A head that is not there is no head. */
	begin();
	frames(1, B(NOPAGE) | HEAD, 0);
	frames(1, TAIL, 0);
	assert_refused("a-file: frame 1: a tail without a head");

	/* Nor does a free frame before it make one more. */
	begin();
	frames(1, B(BUDDY), 0);
	frames(1, B(BUDDY) | HEAD, 0);
	frames(2, TAIL, 0);
	assert_refused("a-file: frame 1: a compound page of 3 frames");
}

/* The same, where they are to be counted. */
static void test_odd_shapes(void **state)
{
	(void)state;
	begin();
	frames(1, TAIL | B(LRU), 0);
	folio(7, B(SLAB), 0);
	frames(1, HEAD | B(LRU), 0);
	frames(1, 0, 0);
	assert_int_equal(import(true), 0);
	/* 1 stray tail; 4 of 7 are a folio, 3 stray; a head without tails */
	assert_round_trip(1 + 3 + 1);
	assert_int_equal(map.nr_odd_by_rule[KPAGE_ODD_TAIL_WITHOUT_HEAD], 1);
	assert_int_equal(map.nr_odd_by_rule[KPAGE_ODD_RUN], 4);
	assert_int_equal(folio_order((struct folio *)pfn_to_page(1)), 2);
	assert_false(PageTail(pfn_to_page(0)));
	assert_false(PageTail(pfn_to_page(5)));
	end();
}

static void test_odd_words(void **state)
{
	(void)state;
	begin();
	frames(1, B(MMAP) | B(ANON), 0); /* unmapped between the two files */
	frames(1, B(ANON), 1);
	frames(1, B(PGTABLE) | B(SLAB), 0); /* two types */
	frames(1, B(SWAPBACKED) | B(OWNER_PRIVATE), 0); /* and no swapcache */
	folio(4, B(LRU), 0);
	flags[6] |= B(DIRTY); /* a folio is dirty, not a tail */
	frames(1, B(NOPAGE) | B(LRU), 0);
	frames(1, B(BUDDY), 1);
	frames(1, B(MMAP), 1UL << 40); /* more than can be counted */
	assert_int_equal(import(false), 0);
	assert_round_trip(8);
	assert_int_equal(map.nr_odd_by_rule[KPAGE_ODD_MAPCOUNT], 4);
	assert_int_equal(map.nr_odd_by_rule[KPAGE_ODD_NO_SUCH_STATE], 3);
	assert_int_equal(map.nr_odd_by_rule[KPAGE_ODD_TAIL_UNLIKE_HEAD], 1);
	assert_string_equal(kpage_odd_rule_name(KPAGE_ODD_MAPCOUNT),
			    "mapcount");
	end();
}

/* Once a page changes, an odd frame gives what its state says. */
static void test_odd_frame_that_changed(void **state)
{
	struct kpage_words out;

	(void)state;
	begin();
	frames(1, B(MMAP) | B(ANON), 0);
	assert_int_equal(import(false), 0);
	assert_round_trip(1);
	SetPageDirty(pfn_to_page(0));
	assert_int_equal(kpage_export(&out, &map), 0);
	assert_int_equal(out.flags[0], B(ANON) | B(DIRTY));
	kpage_words_free(&out);
	end();
}

static void test_unmodelled_bits(void **state)
{
	(void)state;
	begin();
	frames(2, B(ERROR) | B(LRU), 0);
	frames(1, B(SOFTDIRTY) | BIT_ULL(60), 0);
	frames(1, B(LRU), 0);
	assert_int_equal(import(false), 0);
	assert_round_trip(0);
	assert_int_equal(map.nr_unmodelled, 3);
	assert_int_equal(map.nr_unmodelled_by_bit[KPF_ERROR], 2);
	assert_int_equal(map.nr_unmodelled_by_bit[KPF_SOFTDIRTY], 1);
	assert_int_equal(map.nr_unmodelled_by_bit[60], 1);
	assert_int_equal(map.nr_unmodelled_by_bit[KPF_LRU], 0);
	end();
}

static void test_machine_must_be_new(void **state)
{
	struct kpage_words words = { flags, count, 16 };
	struct kpage_import_options options = { .flags_name = "a-file" };
	struct pagesim_config config;

	(void)state;
	pagesim_config_init(&config);
	config.nr_pages = 17;
	assert_int_equal(pagesim_boot(&config), 0);
	assert_int_equal(kpage_import(&map, &words, &options), -EBUSY);
	pagesim_shutdown();
	config.nr_pages = 16;
	assert_int_equal(pagesim_boot(&config), 0);
	__free_page(alloc_page(GFP_KERNEL));
	assert_int_equal(kpage_import(&map, &words, &options), -EBUSY);
	pagesim_shutdown();
}

/* Words at random: odd or not, what comes out is what went in. */
static void test_random_words(void **state)
{
	u64 seed = 42;

	(void)state;
	for (unsigned long round = 0; round < scaled(200); round++) {
		begin();
		for (int i = 0; i < 256; i++) {
			u64 word;

			seed = seed * 6364136223846793005u +
			       1442695040888963407u;
			word = seed >> 3;
			/* Mostly few bits, often those that make shapes. */
			word &= seed >> 24 & seed << 13;
			if (seed >> 60 < 6)
				word |= TAIL;
			else if (seed >> 60 < 8)
				word |= HEAD;
			frames(1, word, seed >> 50 & 3);
		}
		assert_int_equal(import(true), 0);
		assert_round_trip(map.nr_odd);
		/* Odd or not, the states are sound, as imported ones. */
		if (pagesim_built_debug() >= PAGESIM_DEBUG_FULL)
			assert_int_equal(pagesim_check(), 0);
		end();
	}
}

/* ---- the snapshot of a live machine ---- */

static void count_bits(const struct kpage_words *words, unsigned long *bits)
{
	for (unsigned long pfn = 0; pfn < words->nr; pfn++)
		for (u64 word = words->flags[pfn]; word; word &= word - 1)
			bits[__builtin_ctzll(word)]++;
}

static void test_live_snapshot(void **state)
{
	struct kpage_import_options options = { .flags_name = "live" };
	struct kpage_words words, out;
	unsigned long bits[64] = { 0 };
	struct pagesim_config config;

	(void)state;
	assert_int_equal(kpage_words_read(&words, LIVE_FLAGS, LIVE_COUNT, ~0UL,
					  NULL, NULL),
			 0);
	pagesim_config_init(&config);
	config.nr_pages = words.nr;
	assert_int_equal(pagesim_boot(&config), 0);
	assert_int_equal(kpage_import(&map, &words, &options), 0);
	/* All odd ones by the one thing that two files cannot tell at once. */
	assert_int_equal(map.nr_odd, 561);
	assert_int_equal(map.nr_odd_by_rule[KPAGE_ODD_MAPCOUNT], 561);
	assert_int_equal(map.nr_unmodelled, 0);
	assert_int_equal(kpage_export(&out, &map), 0);
	assert_memory_equal(out.flags, words.flags, words.nr * 8);
	assert_memory_equal(out.count, words.count, words.nr * 8);
	/* What the README of the data says of them. */
	count_bits(&out, bits);
	assert_int_equal(out.nr, 262144);
	assert_int_equal(bits[KPF_COMPOUND_HEAD], 14033);
	assert_int_equal(bits[KPF_COMPOUND_TAIL], 53451);
	assert_int_equal(bits[KPF_KSM], 876);
	assert_int_equal(bits[KPF_HUGE], 512);
	assert_int_equal(bits[KPF_ZERO_PAGE], 512);
	assert_int_equal(bits[KPF_ANON], 10695);
	assert_int_equal(nr_free_pages(), bits[KPF_BUDDY]);
	assert_int_equal(pagesim_check(), 0);
	kpage_words_free(&words);
	kpage_words_free(&out);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_reference_counts),
		cmocka_unit_test(test_huge_counts),
		cmocka_unit_test(test_mapcounts_of_a_pmd_sized_folio),
		cmocka_unit_test(test_free_blocks_are_the_allocators),
		cmocka_unit_test(test_no_count_file),
		cmocka_unit_test(test_refused_shapes),
		cmocka_unit_test(test_odd_shapes),
		cmocka_unit_test(test_odd_words),
		cmocka_unit_test(test_odd_frame_that_changed),
		cmocka_unit_test(test_unmodelled_bits),
		cmocka_unit_test(test_machine_must_be_new),
		cmocka_unit_test(test_random_words),
		cmocka_unit_test(test_live_snapshot),
	};

	return cmocka_run_group_tests_name("kpage_import", tests, NULL, NULL);
}
