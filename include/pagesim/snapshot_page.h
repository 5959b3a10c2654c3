/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * A copy of a page and of the folio that it belongs to, for who holds no
 * reference: what it is asked then does not change under the questions.
 *
 * Models: snapshot_page() of mm/util.c, new in v6.17, as of v7.2. v6.12 has
 * the same in __dump_page(), except for flags and the third page.
 *
 * Differs from the kernel:
 *  - memcpy() there; here each word is read once by READ_ONCE(), so that
 *    none is torn. The words are of different moments in both;
 *  - a link to what is no page of the map, or whose folio would reach out of
 *    it, is one more that does not match; the kernel would follow it;
 *  - the two state flags come from the copies and not from what stands in
 *    the map right after, and those of a copy that was thrown away go with it;
 *  - of an unfaithful snapshot PG_head is cleared and what lies behind the
 *    first page of the folio is zero: there it is what the last copy left.
 */
#ifndef PAGESIM_SNAPSHOT_PAGE_H
#define PAGESIM_SNAPSHOT_PAGE_H

#include <stdbool.h>
#include <pagesim/mm_types.h>

/* The page lay within the folio, as far as the copies tell. */
#define PAGE_SNAPSHOT_FAITHFUL (1 << 0)
/* It is in a free block, of which only the first page says so. */
#define PAGE_SNAPSHOT_PG_BUDDY (1 << 1)
/* The folio has PG_idle. */
#define PAGE_SNAPSHOT_PG_IDLE (1 << 2)

/* What was not copied of the folio (its fourth page always) is zero. */
struct page_snapshot {
	struct folio folio_snapshot;
	struct page page_snapshot;
	unsigned long pfn; /* of the page */
	unsigned long idx; /* of the page in the folio */
	unsigned long flags; /* PAGE_SNAPSHOT_ */
};

static inline bool snapshot_page_is_faithful(const struct page_snapshot *ps)
{
	return ps->flags & PAGE_SNAPSHOT_FAITHFUL;
}

/*
 * Takes a snapshot. When the head that the page's copy names turns out not
 * to reach up to the page, as when the folio was freed or split between the
 * two copies, both are made again, five times at most. If it never matches,
 * the page is taken for a single one and the snapshot is not faithful.
 *
 * Faithful means no more than that: idx is not above the folio's size. The
 * page right behind the folio (idx is the size) is accepted, as in the
 * kernel; a head that was freed and became the head of another folio, too.
 *
 * Context: any, without a lock or reference. Ordering: none.
 */
void snapshot_page(struct page_snapshot *ps, const struct page *page);

#endif /* PAGESIM_SNAPSHOT_PAGE_H */
