// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/page_alloc.h>
#include <pagesim/pagevec.h>

static void test_batch(void **state)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);
	struct folio_batch batch;

	(void)state;
	folio_batch_init(&batch);
	assert_int_equal(folio_batch_space(&batch), 31);
	for (unsigned int i = 1; i <= 31; i++)
		assert_int_equal(folio_batch_add(&batch, folio), 31 - i);
	assert_int_equal(folio_batch_count(&batch), 31);
	for (unsigned int i = 0; i < 31; i++)
		assert_ptr_equal(folio_batch_next(&batch), folio);
	assert_null(folio_batch_next(&batch));
	folio_batch_reinit(&batch);
	assert_int_equal(folio_batch_count(&batch), 0);
	assert_null(folio_batch_next(&batch));
	folio_put(folio);
}

static void test_put(void **state)
{
	struct folio *folios[PAGEVEC_SIZE];
	unsigned long free = nr_free_pages();
	struct folio_batch batch;

	(void)state;
	folio_batch_init(&batch);
	for (unsigned int i = 0; i < PAGEVEC_SIZE; i++) {
		folios[i] = folio_alloc(GFP_KERNEL, i % 3);
		if (i % 2)
			folio_get(folios[i]);
		folio_set_lru(folios[i]);
		folio_batch_add(&batch, folios[i]);
	}
	folios_put(&batch);
	assert_int_equal(folio_batch_count(&batch), 0);
	for (unsigned int i = 0; i < PAGEVEC_SIZE; i++) {
		assert_int_equal(folio_ref_count(folios[i]), i % 2);
		assert_int_equal(folio_test_lru(folios[i]), i % 2);
		if (i % 2)
			folio_batch_add(&batch, folios[i]);
	}
	folio_batch_release(&batch);
	folio_batch_release(&batch); /* empty: nothing */
	assert_int_equal(nr_free_pages(), free);
}

/* The same folio may be there twice; the counts are by place. */
static void test_put_refs(void **state)
{
	struct folio *one = folio_alloc(GFP_KERNEL, 0);
	struct folio *other = folio_alloc(GFP_KERNEL, 4);
	unsigned int refs[] = { 2, 5, 1 };
	struct folio_batch batch;

	(void)state;
	folio_ref_add(one, 3);
	folio_ref_add(other, 4);
	folio_batch_init(&batch);
	folio_batch_add(&batch, one);
	folio_batch_add(&batch, other);
	folio_batch_add(&batch, one);
	folios_put_refs(&batch, refs);
	assert_int_equal(folio_ref_count(one), 1);
	assert_int_equal(folio_ref_count(other), 0);
	assert_int_equal(folio_batch_count(&batch), 0);
	folio_put(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		machine_test(test_batch),
		machine_test(test_put),
		machine_test(test_put_refs),
	};

	return cmocka_run_group_tests_name("pagevec", tests, NULL, NULL);
}
