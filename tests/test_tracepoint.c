// SPDX-License-Identifier: MIT
// Floor: 5
#include "test.h"
#include "cpus.h"
#include <errno.h>
#include <pagesim/rcupdate.h>
#include <pagesim/trace_events.h>
#include "trace.h"
#include "trace_define.h"

#if PAGESIM_TRACE

/* Events of this test's own: a program can have some. */
DECLARE_TRACEPOINT(test_numbers);
DECLARE_TRACEPOINT(test_words);
DECLARE_TRACEPOINT(test_eight);

/* clang-format off */
DEFINE_TRACEPOINT(test, test_numbers, "i=$ (h=$) $",
		  { "i", trace_show_int }, { "h", trace_show_hex },
		  { "p", trace_show_ptr });
DEFINE_TRACEPOINT(test, test_words, "$ $",
		  { "a", trace_show_str }, { "b", trace_show_str });
DEFINE_TRACEPOINT(test, test_eight, "$ $ $ $ $ $ $ $",
		  { "a", trace_show_hex }, { "b", trace_show_hex },
		  { "c", trace_show_hex }, { "d", trace_show_hex },
		  { "e", trace_show_hex }, { "f", trace_show_hex },
		  { "g", trace_show_hex }, { "h", trace_show_hex });
/* clang-format on */

static void trace_test_numbers(long i, unsigned long h, void *p)
{
	if (tracepoint_enabled(test_numbers))
		TRACE_RECORD(test_numbers, i, h, (unsigned long)p);
}

static const char *list(void)
{
	FILE *out;

	memset(trace_text, 0, sizeof(trace_text));
	out = fmemopen(trace_text, sizeof(trace_text) - 1, "w");
	pagesim_trace_list(out);
	fclose(out);
	return trace_text;
}

static int trace_off(void **state)
{
	(void)state;
	pagesim_trace_disable("*");
	return pagesim_trace_resize(1UL << 16);
}

/* ---- on and off ---- */

static void test_by_pattern(void **state)
{
	(void)state;
	assert_int_equal(pagesim_trace_enable("test:*"), 3);
	assert_non_null(strstr(list(), "test:test_words on\n"));
	assert_int_equal(pagesim_trace_disable("test_n*"), 1);
	assert_non_null(strstr(list(), "test:test_numbers\n"));
	assert_non_null(strstr(list(), "test:test_words on\n"));
	assert_true(tracepoint_enabled(test_words));
	assert_false(tracepoint_enabled(test_numbers));
	assert_int_equal(pagesim_trace_enable("test:test_w?rds"),
			 1); /* again */
	assert_int_equal(pagesim_trace_enable("rcu:rcu_callback"), 1);
	assert_int_equal(pagesim_trace_enable("tes:*"), -ENOENT);
	assert_string_equal(pagesim_error(), "no tracepoint is called tes:*");
	assert_int_equal(pagesim_trace_disable("words"), -ENOENT);
}

static void count(const struct pagesim_trace_record *record, void *data)
{
	long *counts = data;

	if (record->tp == &__tracepoint_test_numbers)
		assert_int_equal(record->value[0], counts[0]++);
	else
		counts[1]++;
}

static void test_off_writes_nothing(void **state)
{
	long counts[2] = { 7, 0 };

	(void)state;
	trace_test_numbers(5, 0, NULL);
	assert_int_equal(pagesim_trace_enable("test_numbers"), 1);
	trace_test_numbers(7, 0, NULL);
	trace_test_numbers(8, 0, NULL);
	assert_int_equal(pagesim_trace_disable("test_numbers"), 1);
	trace_test_numbers(9, 0, NULL);
	assert_int_equal(pagesim_trace_for_each(count, counts), 2);
	assert_int_equal(counts[0], 9);
	pagesim_trace_clear();
	assert_int_equal(pagesim_trace_for_each(count, counts), 0);
	assert_int_equal(pagesim_trace_lost(), 0);
}

/* As who attaches to the probe does: on, but nothing for the ring. */
static void test_semaphore(void **state)
{
	unsigned short *semaphore =
		(unsigned short *)&pagesim_test_numbers_semaphore;
	long counts[2] = { 1, 0 };

	(void)state;
	pagesim_trace_enable("test_words");
	__atomic_fetch_add(semaphore, 1, __ATOMIC_RELAXED);
	assert_true(tracepoint_enabled(test_numbers));
	trace_test_numbers(0, 0, NULL);
	assert_int_equal(pagesim_trace_for_each(count, counts), 0);
	pagesim_trace_enable("test_numbers");
	trace_test_numbers(1, 0, NULL);
	assert_int_equal(pagesim_trace_for_each(count, counts), 1);
	pagesim_trace_disable("test_numbers");
	assert_true(tracepoint_enabled(test_numbers)); /* attached still */
	__atomic_fetch_sub(semaphore, 1, __ATOMIC_RELAXED);
	assert_false(tracepoint_enabled(test_numbers));
}

/* ---- the ring ---- */

static void test_overwrites_oldest(void **state)
{
	long counts[2] = { 44, 0 };

	(void)state;
	assert_int_equal(pagesim_trace_resize(50), 0); /* becomes 64 */
	assert_int_equal(pagesim_trace_enable("test_numbers"), 1);
	for (long i = 0; i < 64 + 44; i++)
		trace_test_numbers(i, 0, NULL);
	assert_int_equal(pagesim_trace_for_each(count, counts), 64);
	assert_int_equal(pagesim_trace_lost(), 44);
	print_trace(pagesim_trace_print_ftrace);
	assert_non_null(strstr(trace_text,
			       "entries-in-buffer/entries-written: 64/108"));
	assert_non_null(strstr(trace_text, "# 44 events were lost"));
	print_trace(pagesim_trace_print_chrome);
	assert_non_null(strstr(trace_text, "\"lost\":44"));
	assert_int_equal(pagesim_trace_resize(0), -EINVAL);
	assert_int_equal(pagesim_trace_resize(-1UL), -EINVAL);
}

#define NR_WRITES 20000
static unsigned long nr_writing;

/* One number and its complement in turn: a torn record would show. */
static void write_much(void *arg)
{
	unsigned long i = (unsigned long)arg << 32;
	unsigned long end = i + scaled(NR_WRITES);

	for (; i < end; i++)
		if (tracepoint_enabled(test_eight))
			TRACE_RECORD(test_eight, i, ~i, i, ~i, i, ~i, i, ~i);
	__atomic_fetch_sub(&nr_writing, 1, __ATOMIC_RELAXED);
}

static void look(const struct pagesim_trace_record *record, void *data)
{
	unsigned long writer = record->value[0] >> 32;
	u64 *last = data;

	assert_ptr_equal(record->tp, &__tracepoint_test_eight);
	assert_in_range(writer, 0, NR_WORKERS - 1);
	for (int i = 1; i < PAGESIM_TRACE_MAX_FIELDS; i++)
		assert_int_equal(record->value[i], ~record->value[i - 1]);
	/* Those of one writer are in its order. */
	assert_true(record->value[0] + 1 > last[writer]);
	last[writer] = record->value[0] + 1;
}

/* Read while they are written, over and over in a small ring. */
static void write_and_read(unsigned long nr_records)
{
	struct pagesim_thread threads[NR_WORKERS];
	u64 last[NR_WORKERS];
	long nr;

	assert_int_equal(pagesim_trace_resize(nr_records), 0);
	nr_writing = NR_WORKERS;
	start_workers(threads, NR_WORKERS, write_much);
	while (READ_ONCE(nr_writing)) {
		memset(last, 0, sizeof(last));
		nr = pagesim_trace_for_each(look, last);
		assert_in_range(nr, 0, nr_records);
	}
	join_workers(threads, NR_WORKERS);
	memset(last, 0, sizeof(last));
	nr = pagesim_trace_for_each(look, last);
	assert_int_equal((unsigned long)nr + pagesim_trace_lost(),
			 NR_WORKERS * scaled(NR_WRITES));
}

/* Who comes round to a record that is being written does not touch it. */
static void test_slow_writer(void **state)
{
	const struct pagesim_trace_record record = { .time = 1 };
	struct trace_slot *slow, *slot;
	unsigned long written;
	struct pagesim_trace_record *records;
	u64 first, n;

	(void)state;
	assert_int_equal(pagesim_trace_resize(1), 0);
	slow = trace_ring_begin(&first);
	assert_non_null(slow);
	assert_null(trace_ring_begin(&n));
	trace_ring_commit(slow, first, &record);
	assert_int_equal(trace_ring_read(&records, &written), 0); /* too old */
	free(records);
	assert_int_equal(written, 2);
	slot = trace_ring_begin(&n);
	assert_ptr_equal(slot, slow);
	assert_int_equal(n, first + 2);
	trace_ring_commit(slot, n, &record);
	assert_int_equal(trace_ring_read(&records, &written), 1);
	assert_int_equal(records[0].time, 1);
	free(records);
	assert_int_equal(pagesim_trace_lost(), 2);
}

static void test_many_writers(void **state)
{
	(void)state;
	pagesim_trace_enable("test_eight");
	write_and_read(1);
	write_and_read(16);
}

/* ---- as text ---- */

static void *number(unsigned long n)
{
	return (void *)n;
}

#define LINE "test_numbers: i=-3 (h=0xffff) 0000000000001234\n"

static void test_ftrace_text(void **state)
{
	const char *head = "# tracer: nop\n#\n"
			   "# entries-in-buffer/entries-written: 4/4   #P:1\n";
	unsigned long seconds;
	char task[20];
	const char *line;
	unsigned int pid, cpu, us;
	int n = 0;

	(void)state;
	pagesim_trace_enable("test:*");
	trace_test_numbers(-3, 0xffff, number(0x1234));
	local_bh_disable();
	TRACE_RECORD(test_words, (unsigned long)"one", (unsigned long)"two");
	local_irq_disable();
	trace_test_numbers(0, 0, NULL);
	local_irq_enable();
	trace_test_numbers(1, 0, NULL);
	local_bh_enable();
	print_trace(pagesim_trace_print_ftrace);
	assert_memory_equal(trace_text, head, strlen(head));
	assert_non_null(
		strstr(trace_text, "#           TASK-PID     CPU#  |||||  "));
	line = strstr(trace_text, "main-1 ");
	assert_non_null(line);
	while (line[-1] == ' ')
		line--;
	assert_int_equal(sscanf(line, " %19[^-]-%u [%u] ..... %lu.%u: %n", task,
				&pid, &cpu, &seconds, &us, &n),
			 5);
	assert_int_equal(pid, cpu + 1);
	line += n;
	assert_memory_equal(line, LINE, strlen(LINE));
	assert_non_null(strstr(trace_text, "] b.... "));
	assert_non_null(strstr(trace_text, ": test_words: one two\n"));
	assert_non_null(strstr(trace_text, "] D.... "));
}

static void raise_test_softirq(void *data)
{
	trace_test_numbers(0, 0, data);
}

static void in_callback(struct rcu_head *head)
{
	trace_test_numbers(0, 0, head);
}

/* "h" on the CPU that is interrupted, "s" in a callback. */
static void test_contexts(void **state)
{
	struct rcu_head head;

	(void)state;
	pagesim_trace_enable("test_numbers");
	on_each_cpu(raise_test_softirq, NULL, true);
	print_trace(pagesim_trace_print_ftrace);
	assert_non_null(strstr(trace_text, "] d.h.. "));
	pagesim_trace_clear();
	call_rcu(&head, in_callback);
	rcu_barrier();
	print_trace(pagesim_trace_print_ftrace);
	assert_non_null(strstr(trace_text, "] ..s.. "));
}

/* Whoever has no CPU gets none by being traced. */
static void test_no_cpu(void **state)
{
	(void)state;
	pagesim_trace_enable("test_numbers");
	trace_test_numbers(1, 0, NULL); /* no machine is running */
	print_trace(pagesim_trace_print_ftrace);
	assert_non_null(strstr(trace_text, "<...>-0       [063] "));
}

static void test_flags(void **state)
{
	static const struct trace_flag flags[] = {
		{ 6, "SIX" },
		{ 2, "TWO" },
		{ 8, "EIGHT" },
	};
	char buf[64];

	(void)state;
	trace_show_flags(buf, sizeof(buf), 0, "none", flags, 3);
	assert_string_equal(buf, "none");
	trace_show_flags(buf, sizeof(buf), 6, "none", flags, 3);
	assert_string_equal(buf, "SIX");
	trace_show_flags(buf, sizeof(buf), 0x2a, "none", flags, 3);
	assert_string_equal(buf, "TWO|EIGHT|0x20");
	trace_show_flags(buf, sizeof(buf), 0x24, "none", flags, 3);
	assert_string_equal(buf, "0x24");
	trace_show_flags(buf, 6, 0x2a, "none", flags, 3);
	assert_string_equal(buf, "TWO|E");
}

/* ---- JSON ---- */

/* Whether python's json takes it, and what the expression says of it. */
static void check_json(const char *expression)
{
	char command[512];
	FILE *python;

	snprintf(command, sizeof(command),
		 "python3 -c 'import json, sys; t = json.load(sys.stdin); "
		 "e = [e for e in t[\"traceEvents\"] if e[\"ph\"] == \"i\"]; "
		 "assert %s, e'",
		 expression);
	python = popen(command, "w");
	assert_non_null(python);
	fputs(trace_text, python);
	assert_int_equal(pclose(python), 0);
}

static void test_chrome_json(void **state)
{
	(void)state;
	print_trace(pagesim_trace_print_chrome);
	check_json("e == []");
	pagesim_trace_enable("test:*");
	trace_test_numbers(-3, 0xffff, number(0x1234));
	TRACE_RECORD(test_words, (unsigned long)"a \"quote\" \\ and\n",
		     (unsigned long)"\xc3\xa9");
	print_trace(pagesim_trace_print_chrome);
	check_json("[x[\"name\"] for x in e] == "
		   "[\"test_numbers\", \"test_words\"]");
	check_json("e[0][\"args\"] == {\"task\": \"main\", \"i\": -3, "
		   "\"h\": \"0xffff\", \"p\": \"0000000000001234\"}");
	check_json("e[1][\"args\"][\"a\"] == "
		   "\"a \\\"quote\\\" \\\\ and\\n\"");
	check_json("e[0][\"ts\"] <= e[1][\"ts\"]");
	check_json("e[0][\"cat\"] == \"test\" and e[0][\"tid\"] == 1");
	check_json("t[\"otherData\"][\"lost\"] == 0");
}

#else

static void test_built_without(void **state)
{
	(void)state;
	assert_int_equal(pagesim_trace_enable("rcu:*"), -ENOENT);
	assert_string_equal(pagesim_error(),
			    "built without tracepoints (PAGESIM_TRACE): rcu:*");
	assert_int_equal(pagesim_trace_disable("*"), -ENOENT);
	assert_false(tracepoint_enabled(rcu_callback));
	print_trace(pagesim_trace_print_ftrace);
	assert_non_null(strstr(trace_text, "entries-written: 0/0 "));
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#if PAGESIM_TRACE
		cmocka_unit_test_teardown(test_by_pattern, trace_off),
		cmocka_unit_test_teardown(test_off_writes_nothing, trace_off),
		cmocka_unit_test_teardown(test_semaphore, trace_off),
		cmocka_unit_test_teardown(test_overwrites_oldest, trace_off),
		cmocka_unit_test_teardown(test_slow_writer, trace_off),
		cmocka_unit_test_teardown(test_no_cpu, trace_off),
		cmocka_unit_test(test_flags),
		traced_test(test_many_writers),
		traced_test(test_ftrace_text),
		traced_test(test_contexts),
		traced_test(test_chrome_json),
#else
		cmocka_unit_test(test_built_without),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
