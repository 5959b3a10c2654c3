// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * In this file: word is a kpageflags word reduced to the modelled bits, pfn
 * the frame it belongs to; a run is a head and the tails behind it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <pagesim/kpage_import.h>
#include <pagesim/mapcount.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>

#include "error.h"
#include "kpage_bits.h"

#define MAX_RUN (1UL << PAGESIM_MEMMAP_ALIGN_ORDER)
#define PROGRESS_EVERY (1UL << 18)

/* The files tell neither file nor anon_vma: there is one of each. */
static u64 imported_file;
static u64 imported_anon;

static const char *const rule_names[KPAGE_ODD_NR_RULES] = {
	[KPAGE_ODD_MAPCOUNT] = "mapcount",
	[KPAGE_ODD_TAIL_WITHOUT_HEAD] = "tail_without_head",
	[KPAGE_ODD_RUN] = "run_no_power_of_two",
	[KPAGE_ODD_TAIL_UNLIKE_HEAD] = "tail_unlike_head",
	[KPAGE_ODD_NO_SUCH_STATE] = "no_such_state",
};

struct import {
	struct kpage_map *map;
	const struct kpage_words *words;
	const struct kpage_import_options *options;
};

const char *kpage_odd_rule_name(enum kpage_odd_rule rule)
{
	return rule_names[rule];
}

static u64 word_at(const struct import *in, unsigned long pfn)
{
	return in->words->flags[pfn] & KPF_MODELLED;
}

static bool has(u64 word, unsigned int bit)
{
	return word >> bit & 1;
}

/* Without a count file: mapped once, if mapped. */
static u64 count_at(const struct import *in, unsigned long pfn)
{
	if (in->words->count)
		return in->words->count[pfn];
	return has(word_at(in, pfn), KPF_MMAP);
}

static int mapcount_at(const struct import *in, unsigned long pfn)
{
	u64 count = count_at(in, pfn);

	/* More cannot be stored, and is odd. */
	return count > INT32_MAX / 2 ? INT32_MAX / 2 : (int)count;
}

/* ---- the shape of the map ---- */

/* What a frame is a part of; the first that its word says. */
enum part {
	PART_ABSENT,
	PART_FREE,
	PART_HEAD,
	PART_TAIL,
	PART_SINGLE
};

static enum part part_at(const struct import *in, unsigned long pfn)
{
	u64 word = word_at(in, pfn);

	if (has(word, KPF_NOPAGE))
		return PART_ABSENT;
	if (has(word, KPF_COMPOUND_HEAD))
		return PART_HEAD;
	if (has(word, KPF_COMPOUND_TAIL))
		return PART_TAIL;
	if (has(word, KPF_BUDDY))
		return PART_FREE;
	return PART_SINGLE;
}

/* The first frame behind pfn that is another part. */
static unsigned long end_of(const struct import *in, unsigned long pfn,
			    enum part part)
{
	do {
		pfn++;
	} while (pfn < in->words->nr && part_at(in, pfn) == part);
	return pfn;
}

static unsigned long run_length(const struct import *in, unsigned long pfn)
{
	return end_of(in, pfn, PART_TAIL) - pfn;
}

static bool run_is_folio(unsigned long run)
{
	return run > 1 && run <= MAX_RUN && (run & (run - 1)) == 0;
}

static int check_shape(const struct import *in)
{
	const char *name = in->options->flags_name;
	unsigned long pfn = 0;

	while (pfn < in->words->nr) {
		enum part part = part_at(in, pfn);
		unsigned long run = 1;

		if (part == PART_HEAD) {
			run = run_length(in, pfn);
			if (!run_is_folio(run))
				return set_error(
					-EINVAL,
					"%s: frame %lu: a compound page of %lu frames, which is no power of two from 2 to 2^%d (--allow-odd marks such frames and goes on)",
					name, pfn, run,
					PAGESIM_MEMMAP_ALIGN_ORDER);
		} else if (part == PART_TAIL) {
			return set_error(
				-EINVAL,
				"%s: frame %lu: a tail without a head before it (--allow-odd marks such frames and goes on)",
				name, pfn);
		}
		pfn += run;
	}
	return 0;
}

/* ---- odd frames ---- */

static int add_odd(struct kpage_map *map, const struct kpage_odd *odd)
{
	if (map->nr_odd == map->odd_capacity) {
		unsigned long capacity = map->odd_capacity * 2 + 64;
		struct kpage_odd *grown;

		grown = realloc(map->odd, capacity * sizeof(*grown));
		if (!grown)
			return set_error(-ENOMEM,
					 "no memory for %lu odd frames",
					 capacity);
		map->odd = grown;
		map->odd_capacity = capacity;
	}
	map->odd[map->nr_odd++] = *odd;
	map->nr_odd_by_rule[odd->rule]++;
	return 0;
}

/*
 * Looks what words the states of [pfn, pfn + nr) give. What differs from what
 * was read is odd, by the rule given or by the most telling one.
 */
static int verify(struct import *in, unsigned long pfn, unsigned long nr,
		  enum kpage_odd_rule rule)
{
	for (unsigned long i = pfn; i < pfn + nr; i++) {
		struct kpage_odd odd = {
			.pfn = i,
			.rule = rule,
			.flags = word_at(in, i),
			.count = count_at(in, i),
			.state_flags = pagesim_kpageflags(i),
			.state_count = pagesim_kpagecount(i),
		};
		u64 diff = odd.flags ^ odd.state_flags;
		int err;

		if (!diff && odd.count == odd.state_count)
			continue;
		if (!(diff & ~BIT_ULL(KPF_MMAP)))
			odd.rule = KPAGE_ODD_MAPCOUNT;
		else if (rule == KPAGE_ODD_NO_SUCH_STATE && i > pfn &&
			 has(odd.flags, KPF_COMPOUND_TAIL))
			odd.rule = KPAGE_ODD_TAIL_UNLIKE_HEAD;
		err = add_odd(in->map, &odd);
		if (err)
			return err;
	}
	return 0;
}

/* ---- states ---- */

static unsigned long page_flags_of(u64 word)
{
	unsigned long flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kpage_bits); i++)
		if (has(word, kpage_bits[i].kpf))
			flags |= BIT(kpage_bits[i].pg);
	if (has(word, KPF_HWPOISON))
		flags |= BIT(PG_hwpoison);
	return flags;
}

/*
 * A slab keeps a list or a number where other pages keep their mapping; its
 * low bits show as anonymous or KSM in the kernel's own words.
 */
static struct address_space *mapping_of(u64 word)
{
	unsigned long bits = 0;
	unsigned long base = 0;

	if (has(word, KPF_ANON))
		bits = has(word, KPF_KSM) ? PAGE_MAPPING_KSM
					  : PAGE_MAPPING_ANON;
	if (!has(word, KPF_SLAB)) {
		if (bits)
			base = (unsigned long)&imported_anon;
		else if (kpage_kind(word) == KPAGE_FILE ||
			 kpage_kind(word) == KPAGE_SHMEM)
			base = (unsigned long)&imported_file;
	}
	return (struct address_space *)(base | bits);
}

static void set_type(struct page *page, u64 word)
{
	static const struct {
		unsigned char kpf, type;
	} types[] = {
		{ KPF_OFFLINE, PGTY_offline },
		{ KPF_PGTABLE, PGTY_table },
		{ KPF_SLAB, PGTY_slab },
		{ KPF_HUGE, PGTY_hugetlb },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (has(word, types[i].kpf)) {
			__page_set_type(page, (enum pagetype)types[i].type);
			return;
		}
	}
}

/* What the rest of the state implies, each by its owner; at least one. */
static void set_references(struct folio *folio, u64 word)
{
	enum kpage_kind kind = kpage_kind(word);
	s64 mapped = folio_mapcount(folio), cache = 0, private = 0;
	bool swap = has(word, KPF_SWAPCACHE);
	s64 count;

	if (kind == KPAGE_FILE || kind == KPAGE_SHMEM || swap)
		cache = folio_nr_pages(folio);
	if (has(word, KPF_PRIVATE) && !has(word, KPF_ANON))
	private = 1;
	count = mapped + cache + private;
	folio_set_count(folio, count ? (int)count : 1);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PTE, (int)mapped);
	folio_ref_hand_over(folio, PAGE_REF_CALLER,
			    swap ? PAGE_REF_SWAP_CACHE : PAGE_REF_PAGE_CACHE,
			    (int)cache);
	folio_ref_hand_over(folio, PAGE_REF_CALLER, PAGE_REF_PRIVATE,
			    (int)private);
}

static int import_single(struct import *in, unsigned long pfn,
			 enum kpage_odd_rule rule)
{
	struct page *page = pfn_to_page(pfn);
	u64 word = word_at(in, pfn);

	__init_single_page(page, pfn, ZONE_NORMAL, 0);
	page_shadow_import(page);
	page->flags |= page_flags_of(word);
	page->mapping = mapping_of(word);
	set_type(page, word);
	if (!page_has_type(page))
		atomic_set(&page->_mapcount, mapcount_at(in, pfn) - 1);
	if (has(word, KPF_ZERO_PAGE) && zero_pfn == ~0UL)
		zero_pfn = pfn;
	set_references((struct folio *)page, word);
	return verify(in, pfn, 1, rule);
}

/* Mappings of the folio as a whole: those that every page has. */
static int entire_mapcount(const struct import *in, unsigned long pfn,
			   unsigned int order, bool typed)
{
	int entire;

	if (order < HPAGE_PMD_ORDER && !typed)
		return 0;
	entire = mapcount_at(in, pfn);
	for (unsigned long i = 1; i < 1UL << order && !typed; i++)
		if (mapcount_at(in, pfn + i) < entire)
			entire = mapcount_at(in, pfn + i);
	return entire;
}

static void import_mapcounts(const struct import *in, struct folio *folio,
			     unsigned long pfn, unsigned int order)
{
	/* Of each page, so that the count can hold them all. */
	const int most = INT32_MAX / 4 >> order;
	bool typed = page_has_type(&folio->page);
	int entire = entire_mapcount(in, pfn, order, typed);
	int sum = entire, mapped = 0;

	for (unsigned long i = 0; i < 1UL << order && !typed; i++) {
		int own = mapcount_at(in, pfn + i) - entire;

		if (own > most)
			own = most;
		if (own <= 0) /* below for an odd frame only */
			continue;
		atomic_set(&folio_page(folio, i)->_mapcount, own - 1);
		sum += own;
		mapped++;
	}
	if (entire && !typed)
		mapped += ENTIRELY_MAPPED;
	atomic_set(&folio->_entire_mapcount, entire - 1);
	atomic_set(&folio->_nr_pages_mapped, mapped);
	atomic_set(&folio->_large_mapcount, sum - 1);
}

static int import_compound(struct import *in, unsigned long pfn,
			   unsigned int order)
{
	struct page *page = pfn_to_page(pfn);
	struct folio *folio = (struct folio *)page;
	u64 word = word_at(in, pfn);

	for (unsigned long i = 0; i < 1UL << order; i++) {
		__init_single_page(page + i, pfn + i, ZONE_NORMAL, 0);
		page_shadow_import(page + i);
		set_page_count(page + i, 0);
		if (has(word_at(in, pfn + i), KPF_HWPOISON))
			page[i].flags |= BIT(PG_hwpoison);
	}
	prep_compound_page(page, order);
	page->flags |= page_flags_of(word);
	page->mapping = mapping_of(word);
	set_type(page, word);
	if (has(word, KPF_ZERO_PAGE) && !huge_zero_folio)
		huge_zero_folio = folio;
	else if (has(word, KPF_THP))
		folio_set_large_rmappable(folio);
	import_mapcounts(in, folio, pfn, order);
	set_references(folio, word);
	return verify(in, pfn, 1UL << order, KPAGE_ODD_NO_SUCH_STATE);
}

/* A run that is no folio: its largest part that is one, and stray tails. */
static int import_broken_run(struct import *in, unsigned long pfn,
			     unsigned long run)
{
	unsigned int order = 0;
	int err;

	while (order < PAGESIM_MEMMAP_ALIGN_ORDER && (2UL << order) <= run)
		order++;
	err = order ? import_compound(in, pfn, order)
		    : import_single(in, pfn, KPAGE_ODD_RUN);
	for (unsigned long i = 1UL << order; i < run && !err; i++)
		err = import_single(in, pfn + i, KPAGE_ODD_RUN);
	return err;
}

static int import_run(struct import *in, unsigned long pfn,
		      unsigned long *length)
{
	unsigned long run = run_length(in, pfn);

	*length = run;
	if (!run_is_folio(run))
		return import_broken_run(in, pfn, run);
	return import_compound(in, pfn, (unsigned int)__builtin_ctzl(run));
}

static int import_free(struct import *in, unsigned long pfn,
		       unsigned long *length)
{
	*length = end_of(in, pfn, PART_FREE) - pfn;
	for (unsigned long i = pfn; i < pfn + *length; i++) {
		struct page *page = pfn_to_page(i);

		__init_single_page(page, i, ZONE_NORMAL, 0);
		page_shadow_import(page);
		set_page_count(page, 0);
		/* A free page that was reported to the host says so. */
		page->flags |= page_flags_of(word_at(in, i));
	}
	pagesim_free_range(pfn, *length);
	return verify(in, pfn, *length, KPAGE_ODD_NO_SUCH_STATE);
}

static int import_absent(struct import *in, unsigned long pfn,
			 unsigned long *length)
{
	*length = end_of(in, pfn, PART_ABSENT) - pfn;
	for (unsigned long i = pfn; i < pfn + *length; i++)
		pagesim_set_absent(i);
	return verify(in, pfn, *length, KPAGE_ODD_NO_SUCH_STATE);
}

static int import_next(struct import *in, unsigned long pfn,
		       unsigned long *length)
{
	*length = 1;
	switch (part_at(in, pfn)) {
	case PART_ABSENT:
		return import_absent(in, pfn, length);
	case PART_FREE:
		return import_free(in, pfn, length);
	case PART_HEAD:
		return import_run(in, pfn, length);
	case PART_TAIL:
		return import_single(in, pfn, KPAGE_ODD_TAIL_WITHOUT_HEAD);
	default:
		return import_single(in, pfn, KPAGE_ODD_NO_SUCH_STATE);
	}
}

static void count_unmodelled(struct import *in)
{
	for (unsigned long pfn = 0; pfn < in->words->nr; pfn++) {
		u64 rest = in->words->flags[pfn] & ~KPF_MODELLED;

		if (!rest)
			continue;
		in->map->nr_unmodelled++;
		for (unsigned int bit = 0; bit < KPF_NR_BITS; bit++)
			in->map->nr_unmodelled_by_bit[bit] += has(rest, bit);
	}
}

static int check_machine(const struct kpage_words *words)
{
	if (max_pfn != words->nr || pagesim_zone.first_deferred_pfn)
		return set_error(
			-EBUSY,
			"%lu frames go into a machine of that many pages that was just booted",
			words->nr);
	return 0;
}

int kpage_import(struct kpage_map *map, const struct kpage_words *words,
		 const struct kpage_import_options *options)
{
	struct import in = { map, words, options };
	unsigned long pfn = 0, length, next_report = PROGRESS_EVERY;
	int err;

	memset(map, 0, sizeof(*map));
	map->nr = words->nr;
	map->has_count = words->count != NULL;
	err = check_machine(words);
	if (!err && !options->allow_odd)
		err = check_shape(&in);
	if (err)
		return err;
	count_unmodelled(&in);
	pagesim_zone.first_deferred_pfn = words->nr;
	while (pfn < words->nr && !err) {
		err = import_next(&in, pfn, &length);
		pfn += length;
		if (options->progress && pfn >= next_report) {
			options->progress(pfn, words->nr, options->data);
			next_report = pfn + PROGRESS_EVERY;
		}
	}
	return err;
}

void kpage_map_free(struct kpage_map *map)
{
	free(map->odd);
	memset(map, 0, sizeof(*map));
}

/* An odd frame that nobody touched since gives what was read. */
static void restore_odd(struct kpage_words *words, const struct kpage_odd *odd)
{
	if (words->flags[odd->pfn] != odd->state_flags ||
	    words->count[odd->pfn] != odd->state_count)
		return;
	words->flags[odd->pfn] = odd->flags;
	words->count[odd->pfn] = odd->count;
}

int kpage_export(struct kpage_words *words, const struct kpage_map *map)
{
	words->nr = max_pfn;
	words->flags = malloc(max_pfn * sizeof(u64));
	words->count = malloc(max_pfn * sizeof(u64));
	if (!words->flags || !words->count)
		return set_error(-ENOMEM,
				 "no memory for the words of %lu frames",
				 max_pfn);
	for (unsigned long pfn = 0; pfn < max_pfn; pfn++) {
		words->flags[pfn] = pagesim_kpageflags(pfn);
		words->count[pfn] = pagesim_kpagecount(pfn);
	}
	for (unsigned long i = 0; map && i < map->nr_odd; i++)
		restore_odd(words, &map->odd[i]);
	return 0;
}
