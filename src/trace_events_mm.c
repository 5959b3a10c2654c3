// SPDX-License-Identifier: MIT
// Floor: 2
#include <pagesim/memmap.h>
#include <pagesim/trace_events_mm.h>

#include "trace_define.h"

/* A field that has its name and its way of being shown. */
#define INT(name)                     \
	{                             \
#name, trace_show_int \
	}
#define HEX(name)                     \
	{                             \
#name, trace_show_hex \
	}
#define PTR(name)                     \
	{                             \
#name, trace_show_ptr \
	}
#define STR(name)                     \
	{                             \
#name, trace_show_str \
	}
#define GFP(name)                     \
	{                             \
#name, show_gfp_flags \
	}

/*
 * All flags of v6.12 in the order in which it looks for them: what is several
 * bits comes before what is in it.
 */
static const struct trace_flag gfp_flags[] = {
	{ 0x1c24ca, "GFP_TRANSHUGE" },
	{ 0x1c20ca, "GFP_TRANSHUGE_LIGHT" },
	{ 0x100cca, "GFP_HIGHUSER_MOVABLE" },
	{ 0x100cc2, "GFP_HIGHUSER" },
	{ 0x100cc0, "GFP_USER" },
	{ 0x400cc0, "GFP_KERNEL_ACCOUNT" },
	{ GFP_KERNEL, "GFP_KERNEL" },
	{ 0xc40, "GFP_NOFS" },
	{ GFP_ATOMIC, "GFP_ATOMIC" },
	{ 0xc00, "GFP_NOIO" },
	{ GFP_NOWAIT, "GFP_NOWAIT" },
	{ 0x1, "GFP_DMA" },
	{ 0x2, "__GFP_HIGHMEM" },
	{ 0x4, "GFP_DMA32" },
	{ 0x20, "__GFP_HIGH" },
	{ 0x40, "__GFP_IO" },
	{ 0x80, "__GFP_FS" },
	{ __GFP_NOWARN, "__GFP_NOWARN" },
	{ 0x4000, "__GFP_RETRY_MAYFAIL" },
	{ __GFP_NOFAIL, "__GFP_NOFAIL" },
	{ 0x10000, "__GFP_NORETRY" },
	{ __GFP_COMP, "__GFP_COMP" },
	{ __GFP_ZERO, "__GFP_ZERO" },
	{ 0x80000, "__GFP_NOMEMALLOC" },
	{ 0x20000, "__GFP_MEMALLOC" },
	{ 0x100000, "__GFP_HARDWALL" },
	{ 0x200000, "__GFP_THISNODE" },
	{ 0x10, "__GFP_RECLAIMABLE" },
	{ 0x8, "__GFP_MOVABLE" },
	{ 0x400000, "__GFP_ACCOUNT" },
	{ 0x1000, "__GFP_WRITE" },
	{ 0x400, "__GFP_DIRECT_RECLAIM" }, /* both: GFP_NOIO */
	{ 0x800, "__GFP_KSWAPD_RECLAIM" },
	{ 0x800000, "__GFP_ZEROTAGS" },
};

static void show_gfp_flags(char *buf, size_t size, u64 value)
{
	trace_show_flags(buf, size, value, "none", gfp_flags,
			 ARRAY_SIZE(gfp_flags));
}

/* clang-format off */
DEFINE_TRACEPOINT(kmem, mm_page_alloc,
		  "page=$ pfn=$ order=$ migratetype=$ gfp_flags=$",
		  PTR(page), HEX(pfn), INT(order), INT(migratetype),
		  GFP(gfp_flags));
DEFINE_TRACEPOINT(kmem, mm_page_alloc_zone_locked,
		  "page=$ pfn=$ order=$ migratetype=$ percpu_refill=$",
		  PTR(page), HEX(pfn), INT(order), INT(migratetype),
		  INT(percpu_refill));
DEFINE_TRACEPOINT(kmem, mm_page_free, "page=$ pfn=$ order=$",
		  PTR(page), HEX(pfn), INT(order));
DEFINE_TRACEPOINT(kmem, mm_page_free_batched, "page=$ pfn=$ order=0",
		  PTR(page), HEX(pfn));
DEFINE_TRACEPOINT(kmem, mm_page_pcpu_drain,
		  "page=$ pfn=$ order=$ migratetype=$",
		  PTR(page), HEX(pfn), INT(order), INT(migratetype));
DEFINE_TRACEPOINT(writeback, folio_wait_writeback,
		  "bdi $: ino=$ index=$", STR(name), INT(ino), INT(index));
/* clang-format on */

/* Of no page the kernel prints frame 0. */
static unsigned long pfn_of(const struct page *page)
{
	return page ? page_to_pfn(page) : 0;
}

void __trace_mm_page_alloc(const struct page *page, unsigned int order,
			   gfp_t gfp, int migratetype)
{
	TRACE_RECORD(mm_page_alloc, (unsigned long)page, pfn_of(page), order,
		     migratetype, gfp);
}

void __trace_mm_page_alloc_zone_locked(const struct page *page,
				       unsigned int order, int migratetype,
				       int percpu_refill)
{
	TRACE_RECORD(mm_page_alloc_zone_locked, (unsigned long)page,
		     pfn_of(page), order, migratetype, percpu_refill);
}

void __trace_mm_page_free(const struct page *page, unsigned int order)
{
	TRACE_RECORD(mm_page_free, (unsigned long)page, pfn_of(page), order);
}

void __trace_mm_page_free_batched(const struct page *page)
{
	TRACE_RECORD(mm_page_free_batched, (unsigned long)page, pfn_of(page));
}

void __trace_mm_page_pcpu_drain(const struct page *page, unsigned int order,
				int migratetype)
{
	TRACE_RECORD(mm_page_pcpu_drain, (unsigned long)page, pfn_of(page),
		     order, migratetype);
}

void __trace_folio_wait_writeback(const struct folio *folio)
{
	static const char no_device[] = "(unknown)";

	TRACE_RECORD(folio_wait_writeback, (unsigned long)no_device, 0,
		     READ_ONCE(folio->index));
}
