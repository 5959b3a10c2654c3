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
	bool got;

	pagesim_delay();
	got = folio_try_get(folio);
	pagesim_assert(got || asks);
	if (got)
		folio_put(folio);
}

static const struct pagesim_variant variants[] = {
	{ .name = "asks", .id = 1 },
	{ .name = "takes-it-for-granted", .expected = PAGESIM_ASSERTION },
	{ .name = NULL },
};

static const struct pagesim_scenario last_put = {
	.name = "refcount/last-put",
	.question = "does a walker always get a reference?",
	.variants = variants,
	.setup = setup,
	.threads = { { "owner", owner }, { "walker", walker } },
};

static const struct pagesim_scenario *const scenarios[] = { &last_put, NULL };

int main(int argc, char **argv)
{
	return pagesim_check_main(argc, argv, scenarios);
}
