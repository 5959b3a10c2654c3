/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/*
 * What tier "full" knows about each page beyond its 64 bytes: its generation,
 * who wrote its first union word last, whether it is frozen, and who owns its
 * references. It lies beside the memory map, in an array of its own that takes
 * memory only where it is touched; below that tier there is none.
 *
 * Three words about the ledger of references. Every get is the caller's, a
 * conditional one (folio_try_get()) is speculative until who made it knows
 * what it got. Code that passes a reference on says so by
 * folio_ref_hand_over(): the page table entry that it is put into owns it then.
 * Every put is the caller's, or else a speculative one: who drops a reference
 * of a page table entry or of the page cache takes it back first.
 *
 * A reference is in the ledger for as long as somebody holds it: it is
 * entered after the count was raised by a conditional get and before any
 * other change of the count. So a put that finds none of its kind is wrong,
 * whatever other threads do; and when nobody holds one in his hands,
 * pagesim_check() finds the count to be the sum of the owners.
 *
 * Models: nothing of the kernel's; its rules are those that the comments of
 * mm/huge_memory.c, mm/migrate.c and include/linux/mm_types.h at v6.12 state.
 *
 * Context of all: any. Ordering: none, and none is added to the operation on
 * the page itself.
 */
#ifndef PAGESIM_PAGE_SHADOW_H
#define PAGESIM_PAGE_SHADOW_H

#include <pagesim/bug.h>
#include <pagesim/mm_types.h>

enum page_ref_owner {
	PAGE_REF_CALLER, /* somebody's variable */
	PAGE_REF_SPECULATIVE, /* got from a frame number or under RCU */
	PAGE_REF_PTE, /* a present entry of a user page table */
	PAGE_REF_PAGE_CACHE, /* one for each page */
	PAGE_REF_SWAP_CACHE, /* the same */
	PAGE_REF_PRIVATE, /* what hangs on page->private: buffer heads */
	PAGE_REF_PIN, /* 1024 for each pin of a small folio */
	PAGE_REF_LRU_BATCH, /* on its way to the LRU */
	PAGE_REF_ISOLATION, /* taken off the LRU */
	PAGE_REF_NR_OWNERS,
};

/* Who may have written the first union word (mm_types.h). */
enum page_word {
	PAGE_WORD_NONE, /* nobody's: fresh, or the last owner is through */
	PAGE_WORD_LRU,
	PAGE_WORD_BUDDY,
	PAGE_WORD_PCP,
	PAGE_WORD_COMPOUND_HEAD,
	PAGE_WORD_PGMAP,
	PAGE_WORD_RCU_HEAD, /* queued */
	PAGE_WORD_PP_MAGIC,
	PAGE_WORD_MLOCK, /* the filler of mlock_count */
	PAGE_WORD_NR,
};

/*
 * The rules that are reported where they are broken, some by the number of
 * the invariant that they keep (check.h). A scenario that wants to see what
 * comes of it turns one off.
 */
enum {
	/* I5: nobody but who froze a folio changes its count. */
	PAGESIM_RULE_FROZEN = 1 << 0,
	/* I6: what is frozen is unmapped, and locked or one owner's. */
	PAGESIM_RULE_FREEZE = 1 << 1,
	/* I4: nobody drops what somebody else owns, nor frees a free page. */
	PAGESIM_RULE_OWNER = 1 << 2,
	/* The first union word is read by who wrote it. */
	PAGESIM_RULE_WORD = 1 << 3,
	PAGESIM_RULES_ALL = (1 << 4) - 1,
};

#if PAGESIM_DEBUG >= 3
#define page_shadow_enabled() unlikely(pagesim_debug_tier >= 3)
#else
#define page_shadow_enabled() false
#endif

unsigned int __pagesim_shadow_rules(unsigned int mask);
u32 __pagesim_page_generation(const struct page *page);
bool __pagesim_page_frozen(const struct page *page);
int __pagesim_page_refs(const struct page *page, enum page_ref_owner owner);
void __dump_page_refs(const struct page *page);
void __page_shadow_hand_over(struct page *page, enum page_ref_owner from,
			     enum page_ref_owner to, int nr);
void __page_shadow_tag_word(struct page *page, enum page_word tag);
void __page_shadow_expect_word(struct page *page, enum page_word tag);
void __page_shadow_clear_word(struct page *page, enum page_word tag);
void __page_shadow_set_word(struct page *page, enum page_word tag);
void __page_shadow_init(struct page *page);
void __page_shadow_alloc(struct page *page, unsigned int order,
			 const void *caller);
void __page_shadow_import(struct page *page);
void __page_shadow_free(struct page *page, unsigned int order);
void __page_shadow_lose(struct page *page, unsigned int order);
void __page_shadow_renew(struct page *page, unsigned int order);
void __page_shadow_set_count(struct page *page, int count);
void __page_shadow_mod(struct page *page, int nr);
void __page_shadow_got(struct page *page, int nr);
void __page_shadow_freeze(struct page *page, int count);
void __page_shadow_thaw(struct page *page, int count);

/*
 * Which rules are reported from now on, until the next boot, which turns all
 * on. Returns which were. Context: no other thread runs simulated code.
 */
static inline unsigned int pagesim_shadow_rules(unsigned int mask)
{
	return page_shadow_enabled() ? __pagesim_shadow_rules(mask) : 0;
}

/*
 * How often the page was allocated, freed, made part of a compound page and
 * taken out of one, modulo 2^32. Two equal answers: it is the page that it
 * was. Below tier "full" 0.
 */
static inline u32 pagesim_page_generation(const struct page *page)
{
	return page_shadow_enabled() ? __pagesim_page_generation(page) : 0;
}

/* Between page_ref_freeze() and page_ref_unfreeze(). Below the tier false. */
static inline bool pagesim_page_frozen(const struct page *page)
{
	return page_shadow_enabled() && __pagesim_page_frozen(page);
}

/* ---- the ledger ---- */

/* The references that an owner has. Below the tier 0. */
static inline int pagesim_page_refs(const struct page *page,
				    enum page_ref_owner owner)
{
	return page_shadow_enabled() ? __pagesim_page_refs(page, owner) : 0;
}

/*
 * nr references change their owner; the count stays. Reported (kind
 * refcount): from has fewer. Where from is the caller, speculative ones do as
 * well, and the other way round. Context: who calls holds them, and for a
 * page table entry its lock, for the cache its slot's.
 */
static __always_inline void folio_ref_hand_over(struct folio *folio,
						enum page_ref_owner from,
						enum page_ref_owner to, int nr)
{
	if (page_shadow_enabled())
		__page_shadow_hand_over(&folio->page, from, to, nr);
}

/* Prints who owns the references, and who froze the page if it is frozen. */
static inline void dump_page_refs(const struct page *page)
{
	if (page_shadow_enabled())
		__dump_page_refs(page);
}

/* ---- the first union word ---- */

/*
 * Called by who writes the word for a purpose of its own, before it does, and
 * by who reads it for that. Reported (kind bug-on): the word is in use for
 * another one, such as a queued rcu_head that is now put on a list. A walker
 * that looks at the word without owning the page says nothing.
 */
static __always_inline void pagesim_tag_word(struct page *page,
					     enum page_word tag)
{
	if (page_shadow_enabled())
		__page_shadow_tag_word(page, tag);
}

static __always_inline void pagesim_expect_word(struct page *page,
						enum page_word tag)
{
	if (page_shadow_enabled())
		__page_shadow_expect_word(page, tag);
}

/* Who wrote it with this tag is through with it; reported as above. */
static __always_inline void pagesim_clear_word(struct page *page,
					       enum page_word tag)
{
	if (page_shadow_enabled())
		__page_shadow_clear_word(page, tag);
}

/* ---- what the map, the allocator, folio.c and page_ref.h report ---- */

/* The page is as after boot. */
static __always_inline void page_shadow_init(struct page *page)
{
	if (page_shadow_enabled())
		__page_shadow_init(page);
}

/* For who holds a lock under which nothing can be reported. */
static __always_inline void page_shadow_set_word(struct page *page,
						 enum page_word tag)
{
	if (page_shadow_enabled())
		__page_shadow_set_word(page, tag);
}

/*
 * A block goes to a user, at caller, and comes back. Context: before anybody
 * can find it, after its last user; without the zone's lock.
 */
static __always_inline void
page_shadow_alloc(struct page *page, unsigned int order, const void *caller)
{
	if (page_shadow_enabled())
		__page_shadow_alloc(page, order, caller);
}

static __always_inline void page_shadow_free(struct page *page,
					     unsigned int order)
{
	if (page_shadow_enabled())
		__page_shadow_free(page, order);
}

/* A bad block: neither in use nor free, and no state of it is wrong. */
static __always_inline void page_shadow_lose(struct page *page,
					     unsigned int order)
{
	if (page_shadow_enabled())
		__page_shadow_lose(page, order);
}

/* The page's state is what some machine's page words say. */
static __always_inline void page_shadow_import(struct page *page)
{
	if (page_shadow_enabled())
		__page_shadow_import(page);
}

/* A block becomes a compound page, or stops being one. */
static __always_inline void page_shadow_renew(struct page *page,
					      unsigned int order)
{
	if (page_shadow_enabled())
		__page_shadow_renew(page, order);
}

/* Before the count is set: all references are the caller's. */
static __always_inline void page_shadow_set_count(struct page *page, int count)
{
	if (page_shadow_enabled())
		__page_shadow_set_count(page, count);
}

/* Before nr is added to the count, unconditionally. */
static __always_inline void page_shadow_mod(struct page *page, int nr)
{
	if (page_shadow_enabled())
		__page_shadow_mod(page, nr);
}

/* After nr were added to it, because it was not what it must not be. */
static __always_inline void page_shadow_got(struct page *page, int nr)
{
	if (page_shadow_enabled())
		__page_shadow_got(page, nr);
}

/* After the count went from count to 0. */
static __always_inline void page_shadow_freeze(struct page *page, int count)
{
	if (page_shadow_enabled())
		__page_shadow_freeze(page, count);
}

/*
 * Before it becomes count again. What differs from the count at the freeze
 * are the caller's references, more or fewer. With 0 for who goes on by plain
 * operations, as the split did to the head until v6.14.
 */
static __always_inline void page_shadow_thaw(struct page *page, int count)
{
	if (page_shadow_enabled())
		__page_shadow_thaw(page, count);
}

#endif /* PAGESIM_PAGE_SHADOW_H */
