/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * References on folios: how one is got, held, and given back, and pins,
 * which are references that say "somebody may write to the memory".
 *
 * Models: include/linux/mm.h, mm/swap.c, mm/gup.c, mm/internal.h at v6.12.
 *
 * Which one to call:
 *  - folio_get(): a reference is held already, take one more;
 *  - folio_try_get(): the folio was found by RCU or by its frame number, and
 *    may be free by now. Whether it still is what one looked for has to be
 *    checked after, not before;
 *  - folio_get_nontail_page(): a frame number is all there is.
 *
 * Differs from the kernel: no ZONE_DEVICE, hugetlb, memory cgroup, LRU list
 * or deferred split queue behind the last put, only the LRU's flags go; and
 * FOLL_PCI_P2PDMA is not looked at.
 */
#ifndef PAGESIM_REFCOUNT_H
#define PAGESIM_REFCOUNT_H

#include <pagesim/folio.h>
#include <pagesim/memmap.h>

/* At 0 nobody may get one; close below 0 means that somebody got too many. */
static inline bool
folio_ref_zero_or_close_to_overflow(const struct folio *folio)
{
	return (unsigned int)folio_ref_count(folio) + 127u <= 127u;
}

/* Gives the memory back. Context: the last reference is gone. */
void __folio_put(struct folio *folio);

/* Context: a reference is held. Ordering: none. Tier "vm" reports the rest. */
static inline void folio_get(struct folio *folio)
{
	VM_BUG_ON_FOLIO(folio_ref_zero_or_close_to_overflow(folio), folio);
	folio_ref_inc(folio);
}

static inline void get_page(struct page *page)
{
	folio_get(page_folio(page));
}

/*
 * Takes one unless the folio is free or frozen. Ordering: full if it takes
 * one, so what the folio's owner wrote before folio_ref_unfreeze() is seen.
 */
static inline bool folio_try_get(struct folio *folio)
{
	return folio_ref_add_unless(folio, 1, 0);
}

/*
 * The same for the count of this very page: no head is looked up, and of a
 * tail, whose count is 0, none is got. Ordering: full if it takes one.
 */
static inline bool get_page_unless_zero(struct page *page)
{
	return page_ref_add_unless(page, 1, 0);
}

/*
 * For who knows a frame number only: a reference on the page's folio if the
 * page is a folio's first. No head is looked up, so none can be stale: a
 * tail's count is 0 (include/linux/mm.h).
 */
static inline struct folio *folio_get_nontail_page(struct page *page)
{
	return get_page_unless_zero(page) ? (struct folio *)page : NULL;
}

/*
 * Of the page's folio. Refuses, with a warning, where the count says that it
 * is free or that one more could overflow (since v5.1). Context: a reference
 * is held, or a lock that keeps the folio. Ordering: none.
 */
static inline bool try_get_page(struct page *page)
{
	page = compound_head(page);
	if (WARN_ON_ONCE(page_ref_count(page) <= 0))
		return false;
	page_ref_inc(page);
	return true;
}

/* Drops one; true for the last. Ordering: full. */
static inline bool put_page_testzero(struct page *page)
{
	VM_BUG_ON_PAGE(page_ref_count(page) == 0, page);
	return page_ref_dec_and_test(page);
}

static inline bool folio_put_testzero(struct folio *folio)
{
	return put_page_testzero(&folio->page);
}

/*
 * Drops one; who drops the last gives the memory back. Ordering: full: the
 * last one sees what all others wrote before their puts.
 */
static inline void folio_put(struct folio *folio)
{
	if (folio_put_testzero(folio))
		__folio_put(folio);
}

/*
 * Several at once; as in the kernel, without a look at what is there.
 * Ordering: full, as folio_put().
 */
static inline void folio_put_refs(struct folio *folio, int refs)
{
	if (folio_ref_sub_and_test(folio, refs))
		__folio_put(folio);
}

static inline void put_page(struct page *page)
{
	folio_put(page_folio(page));
}

/* A fresh page's first reference, plain: nobody knows of it yet. */
static inline void set_page_refcounted(struct page *page)
{
	VM_BUG_ON_PAGE(PageTail(page), page);
	VM_BUG_ON_PAGE(page_ref_count(page), page);
	set_page_count(page, 1);
}

/* ---- pins ---- */

/*
 * A pin of a small folio counts as this many references, so that from its
 * count alone one can tell that it may be pinned; 1024 plain references look
 * the same. A large folio counts its pins in _pincount.
 */
#define GUP_PIN_COUNTING_BIAS (1U << 10)

/* Of the FOLL_ flags those that say what is taken. */
enum {
	FOLL_GET = 1 << 1, /* include/linux/mm_types.h */
	FOLL_PIN = 1 << 19, /* mm/internal.h */
};

static inline bool is_zero_page(const struct page *page)
{
	return is_zero_pfn(page_to_pfn(page));
}

static inline bool is_zero_folio(const struct folio *folio)
{
	return is_zero_page(&folio->page);
}

/* Whether pins are counted in _pincount. v6.12 has a macro; 64-bit only. */
static inline bool folio_has_pincount(const struct folio *folio)
{
	return folio_test_large(folio);
}

/* "No" is certain, as long as no new pin can come; "yes" may be wrong. */
static inline bool folio_maybe_dma_pinned(const struct folio *folio)
{
	if (folio_has_pincount(folio))
		return atomic_read(&folio->_pincount) > 0;
	return (unsigned int)folio_ref_count(folio) >= GUP_PIN_COUNTING_BIAS;
}

/*
 * The slow GUP's: refs references (FOLL_GET) or pins (FOLL_PIN) more.
 * Context: a reference or the page table lock keeps the folio. Returns 0, or
 * -ENOMEM with a warning when the count says that this cannot be.
 */
int try_grab_folio(struct folio *folio, int refs, unsigned int flags);

/*
 * The fast GUP's: from a page that was read out of a page table without its
 * lock. Returns the folio that the page still belongs to after the reference
 * was got, or NULL. Ordering: full after a pin, before the caller looks at
 * the page table again.
 *
 * Context: in the kernel interrupts are off, which keeps the page tables, and
 * v6.12 warns if they are not. Differs from the kernel: neither that warning
 * (VM_WARN_ON_ONCE(!irqs_disabled())), since there are no page tables to be
 * kept, nor FOLL_LONGTERM, which there refuses a pin of a folio that is not
 * to be pinned for long (in ZONE_MOVABLE or CMA, or device memory of a kind).
 */
struct folio *try_grab_folio_fast(struct page *page, int refs,
				  unsigned int flags);

/* Gives back what either of them took, by the same flags. Ordering: full. */
void gup_put_folio(struct folio *folio, int refs, unsigned int flags);

/*
 * Give back pins (FOLL_PIN), one for each page named; of an array, those of
 * neighbours in one folio at once. Ordering: full. Context: any; the caller
 * has the pins.
 *
 * Tier "vm" reports, for those that are given pages, an anonymous folio that
 * lost PG_anon_exclusive while it was pinned (since v5.19): on its only page,
 * on hugetlb's head, or on neither the page nor the head of another. Those
 * that are given folios do not look (unpin_folio(): since v6.11).
 */
void unpin_user_page(struct page *page);
void unpin_folio(struct folio *folio);
/* npages: how many pins. Since v6.12. */
void unpin_user_folio(struct folio *folio, unsigned long npages);
/*
 * NULLs are passed over. A negative error code for npages, as from a pinning
 * that failed, is warned of, and nothing is done.
 */
void unpin_user_pages(struct page **pages, unsigned long npages);

#endif /* PAGESIM_REFCOUNT_H */
