// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * pagesim bench tiers: what each debug tier costs on the hot operations, as
 * the ratio to the same operation written by hand.
 *
 * The loops of a tier are compiled with its checks and run on a machine that
 * was booted with it. An operation and its counterpart are measured one
 * right after the other, and the ratio is the median over such pairs.
 */
#include <stdio.h>
#include <string.h>
#include <pagesim/page_alloc.h>
#include <pagesim/pagesim.h>
#include <pagesim/refcount.h>

#include "bench.h"
#include "cli.h"
#include "hot_ops.h"
#include "median.h"
#include "platform.h"

#define NR_PAIRS 41
#define NR_CALLS 20000UL

static const char usage_text[] =
	"usage: pagesim bench tiers [--json]\n"
	"\n"
	"What each debug tier that is built in costs: ns of an operation, and its\n"
	"ratio to the same written by hand with the compiler's atomics. Limits of\n"
	"tier \"none\": 1.05; freeze and unfreeze 1.1; the folio lock 1.2, whose\n"
	"unlock is a call; the spinlock 1.5 of a test and test-and-set lock. A\n"
	"limit that is passed is told, and no error: a busy host passes it, too.\n"
	"tests/codegen counts instructions.\n";

static const struct hot_op *const tiers[] = {
	hot_ops_none,
#if PAGESIM_DEBUG >= 1
	hot_ops_vm,
#endif
#if PAGESIM_DEBUG >= 2
	hot_ops_pgflags,
#endif
#if PAGESIM_DEBUG >= 3
	hot_ops_full,
#endif
};

static const double limits[NR_HOT_OPS] = { 1.05, 1.05, 1.1, 1.05, 1.2, 1.5 };

struct figure {
	double ns, ratio;
};

static double ns_per_call(hot_loop_t loop, const struct hot_args *args)
{
	uint64_t start = platform_time_ns();

	loop(args, NR_CALLS);
	return (double)(platform_time_ns() - start) / NR_CALLS;
}

static struct figure measure_op(const struct hot_op *op,
				const struct hot_args *args)
{
	double ns[NR_PAIRS], ratio[NR_PAIRS];

	op->lib(args, NR_CALLS); /* warm */
	for (int i = 0; i < NR_PAIRS; i++) {
		double hand = ns_per_call(op->hand, args);

		ns[i] = ns_per_call(op->lib, args);
		ratio[i] = ns[i] / hand;
	}
	return (struct figure){ median(ns, NR_PAIRS), median(ratio, NR_PAIRS) };
}

static int measure_tier(unsigned int tier, struct figure *figures)
{
	struct pagesim_config config;
	struct hot_args args;
	spinlock_t lock;
	u32 word = 0;

	pagesim_config_init(&config);
	config.debug = (enum pagesim_debug)tier;
	if (pagesim_boot(&config))
		return fail_with_error();
	spin_lock_init(&lock);
	args.folio = folio_alloc(GFP_KERNEL, 0);
	args.lock = &lock;
	args.word = &word;
	for (int i = 0; i < NR_HOT_OPS; i++)
		figures[i] = measure_op(&tiers[tier][i], &args);
	folio_put(args.folio);
	pagesim_shutdown();
	return EXIT_OK;
}

static bool within(unsigned int tier, int op, const struct figure *figure)
{
	return tier != PAGESIM_DEBUG_NONE || figure->ratio <= limits[op];
}

static void print_text(unsigned int tier, const struct figure *figures)
{
	for (int i = 0; i < NR_HOT_OPS; i++)
		printf("%-8s %-17s %7.2f ns %6.2f%s\n",
		       pagesim_debug_name((enum pagesim_debug)tier),
		       tiers[tier][i].name, figures[i].ns, figures[i].ratio,
		       within(tier, i, &figures[i]) ? "" : "  NOT MET");
}

static struct json_object *json_number(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", value);
	return json_object_new_double_s(value, text);
}

static void add_json(struct json_object *results, unsigned int tier,
		     const struct figure *figures)
{
	for (int i = 0; i < NR_HOT_OPS; i++) {
		struct json_object *one = json_object_new_object();

		json_object_object_add(
			one, "tier",
			json_object_new_string(
				pagesim_debug_name((enum pagesim_debug)tier)));
		json_object_object_add(
			one, "operation",
			json_object_new_string(tiers[tier][i].name));
		json_object_object_add(one, "ns", json_number(figures[i].ns));
		json_object_object_add(one, "ratio",
				       json_number(figures[i].ratio));
		json_object_object_add(
			one, "met",
			json_object_new_boolean(within(tier, i, &figures[i])));
		json_object_array_add(results, one);
	}
}

static int measure(bool json)
{
	struct json_object *root = json_object_new_object();
	struct json_object *results = json_object_new_array();
	struct figure figures[NR_HOT_OPS];
	int status = EXIT_OK;

	json_object_object_add(root, "bench", json_object_new_string("tiers"));
	json_object_object_add(root, "results", results);
	for (unsigned int t = 0; t < ARRAY_SIZE(tiers) && !status; t++) {
		status = measure_tier(t, figures);
		if (!status && !json)
			print_text(t, figures);
		if (!status)
			add_json(results, t, figures);
	}
	if (json && !status)
		print_json(root);
	else
		json_object_put(root);
	return status;
}

int bench_tiers(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage_text, stdout);
		return EXIT_OK;
	}
	if (argc > 1 && !json) {
		fputs(usage_text, stderr);
		return EXIT_BAD_INPUT;
	}
	return measure(json);
}
