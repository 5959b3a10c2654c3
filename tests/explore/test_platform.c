// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * The simulator's own sources, explored: locks, sleeping, RCU, references.
 * Each story has a right form and one with a mistake.
 */
#undef NDEBUG
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <pagesim/atomic.h>
#include <pagesim/mutex.h>
#include <pagesim/pagesim.h>
#include <pagesim/rcupdate.h>
#include <pagesim/slab.h>
#include <pagesim/spinlock.h>

#include "engine.h"
#include "platform.h"

struct story {
	const char *name;
	int nr_threads;
	void (*body)(int me);
	void (*finish)(void);
	enum ex_verdict verdict;
};

static bool mistake;
static int data;

/* ---- a counter under each lock ---- */

static DEFINE_SPINLOCK(spinlock);
static struct mutex mutex;

static void count_under_spinlock(int me)
{
	(void)me;
	if (!mistake)
		spin_lock(&spinlock);
	data++;
	if (!mistake)
		spin_unlock(&spinlock);
}

static void count_under_mutex(int me)
{
	(void)me;
	if (!mistake)
		mutex_lock(&mutex);
	data++;
	if (!mistake)
		mutex_unlock(&mutex);
}

static void all_counted(void)
{
	assert(data == 2);
}

/* ---- parking: one waits for a word that the other writes ---- */

static uint32_t word;

static void park_until_written(int me)
{
	if (me) {
		while (!smp_load_acquire(&word))
			platform_park(&word, 0);
		assert(data == 1);
		return;
	}
	data = 1;
	smp_store_release(&word, 1);
	if (!mistake)
		platform_unpark(&word, 1);
}

/* ---- RCU: replaced, waited, given back ---- */

static int objects[2], *current_object;

static void read_or_replace(int me)
{
	int *old;

	if (me) {
		rcu_read_lock();
		old = rcu_dereference(current_object);
		assert(*old == 1);
		rcu_read_unlock();
		return;
	}
	old = current_object;
	objects[1] = 1;
	rcu_assign_pointer(current_object, &objects[1]);
	if (!mistake)
		synchronize_rcu();
	*old = 0;
}

/* ---- void atomics commute ---- */

static atomic_t counter;

static void count_silently(int me)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (mistake)
			atomic_set(&counter, me);
		else
			atomic_inc(&counter);
	}
}

static void all_counted_silently(void)
{
	assert(atomic_read(&counter) == 12);
}

static const struct story stories[] = {
	{ "spinlock", 2, count_under_spinlock, all_counted, EX_DATA_RACE },
	{ "mutex", 2, count_under_mutex, all_counted, EX_DATA_RACE },
	{ "park", 2, park_until_written, NULL, EX_DEADLOCK },
	{ "rcu", 2, read_or_replace, NULL, EX_DATA_RACE },
	{ "atomic_inc", 4, count_silently, all_counted_silently, EX_ASSERTION },
};

static const struct story *story;

static void run_thread(void *me)
{
	story->body((int)(long)me);
}

static int run_story(void *unused)
{
	struct platform_thread threads[4];
	long i;

	(void)unused;
	mutex_init(&mutex);
	objects[0] = 1;
	current_object = &objects[0];
	for (i = 0; i < story->nr_threads; i++)
		platform_thread_create(&threads[i], run_thread, (void *)i);
	for (i = 0; i < story->nr_threads; i++)
		platform_thread_join(&threads[i]);
	if (story->finish)
		story->finish();
	return 0;
}

static int explore(enum ex_model model, bool wrong)
{
	enum ex_verdict want = wrong ? story->verdict : EX_CLEAN;
	struct ex_result result;

	mistake = wrong;
	ex_options.model = model;
	ex_options.max_time = 20;
	ex_explore(run_story, NULL, &result);
	printf("%-5s %-12s %-8s %-4s %s, %llu executions, %llu operations, "
	       "%.3f s\n",
	       result.verdict == want ? "ok" : "WRONG", story->name,
	       wrong ? "mistaken" : "right", ex_model_name(model),
	       ex_verdict_name(result.verdict),
	       (unsigned long long)result.executions,
	       (unsigned long long)result.steps, result.seconds);
	if (result.verdict != want)
		printf("%s\n", result.text);
	return result.verdict != want;
}

int main(void)
{
	struct pagesim_config config;
	int wrong = 0, model;
	size_t i;

	/* Setup, once: what the executions begin from. */
	pagesim_config_init(&config);
	config.nr_pages = 1024;
	if (pagesim_boot(&config))
		return 2;

	for (i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		for (model = EX_SC; model <= EX_WEAK; model++) {
			story = &stories[i];
			wrong += explore((enum ex_model)model, false);
			wrong += explore((enum ex_model)model, true);
		}
	}
	return wrong != 0;
}
