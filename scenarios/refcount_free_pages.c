// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * refcount/free-pages: somebody frees a block of pages while a walker holds a
 * reference on its first page. The put is not the last one; who frees what?
 *
 * refcount/free-pages-compound: the same with a compound page. All of it is
 * the walker's to free, and by the time that the other looks whether it is
 * one, it may not be any more.
 */
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>

#include "scenarios.h"

#define ORDER 2

static struct page *block;

static void setup_block(const struct pagesim_variant *variant, gfp_t gfp)
{
	pagesim_assert(!pagesim_free_pages_variant(variant->name));
	block = alloc_pages(gfp, ORDER);
}

static void setup(const struct pagesim_variant *variant)
{
	setup_block(variant, GFP_KERNEL);
}

static void setup_compound(const struct pagesim_variant *variant)
{
	setup_block(variant, GFP_KERNEL | __GFP_COMP);
}

static void owner(void)
{
	pagesim_delay();
	__free_pages(block, ORDER);
}

static void walker(void)
{
	struct folio *folio = folio_get_nontail_page(block);

	if (!folio)
		return;
	pagesim_delay();
	folio_put(folio);
}

static void finish(void)
{
	for (int i = 0; i < 1 << ORDER; i++) {
		pagesim_assert(!page_ref_count(block + i));
		pagesim_assert(!PageTail(block + i));
	}
}

#define V6_12 "462a8e08e0e6, v6.2: PageHead is read before the put"
#define V5_10 "e320d3012d25, v5.10: the tails are freed; PageHead is read after"
#define V5_9 "up to v5.9: only the last put frees"

static const struct pagesim_variant variants[] = {
	{ .name = "6.12", .provenance = V6_12 },
	{ .name = "5.10", .provenance = V5_10 },
	{ .name = "5.9", .provenance = V5_9, .expected = PAGESIM_LEAK },
	{ .name = NULL },
};

const struct pagesim_scenario refcount_free_pages = {
	.name = "refcount/free-pages",
	.question = "a block is freed under a walker's reference: by whom?",
	.provenance = "v6.12 mm/page_alloc.c, __free_pages()",
	.variants = variants,
	.setup = setup,
	.threads = { { "owner", owner }, { "walker", walker } },
	.finish = finish,
};

static const struct pagesim_variant compound_variants[] = {
	{ .name = "6.12", .provenance = V6_12 },
	{ .name = "5.10",
	  .provenance = V5_10,
	  .expected = PAGESIM_DOUBLE_FREE,
	  .needs = PAGESIM_DEBUG_FULL,
	  .races_besides = true },
	{ .name = "5.9", .provenance = V5_9 },
	{ .name = NULL },
};

const struct pagesim_scenario refcount_free_pages_compound = {
	.name = "refcount/free-pages-compound",
	.question =
		"a compound page is freed under a walker's reference: once?",
	.provenance = "v6.12 mm/page_alloc.c, __free_pages()",
	.variants = compound_variants,
	.setup = setup_compound,
	.threads = { { "owner", owner }, { "walker", walker } },
	.finish = finish,
};
