// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include <pagesim/folio.h>
#include <pagesim/page_alloc.h>
#include <pagesim/refcount.h>
#include "trace.h"

#if PAGESIM_TRACE

#define PFN 5
#define PAGE "pfn=0x5 flags=none count="
#define REST " mapcount=-1 mapping=0000000000000000 mt=1 val="

static struct page *fresh(void)
{
	struct page *page = pfn_to_page(PFN);

	__init_single_page(page, PFN, ZONE_NORMAL, 0);
	pagesim_trace_clear();
	return page;
}

/* Each operation is one event, told after it. */
static void test_operations(void **state)
{
	struct page *page = fresh();
	struct folio *folio = (struct folio *)page;

	(void)state;
	pagesim_trace_enable("page_ref:*");
	set_page_count(page, 4);
	assert_events("page_ref_set: " PAGE "4" REST "4\n");
	page_ref_add(page, 9);
	assert_events("page_ref_mod: " PAGE "13" REST "9\n");
	page_ref_sub(page, 3);
	assert_events("page_ref_mod: " PAGE "10" REST "-3\n");
	folio_ref_inc(folio);
	assert_events("page_ref_mod: " PAGE "11" REST "1\n");
	folio_ref_dec(folio);
	assert_events("page_ref_mod: " PAGE "10" REST "-1\n");
	page_ref_sub_and_test(page, 2);
	assert_events("page_ref_mod_and_test: " PAGE "8" REST "-2 ret=0\n");
	page_ref_inc_return(page);
	assert_events("page_ref_mod_and_return: " PAGE "9" REST "1 ret=9\n");
	page_ref_dec_return(page);
	assert_events("page_ref_mod_and_return: " PAGE "8" REST "-1 ret=8\n");
	folio_ref_sub_return(folio, 6);
	assert_events("page_ref_mod_and_return: " PAGE "2" REST "-6 ret=2\n");
	folio_try_get(folio);
	assert_events("page_ref_mod_unless: " PAGE "3" REST "1 ret=1\n");
	folio_ref_freeze(folio, 2);
	assert_events("page_ref_freeze: " PAGE "3" REST "2 ret=0\n");
	folio_ref_freeze(folio, 3);
	assert_events("page_ref_freeze: " PAGE "0" REST "3 ret=1\n");
	folio_try_get(folio);
	assert_events("page_ref_mod_unless: " PAGE "0" REST "1 ret=0\n");
	folio_ref_unfreeze(folio, 1);
	assert_events("page_ref_unfreeze: " PAGE "1" REST "1\n");
	page_ref_dec_and_test(page);
	assert_events("page_ref_mod_and_test: " PAGE "0" REST "-1 ret=1\n");
}

/* Off, each of them by itself. */
static void test_one_by_one(void **state)
{
	struct page *page = fresh();

	(void)state;
	pagesim_trace_enable("page_ref:*");
	pagesim_trace_disable("page_ref_mod");
	page_ref_inc(page);
	assert_events("");
	page_ref_inc_return(page);
	assert_events("page_ref_mod_and_return: " PAGE "3" REST "1 ret=3\n");
}

static void test_fields(void **state)
{
	struct page *page = fresh();

	(void)state;
	pagesim_trace_enable("page_ref_mod");
	page->flags |= BIT(PG_locked) | BIT(PG_dirty) | BIT(PG_arch_3);
	page->mapping = (struct address_space *)0x1001;
	atomic_set(&page->_mapcount, 2);
	page_ref_inc(page);
	assert_events("page_ref_mod: pfn=0x5 flags=locked|dirty|arch_3 count=2"
		      " mapcount=2 mapping=0000000000001001 mt=1 val=1\n");
	page->flags |= PAGEFLAGS_MASK;
	page_ref_inc(page);
	print_trace(pagesim_trace_print_ftrace);
	/* Every flag has a name: no number is left over. */
	assert_non_null(strstr(trace_text, "flags=locked|waiters|referenced|"));
	assert_null(strstr(trace_text, "|0x"));
}

/* ---- several CPUs ---- */

static struct folio *shared;

static void get_and_put(void *arg __maybe_unused)
{
	for (unsigned long i = 0; i < scaled(1000); i++) {
		if (!folio_try_get(shared))
			continue;
		folio_get(shared);
		folio_put_refs(shared, 1);
		folio_put(shared);
	}
}

static void freeze_and_unfreeze(void *arg __maybe_unused)
{
	for (unsigned long i = 0; i < scaled(1000); i++)
		if (folio_ref_freeze(shared, 1))
			folio_ref_unfreeze(shared, 1);
}

static void half(void *arg)
{
	if ((long)arg % 2)
		freeze_and_unfreeze(arg);
	else
		get_and_put(arg);
}

struct sums {
	long count;
	long nr;
};

static void sum_up(const struct pagesim_trace_record *record, void *data)
{
	const char *event = record->tp->name + strlen("page_ref_");
	long val = (long)record->value[6], ret = (long)record->value[7];
	struct sums *sums = data;

	sums->nr++;
	if (!strcmp(event, "freeze"))
		sums->count -= ret ? val : 0;
	else if (!strcmp(event, "mod_unless"))
		sums->count += ret ? val : 0;
	else
		sums->count += val; /* unfreeze: from 0 */
}

/* What the events tell, summed up, is what the count became. */
static void test_events_add_up(void **state)
{
	struct sums sums = { .count = 1 };

	(void)state;
	shared = folio_alloc(GFP_KERNEL, 0);
	assert_int_equal(pagesim_trace_enable("page_ref:*"), 7);
	run_workers(NR_WORKERS, half);
	folio_get(shared);
	pagesim_trace_disable("*");
	assert_int_equal(pagesim_trace_lost(), 0);
	pagesim_trace_for_each(sum_up, &sums);
	assert_true(sums.nr > 2000 / 20);
	assert_int_equal(sums.count, 2);
	assert_int_equal(folio_ref_count(shared), 2);
	folio_put_refs(shared, 2);
}

#endif

int main(void)
{
#if PAGESIM_TRACE
	const struct CMUnitTest tests[] = {
		traced_test(test_operations),
		traced_test(test_one_by_one),
		traced_test(test_fields),
		traced_test(test_events_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	puts("built without tracepoints");
	return 77;
#endif
}
