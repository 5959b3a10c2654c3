// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * rcu/publish: an object is published, read, unlinked and freed. Does a
 * reader ever see it before it is complete, or after it is gone?
 */
#include <pagesim/rcupdate.h>
#include <pagesim/slab.h>

#include "scenarios.h"

enum {
	SYNCHRONIZE,
	CALL,
	KFREE,
	NO_GRACE_PERIOD,
	NO_READ_LOCK,
	USED_AFTER_UNLOCK,
	RELAXED_PUBLISH,
};

#define COMPLETE 42UL

struct object {
	struct rcu_head rcu;
	unsigned long value; /* plain */
};

static int variant_id;
static struct object *shared;

static void setup(const struct pagesim_variant *variant)
{
	variant_id = variant->id;
	shared = NULL;
}

static void publish(struct object *object)
{
	if (variant_id == RELAXED_PUBLISH)
		RCU_INIT_POINTER(shared, object);
	else
		rcu_assign_pointer(shared, object);
}

static void free_object(struct rcu_head *head)
{
	kfree(container_of(head, struct object, rcu));
}

static void unlink_and_free(struct object *object)
{
	RCU_INIT_POINTER(shared, NULL);
	switch (variant_id) {
	case CALL:
		call_rcu(&object->rcu, free_object);
		rcu_barrier();
		break;
	case KFREE:
		kfree_rcu(object, rcu);
		rcu_barrier();
		break;
	case NO_GRACE_PERIOD:
		kfree(object);
		break;
	default:
		synchronize_rcu();
		kfree(object);
	}
}

static void writer(void)
{
	struct object *object = kmalloc(sizeof(*object), GFP_KERNEL);

	pagesim_assert(object);
	object->value = COMPLETE;
	publish(object);
	pagesim_delay();
	unlink_and_free(object);
}

static void use(const struct object *object)
{
	pagesim_delay();
	pagesim_assert(!object || object->value == COMPLETE);
}

static void reader(void)
{
	struct object *object;

	if (variant_id == NO_READ_LOCK) {
		use(rcu_dereference_raw(shared));
		return;
	}
	rcu_read_lock();
	object = rcu_dereference(shared);
	if (variant_id != USED_AFTER_UNLOCK)
		use(object);
	rcu_read_unlock();
	if (variant_id == USED_AFTER_UNLOCK)
		use(object);
}

#define SEES_A_FREED_OBJECT                                \
	(PAGESIM_SEEN_BY_ASAN | PAGESIM_SEEN_BY_MEMCHECK | \
	 PAGESIM_SEEN_BY_EXPLORER)

static const struct pagesim_variant variants[] = {
	{ .name = "synchronize_rcu", .id = SYNCHRONIZE },
	{ .name = "call_rcu", .id = CALL },
	{ .name = "kfree_rcu", .id = KFREE },
	{ .name = "no-grace-period",
	  .provenance = "wrong: freed at once",
	  .expected = PAGESIM_USE_AFTER_FREE,
	  .seen_by = SEES_A_FREED_OBJECT,
	  .needs = PAGESIM_DEBUG_VM,
	  .id = NO_GRACE_PERIOD },
	{ .name = "no-read-lock",
	  .provenance = "wrong: nobody waits for such a reader",
	  .expected = PAGESIM_USE_AFTER_FREE,
	  .seen_by = SEES_A_FREED_OBJECT,
	  .needs = PAGESIM_DEBUG_VM,
	  .id = NO_READ_LOCK },
	{ .name = "used-after-unlock",
	  .provenance = "wrong: the section ends before the use",
	  .expected = PAGESIM_USE_AFTER_FREE,
	  .seen_by = SEES_A_FREED_OBJECT,
	  .needs = PAGESIM_DEBUG_VM,
	  .id = USED_AFTER_UNLOCK },
	{ .name = "relaxed-publish",
	  .provenance = "wrong: published without order",
	  .expected = PAGESIM_DATA_RACE,
	  .seen_by = PAGESIM_SEEN_BY_TSAN | PAGESIM_SEEN_BY_EXPLORER,
	  .id = RELAXED_PUBLISH },
	{ .name = NULL },
};

const struct pagesim_scenario rcu_publish = {
	.name = "rcu/publish",
	.question = "is a reader's object complete, and still there?",
	.provenance = "v6.12 include/linux/rcupdate.h",
	.variants = variants,
	.setup = setup,
	.threads = { { "writer", writer },
		     { "reader", reader },
		     { "reader", reader } },
};
