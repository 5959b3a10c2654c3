// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * pagesim map: a machine's page words into the simulator, what they say, and
 * out again.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <pagesim/folio.h>
#include <pagesim/kpage_import.h>
#include <pagesim/memmap.h>
#include <pagesim/page_alloc.h>
#include <pagesim/pagesim.h>

#include "cli.h"
#include "map_input.h"

/* Map counts are shown one by one up to 3, then by powers of two. */
#define NR_MAPCOUNT_BUCKETS 32
#define NR_ORDERS (PAGESIM_MEMMAP_ALIGN_ORDER + 1)

struct options {
	struct map_input input;
	const char *export_dir;
	bool json;
};

struct summary {
	unsigned long frames[KPAGE_NR_KINDS];
	unsigned long blocks[KPAGE_NR_KINDS][NR_ORDERS];
	unsigned long flags[KPF_NR_BITS];
	unsigned long mapcounts[NR_MAPCOUNT_BUCKETS];
	unsigned long flags_differ, count_differ;
	/* Anonymous frames that are no slab's; how many of them look KSM? */
	unsigned long anon, anon_ksm;
};

static const char usage_text[] =
	"usage: pagesim map [OPTIONS] [FLAGS-FILE [COUNT-FILE]]\n"
	"\n"
	"Reads /proc/kpageflags and /proc/kpagecount (as root), or copies of\n"
	"them, plain or zstd, into the simulator and says what is in them.\n"
	"\n" MAP_INPUT_USAGE
	"  --export DIR           write kpageflags, and kpagecount if counts\n"
	"                         were read, into DIR from the simulator's\n"
	"                         state\n"
	"  --json                 print one JSON object\n"
	"  --help\n"
	"\n"
	"Exit status: 0; 1 if the words do not come out as they went in, or if\n"
	"there are some that no state gives; 2 for bad input.\n";

static int parse_files(struct map_input *input, int nr, char **names)
{
	if (nr && !input->flags_path) {
		input->flags_path = *names++;
		nr--;
	}
	if (nr && !input->count_path) {
		input->count_path = *names++;
		nr--;
	}
	if (nr) {
		fprintf(stderr, "pagesim map: what is \"%s\" for?\n", *names);
		return -EINVAL;
	}
	if (input->count_path && !input->flags_path) {
		fputs("pagesim map: a file of counts needs its file of flags (--flags)\n",
		      stderr);
		return -EINVAL;
	}
	return 0;
}

static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option longopts[] = {
		MAP_INPUT_OPTIONS,
		{ "export", required_argument, NULL, 'e' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, err;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		if (map_input_option(&options->input, c, optarg, &err)) {
			if (err)
				return err;
			continue;
		}
		switch (c) {
		case 'e':
			options->export_dir = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(EXIT_OK);
		default:
			fputs("pagesim map --help tells the options\n", stderr);
			return -EINVAL;
		}
	}
	return parse_files(&options->input, argc - optind, argv + optind);
}

/* ---- counting ---- */

static unsigned int mapcount_bucket(u64 count)
{
	unsigned int log;

	if (count < 4)
		return (unsigned int)count;
	log = 63 - (unsigned int)__builtin_clzll(count);
	return log + 2 < NR_MAPCOUNT_BUCKETS ? log + 2
					     : NR_MAPCOUNT_BUCKETS - 1;
}

static const char *mapcount_bucket_name(char name[32], unsigned int bucket)
{
	unsigned long low = bucket < 4 ? bucket : 1UL << (bucket - 2);

	if (bucket < 4)
		snprintf(name, 32, "%lu", low);
	else if (bucket == NR_MAPCOUNT_BUCKETS - 1)
		snprintf(name, 32, "%lu+", low);
	else
		snprintf(name, 32, "%lu-%lu", low, 2 * low - 1);
	return name;
}

/* The order of the block that begins at the frame; -1 inside of one. */
static int block_order(const struct page *page, enum kpage_kind kind)
{
	if (!page)
		return 0;
	if (PageTail(page))
		return -1;
	if (PageBuddy(page))
		return (int)buddy_order(page);
	if (kind == KPAGE_FREE)
		return -1;
	return (int)compound_order(page);
}

static void summarise(struct summary *sum, const struct map_input *input,
		      const struct kpage_words *out)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned long pfn = 0; pfn < out->nr; pfn++) {
		u64 word = kpf_expand_overloaded(out->flags[pfn]);
		enum kpage_kind kind = kpage_kind(out->flags[pfn]);
		int order = block_order(pfn_to_online_page(pfn), kind);

		sum->frames[kind]++;
		if (order >= 0 && order < NR_ORDERS)
			sum->blocks[kind][order]++;
		for (; word; word &= word - 1)
			sum->flags[__builtin_ctzll(word)]++;
		sum->mapcounts[mapcount_bucket(out->count[pfn])]++;
		sum->anon += kind == KPAGE_ANONYMOUS || kind == KPAGE_KSM;
		sum->anon_ksm += kind == KPAGE_KSM;
		sum->flags_differ += out->flags[pfn] !=
				     (input->words.flags[pfn] & KPF_MODELLED);
		if (input->words.count)
			sum->count_differ += out->count[pfn] !=
					     input->words.count[pfn];
	}
}

/* ---- printing ---- */

static void print_kinds(const struct summary *sum)
{
	printf("\n%-12s %12s %12s   %s\n", "kind", "frames", "MiB",
	       "blocks by order");
	for (int kind = 0; kind < KPAGE_NR_KINDS; kind++) {
		if (!sum->frames[kind])
			continue;
		printf("%-12s %12lu %12.1f  ", kpage_kind_name(kind),
		       sum->frames[kind],
		       (double)sum->frames[kind] * PAGE_SIZE / (1 << 20));
		for (int order = 0; order < NR_ORDERS; order++)
			if (sum->blocks[kind][order])
				printf(" %d:%lu", order,
				       sum->blocks[kind][order]);
		putchar('\n');
	}
}

static void print_mapcounts(const struct summary *sum)
{
	char name[32];

	printf("\n%-12s %12s\n", "mapped", "frames");
	for (unsigned int i = 0; i < NR_MAPCOUNT_BUCKETS; i++)
		if (sum->mapcounts[i])
			printf("%-12s %12lu\n", mapcount_bucket_name(name, i),
			       sum->mapcounts[i]);
}

static void print_flags(const struct summary *sum)
{
	printf("\n%-16s %12s\n", "flag", "frames");
	for (unsigned int bit = 0; bit < KPF_NR_BITS; bit++)
		if (sum->flags[bit])
			printf("%-16s %12lu\n", kpf_name(bit), sum->flags[bit]);
}

static void print_odd(const struct kpage_map *map)
{
	printf("\nodd frames: %lu", map->nr_odd);
	for (int rule = 0; rule < KPAGE_ODD_NR_RULES; rule++)
		if (map->nr_odd_by_rule[rule])
			printf(", %s %lu", kpage_odd_rule_name(rule),
			       map->nr_odd_by_rule[rule]);
	putchar('\n');
	printf("words with bits that are not modelled: %lu",
	       map->nr_unmodelled);
	for (unsigned int bit = 0; bit < KPF_NR_BITS; bit++)
		if (map->nr_unmodelled_by_bit[bit])
			printf(", bit %u %s %lu", bit,
			       kpf_name(bit) ? kpf_name(bit) : "(no name)",
			       map->nr_unmodelled_by_bit[bit]);
	putchar('\n');
}

/* What came out is what went in. Odd frames come out as they were read. */
static bool exact(const struct summary *sum)
{
	return !sum->flags_differ && !sum->count_differ;
}

/* Words that no state gives are the kernel's only in passing. */
static bool holds(const struct summary *sum, const struct map_input *in)
{
	return exact(sum) && (in->allow_odd ||
			      !in->map.nr_odd_by_rule[KPAGE_ODD_NO_SUCH_STATE]);
}

/* v6.12's kernel says so of each; see kpageflags.h. */
static bool ksm_everywhere(const struct summary *sum)
{
	return sum->anon_ksm > 1 && sum->anon == sum->anon_ksm;
}

static void print_text(const struct summary *sum, const struct map_input *in)
{
	printf("%s%s%s: %lu frames, %.1f GiB\n", in->flags_path,
	       in->count_path ? ", " : "", in->count_path ? in->count_path : "",
	       in->map.nr, (double)in->map.nr * PAGE_SIZE / (1 << 30));
	if (!in->count_path)
		puts("no file of map counts: what is mapped counts as mapped once");
	print_kinds(sum);
	print_mapcounts(sum);
	print_flags(sum);
	print_odd(&in->map);
	if (ksm_everywhere(sum))
		puts("every anonymous frame looks KSM: so a v6.12 kernel has it, by a slip");
	printf("round trip: %s (%lu flag words and %lu counts differ; %lu frames by their state, %lu odd ones as read)\n",
	       exact(sum) ? "exact" : "NOT EXACT", sum->flags_differ,
	       sum->count_differ, in->map.nr - in->map.nr_odd, in->map.nr_odd);
}

static void add_number(struct json_object *to, const char *key,
		       unsigned long value)
{
	json_object_object_add(to, key, json_object_new_int64((int64_t)value));
}

static struct json_object *json_kinds(const struct summary *sum)
{
	struct json_object *kinds = json_object_new_object();

	for (int kind = 0; kind < KPAGE_NR_KINDS; kind++) {
		struct json_object *one = json_object_new_object();
		struct json_object *orders = json_object_new_object();

		for (int order = 0; order < NR_ORDERS; order++) {
			char key[16];

			snprintf(key, sizeof(key), "%d", order);
			if (sum->blocks[kind][order])
				add_number(orders, key,
					   sum->blocks[kind][order]);
		}
		add_number(one, "frames", sum->frames[kind]);
		json_object_object_add(one, "blocks_by_order", orders);
		json_object_object_add(kinds, kpage_kind_name(kind), one);
	}
	return kinds;
}

static struct json_object *json_counts(const struct summary *sum)
{
	struct json_object *counts = json_object_new_object();

	for (unsigned int bit = 0; bit < KPF_NR_BITS; bit++)
		if (kpf_name(bit))
			add_number(counts, kpf_name(bit), sum->flags[bit]);
	return counts;
}

static struct json_object *json_mapcounts(const struct summary *sum)
{
	struct json_object *mapcounts = json_object_new_object();
	char name[32];

	for (unsigned int i = 0; i < NR_MAPCOUNT_BUCKETS; i++)
		if (sum->mapcounts[i])
			add_number(mapcounts, mapcount_bucket_name(name, i),
				   sum->mapcounts[i]);
	return mapcounts;
}

static struct json_object *json_odd(const struct kpage_map *map)
{
	struct json_object *odd = json_object_new_object();

	add_number(odd, "frames", map->nr_odd);
	for (int rule = 0; rule < KPAGE_ODD_NR_RULES; rule++)
		add_number(odd, kpage_odd_rule_name(rule),
			   map->nr_odd_by_rule[rule]);
	return odd;
}

static struct json_object *json_unmodelled(const struct kpage_map *map)
{
	struct json_object *unmodelled = json_object_new_object();
	struct json_object *bits = json_object_new_object();

	for (unsigned int bit = 0; bit < KPF_NR_BITS; bit++) {
		char key[16];

		snprintf(key, sizeof(key), "%u", bit);
		if (map->nr_unmodelled_by_bit[bit])
			add_number(bits, key, map->nr_unmodelled_by_bit[bit]);
	}
	add_number(unmodelled, "words", map->nr_unmodelled);
	json_object_object_add(unmodelled, "bits", bits);
	return unmodelled;
}

static struct json_object *json_round_trip(const struct summary *sum,
					   const struct kpage_map *map)
{
	struct json_object *trip = json_object_new_object();

	json_object_object_add(trip, "exact",
			       json_object_new_boolean(exact(sum)));
	add_number(trip, "flags_differ", sum->flags_differ);
	add_number(trip, "count_differ", sum->count_differ);
	add_number(trip, "by_state", map->nr - map->nr_odd);
	return trip;
}

static void print_map_json(const struct summary *sum,
			   const struct map_input *in)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "flags_file",
			       json_object_new_string(in->flags_path));
	if (in->count_path)
		json_object_object_add(root, "count_file",
				       json_object_new_string(in->count_path));
	add_number(root, "frames", in->map.nr);
	json_object_object_add(root, "ksm_everywhere",
			       json_object_new_boolean(ksm_everywhere(sum)));
	json_object_object_add(root, "counts", json_counts(sum));
	json_object_object_add(root, "kinds", json_kinds(sum));
	json_object_object_add(root, "mapcounts", json_mapcounts(sum));
	json_object_object_add(root, "odd", json_odd(&in->map));
	json_object_object_add(root, "unmodelled", json_unmodelled(&in->map));
	json_object_object_add(root, "round_trip",
			       json_round_trip(sum, &in->map));
	print_json(root);
}

/* ---- export ---- */

static int export_words(const char *dir, const struct kpage_words *words,
			bool with_count)
{
	char path[4096];
	int err;

	if (mkdir(dir, 0777) && errno != EEXIST) {
		fprintf(stderr, "pagesim: %s: cannot create: %s\n", dir,
			strerror(errno));
		return EXIT_BAD_INPUT;
	}
	snprintf(path, sizeof(path), "%s/kpageflags", dir);
	err = kpage_words_write(path, words->flags, words->nr);
	if (!err && with_count) {
		snprintf(path, sizeof(path), "%s/kpagecount", dir);
		err = kpage_words_write(path, words->count, words->nr);
	}
	return err ? fail_with_error() : EXIT_OK;
}

static int show_map(const struct options *options)
{
	const struct map_input *in = &options->input;
	struct kpage_words out = { NULL, NULL, 0 };
	struct summary sum;
	int status = EXIT_OK;

	if (kpage_export(&out, &in->map)) {
		kpage_words_free(&out);
		return fail_with_error();
	}
	summarise(&sum, in, &out);
	progress_clear();
	if (options->export_dir)
		status = export_words(options->export_dir, &out,
				      in->map.has_count);
	if (!status) {
		if (options->json)
			print_map_json(&sum, in);
		else
			print_text(&sum, in);
		status = holds(&sum, in) ? EXIT_OK : EXIT_DIFFERS;
	}
	kpage_words_free(&out);
	return status;
}

int cmd_map(int argc, char **argv)
{
	struct options options = { .export_dir = NULL };
	int status;

	if (parse_options(&options, argc, argv))
		return EXIT_BAD_INPUT;
	if (map_input_load(&options.input))
		status = fail_with_error();
	else
		status = show_map(&options);
	map_input_unload(&options.input);
	return status;
}
