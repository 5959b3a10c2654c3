// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * pagesim bench compound_head: ns per flag test through each generation of
 * compound_head(), and the ratio to the plain test in the same run.
 *
 * The pages under test are an array of their own, not the simulator's map,
 * because a generation has its own layout and encoding: the array is encoded
 * for one family of generations, these are measured in turns with the plain
 * test, then it is encoded for the next. A ratio is the median over ratios
 * of such pairs, and so not the ratio of two medians: a machine that drifts
 * changes both halves of a pair. Operations are independent of each other:
 * what is measured is throughput.
 *
 * In this file: a set is an array of a size that fits a level of the memory
 * hierarchy; a visit is the order in which its pages are tested; a shape
 * says where the compound pages are.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <pagesim/compound_head.h>
#include <pagesim/folio.h>
#include <pagesim/memmap.h>

#include "bench.h"
#include "cache_size.h"
#include "cli.h"
#include "map_input.h"
#include "median.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

#define MAX_REPS 15
#define NR_VISITS 5
#define MAX_PAGES (1UL << 24) /* of the array: 1 GiB, 64 GiB of RAM */

/* ---- the generations ---- */

typedef unsigned long (*loop_t)(void *array, const u32 *index, size_t nr);

#define LOOP(generation, type, head)                                \
	static noinline unsigned long loop_##generation(            \
		void *array, const u32 *index, size_t nr)           \
	{                                                           \
		type *pages = array;                                \
		unsigned long sum = 0;                              \
                                                                    \
		for (size_t i = 0; i < nr; i++) {                   \
			type *page = pages + index[i];              \
                                                                    \
			sum += test_bit(PG_locked, &(head)->flags); \
		}                                                   \
		return sum;                                         \
	}

LOOP(plain, struct page, page)
LOOP(folio, struct page, &((struct folio *)page)->page)
LOOP(pre_v3_14, struct page_v4_2, compound_head_pre_v3_14(page))
LOOP(v3_14, struct page_v4_2, compound_head_v3_14(page))
LOOP(v4_4, struct page, compound_head(page))
LOOP(v5_14, struct page, compound_head_v5_14(page))
LOOP(v5_14_hvo, struct page, compound_head_v5_14_hvo(page))
LOOP(v7_1, struct page, compound_head_v7_1(page))

/* How a tail is encoded; generations of one encoding are measured together. */
enum encoding {
	ENCODED_V4_2,
	ENCODED_TAGGED,
	ENCODED_MASK,
	NR_ENCODINGS
};

static const struct generation {
	const char *name;
	loop_t loop;
	enum encoding encoding;
} generations[] = {
	{ "plain", loop_plain, ENCODED_TAGGED },
	{ "folio", loop_folio, ENCODED_TAGGED },
	{ "pre_v3_14", loop_pre_v3_14, ENCODED_V4_2 },
	{ "v3_14", loop_v3_14, ENCODED_V4_2 },
	{ "v4_4", loop_v4_4, ENCODED_TAGGED },
	{ "v5_14", loop_v5_14, ENCODED_TAGGED },
	{ "v5_14_hvo", loop_v5_14_hvo, ENCODED_TAGGED },
	{ "v7_1", loop_v7_1, ENCODED_MASK },
};

#define NR_GENERATIONS ARRAY_SIZE(generations)
enum {
	PLAIN,
	FOLIO,
	PRE_V3_14,
	V3_14,
	V4_4
}; /* places in it */

/* ---- sets and visits ---- */

enum visit {
	VISIT_0,
	VISIT_RANDOM,
	VISIT_ALTERNATING,
	VISIT_100,
	VISIT_FOUND
};

static const char *const visit_names[NR_VISITS] = { "0", "50 random",
						    "50 alternating", "100",
						    "as found" };

/* Half of a cache, since the index and the heads of others want room, too. */
static struct set {
	const char *name;
	int level; /* of the cache; 0: larger than any */
	unsigned long bytes; /* where the host does not say, or at most */
	unsigned int order; /* of its compound pages */
	int reps;
	unsigned long nr_pages;
} sets[] = {
	{ "L1", 1, 16UL << 10, 7, 15, 0 },
	{ "L2", 2, 1UL << 20, 9, 15, 0 },
	{ "L3", 3, 32UL << 20, 9, 11, 0 },
	{ "DRAM", 0, 1UL << 30, 9, 7, 0 },
};

static void size_sets(bool quick)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		struct set *set = &sets[i];
		unsigned long cache = set->level ? cache_size(set->level) : 0;
		unsigned long bytes = 1UL << 14;

		while (4 * bytes <= cache && 2 * bytes <= set->bytes)
			bytes *= 2;
		if (!cache)
			bytes = quick ? 1UL << 20 : set->bytes;
		set->nr_pages = bytes / sizeof(struct page);
		if (set->nr_pages < 2UL << set->order)
			set->nr_pages = 2UL << set->order;
		if (quick)
			set->reps = 1;
	}
}

struct result {
	const char *set, *visit;
	unsigned long bytes;
	unsigned int generation;
	double ns, ratio;
};

struct bench {
	char *array; /* MAX_PAGES pages, in huge host pages */
	u8 *shape; /* by page: order of the compound page it heads, or INSIDE */
	u32 *index;
	struct map_input input;
	unsigned long map_frames, map_tails;
	double tail_share, head_share; /* of the frames of that map */
	bool quick;
	unsigned long nr_ops; /* of a visit to a synthetic set */
	unsigned long locked; /* pages that the last loop found locked */
	bool wrong; /* some loop did not find what it was to find */
	struct result *results;
	unsigned int nr_results, max_results, done, all;
};

static u64 random_state = 88172645463325252u;

/* xorshift: the same order on every run. */
static u64 random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* ---- encoding ---- */

static void encode_v4_2(struct page_v4_2 *pages, unsigned long nr,
			unsigned int order)
{
	if (order)
		pages->flags = BIT(PG_v4_2_head) | BIT(PG_locked);
	for (unsigned long i = 1; i < nr; i++)
		set_tail_v3_14(pages + i, pages);
}

static void encode_tagged(struct page *pages, unsigned long nr,
			  unsigned int order, enum encoding encoding)
{
	if (order)
		pages->flags = BIT(PG_head) | BIT(PG_locked);
	for (unsigned long i = 1; i < nr; i++) {
		if (encoding == ENCODED_MASK)
			set_compound_head_v7_1(pages + i, order);
		else
			set_compound_head(pages + i, pages);
	}
}

/* Heads are locked, so that a loop that does not find them shows. */
static void encode(struct bench *bench, unsigned long nr_pages,
		   enum encoding encoding)
{
	unsigned long pfn = 0;

	memset(bench->array, 0, nr_pages * sizeof(struct page));
	while (pfn < nr_pages) {
		unsigned int order = bench->shape[pfn];
		unsigned long nr = 1UL << order;
		void *first = bench->array + pfn * sizeof(struct page);

		if (encoding == ENCODED_V4_2)
			encode_v4_2(first, nr, order);
		else
			encode_tagged(first, nr, order, encoding);
		pfn += nr;
	}
}

/* ---- shapes and orders ---- */

#define INSIDE 0xff /* of a compound page, and not its head */

static void shape_compound(struct bench *bench, unsigned long pfn,
			   unsigned int order)
{
	memset(bench->shape + pfn, INSIDE, 1UL << order);
	bench->shape[pfn] = (u8)order;
}

/* The share of blocks that are compound is the visit's share of tails. */
static void shape_synthetic(struct bench *bench, const struct set *set,
			    double share)
{
	unsigned long nr = 1UL << set->order;
	double owed = 0;

	memset(bench->shape, 0, set->nr_pages);
	for (unsigned long pfn = 0; pfn < set->nr_pages; pfn += nr) {
		owed += share;
		if (owed < 0.5)
			continue;
		owed -= 1;
		shape_compound(bench, pfn, set->order);
	}
}

enum part {
	SINGLE,
	HEAD,
	TAIL
};

static enum part part_of(const struct bench *bench, unsigned long pfn)
{
	if (!bench->shape[pfn])
		return SINGLE;
	return bench->shape[pfn] == INSIDE ? TAIL : HEAD;
}

/* A page at random that is the one or the other. */
static u32 pick(const struct bench *bench, const struct set *set,
		enum part part)
{
	unsigned long pfn;

	do {
		pfn = random_u64() % set->nr_pages;
		if (part == HEAD)
			pfn = ALIGN_DOWN(pfn, 1UL << set->order);
	} while (part_of(bench, pfn) != part);
	return (u32)pfn;
}

/* What operation i visits, in the visit's proportion. */
static enum part choose(const struct bench *bench, enum visit visit,
			unsigned long i)
{
	double toss = (double)(random_u64() >> 11) * 0x1p-53;

	switch (visit) {
	case VISIT_0:
		return SINGLE;
	case VISIT_100:
		return TAIL;
	case VISIT_ALTERNATING:
		return i & 1 ? TAIL : SINGLE;
	case VISIT_RANDOM:
		return toss < 0.5 ? TAIL : SINGLE;
	default:
		if (toss < bench->tail_share)
			return TAIL;
		toss -= bench->tail_share;
		return toss < bench->head_share ? HEAD : SINGLE;
	}
}

static void order_synthetic(struct bench *bench, const struct set *set,
			    enum visit visit)
{
	/* Half and half, so that what is rare can be picked, too. */
	shape_synthetic(bench, set,
			visit == VISIT_0     ? 0
			: visit == VISIT_100 ? 1
					     : 0.5);
	for (unsigned long i = 0; i < bench->nr_ops; i++)
		bench->index[i] = pick(bench, set, choose(bench, visit, i));
}

/* The compound pages of the map that was read; misaligned ones left out. */
static void shape_map(struct bench *bench)
{
	memset(bench->shape, 0, bench->map_frames);
	for (unsigned long pfn = 0; pfn < bench->map_frames; pfn++) {
		const struct page *page = pfn_to_online_page(pfn);
		unsigned long nr;

		if (!page || !PageHead(page))
			continue;
		nr = 1UL << compound_order(page);
		if (IS_ALIGNED(pfn, nr) && pfn + nr <= bench->map_frames)
			shape_compound(bench, pfn, compound_order(page));
	}
}

static void order_map(struct bench *bench, bool shuffled)
{
	for (unsigned long i = 0; i < bench->map_frames; i++)
		bench->index[i] = (u32)i;
	for (unsigned long i = bench->map_frames - 1; shuffled && i > 0; i--) {
		unsigned long j = random_u64() % (i + 1);
		u32 swap = bench->index[i];

		bench->index[i] = bench->index[j];
		bench->index[j] = swap;
	}
}

/* ---- measuring ---- */

static double time_ns(loop_t loop, struct bench *bench, size_t nr)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	bench->locked = loop(bench->array, bench->index, nr);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return ((double)(b.tv_sec - a.tv_sec) * 1e9 +
		(double)(b.tv_nsec - a.tv_nsec)) /
	       (double)nr;
}

/* With a lookup every page of a compound page is locked, without its head. */
static void check_loop(struct bench *bench, const struct result *like,
		       unsigned int g, size_t nr_ops)
{
	unsigned long expected = 0;

	for (size_t i = 0; i < nr_ops; i++) {
		enum part part = part_of(bench, bench->index[i]);

		expected += part == HEAD || (part == TAIL && g > FOLIO);
	}
	if (bench->locked == expected)
		return;
	fprintf(stderr,
		"pagesim: %s, %s, %s: %lu of %zu pages are locked, found %lu\n",
		generations[g].name, like->set, like->visit, expected, nr_ops,
		bench->locked);
	bench->wrong = true;
}

/* One encoding: its generations in turns, each right behind a plain test. */
static void measure_encoding(struct bench *bench, const struct result *like,
			     enum encoding encoding, size_t nr_ops, int reps)
{
	static double ns[NR_GENERATIONS][MAX_REPS];
	static double ratio[NR_GENERATIONS][MAX_REPS];

	for (int rep = -1; rep < reps; rep++) { /* -1: warm-up */
		for (unsigned int g = 0; g < NR_GENERATIONS; g++) {
			double plain, own;

			if (generations[g].encoding != encoding)
				continue;
			plain = time_ns(loop_plain, bench, nr_ops);
			own = time_ns(generations[g].loop, bench, nr_ops);
			if (rep < 0) {
				check_loop(bench, like, g, nr_ops);
				continue;
			}
			ns[g][rep] = own;
			ratio[g][rep] = own / plain;
		}
	}
	for (unsigned int g = 0; g < NR_GENERATIONS; g++) {
		struct result *result = &bench->results[bench->nr_results];

		if (generations[g].encoding != encoding)
			continue;
		*result = *like;
		result->generation = g;
		result->ns = median(ns[g], reps);
		result->ratio = median(ratio[g], reps);
		bench->nr_results++;
	}
}

static void measure(struct bench *bench, const struct result *like,
		    size_t nr_ops, int reps)
{
	for (int e = 0; e < NR_ENCODINGS; e++) {
		encode(bench, like->bytes / sizeof(struct page),
		       (enum encoding)e);
		measure_encoding(bench, like, (enum encoding)e, nr_ops, reps);
		progress_show("measuring", ++bench->done, bench->all);
	}
}

/* A core that idled takes a while to reach its clock. */
static void warm_up(void)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		for (int i = 0; i < 10000; i++)
			random_u64();
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < 1);
}

static void measure_synthetic(struct bench *bench)
{
	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		for (int v = 0; v < NR_VISITS; v++) {
			struct result like = {
				.set = sets[s].name,
				.visit = visit_names[v],
				.bytes = sets[s].nr_pages * sizeof(struct page),
			};

			order_synthetic(bench, &sets[s], (enum visit)v);
			measure(bench, &like, bench->nr_ops, sets[s].reps);
		}
	}
}

static void measure_map(struct bench *bench)
{
	struct result like = {
		.set = "map",
		.bytes = bench->map_frames * sizeof(struct page),
	};

	shape_map(bench);
	for (int shuffled = 0; shuffled < 2; shuffled++) {
		like.visit = shuffled ? "random" : "in order";
		order_map(bench, shuffled);
		measure(bench, &like, bench->map_frames, bench->quick ? 1 : 5);
	}
}

/* ---- the targets that the project sets itself ---- */

static const struct result *find(const struct bench *bench, const char *set,
				 const char *visit, unsigned int generation)
{
	for (unsigned int i = 0; i < bench->nr_results; i++) {
		const struct result *result = &bench->results[i];

		if (!strcmp(result->set, set) &&
		    !strcmp(result->visit, visit) &&
		    result->generation == generation)
			return result;
	}
	return NULL;
}

static double highest_ratio(const struct bench *bench, const char *set)
{
	double highest = 0;

	for (int v = 0; v < NR_VISITS; v++) {
		double ratio = find(bench, set, visit_names[v], V4_4)->ratio;

		if (ratio > highest)
			highest = ratio;
	}
	return highest;
}

static double either_way(double ratio)
{
	return ratio < 1 ? 1 / ratio : ratio;
}

#define NR_TARGETS 3

struct target {
	const char *name;
	double value, limit;
};

static void get_targets(const struct bench *bench,
			struct target targets[NR_TARGETS])
{
	targets[0] = (struct target){ "bit 0 against plain, L1, the worst mix",
				      highest_ratio(bench, "L1"), 1.6 };
	targets[1] = (struct target){
		"bit 0 against plain, DRAM, 100 % tails of order 9",
		find(bench, "DRAM", "100", V4_4)->ratio, 1.4
	};
	/* Of ratios, since the clock may have changed from row to row. */
	targets[2] = (struct target){
		"bit 0, L1: 50 % random against 0 %, either way",
		either_way(find(bench, "L1", "50 random", V4_4)->ratio /
			   find(bench, "L1", "0", V4_4)->ratio),
		1.1
	};
}

/* ---- printing ---- */

static void cpu_name(char *name, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(name, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) || !colon)
			continue;
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(name, size, "%s", colon + 2);
		break;
	}
	if (file)
		fclose(file);
}

static void print_text(const struct bench *bench)
{
	struct target targets[NR_TARGETS];
	char cpu[128];

	cpu_name(cpu, sizeof(cpu));
	printf("%s, %s\nns per operation, and ratio to the plain test right before it (medians)\n\n%-5s %-14s",
	       COMPILER, cpu, "set", "tails, visit");
	for (unsigned int g = 0; g < NR_GENERATIONS; g++)
		printf(" %12s", generations[g].name);
	for (unsigned int i = 0; i < bench->nr_results; i++) {
		const struct result *first = &bench->results[i];

		if (i % NR_GENERATIONS)
			continue;
		printf("\n%-5s %-14s", first->set, first->visit);
		for (unsigned int g = 0; g < NR_GENERATIONS; g++) {
			const struct result *result =
				find(bench, first->set, first->visit, g);

			printf(" %6.2f %5.2f", result->ns, result->ratio);
		}
	}
	puts("\n");
	get_targets(bench, targets);
	for (int i = 0; i < NR_TARGETS; i++)
		printf("%-50s %5.2f, at most %.2f: %s\n", targets[i].name,
		       targets[i].value, targets[i].limit,
		       targets[i].value <= targets[i].limit ? "met"
							    : "not met");
}

static void add(struct json_object *to, const char *key,
		struct json_object *value)
{
	json_object_object_add(to, key, value);
}

static struct json_object *json_number(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4g", value);
	return json_object_new_double_s(value, text);
}

static struct json_object *json_results(const struct bench *bench)
{
	struct json_object *results = json_object_new_array();

	for (unsigned int i = 0; i < bench->nr_results; i++) {
		const struct result *result = &bench->results[i];
		struct json_object *one = json_object_new_object();

		add(one, "set", json_object_new_string(result->set));
		add(one, "bytes",
		    json_object_new_int64((int64_t)result->bytes));
		add(one, "visit", json_object_new_string(result->visit));
		add(one, "generation",
		    json_object_new_string(
			    generations[result->generation].name));
		add(one, "ns", json_number(result->ns));
		add(one, "ratio", json_number(result->ratio));
		json_object_array_add(results, one);
	}
	return results;
}

static struct json_object *json_targets(const struct bench *bench)
{
	struct json_object *array = json_object_new_array();
	struct target targets[NR_TARGETS];

	get_targets(bench, targets);
	for (int i = 0; i < NR_TARGETS; i++) {
		struct json_object *one = json_object_new_object();

		add(one, "name", json_object_new_string(targets[i].name));
		add(one, "value", json_number(targets[i].value));
		add(one, "limit", json_number(targets[i].limit));
		add(one, "met",
		    json_object_new_boolean(targets[i].value <=
					    targets[i].limit));
		json_object_array_add(array, one);
	}
	return array;
}

static void print_bench_json(const struct bench *bench)
{
	struct json_object *root = json_object_new_object();
	struct json_object *map = json_object_new_object();
	char cpu[128];

	cpu_name(cpu, sizeof(cpu));
	add(root, "bench", json_object_new_string("compound_head"));
	add(root, "compiler", json_object_new_string(COMPILER));
	add(root, "cpu", json_object_new_string(cpu));
	add(map, "flags_file", json_object_new_string(bench->input.flags_path));
	add(map, "frames", json_object_new_int64((int64_t)bench->map_frames));
	add(map, "tails", json_object_new_int64((int64_t)bench->map_tails));
	add(map, "tail_percent", json_number(100 * bench->tail_share));
	add(root, "map", map);
	add(root, "results", json_results(bench));
	add(root, "targets", json_targets(bench));
	print_json(root);
}

/* ---- the command ---- */

static const char usage_text[] =
	"usage: pagesim bench compound_head [OPTIONS]\n"
	"\n"
	"Without files the map that is visited is the live machine's.\n"
	"\n" MAP_INPUT_USAGE "  --json                 print one JSON object\n"
	"  --quick                a hundredth of the work: to see that it runs\n"
	"\n"
	"Of a map with more than 2^24 frames the first 2^24 are visited.\n";

static int parse_options(struct bench *bench, bool *json, int argc, char **argv)
{
	static const struct option longopts[] = {
		MAP_INPUT_OPTIONS,
		{ "json", no_argument, NULL, 'j' },
		{ "quick", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, err;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		if (map_input_option(&bench->input, c, optarg, &err)) {
			if (err)
				return err;
			continue;
		}
		switch (c) {
		case 'j':
			*json = true;
			break;
		case 'q':
			bench->quick = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(EXIT_OK);
		default:
			fputs(usage_text, stderr);
			return -EINVAL;
		}
	}
	if (optind == argc)
		return 0;
	fputs(usage_text, stderr);
	return -EINVAL;
}

static void count_tails(struct bench *bench)
{
	unsigned long present = 0, heads = 0;

	bench->map_frames = max_pfn < MAX_PAGES ? max_pfn : MAX_PAGES;
	for (unsigned long pfn = 0; pfn < bench->map_frames; pfn++) {
		const struct page *page = pfn_to_online_page(pfn);

		present += page != NULL;
		heads += page && PageHead(page);
		bench->map_tails += page && PageTail(page);
	}
	if (!present)
		return;
	bench->tail_share = (double)bench->map_tails / (double)present;
	bench->head_share = (double)heads / (double)present;
}

static int allocate(struct bench *bench)
{
	size_t size = MAX_PAGES * sizeof(struct page);
	size_t align = sizeof(struct page) << PAGESIM_MEMMAP_ALIGN_ORDER;
	size_t visits = ARRAY_SIZE(sets) * NR_VISITS + 2;
	char *raw = mmap(NULL, size + align, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	bench->all = (unsigned int)(visits * NR_ENCODINGS);
	bench->max_results = (unsigned int)(visits * NR_GENERATIONS);
	bench->shape = malloc(MAX_PAGES);
	bench->index = malloc(MAX_PAGES * sizeof(u32));
	bench->results = calloc(bench->max_results, sizeof(*bench->results));
	if (raw == MAP_FAILED || !bench->shape || !bench->index ||
	    !bench->results) {
		fputs("pagesim: no memory for the benchmark\n", stderr);
		return -ENOMEM;
	}
	bench->array = (char *)ALIGN((unsigned long)raw, align);
	madvise(bench->array, size, MADV_HUGEPAGE);
	return 0;
}

int bench_compound_head(int argc, char **argv)
{
	struct bench bench = { .array = NULL };
	bool json = false;
	int status = EXIT_OK;

	if (parse_options(&bench, &json, argc, argv))
		return EXIT_BAD_INPUT;
	if (map_input_load(&bench.input)) {
		status = fail_with_error();
	} else if (allocate(&bench)) {
		status = EXIT_BAD_INPUT;
	} else {
		size_sets(bench.quick);
		bench.nr_ops = bench.quick ? 1UL << 14 : 1UL << 20;
		count_tails(&bench);
		if (!bench.quick)
			warm_up();
		measure_synthetic(&bench);
		measure_map(&bench);
		progress_clear();
		if (json)
			print_bench_json(&bench);
		else
			print_text(&bench);
		status = bench.wrong ? EXIT_DIFFERS : EXIT_OK;
	}
	free(bench.shape);
	free(bench.index);
	free(bench.results);
	map_input_unload(&bench.input);
	return status;
}
