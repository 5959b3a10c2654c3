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

static void test_careful_lists(void **state)
{
	struct list_head head, entry;

	(void)state;
	INIT_LIST_HEAD(&head);
	list_add(&entry, &head);
	assert_false(list_empty_careful(&entry));
	list_del_init_careful(&entry);
	assert_true(list_empty_careful(&entry));
	assert_true(list_empty_careful(&head));
}

/* ---- nine entries, and what becomes of them ---- */

static struct item nine[9];
static LIST_HEAD(one);
static LIST_HEAD(other);

/* "1 to first" in one, the rest in the other. */
static void deal(int first)
{
	INIT_LIST_HEAD(&one);
	INIT_LIST_HEAD(&other);
	for (int i = 0; i < 9; i++) {
		nine[i].number = i + 1;
		list_add_tail(&nine[i].list, i < first ? &one : &other);
	}
}

static int sum_backwards(const struct list_head *head)
{
	struct item *item;
	int sum = 0;

	list_for_each_entry_reverse(item, head, list)
		sum = sum * 10 + item->number;
	return sum;
}

/* Both directions agree. */
static void assert_list(struct list_head *head, int wanted)
{
	int backwards = sum_backwards(head), mirrored = 0;
	size_t nr = 0;

	assert_int_equal(sum_in_order(head), wanted);
	for (; backwards; backwards /= 10) {
		mirrored = mirrored * 10 + backwards % 10;
		nr++;
	}
	assert_int_equal(mirrored, wanted);
	assert_int_equal(list_count_nodes(head), nr);
}

static void test_del_init(void **state)
{
	(void)state;
	deal(3);
	list_del_init(&nine[1].list);
	assert_true(list_empty(&nine[1].list));
	list_del_init(&nine[1].list); /* is nothing */
	assert_list(&one, 13);
}

static void test_move(void **state)
{
	(void)state;
	deal(3);
	list_move(&nine[4].list, &one);
	assert_list(&one, 5123);
	assert_list(&other, 46789);
	list_move_tail(&nine[0].list, &other);
	assert_list(&one, 523);
	assert_list(&other, 467891);
	list_bulk_move_tail(&one, &nine[5].list, &nine[7].list);
	assert_list(&one, 523678);
	assert_list(&other, 491);
	list_bulk_move_tail(&one, &nine[4].list, &nine[2].list);
	assert_list(&one, 678523); /* in one list, too */
}

static void test_replace(void **state)
{
	struct item ten = { .number = 0 };

	(void)state;
	deal(3);
	list_replace(&nine[1].list, &ten.list);
	assert_list(&one, 103);
	list_replace_init(&ten.list, &nine[1].list);
	assert_list(&one, 123);
	assert_true(list_empty(&ten.list));
}

static void test_splice(void **state)
{
	(void)state;
	deal(3);
	list_splice(&other, &one);
	assert_list(&one, 456789123);
	deal(3);
	list_splice_tail(&other, &one);
	assert_list(&one, 123456789);
	deal(3);
	list_splice_init(&other, &one);
	assert_list(&one, 456789123);
	assert_true(list_empty(&other));
	deal(3);
	list_splice_tail_init(&other, &one);
	assert_list(&one, 123456789);
	assert_list(&other, 0);
	list_splice(&other, &one); /* is nothing */
	list_splice_tail_init(&other, &one);
	assert_list(&one, 123456789);
}

static void test_places(void **state)
{
	(void)state;
	deal(2);
	assert_true(list_is_first(&nine[0].list, &one));
	assert_false(list_is_first(&nine[1].list, &one));
	assert_true(list_is_last(&nine[1].list, &one));
	assert_true(list_is_head(nine[1].list.next, &one));
	assert_false(list_is_singular(&one));
	assert_ptr_equal(list_last_entry(&one, struct item, list), &nine[1]);
	assert_ptr_equal(list_next_entry(&nine[0], list), &nine[1]);
	assert_ptr_equal(list_prev_entry(&nine[1], list), &nine[0]);
	list_del(&nine[0].list);
	assert_true(list_is_singular(&one));
	assert_ptr_equal(list_first_entry_or_null(&one, struct item, list),
			 &nine[1]);
	list_del(&nine[1].list);
	assert_null(list_first_entry_or_null(&one, struct item, list));
	assert_false(list_is_singular(&one));
}

/* Each takes off what it is at. */
static void test_safe_walks(void **state)
{
	struct list_head *pos, *next;
	struct item *item, *n;
	int sum = 0;

	(void)state;
	deal(4);
	list_for_each_entry_safe(item, n, &one, list) {
		sum = sum * 10 + item->number;
		list_del(&item->list);
	}
	list_for_each_entry_safe_reverse(item, n, &other, list)
	{
		sum = sum * 10 + item->number;
		if (item->number > 6)
			list_del(&item->list);
	}
	assert_int_equal(sum, 123498765);
	assert_true(list_empty(&one));
	assert_list(&other, 56);
	list_for_each_safe(pos, next, &other) list_del(pos);
	assert_true(list_empty(&other));
}

static void test_other_walks(void **state)
{
	struct list_head *pos;
	struct item *item;
	int sum = 0;

	(void)state;
	deal(4);
	list_for_each(pos, &one)
		sum = sum * 10 + list_entry(pos, struct item, list)->number;
	list_for_each_prev(pos, &one)
		sum = sum * 10 + list_entry(pos, struct item, list)->number;
	assert_int_equal(sum, 12344321);
	sum = 0;
	item = &nine[1];
	list_for_each_entry_continue(item, &one, list)
		sum = sum * 10 + item->number;
	item = &nine[1];
	list_for_each_entry_from(item, &one, list)
		sum = sum * 10 + item->number;
	assert_int_equal(sum, 34234);
}

struct hashed {
	int number;
	struct hlist_node node;
};

static int sum_of_chain(const struct hlist_head *head)
{
	struct hashed *hashed;
	int sum = 0;

	hlist_for_each_entry(hashed, head, node)
		sum = sum * 10 + hashed->number;
	return sum;
}

static void test_hash_chains(void **state)
{
	HLIST_HEAD(head);
	struct hashed three[3], *hashed;
	struct hlist_node *next;

	(void)state;
	INIT_HLIST_HEAD(&head);
	assert_true(hlist_empty(&head));
	for (int i = 0; i < 3; i++) {
		three[i].number = i + 1;
		INIT_HLIST_NODE(&three[i].node);
		assert_true(hlist_unhashed(&three[i].node));
		hlist_add_head(&three[i].node, &head);
	}
	assert_int_equal(sum_of_chain(&head), 321);
	hlist_del_init(&three[1].node);
	assert_true(hlist_unhashed(&three[1].node));
	hlist_del_init(&three[1].node); /* is nothing */
	assert_int_equal(sum_of_chain(&head), 31);
	hlist_for_each_entry_safe(hashed, next, &head, node)
		hlist_del(&hashed->node);
	assert_true(hlist_empty(&head));
	assert_ptr_equal(three[0].node.pprev, LIST_POISON2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_careful_lists),
		cmocka_unit_test(test_del_init),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_splice),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_safe_walks),
		cmocka_unit_test(test_other_walks),
		cmocka_unit_test(test_hash_chains),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
