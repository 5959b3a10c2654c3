// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * refcount/freeze-mapped: what s390 does to make a folio secure breaks a rule,
 * whoever else is there.
 *
 * refcount/freeze-mapped-*: one thread freezes the count of a folio that is
 * mapped, as s390 does to make it secure, with the expected number right at
 * that moment. Another holds, by right, the reference of a page table entry,
 * and does with it what such a holder may do.
 *
 * Split and migration freeze, too, and none of this happens to them: they
 * replace the entries by migration entries first, so that nobody is left who
 * has a reference by right ("unmap-first").
 *
 * The entry is a word under a lock of its own, the other table's: the freezer
 * holds another.
 */
#include <errno.h>
#include <pagesim/folio_lock.h>
#include <pagesim/mapcount.h>
#include <pagesim/page_alloc.h>
#include <pagesim/page_shadow.h>
#include <pagesim/spinlock.h>

#include "scenarios.h"

enum {
	UNMAP_FIRST,
	MAPPED,
};

enum entry {
	NONE,
	PRESENT,
	MIGRATION,
};

static struct {
	int variant;
	struct folio *folio;
	spinlock_t ptl; /* of the other table */
	enum entry entry; /* written under ptl */
	unsigned int forked; /* entries of a child, under ptl */
	bool checked; /* by the kernel or the ledger, so not here */
	bool cached;
} map;

/* The entry takes a reference of the caller's, and gives it back. */
static void set_entry(enum entry entry)
{
	int pmdmapped = 0;

	__folio_add_rmap(map.folio, &map.folio->page, 1, RMAP_LEVEL_PTE,
			 &pmdmapped);
	folio_ref_hand_over(map.folio, PAGE_REF_CALLER, PAGE_REF_PTE, 1);
	WRITE_ONCE(map.entry, entry);
}

static void clear_entry(enum entry entry)
{
	int pmdmapped = 0;
	bool partially;

	WRITE_ONCE(map.entry, entry);
	__folio_remove_rmap(map.folio, &map.folio->page, 1, RMAP_LEVEL_PTE,
			    &pmdmapped, &partially);
	folio_ref_hand_over(map.folio, PAGE_REF_PTE, PAGE_REF_CALLER, 1);
}

/* ---- the freezer ---- */

static bool unmap(void)
{
	bool present;

	spin_lock(&map.ptl);
	present = map.entry == PRESENT;
	if (present) {
		clear_entry(MIGRATION);
		folio_put(map.folio);
	}
	spin_unlock(&map.ptl);
	return present;
}

static void remap(void)
{
	spin_lock(&map.ptl);
	folio_get(map.folio);
	set_entry(PRESENT);
	spin_unlock(&map.ptl);
}

static void freeze_for_a_while(int expected)
{
	if (!folio_ref_freeze(map.folio, expected))
		return;
	pagesim_delay(); /* the Ultravisor */
	folio_ref_unfreeze(map.folio, expected);
}

/* Its own reference, and the cache's. */
static int others(void)
{
	return 1 + map.cached;
}

static void freezer(void)
{
	folio_lock(map.folio);
	if (map.variant == MAPPED) {
		freeze_for_a_while(others() + 1);
	} else if (unmap()) {
		freeze_for_a_while(others());
		remap();
	}
	folio_unlock(map.folio);
}

/* ---- who has a reference by right ---- */

/* The entry goes, and its reference with it: put_refs, as zap's batches do. */
static void zap(void)
{
	bool present;

	spin_lock(&map.ptl);
	present = map.entry == PRESENT;
	if (present)
		clear_entry(NONE);
	spin_unlock(&map.ptl);
	if (present)
		folio_put_refs(map.folio, 1);
}

/* A child gets the entry, and a reference for it. */
static void fork_mm(void)
{
	spin_lock(&map.ptl);
	if (map.entry == PRESENT) {
		folio_get(map.folio);
		set_entry(PRESENT);
		map.forked++;
	}
	spin_unlock(&map.ptl);
}

/* Somebody looks at the folio that the entry maps. */
static void get_and_put(void)
{
	spin_lock(&map.ptl);
	if (map.entry == PRESENT) {
		folio_get(map.folio);
		pagesim_delay();
		folio_put(map.folio);
	}
	spin_unlock(&map.ptl);
}

/* GUP with the lock held: it adds, and warns where there is nothing to add to. */
static void gup_slow(void)
{
	spin_lock(&map.ptl);
	if (map.entry == PRESENT && !try_grab_folio(map.folio, 1, FOLL_GET))
		folio_put(map.folio);
	spin_unlock(&map.ptl);
}

/* GUP without a lock: it asks for a reference, then looks again. */
static void gup_fast(void)
{
	if (READ_ONCE(map.entry) == PRESENT && folio_try_get(map.folio)) {
		pagesim_delay();
		folio_put(map.folio);
	}
}

/* A fault that finds the folio in the page cache. */
static void fault(void)
{
	if (folio_try_get(map.folio)) {
		pagesim_delay();
		folio_put(map.folio);
	}
}

/* ---- the scenarios ---- */

static void setup(const struct pagesim_variant *variant)
{
	map.variant = variant->id;
	map.folio = folio_alloc(GFP_KERNEL, 0);
	folio_get(map.folio);
	spin_lock_init(&map.ptl);
	set_entry(PRESENT);
	map.forked = 0;
	map.checked = variant->id == MAPPED &&
		      (variant->needs || variant->expected == PAGESIM_WARN);
	map.cached = false;
}

static void setup_cached(const struct pagesim_variant *variant)
{
	setup(variant);
	folio_get(map.folio);
	folio_ref_hand_over(map.folio, PAGE_REF_CALLER, PAGE_REF_PAGE_CACHE, 1);
	map.cached = true;
}

/*
 * A folio that somebody holds is in no free list, and its count is theirs.
 * What CONFIG_DEBUG_VM is to find it may just miss, which is no other finding:
 * then what is left is only cleared away.
 */
static void finish(void)
{
	int held = others() + (map.entry == PRESENT) + (int)map.forked;

	if (map.checked && is_free_buddy_page(&map.folio->page)) {
		folio_set_count(map.folio, 0);
		return;
	}
	if (map.checked)
		held = folio_ref_count(map.folio);
	pagesim_assert(!is_free_buddy_page(&map.folio->page));
	pagesim_assert(folio_ref_count(map.folio) == held);
	while (folio_mapped(map.folio))
		clear_entry(NONE);
	if (map.cached)
		folio_ref_hand_over(map.folio, PAGE_REF_PAGE_CACHE,
				    PAGE_REF_CALLER, 1);
	folio_put_refs(map.folio, held);
}

/* Pages go back to where is_free_buddy_page() sees them. */
static void configure(const struct pagesim_variant *variant,
		      struct pagesim_config *config)
{
	config->debug = variant->needs;
	config->no_pcp = true;
}

#define V6_12 "v6.12 arch/s390/kernel/uv.c, make_folio_secure()"
#define SPLIT "v6.12 mm/huge_memory.c, mm/migrate.c"

#define RIGHT                                                              \
	{ .name = "unmap-first", .provenance = SPLIT, .id = UNMAP_FIRST }, \
	{                                                                  \
		.name = "unmap-first-ledger", .provenance = SPLIT,         \
		.needs = PAGESIM_DEBUG_FULL, .id = UNMAP_FIRST             \
	}

#define WRONG(verdict)                                                      \
	{                                                                   \
		.name = "mapped", .provenance = V6_12, .expected = verdict, \
		.races_besides = true, .id = MAPPED                         \
	}

#define WRONG_VM(verdict)                                                    \
	{                                                                    \
		.name = "mapped-debug-vm",                                   \
		.provenance = V6_12 " with CONFIG_DEBUG_VM",                 \
		.expected = verdict, .needs = PAGESIM_DEBUG_VM, .id = MAPPED \
	}

#define END                  \
	{                    \
		.name = NULL \
	}

#define SCENARIO(ident, actor, text, how, ...)                           \
	static const struct pagesim_variant ident##_variants[] = {       \
		RIGHT, __VA_ARGS__, END                                  \
	};                                                               \
	const struct pagesim_scenario refcount_freeze_mapped_##ident = { \
		.name = "refcount/freeze-mapped-" actor,                 \
		.question = text,                                        \
		.provenance = V6_12,                                     \
		.variants = ident##_variants,                            \
		.configure = configure,                                  \
		.setup = how,                                            \
		.threads = { { "freezer", freezer }, { actor, ident } }, \
		.finish = finish,                                        \
	}

SCENARIO(zap, "zap", "frozen while another table is zapped: whose reference?",
	 setup, WRONG(PAGESIM_ASSERTION), WRONG_VM(PAGESIM_BUG_ON));
SCENARIO(fork_mm, "fork", "frozen while the other mm forks", setup,
	 WRONG(PAGESIM_ASSERTION), WRONG_VM(PAGESIM_BUG_ON));
SCENARIO(get_and_put, "get-put", "frozen while somebody gets and puts", setup,
	 WRONG(PAGESIM_ASSERTION), WRONG_VM(PAGESIM_BUG_ON));
/* With CONFIG_DEBUG_VM the unfreeze may be first: a bug-on, or the warning. */
SCENARIO(gup_slow, "gup-slow", "frozen while GUP holds the page table lock",
	 setup, WRONG(PAGESIM_WARN));
SCENARIO(gup_fast, "gup-fast", "frozen while GUP goes without a lock", setup,
	 WRONG(PAGESIM_CLEAN), WRONG_VM(PAGESIM_CLEAN));
SCENARIO(fault, "fault", "frozen while a fault finds it in the page cache",
	 setup_cached, WRONG(PAGESIM_CLEAN), WRONG_VM(PAGESIM_CLEAN));

/* And nobody else is there: the rule is broken in any case. */
static const struct pagesim_variant alone_variants[] = {
	{ .name = "unmap-first",
	  .provenance = SPLIT,
	  .needs = PAGESIM_DEBUG_FULL,
	  .id = UNMAP_FIRST },
	{ .name = "mapped",
	  .provenance = V6_12,
	  .expected = PAGESIM_REFCOUNT,
	  .needs = PAGESIM_DEBUG_FULL,
	  .id = MAPPED },
	{ .name = NULL },
};

const struct pagesim_scenario refcount_freeze_mapped = {
	.name = "refcount/freeze-mapped",
	.question = "is a folio frozen that page tables map?",
	.provenance = V6_12,
	.variants = alone_variants,
	.configure = configure,
	.setup = setup,
	.threads = { { "freezer", freezer } },
	.finish = finish,
};
