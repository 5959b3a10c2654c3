/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * Files of page words: /proc/kpageflags and /proc/kpagecount, or copies of
 * them, as they are or compressed by zstd. One 64-bit word a frame, in the
 * order of the frames, in the byte order of this machine.
 *
 * Errors: -errno, and pagesim_error() names the file, the frame and the rule
 * in one line.
 */
#ifndef PAGESIM_KPAGE_FILE_H
#define PAGESIM_KPAGE_FILE_H

#include <pagesim/types.h>

#define PROC_KPAGEFLAGS "/proc/kpageflags"
#define PROC_KPAGECOUNT "/proc/kpagecount"

struct kpage_words {
	u64 *flags;
	u64 *count; /* NULL if none was read */
	unsigned long nr;
};

/*
 * Called now and then with the frames done so far, and how many there are in
 * all (0 while that is not known).
 */
typedef void (*kpage_progress_t)(unsigned long done, unsigned long all,
				 void *data);

/*
 * Reads both files, count_path may be NULL. A piece of the one and a piece
 * of the other in turn: of a live machine they are two views that should
 * not lie further apart than they must. Refuses more than max_nr frames
 * (-E2BIG). kpage_words_free() frees, also after an error.
 */
int kpage_words_read(struct kpage_words *words, const char *flags_path,
		     const char *count_path, unsigned long max_nr,
		     kpage_progress_t progress, void *data);
void kpage_words_free(struct kpage_words *words);

/*
 * Writes nr words, plain. The file is there whole or as it was before: it is
 * written as path.part and then renamed.
 */
int kpage_words_write(const char *path, const u64 *words, unsigned long nr);

#endif /* PAGESIM_KPAGE_FILE_H */
