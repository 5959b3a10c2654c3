/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * The reference count of a page, as an atomic variable: what each operation
 * does to it, and how it orders. Who holds a reference and what for is
 * refcount.h's.
 *
 * Models: include/linux/page_ref.h at v6.12, without HVO (no fake heads, and
 * so no RCU around a conditional get). PAGESIM_TRACE is its
 * CONFIG_DEBUG_PAGE_REF: without it an operation is its instruction and
 * nothing else, with it each tells of itself by an event (tracepoint.h).
 *
 * | operation                    | ordering                               |
 * |------------------------------|----------------------------------------|
 * | page_ref_inc(), _add(), ...  | none                                   |
 * | page_ref_dec_and_test(), ... | full                                   |
 * | page_ref_add_unless()        | full if it adds, none if not           |
 * | page_ref_freeze()            | full if it freezes, none if not        |
 * | page_ref_unfreeze()          | release: pairs with a later add_unless |
 * | set_page_count()             | none                                   |
 *
 * A tail's count is 0 for all of its life: references go to the head. A page
 * whose count is 0 is free, a tail, or frozen: somebody changes what it is,
 * and whoever wants a reference has to wait or go away.
 *
 * In tier "full" each change is entered into the page's ledger
 * (page_shadow.h), beside the operation and without a change to its order.
 */
#ifndef PAGESIM_PAGE_REF_H
#define PAGESIM_PAGE_REF_H

#include <pagesim/page-flags.h>
#include <pagesim/page_shadow.h>
#include <pagesim/tracepoint.h>

/* ---- events: what was done, by how much, and what came of it ---- */

DECLARE_TRACEPOINT(page_ref_set);
DECLARE_TRACEPOINT(page_ref_mod);
DECLARE_TRACEPOINT(page_ref_mod_and_test);
DECLARE_TRACEPOINT(page_ref_mod_and_return);
DECLARE_TRACEPOINT(page_ref_mod_unless);
DECLARE_TRACEPOINT(page_ref_freeze);
DECLARE_TRACEPOINT(page_ref_unfreeze);

void __page_ref_set(const struct page *page, int v);
void __page_ref_mod(const struct page *page, int v);
void __page_ref_mod_and_test(const struct page *page, int v, int ret);
void __page_ref_mod_and_return(const struct page *page, int v, int ret);
void __page_ref_mod_unless(const struct page *page, int v, int u);
void __page_ref_freeze(const struct page *page, int v, int ret);
void __page_ref_unfreeze(const struct page *page, int v);

#define page_ref_tracepoint_active(t) tracepoint_enabled(t)

/* trace_page_ref(mod, page, 1): the call of __page_ref_mod(), if it is on. */
#define trace_page_ref(op, ...)                                \
	do {                                                   \
		if (page_ref_tracepoint_active(page_ref_##op)) \
			__page_ref_##op(__VA_ARGS__);          \
	} while (0)

/* ---- operations ---- */

static inline int page_ref_count(const struct page *page)
{
	return atomic_read(&page->_refcount);
}

static inline int folio_ref_count(const struct folio *folio)
{
	return page_ref_count(&folio->page);
}

/* Of the folio that the page belongs to. */
static inline int page_count(const struct page *page)
{
	return folio_ref_count(page_folio(page));
}

/* A walker can see it before anything else of the page. */
static inline void set_page_count(struct page *page, int v)
{
	page_shadow_set_count(page, v);
	atomic_set(&page->_refcount, v);
	trace_page_ref(set, page, v);
}

static inline void folio_set_count(struct folio *folio, int v)
{
	set_page_count(&folio->page, v);
}

static inline void init_page_count(struct page *page)
{
	set_page_count(page, 1);
}

static inline void page_ref_add(struct page *page, int nr)
{
	page_shadow_mod(page, nr);
	atomic_add(nr, &page->_refcount);
	trace_page_ref(mod, page, nr);
}

static inline void page_ref_sub(struct page *page, int nr)
{
	page_shadow_mod(page, -nr);
	atomic_sub(nr, &page->_refcount);
	trace_page_ref(mod, page, -nr);
}

static inline void page_ref_inc(struct page *page)
{
	page_shadow_mod(page, 1);
	atomic_inc(&page->_refcount);
	trace_page_ref(mod, page, 1);
}

static inline void page_ref_dec(struct page *page)
{
	page_shadow_mod(page, -1);
	atomic_dec(&page->_refcount);
	trace_page_ref(mod, page, -1);
}

static inline int page_ref_sub_and_test(struct page *page, int nr)
{
	int ret;

	page_shadow_mod(page, -nr);
	ret = atomic_sub_and_test(nr, &page->_refcount);
	trace_page_ref(mod_and_test, page, -nr, ret);
	return ret;
}

static inline int page_ref_dec_and_test(struct page *page)
{
	int ret;

	page_shadow_mod(page, -1);
	ret = atomic_dec_and_test(&page->_refcount);
	trace_page_ref(mod_and_test, page, -1, ret);
	return ret;
}

static inline int page_ref_inc_return(struct page *page)
{
	int ret;

	page_shadow_mod(page, 1);
	ret = atomic_inc_return(&page->_refcount);
	trace_page_ref(mod_and_return, page, 1, ret);
	return ret;
}

static inline int page_ref_dec_return(struct page *page)
{
	int ret;

	page_shadow_mod(page, -1);
	ret = atomic_dec_return(&page->_refcount);
	trace_page_ref(mod_and_return, page, -1, ret);
	return ret;
}

/* Adds nr unless the count is u. Returns whether it did. */
static inline bool page_ref_add_unless(struct page *page, int nr, int u)
{
	bool ret = atomic_add_unless(&page->_refcount, nr, u);

	if (ret)
		page_shadow_got(page, nr);
	trace_page_ref(mod_unless, page, nr, ret);
	return ret;
}

/*
 * Takes the count from exactly count to 0, so that nobody can get a new
 * reference. Returns 0 and changes nothing if it is another.
 *
 * Context: whoever else may touch the count by right must be kept out: the
 * folio locked and unmapped, its page cache slot locked. Short, and without
 * sleeping: lookups spin meanwhile.
 */
static inline int page_ref_freeze(struct page *page, int count)
{
	int old = count;
	int ret = likely(atomic_try_cmpxchg(&page->_refcount, &old, 0));

	if (ret)
		page_shadow_freeze(page, count);
	trace_page_ref(freeze, page, count, ret);
	return ret;
}

/*
 * Ends it. A blind store: what somebody did to the count meanwhile, against
 * the rule, is lost. Reported in tier "vm".
 */
static inline void page_ref_unfreeze(struct page *page, int count)
{
	VM_BUG_ON_PAGE(page_count(page) != 0, page);
	VM_BUG_ON(count == 0);
	page_shadow_thaw(page, count);
	atomic_set_release(&page->_refcount, count);
	trace_page_ref(unfreeze, page, count);
}

/* The same of a folio. */
static inline void folio_ref_add(struct folio *folio, int nr)
{
	page_ref_add(&folio->page, nr);
}

static inline void folio_ref_sub(struct folio *folio, int nr)
{
	page_ref_sub(&folio->page, nr);
}

static inline int folio_ref_sub_return(struct folio *folio, int nr)
{
	int ret;

	page_shadow_mod(&folio->page, -nr);
	ret = atomic_sub_return(nr, &folio->_refcount);
	trace_page_ref(mod_and_return, &folio->page, -nr, ret);
	return ret;
}

static inline void folio_ref_inc(struct folio *folio)
{
	page_ref_inc(&folio->page);
}

static inline void folio_ref_dec(struct folio *folio)
{
	page_ref_dec(&folio->page);
}

static inline int folio_ref_sub_and_test(struct folio *folio, int nr)
{
	return page_ref_sub_and_test(&folio->page, nr);
}

static inline int folio_ref_dec_and_test(struct folio *folio)
{
	return page_ref_dec_and_test(&folio->page);
}

static inline int folio_ref_inc_return(struct folio *folio)
{
	return page_ref_inc_return(&folio->page);
}

static inline int folio_ref_dec_return(struct folio *folio)
{
	return page_ref_dec_return(&folio->page);
}

static inline bool folio_ref_add_unless(struct folio *folio, int nr, int u)
{
	return page_ref_add_unless(&folio->page, nr, u);
}

/* Several references at once, unless the folio is free or frozen. */
static inline bool folio_ref_try_add(struct folio *folio, int count)
{
	return folio_ref_add_unless(folio, count, 0);
}

static inline int folio_ref_freeze(struct folio *folio, int count)
{
	return page_ref_freeze(&folio->page, count);
}

static inline void folio_ref_unfreeze(struct folio *folio, int count)
{
	page_ref_unfreeze(&folio->page, count);
}

#endif /* PAGESIM_PAGE_REF_H */
