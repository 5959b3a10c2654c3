// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * refcount/freeze: an owner freezes the count, changes the folio, unfreezes
 * it; a lookup gets a reference whenever it can. Does it ever see the folio
 * half changed?
 *
 * refcount/lookup-reload: an owner takes the folio out of its slot, frees it,
 * and somebody else gets the memory. Does a lookup ever use his?
 */
#include <pagesim/folio_lock.h>
#include <pagesim/page_alloc.h>

#include "scenarios.h"

/* What an owner holds besides: the slot's reference, and its own. */
#define OWNED 2

/* ---- freeze ---- */

enum {
	RELEASE,
	PLAIN_STORE,
	GET_BLINDLY,
	LOOK_BEFORE,
};

static struct {
	int variant;
	struct folio *folio;
	unsigned long mapping, index; /* plain; the same unless frozen */
} frozen;

static void freeze_setup(const struct pagesim_variant *variant)
{
	frozen.variant = variant->id;
	frozen.folio = folio_alloc(GFP_KERNEL, 0);
	folio_get(frozen.folio);
	frozen.mapping = frozen.index = 1;
}

static void unfreeze(struct folio *folio, int count)
{
	if (frozen.variant == PLAIN_STORE)
		folio_set_count(folio, count);
	else
		folio_ref_unfreeze(folio, count);
}

static void change(void)
{
	if (!folio_ref_freeze(frozen.folio, OWNED))
		return;
	frozen.mapping++;
	pagesim_delay();
	frozen.index++;
	unfreeze(frozen.folio, OWNED);
}

static void owner(void)
{
	change();
	change();
}

static bool get(struct folio *folio)
{
	switch (frozen.variant) {
	case GET_BLINDLY:
		folio_get(folio);
		return true;
	case LOOK_BEFORE:
		if (!folio_ref_count(folio))
			return false;
		pagesim_delay();
		folio_get(folio);
		return true;
	default:
		return folio_try_get(folio);
	}
}

static void lookup(void)
{
	if (!get(frozen.folio))
		return;
	pagesim_delay();
	/* Who got his reference by a wrong way has nothing that orders. */
	if (frozen.variant == RELEASE || frozen.variant == PLAIN_STORE)
		pagesim_assert(frozen.mapping == frozen.index);
	folio_put(frozen.folio);
}

/* What the lookup got wrongly may be lost, which is no other finding. */
static void freeze_finish(void)
{
	if (frozen.variant == RELEASE || frozen.variant == PLAIN_STORE)
		pagesim_assert(folio_ref_count(frozen.folio) == OWNED);
	if (folio_ref_count(frozen.folio) > 0)
		folio_put_refs(frozen.folio, folio_ref_count(frozen.folio));
}

static const struct pagesim_variant freeze_variants[] = {
	{ .name = "6.12",
	  .provenance = "since v4.17: unfreeze is a store-release",
	  .id = RELEASE },
	{ .name = "4.16",
	  .provenance = "up to v4.16: unfreeze is a plain store",
	  .expected = PAGESIM_DATA_RACE,
	  .seen_by = PAGESIM_SEEN_BY_TSAN | PAGESIM_SEEN_BY_EXPLORER,
	  .id = PLAIN_STORE },
	{ .name = "get-blindly",
	  .provenance = "wrong: the lookup does not ask whether it may",
	  .expected = PAGESIM_BUG_ON,
	  .needs = PAGESIM_DEBUG_VM,
	  .id = GET_BLINDLY },
	{ .name = "look-before",
	  .provenance = "wrong: the lookup asks, then gets",
	  .expected = PAGESIM_BUG_ON,
	  .needs = PAGESIM_DEBUG_VM,
	  .id = LOOK_BEFORE },
	{ .name = NULL },
};

/* The kernel's own checks are asked: the ledger's come first, now and then. */
static void without_ledger(const struct pagesim_variant *variant,
			   struct pagesim_config *config)
{
	if (variant->needs)
		config->debug = variant->needs;
}

const struct pagesim_scenario refcount_freeze = {
	.name = "refcount/freeze",
	.question = "does a lookup see a frozen folio half changed?",
	.provenance = "v6.12 include/linux/page_ref.h",
	.variants = freeze_variants,
	.configure = without_ledger,
	.setup = freeze_setup,
	.threads = { { "owner", owner },
		     { "lookup", lookup },
		     { "lookup", lookup } },
	.finish = freeze_finish,
};

/* ---- lookup, reload ---- */

enum {
	RELOAD,
	NO_RELOAD,
};

#define OURS 1UL
#define STRANGERS 2UL

static struct {
	int variant;
	struct folio *folio;
	struct folio *slot; /* marked */
	struct folio *stranger;
} cache;

static void reload_setup(const struct pagesim_variant *variant)
{
	cache.variant = variant->id;
	cache.folio = folio_alloc(GFP_KERNEL, 0);
	folio_get(cache.folio); /* the slot's */
	WRITE_ONCE(cache.folio->index, OURS);
	cache.slot = cache.folio;
	cache.stranger = NULL;
}

/* As __remove_mapping(), or gives up if somebody holds a reference. */
static void reclaim(void)
{
	if (!folio_ref_freeze(cache.folio, OWNED))
		return;
	WRITE_ONCE(cache.slot, NULL);
	free_unref_page(&cache.folio->page, 0);
	cache.folio = NULL;
	cache.stranger = folio_alloc(GFP_KERNEL, 0);
	WRITE_ONCE(cache.stranger->index, STRANGERS);
}

static void look_up_and_use(void)
{
	struct folio *folio = READ_ONCE(cache.slot);

	pagesim_delay();
	if (!folio || !folio_try_get(folio))
		return;
	if (cache.variant == NO_RELOAD || READ_ONCE(cache.slot) == folio)
		pagesim_assert(READ_ONCE(folio->index) == OURS);
	folio_put(folio);
}

static void reload_finish(void)
{
	if (cache.folio)
		folio_put_refs(cache.folio, OWNED);
	if (cache.stranger)
		folio_put(cache.stranger);
}

static const struct pagesim_variant reload_variants[] = {
	{ .name = "6.12",
	  .provenance = "v6.12 mm/filemap.c: xas_reload() after the get",
	  .id = RELOAD },
	{ .name = "no-reload",
	  .provenance = "wrong: the slot is not looked at again",
	  .expected = PAGESIM_ASSERTION,
	  .id = NO_RELOAD },
	{ .name = NULL },
};

const struct pagesim_scenario refcount_lookup_reload = {
	.name = "refcount/lookup-reload",
	.question = "does a lookup use a folio that is somebody else's by now?",
	.provenance = "v6.12 mm/filemap.c, filemap_get_entry()",
	.variants = reload_variants,
	.setup = reload_setup,
	.threads = { { "reclaim", reclaim }, { "lookup", look_up_and_use } },
	.finish = reload_finish,
};
