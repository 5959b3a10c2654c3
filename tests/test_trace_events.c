// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include <pagesim/mutex.h>
#include <pagesim/rcupdate.h>
#include <pagesim/rwsem.h>
#include <pagesim/slab.h>
#include <pagesim/trace_events.h>
#include "trace.h"

#if PAGESIM_TRACE

struct object {
	char before[24];
	struct rcu_head rcu;
};

static void nothing(struct rcu_head *head)
{
	(void)head;
}

static void test_rcu_events(void **state)
{
	struct rcu_head head;
	struct object *object;
	char line[128];

	(void)state;
	pagesim_trace_enable("rcu:*");
	call_rcu(&head, nothing);
	object = kmalloc(sizeof(*object), GFP_KERNEL);
	kfree_rcu(object, rcu);
	rcu_barrier();
	print_trace(pagesim_trace_print_ftrace);
	snprintf(line, sizeof(line),
		 ": rcu_callback: rcu_sched rhp=%016lx func=%016lx 1\n",
		 (unsigned long)&head, (unsigned long)nothing);
	assert_non_null(strstr(trace_text, line));
	snprintf(line, sizeof(line),
		 ": rcu_kvfree_callback: rcu_sched rhp=%016lx func=24 2\n",
		 (unsigned long)object + 24);
	assert_non_null(strstr(trace_text, line));
	snprintf(line, sizeof(line),
		 ": rcu_invoke_callback: rcu_sched rhp=%016lx func=%016lx\n",
		 (unsigned long)&head, (unsigned long)nothing);
	assert_non_null(strstr(trace_text, line));
	snprintf(line, sizeof(line),
		 ": rcu_invoke_kvfree_callback: rcu_sched rhp=%016lx func=24\n",
		 (unsigned long)object + 24);
	assert_non_null(strstr(trace_text, line));
}

static DEFINE_RAW_SPINLOCK(raw);
static struct mutex mutex;
static struct rw_semaphore sem;

static void take_them(void *arg)
{
	(void)arg;
	raw_spin_lock(&raw);
	raw_spin_unlock(&raw);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	down_read(&sem);
	up_read(&sem);
	down_write(&sem);
	up_write(&sem);
}

static void count_begins(const struct pagesim_trace_record *record, void *lock)
{
	unsigned long *nr = lock;

	nr[1] += record->tp == &__tracepoint_contention_begin &&
		 record->value[0] == nr[0];
}

/* Until somebody waits for it. */
static void wait_for_begin(const void *lock)
{
	unsigned long nr[2] = { (unsigned long)lock, 0 };

	while (!nr[1])
		pagesim_trace_for_each(count_begins, nr);
}

static void assert_contention(const void *lock, const char *flags)
{
	char line[128];
	const char *begin;

	snprintf(line, sizeof(line), ": contention_begin: %016lx (flags=%s)\n",
		 (unsigned long)lock, flags);
	begin = strstr(trace_text, line);
	assert_non_null(begin);
	snprintf(line, sizeof(line), ": contention_end: %016lx (ret=0)\n",
		 (unsigned long)lock);
	assert_non_null(strstr(begin, line));
}

static void test_contention(void **state)
{
	struct pagesim_thread thread;

	(void)state;
	mutex_init(&mutex);
	init_rwsem(&sem);
	/* Small: it is read while others wait. */
	assert_int_equal(pagesim_trace_resize(1024), 0);
	raw_spin_lock(&raw);
	mutex_lock(&mutex);
	down_write(&sem);
	pagesim_trace_enable("lock:*");
	start_workers(&thread, 1, take_them);
	wait_for_begin(&raw);
	raw_spin_unlock(&raw);
	wait_for_begin(&mutex);
	mutex_unlock(&mutex);
	wait_for_begin(&sem);
	up_write(&sem);
	join_workers(&thread, 1);
	print_trace(pagesim_trace_print_ftrace);
	assert_contention(&raw, "SPIN");
	assert_contention(&mutex, "MUTEX");
	assert_contention(&sem, "READ");

	pagesim_trace_clear();
	down_read(&sem);
	start_workers(&thread, 1, take_them);
	wait_for_begin(&sem);
	up_read(&sem);
	join_workers(&thread, 1);
	print_trace(pagesim_trace_print_ftrace);
	assert_contention(&sem, "WRITE");
}

#endif

int main(void)
{
#if PAGESIM_TRACE
	const struct CMUnitTest tests[] = {
		traced_test(test_rcu_events),
		traced_test(test_contention),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	puts("built without tracepoints");
	return 77;
#endif
}
