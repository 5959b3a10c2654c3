// SPDX-License-Identifier: MIT
// Floor: 5
#include "lockdep_locks.h"
#include <pagesim/rculist.h>
#include <pagesim/slab.h>

struct item {
	unsigned long number, twice; /* plain: RCU orders them */
	struct list_head list;
	struct hlist_node node;
	struct rcu_head rcu;
};

static LIST_HEAD(head);
static HLIST_HEAD(chain);
static bool stop;
static unsigned long torn;

static struct item *new_item(unsigned long number)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);

	item->number = number;
	item->twice = 2 * number;
	return item;
}

static void walk(void)
{
	struct item *item;

	list_for_each_entry_rcu(item, &head, list)
		torn += item->twice != 2 * item->number;
	hlist_for_each_entry_rcu(item, &chain, node)
		torn += item->twice != 2 * item->number;
	item = list_first_or_null_rcu(&head, struct item, list);
	torn += item && item->twice != 2 * item->number;
}

static void walk_until_told(void *arg)
{
	(void)arg;
	while (!smp_load_acquire(&stop)) {
		rcu_read_lock();
		walk();
		rcu_read_unlock();
	}
}

static void remove_item(struct item *item)
{
	list_del_rcu(&item->list);
	kfree_rcu(item, rcu);
}

/* First in, first out; now and then one is replaced where it is. */
static void change_list(unsigned long i)
{
	struct item *item = new_item(i), *next;

	if (i % 2)
		list_add_rcu(&item->list, &head);
	else
		list_add_tail_rcu(&item->list, &head);
	if (i < 5)
		return;
	if (i % 3) {
		remove_item(list_first_entry(&head, struct item, list));
		return;
	}
	item = list_last_entry(&head, struct item, list);
	next = new_item(i);
	list_replace_rcu(&item->list, &next->list);
	kfree_rcu(item, rcu);
}

static void change_chain(unsigned long i)
{
	struct hlist_node *first = chain.first;
	struct item *item = new_item(i);

	hlist_add_head_rcu(&item->node, &chain);
	if (i % 4 == 0)
		return;
	while (first && first->next)
		first = first->next;
	if (first) {
		hlist_del_rcu(first);
		kfree_rcu(hlist_entry(first, struct item, node), rcu);
	}
}

/* Each on its own, or the order of one would be lent to the other. */
static void change_under_a_reader(void (*change)(unsigned long i))
{
	struct pagesim_thread reader;

	stop = false;
	torn = 0;
	assert_int_equal(pagesim_thread_create(&reader, "reader",
					       walk_until_told, NULL),
			 0);
	for (unsigned long i = 0; i < scaled(2000); i++) {
		change(i);
		if (i % 64 == 63)
			rcu_barrier();
	}
	smp_store_release(&stop, true);
	pagesim_thread_join(&reader);
	assert_int_equal(torn, 0);
}

static void test_readers_of_a_changing_list(void **state)
{
	struct item *item, *next;

	(void)state;
	INIT_LIST_HEAD(&head);
	change_under_a_reader(change_list);
	list_for_each_entry_safe(item, next, &head, list)
		remove_item(item);
	assert_true(list_empty(&head));
}

static void test_readers_of_a_changing_chain(void **state)
{
	struct hlist_node *next;
	struct item *item;

	(void)state;
	INIT_HLIST_HEAD(&chain);
	change_under_a_reader(change_chain);
	hlist_for_each_entry_safe(item, next, &chain, node)
	{
		hlist_del_rcu(&item->node);
		kfree_rcu(item, rcu);
	}
	assert_true(hlist_empty(&chain));
}

static void walk_with(spinlock_t *lock)
{
	struct item *item;

	list_for_each_entry_rcu(item, &head, list, lockdep_is_held(lock))
		torn++;
	hlist_for_each_entry_rcu(item, &chain, node, lockdep_is_held(lock))
		torn++;
}

static void test_walks_in_sections(void **state)
{
	(void)state;
	rcu_read_lock();
	walk();
	rcu_read_unlock();
	local_bh_disable();
	walk();
	local_bh_enable();
	spin_lock(&a);
	walk_with(&a);
	spin_unlock(&a);
}

static void test_walks_outside(void **state)
{
	struct item *item;

	(void)state;
	if (pagesim_built_debug() < PAGESIM_DEBUG_FULL)
		skip();
	expect("RCU-list traversed in non-reader section!",
	       list_for_each_entry_rcu(item, &head, list) torn++);
	expect("RCU-list traversed in non-reader section!",
	       hlist_for_each_entry_rcu(item, &chain, node) torn++);
	spin_lock(&a);
	expect("RCU-list traversed in non-reader section!",
	       list_for_each_entry_rcu(item, &head, list, lockdep_is_held(&b))
		       torn++);
	spin_unlock(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lockdep_test(test_readers_of_a_changing_list),
		lockdep_test(test_readers_of_a_changing_chain),
		lockdep_test(test_walks_in_sections),
		lockdep_test(test_walks_outside),
	};

	return cmocka_run_group_tests_name("rculist", tests, NULL, NULL);
}
