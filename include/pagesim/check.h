/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The checker: walks the memory map and reports each page whose state breaks
 * a rule that holds while nothing happens.
 *
 * | number | rule                                                          |
 * |--------|---------------------------------------------------------------|
 * | I1     | compound pages: PG_head, order, and each tail's link          |
 * | I2     | a tail has no references                                      |
 * | I3     | no count is negative                                          |
 * | I4     | the count is the sum of the owners; each mapping has one      |
 * | I5     | nothing is frozen                                             |
 * | I7     | a free page: no count, mapping, map count, flag, cgroup       |
 * | I9     | somebody waits for a folio: PG_waiters                        |
 * | I10    | nothing is locked or under writeback (unless allowed)         |
 * | I12    | page types: known, and in no tail                             |
 * | I13    | PG_anon_exclusive: not on KSM pages, on small pinned ones     |
 * | I15    | a large folio's map counts agree, by pagesim_mapcount_check() |
 * | I20    | hugetlb is large                                              |
 * | I21    | free blocks: order, alignment, list and counter               |
 *
 * The gaps: I6 is reported where it is broken (page_shadow.h); the others are
 * of moments in between, or of page tables, caches and cgroups.
 *
 * Models: the checks of mm/page_alloc.c (free_page_is_bad(),
 * free_tail_page_prepare()) and the rules that mm/internal.h, mm/rmap.c and
 * include/linux/mm_types.h state, at v6.12, most of which the kernel cannot
 * check at all. I4 and I5 need tier "full"; the rest works in any.
 *
 * Legal, and not reported: references that nobody expected, PG_waiters with
 * nobody waiting, PG_mlocked or PG_anon_exclusive left on an unmapped page,
 * an anonymous mapping without a map count, page->private of pages inside of
 * a free block.
 */
#ifndef PAGESIM_CHECK_H
#define PAGESIM_CHECK_H

/* What pagesim_check() lets pass, though nothing happens. */
enum {
	PAGESIM_ALLOW_FROZEN = 1 << 0, /* a pool of frozen folios */
	PAGESIM_ALLOW_LOCKED = 1 << 1, /* and under writeback */
};

/*
 * Sets it, until the next boot, which allows locked folios. Returns what was.
 */
unsigned int pagesim_check_allow(unsigned int mask);

/*
 * Reports what is wrong, by page, number and rule (kinds assertion, and
 * refcount for I3 to I5), at most 64 times, and returns how much is. Pages
 * that the allocator was not yet given are not looked at, so the walk takes
 * what the use of the machine did.
 *
 * Context: no other thread runs simulated code. Called by pagesim_shutdown()
 * in tier "full".
 */
unsigned long pagesim_check(void);

#endif /* PAGESIM_CHECK_H */
