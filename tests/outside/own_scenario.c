// SPDX-License-Identifier: MIT
// Floor: 5
/* A scenario of one's own, and a command that runs it. */
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>
#include <pagesim/scenario.h>

static struct folio *folio;
static bool asks;

static void setup(const struct pagesim_variant *variant)
{
	asks = variant->id;
	folio = folio_alloc(GFP_KERNEL, 0);
}

static void owner(void)
{
	folio_put(folio);
}

static void walker(void)
{
	pagesim_delay();
	if (!asks)
		folio_get(folio);
	else if (!folio_try_get(folio))
		return;
	folio_put(folio);
}

static const struct pagesim_variant variants[] = {
	{ .name = "asks", .id = 1 },
	{ .name = "does-not-ask",
	  .expected = PAGESIM_BUG_ON,
	  .needs = PAGESIM_DEBUG_VM },
	{ .name = NULL },
};

static const struct pagesim_scenario last_put = {
	.name = "refcount/last-put",
	.question = "may a walker get a reference without asking?",
	.variants = variants,
	.setup = setup,
	.threads = { { "owner", owner }, { "walker", walker } },
};

static const struct pagesim_scenario *const scenarios[] = { &last_put, NULL };

int main(int argc, char **argv)
{
	return pagesim_check_main(argc, argv, scenarios);
}
