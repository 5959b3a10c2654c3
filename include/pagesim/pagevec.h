/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * Batches of folios, and putting one as a whole.
 *
 * Models: include/linux/pagevec.h, include/linux/mm.h, mm/swap.c at v6.12.
 *
 * Context: a batch belongs to who made it; nothing in it is protected. It has
 * to be initialised before it is used, and must not be added to when full.
 *
 * Differs from the kernel: no LRU caches to drain for folio_batch_release(),
 * whose flag for it is there and not looked at, and there are no
 * "exceptional" entries.
 */
#ifndef PAGESIM_PAGEVEC_H
#define PAGESIM_PAGEVEC_H

#include <pagesim/refcount.h>

#define PAGEVEC_SIZE 31

struct folio_batch {
	unsigned char nr;
	unsigned char i; /* the next that folio_batch_next() returns */
	bool percpu_pvec_drained;
	struct folio *folios[PAGEVEC_SIZE];
};

static_assert(sizeof(struct folio_batch) == 256, "a power of two");

static inline void folio_batch_init(struct folio_batch *fbatch)
{
	fbatch->nr = 0;
	fbatch->i = 0;
	fbatch->percpu_pvec_drained = false;
}

/* Empty again, and as drained as it was. */
static inline void folio_batch_reinit(struct folio_batch *fbatch)
{
	fbatch->nr = 0;
	fbatch->i = 0;
}

static inline unsigned int folio_batch_count(const struct folio_batch *fbatch)
{
	return fbatch->nr;
}

static inline unsigned int folio_batch_space(const struct folio_batch *fbatch)
{
	return PAGEVEC_SIZE - folio_batch_count(fbatch);
}

/* Returns how many more there is room for. */
static inline unsigned int folio_batch_add(struct folio_batch *fbatch,
					   struct folio *folio)
{
	fbatch->folios[fbatch->nr++] = folio;
	return folio_batch_space(fbatch);
}

/* One after the other; NULL after the last. */
static inline struct folio *folio_batch_next(struct folio_batch *fbatch)
{
	if (fbatch->i == fbatch->nr)
		return NULL;
	return fbatch->folios[fbatch->i++];
}

/*
 * Drops refs[i] references on the i-th folio, one each if refs is NULL, and
 * leaves the batch empty. Those that lost their last one are freed together,
 * after the last put: until then they are at 0, and not free. Ordering: full
 * for each folio, as folio_put(). Context: any but NMI; also under a
 * spinlock. Since v6.9.
 */
void folios_put_refs(struct folio_batch *folios, unsigned int *refs);

static inline void folios_put(struct folio_batch *folios)
{
	folios_put_refs(folios, NULL);
}

static inline void folio_batch_release(struct folio_batch *fbatch)
{
	if (folio_batch_count(fbatch))
		folios_put(fbatch);
}

#endif /* PAGESIM_PAGEVEC_H */
