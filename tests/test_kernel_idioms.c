// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * A piece of kernel code against <pagesim/kernel.h> alone: a cache of folios
 * by index, as a patch would bring one. Readers look under RCU and take a
 * reference if they can; whoever shrinks the cache locks and unlinks.
 */
#define pr_fmt(fmt) "fcache: " fmt

#include <pagesim/kernel.h>

#define FCACHE_BUCKETS 8
#define FCACHE_MAX_ORDER 2

struct fcache {
	spinlock_t lock; /* chains, lru */
	struct hlist_head buckets[FCACHE_BUCKETS];
	struct list_head lru; /* the latest last */
	atomic_long_t nr_folios;
	refcount_t users;
	struct rw_semaphore resize; /* for writing: nobody inserts */
	struct completion gone;
	unsigned int order;
};

struct fcache_entry {
	struct hlist_node node;
	struct list_head lru;
	struct folio *folio; /* a reference of the cache's */
	pgoff_t index;
	struct rcu_head rcu;
};

static struct kmem_cache *fcache_entries __read_mostly;

static int __init fcache_init(void)
{
	BUILD_BUG_ON(FCACHE_BUCKETS & (FCACHE_BUCKETS - 1));
	fcache_entries = KMEM_CACHE(fcache_entry, SLAB_HWCACHE_ALIGN);
	return fcache_entries ? 0 : -ENOMEM;
}

static struct hlist_head *fcache_bucket(struct fcache *fc, pgoff_t index)
{
	return &fc->buckets[index & (FCACHE_BUCKETS - 1)];
}

static struct fcache *fcache_create(unsigned int order)
{
	struct fcache *fc;

	if (WARN_ON_ONCE(order > FCACHE_MAX_ORDER))
		return ERR_PTR(-EINVAL);
	fc = kzalloc(sizeof(*fc), GFP_KERNEL_ACCOUNT);
	if (!fc)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&fc->lock);
	INIT_LIST_HEAD(&fc->lru);
	for (int i = 0; i < FCACHE_BUCKETS; i++)
		INIT_HLIST_HEAD(&fc->buckets[i]);
	init_rwsem(&fc->resize);
	init_completion(&fc->gone);
	refcount_set(&fc->users, 1);
	fc->order = order;
	pr_info("order %u, %s\n", order,
		IS_ENABLED(CONFIG_DEBUG_VM) ? "checked" : "unchecked");
	return fc;
}

/* Returns a folio with a reference for the caller, or NULL. */
static struct folio *fcache_get(struct fcache *fc, pgoff_t index)
{
	struct fcache_entry *entry;
	struct folio *folio = NULL;

	rcu_read_lock();
	hlist_for_each_entry_rcu(entry, fcache_bucket(fc, index), node)
	{
		if (entry->index != index)
			continue;
		folio = READ_ONCE(entry->folio);
		if (unlikely(!folio_try_get(folio)))
			folio = NULL;
		break;
	}
	rcu_read_unlock();
	if (folio)
		folio_set_referenced(folio);
	return folio;
}

static int fcache_insert(struct fcache *fc, pgoff_t index)
{
	struct fcache_entry *entry;
	struct folio *folio;

	entry = kmem_cache_alloc(fcache_entries, GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	folio = folio_alloc(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY, fc->order);
	if (!folio) {
		kmem_cache_free(fcache_entries, entry);
		return -ENOMEM;
	}
	folio_mark_uptodate(folio);
	entry->folio = folio;
	entry->index = index;

	down_read(&fc->resize);
	spin_lock(&fc->lock);
	hlist_add_head_rcu(&entry->node, fcache_bucket(fc, index));
	list_add_tail(&entry->lru, &fc->lru);
	spin_unlock(&fc->lock);
	up_read(&fc->resize);
	atomic_long_inc(&fc->nr_folios);
	return 0;
}

static void fcache_free_rcu(struct rcu_head *head)
{
	kmem_cache_free(fcache_entries,
			container_of(head, struct fcache_entry, rcu));
}

/* Unlinks up to nr folios that nobody uses. Returns how many those were. */
static unsigned long fcache_shrink(struct fcache *fc, unsigned long nr)
{
	struct fcache_entry *entry, *next;
	unsigned long isolated = 0;
	LIST_HEAD(dispose);

	lockdep_assert_not_held(&fc->lock);
	spin_lock(&fc->lock);
	list_for_each_entry_safe(entry, next, &fc->lru, lru) {
		if (isolated == nr)
			break;
		if (!folio_trylock(entry->folio))
			continue;
		if (!folio_ref_freeze(entry->folio, 1)) {
			folio_unlock(entry->folio);
			continue;
		}
		hlist_del_rcu(&entry->node);
		list_move_tail(&entry->lru, &dispose);
		isolated++;
	}
	spin_unlock(&fc->lock);

	list_for_each_entry_safe(entry, next, &dispose, lru) {
		VM_BUG_ON_FOLIO(!folio_test_locked(entry->folio), entry->folio);
		list_del(&entry->lru);
		folio_ref_unfreeze(entry->folio, 1);
		folio_unlock(entry->folio);
		folio_put(entry->folio);
		call_rcu(&entry->rcu, fcache_free_rcu);
	}
	atomic_long_sub((long)isolated, &fc->nr_folios);
	return isolated;
}

static void fcache_put(struct fcache *fc)
{
	if (refcount_dec_and_test(&fc->users))
		complete(&fc->gone);
}

static void fcache_destroy(struct fcache *fc)
{
	unsigned long nr;

	fcache_put(fc);
	wait_for_completion(&fc->gone);
	down_write(&fc->resize);
	nr = fcache_shrink(fc, ULONG_MAX);
	up_write(&fc->resize);
	if (WARN_ONCE(!list_empty(&fc->lru), "%lu folios are in use",
		      (unsigned long)list_count_nodes(&fc->lru)))
		return;
	rcu_barrier();
	pr_debug("%lu folios were there\n", nr);
	kfree(fc);
}
EXPORT_SYMBOL_GPL(fcache_entries);

/* ---- and its users ---- */

#include "test.h"
#include "cpus.h"

#define NR_INDICES 16

static struct fcache *cache;
static unsigned long hits; /* atomic */

static int boot_cache(void **state)
{
	return boot_cpus(state) || fcache_init();
}

static int shutdown_cache(void **state)
{
	kmem_cache_destroy(fcache_entries);
	return shutdown_machine(state);
}

#define cache_test(f) \
	cmocka_unit_test_setup_teardown(f, boot_cache, shutdown_cache)

static void test_errors(void **state)
{
	struct expected_report expected;

	(void)state;
	expect_report(&expected, PAGESIM_REPORT_WARN, "FCACHE_MAX_ORDER",
		      cache = fcache_create(3));
	assert_true(IS_ERR(cache));
	assert_int_equal(PTR_ERR(cache), -EINVAL);
}

static void test_insert_get_shrink(void **state)
{
	struct expected_report expected;
	struct folio *folio;

	(void)state;
	cache = fcache_create(1);
	assert_false(IS_ERR_OR_NULL(cache));
	for (pgoff_t i = 0; i < NR_INDICES; i++)
		assert_int_equal(fcache_insert(cache, i), 0);
	folio = fcache_get(cache, 3);
	assert_int_equal(folio_nr_pages(folio), 2);
	assert_int_equal(folio_ref_count(folio), 2);
	assert_true(folio_test_referenced(folio));
	assert_null(fcache_get(cache, 99));
	assert_int_equal(fcache_shrink(cache, 2), 2);
	assert_null(fcache_get(cache, 0));
	assert_int_equal(fcache_shrink(cache, 100), NR_INDICES - 3);
	refcount_inc(&cache->users);
	fcache_put(cache);
	expect_report(&expected, PAGESIM_REPORT_WARN, "1 folios are in use",
		      fcache_destroy(cache));
	folio_put(folio);
	complete(&cache->gone);
	refcount_set(&cache->users, 1);
	fcache_destroy(cache);
}

static void use_cache(void *arg)
{
	unsigned long seed = (unsigned long)arg + 1;

	for (unsigned long i = 0; i < scaled(3000); i++) {
		struct folio *folio;

		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		if (seed >> 62 == 0)
			fcache_insert(cache, (seed >> 40) % NR_INDICES);
		if (seed >> 60 == 5)
			fcache_shrink(cache, 3);
		folio = fcache_get(cache, (seed >> 40) % NR_INDICES);
		if (!folio)
			continue;
		if (!folio_test_uptodate(folio))
			abort();
		__atomic_fetch_add(&hits, 1, __ATOMIC_RELAXED);
		folio_put(folio);
	}
}

static void test_threads(void **state)
{
	(void)state;
	hits = 0;
	cache = fcache_create(0);
	run_workers(NR_WORKERS, use_cache);
	assert_true(hits > 0);
	fcache_destroy(cache);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_LOCKDEP), 0);
	assert_int_equal(pagesim_nr_reports(PAGESIM_REPORT_WARN), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cache_test(test_errors),
		cache_test(test_insert_get_shrink),
		cache_test(test_threads),
	};

	return cmocka_run_group_tests_name("kernel_idioms", tests, NULL, NULL);
}
