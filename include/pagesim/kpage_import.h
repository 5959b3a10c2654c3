/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * A machine's memory map, from its page words into struct pages and back.
 *
 * Import gives every frame a state from which stable_page_flags() makes the
 * word that was read. What the words do not say is chosen:
 *  - free blocks are as large as their alignment and neighbours allow, and
 *    are on the allocator's free lists;
 *  - a count is the least that the rest demands: mappings, page cache,
 *    private data, and 1 for what is in use;
 *  - all file pages belong to one file, all anonymous ones to one anon_vma;
 *  - a PMD-sized folio's map count is that of its least mapped page, as a
 *    whole, plus what the others have beyond it.
 *
 * A frame whose words no state gives is odd. The two files of a live machine
 * are read while it runs, so there always are some: their page gets the
 * nearest state, and their words are kept beside the map.
 */
#ifndef PAGESIM_KPAGE_IMPORT_H
#define PAGESIM_KPAGE_IMPORT_H

#include <pagesim/kpage_file.h>
#include <pagesim/kpageflags.h>

enum kpage_odd_rule {
	KPAGE_ODD_MAPCOUNT, /* mapped by one file, not by the other */
	KPAGE_ODD_TAIL_WITHOUT_HEAD,
	KPAGE_ODD_RUN, /* head and tails are no power of two, or too many */
	KPAGE_ODD_TAIL_UNLIKE_HEAD, /* in a bit that the folio has but once */
	KPAGE_ODD_NO_SUCH_STATE,
	KPAGE_ODD_NR_RULES,
};

const char *kpage_odd_rule_name(enum kpage_odd_rule rule);

struct kpage_odd {
	unsigned long pfn;
	enum kpage_odd_rule rule;
	u64 flags, count; /* as read; bits that are not modelled are gone */
	u64 state_flags, state_count; /* as the page's state gives them */
};

struct kpage_map {
	unsigned long nr;
	bool has_count;
	struct kpage_odd *odd; /* ascending */
	unsigned long nr_odd, odd_capacity;
	unsigned long nr_odd_by_rule[KPAGE_ODD_NR_RULES];
	/* Words that carry a bit that is not modelled, in all and by bit. */
	unsigned long nr_unmodelled;
	unsigned long nr_unmodelled_by_bit[KPF_NR_BITS];
};

struct kpage_import_options {
	const char *flags_name; /* how messages call the file of flags */
	/* Count a broken compound page as odd instead of refusing the map. */
	bool allow_odd;
	kpage_progress_t progress;
	void *data;
};

/*
 * Fills a machine that was just booted with words->nr pages. Returns 0,
 *   -EINVAL  the words break a rule: pagesim_error() names file, frame, rule
 *   -EBUSY   the machine has another size, or is in use
 *   -ENOMEM
 * kpage_map_free() frees the map in any case; the machine stays.
 */
int kpage_import(struct kpage_map *map, const struct kpage_words *words,
		 const struct kpage_import_options *options);
void kpage_map_free(struct kpage_map *map);

/*
 * The words of all frames of the running machine, by the rules of
 * stable_page_flags(). With a map: an odd frame whose state is still what
 * the import made of it gives the words that were read. Returns 0 or
 * -ENOMEM; kpage_words_free() frees.
 */
int kpage_export(struct kpage_words *words, const struct kpage_map *map);

#endif /* PAGESIM_KPAGE_IMPORT_H */
