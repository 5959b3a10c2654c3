// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include <pagesim/folio_lock.h>
#include <pagesim/inject.h>
#include <pagesim/page_alloc.h>
#include <pagesim/trace_events_mm.h>
#include "trace.h"

#if PAGESIM_TRACE

static char expected[1024];

/* "page=... pfn=..." in the middle of what else is expected. */
static const char *with(const char *before, const struct page *page,
			const char *after)
{
	snprintf(expected, sizeof(expected), "%s: page=%016lx pfn=0x%lx %s\n",
		 before, (unsigned long)page, page ? page_to_pfn(page) : 0,
		 after);
	return expected;
}

static void test_alloc_and_free(void **state)
{
	struct page *page;

	(void)state;
	pagesim_trace_enable("kmem:mm_page_alloc");
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	assert_events(
		with("mm_page_alloc", page,
		     "order=3 migratetype=1 gfp_flags=GFP_KERNEL|__GFP_COMP"));
	pagesim_trace_enable("kmem:mm_page_free");
	__free_pages(page, 3);
	assert_events(with("mm_page_free", page, "order=3"));
	pagesim_trace_disable("*");
	pagesim_trace_enable("mm_page_alloc_zone_locked");
	page = alloc_page(GFP_ATOMIC);
	/* The block that it was cut from was one of the largest. */
	assert_events(with("mm_page_alloc_zone_locked", page,
			   "order=0 migratetype=1 percpu_refill=1"));
	__free_page(page);
}

/* One that failed for lack of memory; not one that was made to. */
static void test_failed_alloc(void **state)
{
	struct page *pages[4] = { NULL };

	(void)state;
	for (int i = 0; i < 4; i++) /* all of 4096 pages */
		pages[i] = alloc_pages(GFP_KERNEL, MAX_PAGE_ORDER);
	pagesim_trace_enable("mm_page_alloc");
	assert_null(alloc_pages(GFP_NOWAIT | __GFP_ZERO, 0));
	assert_events(
		with("mm_page_alloc", NULL,
		     "order=0 migratetype=1 gfp_flags=GFP_NOWAIT|__GFP_ZERO"));
	pagesim_inject_fail_nth(1);
	assert_null(alloc_page(GFP_KERNEL));
	assert_events("");
	for (int i = 0; i < 4; i++)
		if (pages[i])
			__free_pages(pages[i], MAX_PAGE_ORDER);
}

static void test_gfp_flags(void **state)
{
	static const struct {
		gfp_t gfp;
		const char *text;
	} rows[] = {
		{ 0, "none" },
		{ GFP_ATOMIC, "GFP_ATOMIC" },
		{ 0x1c24ca, "GFP_TRANSHUGE" },
		{ 0x100cca, "GFP_HIGHUSER_MOVABLE" },
		{ 0x100cc0, "GFP_USER" },
		{ GFP_KERNEL | 0x400000, "GFP_KERNEL_ACCOUNT" },
		{ __GFP_NOWARN | __GFP_NOFAIL, "__GFP_NOWARN|__GFP_NOFAIL" },
		{ 0x400, "__GFP_DIRECT_RECLAIM" },
		{ 0x2000000, "0x2000000" },
	};
	char line[128];

	(void)state;
	pagesim_trace_enable("mm_page_alloc");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		trace_mm_page_alloc(NULL, 0, rows[i].gfp, 0);
		snprintf(line, sizeof(line),
			 "order=0 migratetype=0 gfp_flags=%s", rows[i].text);
		assert_events(with("mm_page_alloc", NULL, line));
	}
}

static void test_per_cpu_lists(void **state)
{
	struct page *page = pfn_to_page(3);

	(void)state;
	pagesim_trace_enable("mm_page_free_batched");
	trace_mm_page_free_batched(page); /* nobody fires it yet */
	assert_events(with("mm_page_free_batched", page, "order=0"));
	pagesim_trace_enable("mm_page_pcpu_drain");
	drain_local_pages(NULL);
	assert_events("");
	/* More than the list is to keep of a machine that small. */
	page = alloc_pages(GFP_KERNEL, 2);
	__free_pages(page, 2);
	assert_events(
		with("mm_page_pcpu_drain", page, "order=2 migratetype=1"));
}

static struct folio *folio;

static void wait_for_writeback(void *arg __maybe_unused)
{
	folio_wait_writeback(folio);
}

static void count(const struct pagesim_trace_record *record, void *data)
{
	assert_string_equal(record->tp->name, "folio_wait_writeback");
	++*(long *)data;
}

static void test_wait_writeback(void **state)
{
	struct pagesim_thread thread;
	long nr = 0;

	(void)state;
	assert_int_equal(pagesim_trace_resize(16), 0);
	folio = folio_alloc(GFP_KERNEL, 0);
	folio->index = 7;
	pagesim_trace_enable("folio_wait_writeback");
	folio_wait_writeback(folio); /* does not wait */
	assert_events("");
	folio_lock(folio);
	folio_start_writeback(folio);
	start_workers(&thread, 1, wait_for_writeback);
	while (!nr)
		pagesim_trace_for_each(count, &nr);
	folio_end_writeback(folio);
	join_workers(&thread, 1);
	assert_events("folio_wait_writeback: bdi (unknown): ino=0 index=7\n");
	folio_unlock(folio);
	folio_put(folio);
}

#endif

int main(void)
{
#if PAGESIM_TRACE
	const struct CMUnitTest tests[] = {
		traced_test(test_alloc_and_free),
		traced_test(test_failed_alloc),
		traced_test(test_gfp_flags),
		traced_test(test_per_cpu_lists),
		traced_test(test_wait_writeback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	puts("built without tracepoints");
	return 77;
#endif
}
