// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * In this file: s is the shadow of page. Nothing is locked: who may change
 * the page's state changes its shadow, and counters are added to atomically.
 */
/* A report must not ask what the report is about: no checks in here. */
#undef PAGESIM_DEBUG
#define PAGESIM_DEBUG 0

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <pagesim/folio.h>
#include <pagesim/mapcount.h>

#include "cpu.h"
#include "page_shadow.h"
#include "platform.h"

#define NO_CPU 0xff
#define NR_SITES 4096
#define MAX_LEAK_LINES 16

static unsigned int rules = PAGESIM_RULES_ALL;

static const char *const owner_names[PAGE_REF_NR_OWNERS] = {
	[PAGE_REF_CALLER] = "caller",
	[PAGE_REF_SPECULATIVE] = "speculative",
	[PAGE_REF_PTE] = "pte",
	[PAGE_REF_PAGE_CACHE] = "page_cache",
	[PAGE_REF_SWAP_CACHE] = "swap_cache",
	[PAGE_REF_PRIVATE] = "private",
	[PAGE_REF_PIN] = "pin",
	[PAGE_REF_LRU_BATCH] = "lru_batch",
	[PAGE_REF_ISOLATION] = "isolation",
};

static const char *const word_names[PAGE_WORD_NR] = {
	[PAGE_WORD_NONE] = "none",
	[PAGE_WORD_LRU] = "lru",
	[PAGE_WORD_BUDDY] = "buddy",
	[PAGE_WORD_PCP] = "pcp",
	[PAGE_WORD_COMPOUND_HEAD] = "compound_head",
	[PAGE_WORD_PGMAP] = "pgmap",
	[PAGE_WORD_RCU_HEAD] = "rcu_head",
	[PAGE_WORD_PP_MAGIC] = "pp_magic",
	[PAGE_WORD_MLOCK] = "mlock filler",
};

const char *page_word_name(enum page_word word)
{
	return word_names[word];
}

/* ---- places in the code, by numbers that fit into a shadow ---- */

static const void *sites[NR_SITES]; /* [0] is "unknown" */

static u16 number_of_code(const void *code)
{
	unsigned long hash = (unsigned long)code * 0x61c8864680b583ebUL;

	for (unsigned long i = hash >> 52, n = 0; n < NR_SITES; i++, n++) {
		const void **site = &sites[i % NR_SITES];
		const void *found = READ_ONCE(*site);

		if (site == sites)
			continue;
		if (!found && __atomic_compare_exchange_n(
				      site, &found, code, false,
				      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			found = code;
		if (found == code)
			return (u16)(site - sites);
	}
	return 0;
}

static const void *code_at(u16 number) /* NULL: not known */
{
	return READ_ONCE(sites[number]);
}

char *frozen_text(char *text, const struct page_shadow *s)
{
	u8 cpu = READ_ONCE(s->frozen_by);
	char code[CODE_TEXT_LEN];

	platform_code_name(code, sizeof(code),
			   code_at(READ_ONCE(s->frozen_at)));
	if (cpu == NO_CPU)
		snprintf(text, FROZEN_TEXT_LEN, "no CPU at %s", code);
	else
		snprintf(text, FROZEN_TEXT_LEN, "CPU %u at %s", cpu, code);
	return text;
}

char *allocated_text(char *text, const struct page_shadow *s)
{
	platform_code_name(text, CODE_TEXT_LEN,
			   code_at(READ_ONCE(s->allocated_at)));
	return text;
}

/* ---- reports ---- */

static __printf(4, 5) void report(const struct page *page, unsigned int rule,
				  enum pagesim_report_kind kind,
				  const char *fmt, ...)
{
	char text[256];
	va_list args;
	int len;

	if (!(READ_ONCE(rules) & rule))
		return;
	len = snprintf(text, sizeof(text), "pfn:0x%lx: ", page_to_pfn(page));
	va_start(args, fmt);
	vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, args);
	va_end(args);
	dump_page(page, text);
	__dump_page_refs(page);
	pagesim_report(kind, __FILE__, __LINE__, __func__, "%s", text);
}

unsigned int __pagesim_shadow_rules(unsigned int mask)
{
	unsigned int was = rules;

	WRITE_ONCE(rules, mask);
	return was;
}

void page_shadow_boot(void)
{
	WRITE_ONCE(rules, PAGESIM_RULES_ALL);
}

/* ---- what a page is ---- */

static void renew(struct page_shadow *s)
{
	__atomic_fetch_add(&s->generation, 1, __ATOMIC_RELAXED);
}

u32 __pagesim_page_generation(const struct page *page)
{
	struct page_shadow *s = shadow_of(page);

	return s ? READ_ONCE(s->generation) : 0;
}

void __page_shadow_renew(struct page *page, unsigned int order)
{
	struct page_shadow *s = shadow_of(page);

	for (unsigned long i = 0; s && i < 1UL << order; i++)
		renew(s + i);
}

static bool is_all_zero(const struct page_shadow *s)
{
	for (int i = 0; i < PAGE_REF_NR_OWNERS; i++)
		if (READ_ONCE(s->refs[i]))
			return false;
	return true;
}

static void set_refs(struct page_shadow *s, int caller)
{
	WRITE_ONCE(s->refs[PAGE_REF_CALLER], caller);
	for (int i = 1; i < PAGE_REF_NR_OWNERS; i++)
		if (READ_ONCE(s->refs[i]))
			WRITE_ONCE(s->refs[i], 0);
}

/* What was never touched stays so: it takes no memory. */
void __page_shadow_init(struct page *page)
{
	struct page_shadow *s = shadow_of(page);

	if (!s ||
	    !(READ_ONCE(s->word) | READ_ONCE(s->frozen) | READ_ONCE(s->use)))
		return;
	WRITE_ONCE(s->word, (u8)PAGE_WORD_NONE);
	WRITE_ONCE(s->frozen, (u8)0);
	WRITE_ONCE(s->use, (u8)PAGE_USE_UNKNOWN);
	renew(s);
}

void __page_shadow_alloc(struct page *page, unsigned int order,
			 const void *caller)
{
	struct page_shadow *s = shadow_of(page);
	u16 site = number_of_code(caller);

	if (!s)
		return;
	for (unsigned long i = 0; i < 1UL << order; i++) {
		WRITE_ONCE(s[i].order, (u8)order);
		WRITE_ONCE(s[i].use, (u8)PAGE_USE_ALLOCATED);
		WRITE_ONCE(s[i].allocated_at, site);
		renew(s + i);
	}
}

void __page_shadow_import(struct page *page)
{
	struct page_shadow *s = shadow_of(page);

	if (s)
		WRITE_ONCE(s->use, (u8)PAGE_USE_IMPORTED);
}

void __page_shadow_lose(struct page *page, unsigned int order)
{
	struct page_shadow *s = shadow_of(page);

	for (unsigned long i = 0; s && i < 1UL << order; i++)
		WRITE_ONCE(s[i].use, (u8)PAGE_USE_LOST);
}

static void free_one(struct page *page, struct page_shadow *s)
{
	char text[REFS_TEXT_LEN];

	if (READ_ONCE(s->use) == PAGE_USE_LOST)
		return;
	if (READ_ONCE(s->use) == PAGE_USE_FREED)
		report(page, PAGESIM_RULE_OWNER, PAGESIM_REPORT_DOUBLE_FREE,
		       "freed, and was free already");
	if (!READ_ONCE(s->frozen) && !is_all_zero(s))
		report(page, PAGESIM_RULE_OWNER, PAGESIM_REPORT_REFCOUNT,
		       "freed while there are references: %s",
		       refs_text(text, s));
	if (READ_ONCE(s->word) != PAGE_WORD_NONE)
		report(page, PAGESIM_RULE_WORD, PAGESIM_REPORT_BUG_ON,
		       "freed while its first word is in use: expected none, found %s",
		       word_names[READ_ONCE(s->word)]);
	if (!is_all_zero(s))
		set_refs(s, 0);
	WRITE_ONCE(s->frozen, (u8)0);
	WRITE_ONCE(s->word, (u8)PAGE_WORD_NONE);
	WRITE_ONCE(s->use, (u8)PAGE_USE_FREED);
	renew(s);
}

void __page_shadow_free(struct page *page, unsigned int order)
{
	struct page_shadow *s = shadow_of(page);

	for (unsigned long i = 0; s && i < 1UL << order; i++)
		free_one(page + i, s + i);
}

/* How many pages of the block are still allocated, from the one at pfn on. */
static unsigned long leaked_from(unsigned long pfn)
{
	const struct page_shadow *s = page_shadows + pfn;
	unsigned long end = (pfn | ((1UL << s->order) - 1)) + 1;
	unsigned long nr = 1;

	while (pfn + nr < end && s[nr].use == PAGE_USE_ALLOCATED &&
	       s[nr].order == s->order)
		nr++;
	return nr;
}

unsigned long page_shadow_report_leaks(unsigned long end)
{
	unsigned long first = 0, leaked = 0, lines = 0, nr;
	char code[CODE_TEXT_LEN];

	for (unsigned long pfn = 0; page_shadows && pfn < end; pfn += nr) {
		const struct page_shadow *s = page_shadows + pfn;

		nr = 1;
		if (s->use != PAGE_USE_ALLOCATED)
			continue;
		nr = leaked_from(pfn);
		if (!leaked)
			first = pfn;
		leaked += nr;
		if (lines++ < MAX_LEAK_LINES)
			pr_warn("leak: pfn:0x%lx, %lu pages of order %u, allocated at %s\n",
				pfn, nr, s->order, allocated_text(code, s));
	}
	if (leaked)
		pagesim_report(
			PAGESIM_REPORT_LEAK, __FILE__, __LINE__, __func__,
			"%lu pages were never freed: pfn:0x%lx, order %u, allocated at %s%s",
			leaked, first, page_shadows[first].order,
			allocated_text(code, page_shadows + first),
			lines > 1 ? ", and others" : "");
	return leaked;
}

/* ---- the ledger ---- */

/* What a put can take, as one word. */
union held {
	u64 word;
	int refs[2];
};

static_assert(PAGE_REF_CALLER == 0 && PAGE_REF_SPECULATIVE == 1,
	      "the first two owners are one word");

static int at_most(int have, int want)
{
	if (have < 0)
		return 0;
	return have < want ? have : want;
}

/*
 * Takes nr references of the first two owners, first from the one given.
 * Returns how many were missing; these the caller owes.
 */
static int take_held(struct page_shadow *s, enum page_ref_owner first, int nr)
{
	u64 *word = (u64 *)s->refs;
	union held old = { .word = READ_ONCE(*word) }, new;
	int missing;

	do {
		int part;

		new = old;
		part = at_most(new.refs[first], nr);
		new.refs[first] -= part;
		missing = nr - part;
		part = at_most(new.refs[!first], missing);
		new.refs[!first] -= part;
		missing -= part;
		new.refs[PAGE_REF_CALLER] -= missing;
	} while (!__atomic_compare_exchange_n(word, &old.word, new.word, false,
					      __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return missing;
}

static void add_refs(struct page_shadow *s, enum page_ref_owner owner, int nr)
{
	__atomic_fetch_add(&s->refs[owner], nr, __ATOMIC_RELAXED);
}

int __pagesim_page_refs(const struct page *page, enum page_ref_owner owner)
{
	struct page_shadow *s = shadow_of(page);

	return s ? READ_ONCE(s->refs[owner]) : 0;
}

bool __pagesim_page_frozen(const struct page *page)
{
	struct page_shadow *s = shadow_of(page);

	return s && READ_ONCE(s->frozen);
}

char *refs_text(char *text, const struct page_shadow *s)
{
	int len = 0;

	for (int i = 0; i < PAGE_REF_NR_OWNERS; i++) {
		int nr = READ_ONCE(s->refs[i]);

		if (nr && len < REFS_TEXT_LEN)
			len += snprintf(text + len,
					(size_t)(REFS_TEXT_LEN - len),
					"%s%s:%d", len ? " " : "",
					owner_names[i], nr);
	}
	if (!len)
		snprintf(text, REFS_TEXT_LEN, "none");
	return text;
}

void __dump_page_refs(const struct page *page)
{
	char refs[REFS_TEXT_LEN], frozen[FROZEN_TEXT_LEN];
	struct page_shadow *s = shadow_of(page);

	if (!s)
		return;
	pr_warn("refs: count:%d owners: %s\n", atomic_read(&page->_refcount),
		refs_text(refs, s));
	if (READ_ONCE(s->frozen))
		pr_warn("refs: frozen at %d by %s\n",
			READ_ONCE(s->frozen_count), frozen_text(frozen, s));
}

static const char *at(char *code, const void *address)
{
	platform_code_name(code, CODE_TEXT_LEN, address);
	return code;
}

/* The references that change their owner are on nobody's list meanwhile. */
void __page_shadow_hand_over(struct page *page, enum page_ref_owner from,
			     enum page_ref_owner to, int nr)
{
	struct page_shadow *s = shadow_of(page);
	char code[CODE_TEXT_LEN];
	int missing;

	if (!s)
		return;
	if (from <= PAGE_REF_SPECULATIVE)
		missing = take_held(s, from, nr);
	else
		missing = nr - at_most(__atomic_fetch_sub(&s->refs[from], nr,
							  __ATOMIC_RELAXED),
				       nr);
	if (missing)
		report(page, PAGESIM_RULE_OWNER, PAGESIM_REPORT_REFCOUNT,
		       "%d references of %s for %s, which has %d fewer, at %s",
		       nr, owner_names[from], owner_names[to], missing,
		       at(code, __builtin_return_address(0)));
	add_refs(s, to, nr);
}

/* A blind store ends a freeze, too. */
void __page_shadow_set_count(struct page *page, int count)
{
	struct page_shadow *s = shadow_of(page);

	if (!s)
		return;
	if (READ_ONCE(s->frozen))
		WRITE_ONCE(s->frozen, (u8)0);
	if (count || !is_all_zero(s))
		set_refs(s, count);
}

/*
 * Looked at before the count changes. Who sees the folio frozen here is about
 * to change a count that was frozen with his reference in it, and nothing
 * kept him out.
 */
void __page_shadow_mod(struct page *page, int nr)
{
	struct page_shadow *s = shadow_of(page);
	char code[CODE_TEXT_LEN], frozen[FROZEN_TEXT_LEN];
	char refs[REFS_TEXT_LEN];

	if (!s)
		return;
	if (READ_ONCE(s->frozen))
		report(page, PAGESIM_RULE_FROZEN, PAGESIM_REPORT_REFCOUNT,
		       "a frozen folio's count was changed by %+d at %s; frozen at %d by %s",
		       nr, at(code, __builtin_return_address(0)),
		       READ_ONCE(s->frozen_count), frozen_text(frozen, s));
	if (nr >= 0)
		add_refs(s, PAGE_REF_CALLER, nr);
	else if (take_held(s, PAGE_REF_CALLER, -nr))
		report(page, PAGESIM_RULE_OWNER, PAGESIM_REPORT_REFCOUNT,
		       "%d references dropped that are not the caller's at %s: %s",
		       -nr, at(code, __builtin_return_address(0)),
		       refs_text(refs, s));
}

void __page_shadow_got(struct page *page, int nr)
{
	struct page_shadow *s = shadow_of(page);

	if (s)
		add_refs(s, PAGE_REF_SPECULATIVE, nr);
}

/* ---- freezing ---- */

/* One reference, or the caller's alone: nobody else may come by right. */
static bool is_exclusive(const struct page_shadow *s, int count)
{
	if (count == 1)
		return true;
	for (int i = PAGE_REF_SPECULATIVE + 1; i < PAGE_REF_NR_OWNERS; i++)
		if (READ_ONCE(s->refs[i]))
			return false;
	return true;
}

void __page_shadow_freeze(struct page *page, int count)
{
	struct page_shadow *s = shadow_of(page);
	struct pagesim_cpu *cpu = cpu_if_any();
	char code[CODE_TEXT_LEN];
	int mapcount;

	if (!s || !count) /* 0 for 0 is no change */
		return;
	WRITE_ONCE(s->frozen_count, count);
	WRITE_ONCE(s->frozen_by, cpu ? (u8)cpu->id : (u8)NO_CPU);
	WRITE_ONCE(s->frozen_at, number_of_code(__builtin_return_address(0)));
	WRITE_ONCE(s->frozen, (u8)1);
	mapcount = folio_mapcount((struct folio *)page);
	if (mapcount > 0)
		report(page, PAGESIM_RULE_FREEZE, PAGESIM_REPORT_REFCOUNT,
		       "a folio was frozen while mapped %d times at %s",
		       mapcount, at(code, __builtin_return_address(0)));
	else if (!test_bit(PG_locked, &page->flags) && !is_exclusive(s, count))
		report(page, PAGESIM_RULE_FREEZE, PAGESIM_REPORT_REFCOUNT,
		       "a folio was frozen that is neither locked nor one owner's at %s",
		       at(code, __builtin_return_address(0)));
}

void __page_shadow_thaw(struct page *page, int count)
{
	struct page_shadow *s = shadow_of(page);

	if (!s)
		return;
	if (READ_ONCE(s->frozen))
		count -= READ_ONCE(s->frozen_count);
	WRITE_ONCE(s->frozen, (u8)0);
	add_refs(s, PAGE_REF_CALLER, count);
}

/* ---- the first union word ---- */

static void expect_word(struct page *page, enum page_word tag, bool or_none,
			const char *what, const void *caller)
{
	struct page_shadow *s = shadow_of(page);
	char code[CODE_TEXT_LEN];
	u8 word;

	if (!s)
		return;
	word = READ_ONCE(s->word);
	if (word != tag && !(or_none && word == PAGE_WORD_NONE))
		report(page, PAGESIM_RULE_WORD, PAGESIM_REPORT_BUG_ON,
		       "the first word is %s as %s at %s: expected %s, found %s",
		       what, word_names[tag], at(code, caller),
		       word_names[or_none ? PAGE_WORD_NONE : tag],
		       word_names[word]);
}

void __page_shadow_set_word(struct page *page, enum page_word tag)
{
	struct page_shadow *s = shadow_of(page);

	if (s && READ_ONCE(s->word) != tag)
		WRITE_ONCE(s->word, (u8)tag);
}

void __page_shadow_tag_word(struct page *page, enum page_word tag)
{
	expect_word(page, tag, true, "written", __builtin_return_address(0));
	__page_shadow_set_word(page, tag);
}

void __page_shadow_expect_word(struct page *page, enum page_word tag)
{
	expect_word(page, tag, false, "read", __builtin_return_address(0));
}

void __page_shadow_clear_word(struct page *page, enum page_word tag)
{
	expect_word(page, tag, true, "given up", __builtin_return_address(0));
	__page_shadow_set_word(page, PAGE_WORD_NONE);
}
