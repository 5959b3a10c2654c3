// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * rcu/suspicious-usage: a pointer that RCU protects is read, with and without
 * what makes that right. Lockdep says so before anything is freed too early:
 * here nothing is.
 */
#include <pagesim/rcupdate.h>
#include <pagesim/spinlock.h>

#include "scenarios.h"

enum {
	READ_LOCK,
	READ_LOCK_BH,
	UPDATE_LOCK,
	CHECK_UPDATE_LOCK,
	NO_READ_LOCK,
	OTHER_SECTION,
	NO_UPDATE_LOCK,
	SYNCHRONIZE_IN_SECTION,
};

static int variant_id;
static spinlock_t update_lock;
static long objects[2]; /* never changed, never freed */
static long *shared;

static void setup(const struct pagesim_variant *variant)
{
	variant_id = variant->id;
	spin_lock_init(&update_lock);
	shared = &objects[0];
}

static void updater(void)
{
	spin_lock(&update_lock);
	rcu_replace_pointer(shared, &objects[1], lockdep_is_held(&update_lock));
	spin_unlock(&update_lock);
	synchronize_rcu();
}

static void read_in_section(void)
{
	rcu_read_lock();
	pagesim_assert(*rcu_dereference(shared) == 0);
	if (variant_id == SYNCHRONIZE_IN_SECTION)
		synchronize_rcu();
	rcu_read_unlock();
}

static void read_in_section_bh(void)
{
	rcu_read_lock_bh();
	if (variant_id == READ_LOCK_BH)
		pagesim_assert(*rcu_dereference_bh(shared) == 0);
	else
		pagesim_assert(*rcu_dereference(shared) == 0);
	rcu_read_unlock_bh();
}

static long *read_as_updater(void)
{
	bool held = lockdep_is_held(&update_lock);

	if (variant_id == CHECK_UPDATE_LOCK)
		return rcu_dereference_check(shared, held);
	return rcu_dereference_protected(shared, held);
}

static void reader(void)
{
	switch (variant_id) {
	case READ_LOCK:
	case SYNCHRONIZE_IN_SECTION:
		read_in_section();
		break;
	case READ_LOCK_BH:
	case OTHER_SECTION:
		read_in_section_bh();
		break;
	case UPDATE_LOCK:
	case CHECK_UPDATE_LOCK:
		spin_lock(&update_lock);
		pagesim_assert(*read_as_updater() == 0);
		spin_unlock(&update_lock);
		break;
	case NO_UPDATE_LOCK:
		pagesim_assert(*read_as_updater() == 0);
		break;
	case NO_READ_LOCK:
		pagesim_assert(*rcu_dereference(shared) == 0);
		break;
	}
}

#define SUSPICIOUS .expected = PAGESIM_LOCKDEP, .needs = PAGESIM_DEBUG_FULL

static const struct pagesim_variant variants[] = {
	{ .name = "read-lock", .id = READ_LOCK },
	{ .name = "read-lock-bh", .id = READ_LOCK_BH },
	{ .name = "update-lock", .id = UPDATE_LOCK },
	{ .name = "check-update-lock", .id = CHECK_UPDATE_LOCK },
	{ .name = "no-read-lock",
	  .provenance = "rcu_dereference() outside of a section",
	  SUSPICIOUS,
	  .id = NO_READ_LOCK },
	{ .name = "other-section",
	  .provenance = "rcu_dereference() in a section of "
			"rcu_read_lock_bh()",
	  SUSPICIOUS,
	  .id = OTHER_SECTION },
	{ .name = "no-update-lock",
	  .provenance = "rcu_dereference_protected() by who does not hold it",
	  SUSPICIOUS,
	  .id = NO_UPDATE_LOCK },
	{ .name = "synchronize-in-section",
	  .provenance = "it would wait for itself",
	  SUSPICIOUS,
	  .id = SYNCHRONIZE_IN_SECTION },
	{ .name = NULL },
};

const struct pagesim_scenario rcu_suspicious_usage = {
	.name = "rcu/suspicious-usage",
	.question = "is a pointer read with what its protection asks for?",
	.provenance = "v6.12 include/linux/rcupdate.h, CONFIG_PROVE_RCU",
	.variants = variants,
	.setup = setup,
	.threads = { { "updater", updater }, { "reader", reader } },
};
