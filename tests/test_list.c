// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include <pagesim/list.h>

struct item {
	int number;
	struct list_head list;
};

static int sum_in_order(const struct list_head *head)
{
	struct item *item;
	int sum = 0;

	list_for_each_entry(item, head, list)
		sum = sum * 10 + item->number;
	return sum;
}

static void test_order(void **state)
{
	struct list_head head;
	struct item items[3] = { { .number = 1 },
				 { .number = 2 },
				 { .number = 3 } };

	(void)state;
	INIT_LIST_HEAD(&head);
	assert_true(list_empty(&head));
	list_add(&items[0].list, &head);
	list_add(&items[1].list, &head);
	list_add_tail(&items[2].list, &head);
	assert_int_equal(sum_in_order(&head), 213);
	assert_ptr_equal(list_first_entry(&head, struct item, list), &items[1]);
	list_del(&items[0].list);
	assert_int_equal(sum_in_order(&head), 23);
	list_del(&items[1].list);
	list_del(&items[2].list);
	assert_true(list_empty(&head));
}

/* What is taken off must not look like a tail: bit 0 of the poison is clear. */
static void test_poison(void **state)
{
	struct list_head head, entry;

	(void)state;
	INIT_LIST_HEAD(&head);
	list_add(&entry, &head);
	list_del(&entry);
	assert_ptr_equal(entry.next, 0xdead000000000100UL);
	assert_ptr_equal(entry.prev, 0xdead000000000122UL);
	assert_int_equal((unsigned long)entry.next & 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_poison),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
