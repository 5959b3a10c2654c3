// SPDX-License-Identifier: MIT
// Floor: 2
/*
 * What page_ref.h calls where an event of a reference count is on.
 *
 * Models: mm/debug_page_ref.c, include/trace/events/page_ref.h at v6.12. The
 * fields beside val and ret are read after the operation, and so may be
 * others' work. mt is the one migrate type that there is.
 */
#include <pagesim/memmap.h>
#include <pagesim/page_ref.h>
#include <pagesim/trace_events_mm.h>

#include "dump_page.h"
#include "trace_define.h"

static void show_page_flags(char *buf, size_t size, u64 value)
{
	trace_show_flags(buf, size, value & PAGEFLAGS_MASK, "none",
			 pageflag_names, NR_PAGEFLAG_NAMES);
}

/* clang-format off */
#define PAGE_FIELDS \
	{ "pfn", trace_show_hex }, { "flags", show_page_flags }, \
	{ "count", trace_show_int }, { "mapcount", trace_show_int }, \
	{ "mapping", trace_show_ptr }, { "mt", trace_show_int }, \
	{ "val", trace_show_int }
#define PAGE_FORMAT \
	"pfn=$ flags=$ count=$ mapcount=$ mapping=$ mt=$ val=$"

#define DEFINE_PAGE_REF_MOD(name) \
	DEFINE_TRACEPOINT(page_ref, name, PAGE_FORMAT, PAGE_FIELDS)
#define DEFINE_PAGE_REF_MOD_AND_TEST(name) \
	DEFINE_TRACEPOINT(page_ref, name, PAGE_FORMAT " ret=$", \
			  PAGE_FIELDS, { "ret", trace_show_int })
/* clang-format on */

DEFINE_PAGE_REF_MOD(page_ref_set);
DEFINE_PAGE_REF_MOD(page_ref_mod);
DEFINE_PAGE_REF_MOD(page_ref_unfreeze);
DEFINE_PAGE_REF_MOD_AND_TEST(page_ref_mod_and_test);
DEFINE_PAGE_REF_MOD_AND_TEST(page_ref_mod_and_return);
DEFINE_PAGE_REF_MOD_AND_TEST(page_ref_mod_unless);
DEFINE_PAGE_REF_MOD_AND_TEST(page_ref_freeze);

#define PAGE_VALUES(page)                                                  \
	page_to_pfn(page), READ_ONCE((page)->flags), page_ref_count(page), \
		atomic_read(&(page)->_mapcount),                           \
		(unsigned long)READ_ONCE((page)->mapping), MIGRATE_MOVABLE

void __page_ref_set(const struct page *page, int v)
{
	TRACE_RECORD(page_ref_set, PAGE_VALUES(page), v);
}

void __page_ref_mod(const struct page *page, int v)
{
	TRACE_RECORD(page_ref_mod, PAGE_VALUES(page), v);
}

void __page_ref_mod_and_test(const struct page *page, int v, int ret)
{
	TRACE_RECORD(page_ref_mod_and_test, PAGE_VALUES(page), v, ret);
}

void __page_ref_mod_and_return(const struct page *page, int v, int ret)
{
	TRACE_RECORD(page_ref_mod_and_return, PAGE_VALUES(page), v, ret);
}

void __page_ref_mod_unless(const struct page *page, int v, int u)
{
	TRACE_RECORD(page_ref_mod_unless, PAGE_VALUES(page), v, u);
}

void __page_ref_freeze(const struct page *page, int v, int ret)
{
	TRACE_RECORD(page_ref_freeze, PAGE_VALUES(page), v, ret);
}

void __page_ref_unfreeze(const struct page *page, int v)
{
	TRACE_RECORD(page_ref_unfreeze, PAGE_VALUES(page), v);
}
