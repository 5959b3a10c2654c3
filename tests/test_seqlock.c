// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/seqlock.h>
#include "threads.h"

static seqcount_t seq = SEQCNT_ZERO(seq);

static void test_counts(void **state)
{
	unsigned int start;

	(void)state;
	seqcount_init(&seq);
	start = read_seqcount_begin(&seq);
	assert_int_equal(start, 0);
	assert_false(read_seqcount_retry(&seq, start));
	raw_write_seqcount_begin(&seq);
	assert_int_equal(raw_read_seqcount(&seq), 1);
	assert_true(read_seqcount_retry(&seq, start));
	raw_write_seqcount_end(&seq);
	assert_true(read_seqcount_retry(&seq, start));
	assert_int_equal(read_seqcount_begin(&seq), 2);
}

static void test_the_rest(void **state)
{
	unsigned int start;

	(void)state;
	seqcount_init(&seq);
	start = raw_read_seqcount_begin(&seq);
	write_seqcount_begin(&seq);
	assert_int_equal(raw_read_seqcount(&seq), 1);
	assert_int_equal(raw_seqcount_begin(&seq), 0);
	assert_true(read_seqcount_retry(&seq, raw_seqcount_begin(&seq)));
	write_seqcount_end(&seq);
	assert_int_equal(raw_seqcount_begin(&seq), 2);
	assert_true(__read_seqcount_retry(&seq, start));
	start = read_seqcount_begin(&seq);
	assert_false(__read_seqcount_retry(&seq, start));
	write_seqcount_invalidate(&seq);
	assert_int_equal(raw_read_seqcount(&seq), 4);
	assert_true(read_seqcount_retry(&seq, start));
	raw_write_seqcount_barrier(&seq);
	assert_int_equal(raw_read_seqcount(&seq), 6);
	seqcount_init(&seq);
}

static unsigned long pair[2];
static unsigned long looks, torn;
static bool over;

static void write_pairs(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < scaled(100000); i++) {
		write_seqcount_begin(&seq);
		WRITE_ONCE(pair[0], i);
		WRITE_ONCE(pair[1], i);
		write_seqcount_end(&seq);
	}
	smp_store_release(&over, true);
}

static void read_pairs(void *arg)
{
	unsigned long a, b;
	unsigned int start;

	(void)arg;
	while (!smp_load_acquire(&over)) {
		do {
			start = read_seqcount_begin(&seq);
			a = READ_ONCE(pair[0]);
			b = READ_ONCE(pair[1]);
		} while (read_seqcount_retry(&seq, start));
		looks++;
		torn += a != b;
	}
}

static void test_never_torn(void **state)
{
	(void)state;
	run_two(write_pairs, NULL, read_pairs, NULL);
	print_message("%lu looks\n", looks);
	assert_int_equal(torn, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_never_torn),
	};

	return cmocka_run_group_tests_name("seqlock", tests, NULL, NULL);
}
