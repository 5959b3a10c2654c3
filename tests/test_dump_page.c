// SPDX-License-Identifier: MIT
// Floor: 5
/* The lines of mm/debug.c at v6.12, as the kernel's printf writes them. */
#include "test.h"
#include <pagesim/folio.h>
#include <pagesim/memmap.h>

static char text[4096];

static const char *dump(const struct page *page, const char *reason)
{
	FILE *to;

	memset(text, 0, sizeof(text));
	to = fmemopen(text, sizeof(text) - 1, "w");
	pagesim_set_console(to);
	dump_page(page, reason);
	pagesim_set_console(NULL);
	fclose(to);
	return text;
}

static struct page *fresh(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	__init_single_page(page, pfn, ZONE_NORMAL, 0);
	page->lru.next = (struct list_head *)0xdead000000000100UL;
	page->lru.prev = (struct list_head *)0xdead000000000122UL;
	return page;
}

static void test_small_page(void **state)
{
	struct page *page = fresh(0x1234);

	(void)state;
	page->index = 0x77;
	SetPageDirty(page);
	SetPageLRU(page);
	assert_string_equal(
		dump(page, "it is looked at"),
		"page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x77 pfn:0x1234\n"
		"flags: 0x4000000000000030(dirty|lru|zone=2)\n"
		"raw: 4000000000000030 dead000000000100 dead000000000122 0000000000000000\n"
		"raw: 0000000000000077 0000000000000000 00000001ffffffff 0000000000000000\n"
		"page dumped because: it is looked at\n");
}

static void test_no_reason(void **state)
{
	(void)state;
	assert_null(strstr(dump(fresh(1), NULL), "because"));
}

static void test_kinds(void **state)
{
	struct page *page = fresh(1);

	(void)state;
	page->mapping = (struct address_space *)0x1001UL;
	assert_non_null(strstr(dump(page, NULL), "\nanon flags: "));
	page->mapping = (struct address_space *)0x1003UL;
	assert_non_null(strstr(dump(page, NULL), "\nksm flags: "));
	page->mapping = (struct address_space *)0x1000UL;
	assert_non_null(strstr(dump(page, NULL), "mapping:0000000000001000 "));
	page->memcg_data = 0xabc0;
	assert_non_null(strstr(dump(page, NULL), "\nmemcg:abc0\n"));
}

static void test_types(void **state)
{
	struct page *page = fresh(1);

	(void)state;
	__SetPageBuddy(page);
	assert_non_null(strstr(dump(page, NULL), "page_type: f0(buddy)\n"));
	assert_non_null(strstr(text, "mapcount:0 "));
	page->page_type = 0xfb000000;
	assert_non_null(strstr(dump(page, NULL), "page_type: fb(unknown)\n"));
}

static struct page *compound(void)
{
	for (unsigned long pfn = 8; pfn < 12; pfn++) {
		fresh(pfn);
		set_page_count(pfn_to_page(pfn), pfn == 8);
	}
	prep_compound_page(pfn_to_page(8), 2);
	return pfn_to_page(8);
}

static void test_tail_shows_its_folio(void **state)
{
	struct page *head = compound();

	(void)state;
	head->index = 0x20;
	atomic_set(&head[3]._mapcount, 1);
	atomic_set(&((struct folio *)head)->_large_mapcount, 1);
	atomic_set(&((struct folio *)head)->_nr_pages_mapped, 1);
	dump(head + 3, NULL);
	assert_non_null(strstr(
		text,
		"page: refcount:1 mapcount:2 mapping:0000000000000000 index:0x23 pfn:0xb\n"
		"head: order:2 mapcount:2 entire_mapcount:0 nr_pages_mapped:1 pincount:0\n"
		"flags: 0x4000000000000040(head|zone=2)\n"));
	/* A bit beside the number of pages says: mapped as a whole. */
	atomic_set(&((struct folio *)head)->_nr_pages_mapped, 0x800003);
	assert_non_null(strstr(dump(head, NULL), " nr_pages_mapped:3 "));
	dump(head + 3, NULL);
	/* Two lines of the page, four of the head and the page behind it. */
	assert_non_null(strstr(text, "raw: 4000000000000000 "));
	assert_non_null(strstr(text, "head: 4000000000000040 "));
}

/* A walker's page may point anywhere by the time it is looked at. */
static void test_wild_link(void **state)
{
	struct page *page = fresh(1);

	(void)state;
	page->compound_head = 0xffff888000000001UL;
	assert_non_null(strstr(dump(page, NULL), "does not match folio\n"));
	page->compound_head = (unsigned long)fresh(0x100) + 1;
	assert_non_null(strstr(dump(page, NULL), "does not match folio\n"));
	/* Into the middle of a page. */
	page->compound_head = (unsigned long)page - 24 + 1;
	assert_non_null(strstr(dump(page, NULL), "does not match folio\n"));
	/* And with a head's flag on top. */
	__SetPageHead(page);
	assert_non_null(strstr(dump(page, NULL), "does not match folio\n"));
	assert_null(strstr(text, "head: "));
	page->compound_head = 0;
}

static void test_poisoned(void **state)
{
	struct page *page = fresh(1);

	(void)state;
	memset(page, 0xff, sizeof(*page));
	assert_non_null(
		strstr(dump(page, "it is"), "is uninitialized and poisoned\n"));
	assert_non_null(strstr(text, "page dumped because: it is\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_small_page),
		machine_test(test_no_reason),
		machine_test(test_kinds),
		machine_test(test_types),
		machine_test(test_tail_shows_its_folio),
		machine_test(test_wild_link),
		machine_test(test_poisoned),
	};

	return cmocka_run_group_tests_name("dump_page", tests, NULL, NULL);
}
