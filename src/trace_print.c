// SPDX-License-Identifier: MIT
// Floor: 1
/* Records as text: ftrace's, and Chrome's JSON. */
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "trace_define.h"

#define MAX_VALUE_LEN 512

/* ---- values ---- */

void trace_show_int(char *buf, size_t size, u64 value)
{
	snprintf(buf, size, "%lld", (long long)value);
}

void trace_show_hex(char *buf, size_t size, u64 value)
{
	snprintf(buf, size, "0x%llx", (unsigned long long)value);
}

void trace_show_ptr(char *buf, size_t size, u64 value)
{
	snprintf(buf, size, "%016llx", (unsigned long long)value);
}

void trace_show_str(char *buf, size_t size, u64 value)
{
	snprintf(buf, size, "%s", (const char *)(uintptr_t)value);
}

void trace_show_flags(char *buf, size_t size, u64 value, const char *none,
		      const struct trace_flag *flags, size_t nr)
{
	const char *delim = "";
	size_t len = 0;

	snprintf(buf, size, "%s", none);
	for (size_t i = 0; i < nr && len < size; i++) {
		if (!value || (value & flags[i].mask) != flags[i].mask)
			continue;
		value &= ~(u64)flags[i].mask;
		len += (size_t)snprintf(buf + len, size - len, "%s%s", delim,
					flags[i].name);
		delim = "|";
	}
	if (value && len < size)
		snprintf(buf + len, size - len, "%s0x%llx", delim,
			 (unsigned long long)value);
}

static const char *value_text(char buf[MAX_VALUE_LEN],
			      const struct pagesim_trace_record *record, int i)
{
	record->tp->field[i].show(buf, MAX_VALUE_LEN, record->value[i]);
	return buf;
}

/* ---- ftrace ---- */

static unsigned int nr_cpus_of(const struct pagesim_trace_record *records,
			       long nr)
{
	u64 seen = 0;

	for (long i = 0; i < nr; i++)
		seen |= BIT_ULL(records[i].cpu);
	return (unsigned int)__builtin_popcountll(seen);
}

static void print_ftrace_head(FILE *out, long nr, unsigned long written,
			      unsigned int nr_cpus)
{
	fprintf(out,
		"# tracer: nop\n#\n"
		"# entries-in-buffer/entries-written: %ld/%lu   #P:%u\n#\n",
		nr, written, nr_cpus);
	fputs("#                                _-----=> irqs-off/BH-disabled\n"
	      "#                               / _----=> need-resched\n"
	      "#                              | / _---=> hardirq/softirq\n"
	      "#                              || / _--=> preempt-depth\n"
	      "#                              ||| / _-=> migrate-disable\n"
	      "#                              |||| /     delay\n"
	      "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
	      "#              | |         |   |||||     |         |\n",
	      out);
}

static char irqs_char(u32 context)
{
	if (context & PAGESIM_TRACE_IRQS_OFF)
		return context & PAGESIM_TRACE_BH_OFF ? 'D' : 'd';
	return context & PAGESIM_TRACE_BH_OFF ? 'b' : '.';
}

static char softirq_char(u32 context)
{
	if (context & PAGESIM_TRACE_HARDIRQ)
		return context & PAGESIM_TRACE_SOFTIRQ ? 'H' : 'h';
	return context & PAGESIM_TRACE_SOFTIRQ ? 's' : '.';
}

static void print_ftrace_line(FILE *out,
			      const struct pagesim_trace_record *record)
{
	unsigned long long us = (record->time + 500) / 1000;
	char buf[MAX_VALUE_LEN];
	int field = 0;

	fprintf(out,
		"%16.15s-%-7u [%03u] %c.%c.. %5llu.%06llu: %s: ", record->task,
		record->cpu == MAX_CPUS ? 0 : record->cpu + 1, record->cpu,
		irqs_char(record->context), softirq_char(record->context),
		us / 1000000, us % 1000000, record->tp->name);
	for (const char *c = record->tp->format; *c; c++)
		if (*c == '$')
			fputs(value_text(buf, record, field++), out);
		else
			fputc(*c, out);
	fputc('\n', out);
}

int pagesim_trace_print_ftrace(FILE *out)
{
	struct pagesim_trace_record *records;
	unsigned long written;
	long nr = trace_ring_read(&records, &written);

	if (nr < 0)
		return (int)nr;
	print_ftrace_head(out, nr, written, nr_cpus_of(records, nr));
	if (written > (unsigned long)nr)
		fprintf(out,
			"# %lu events were lost, most of them before these\n",
			written - (unsigned long)nr);
	for (long i = 0; i < nr; i++)
		print_ftrace_line(out, &records[i]);
	free(records);
	return 0;
}

/* ---- Chrome ---- */

static void print_json_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || (unsigned char)*s > '~')
			fprintf(out, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, out);
	fputc('"', out);
}

static void print_chrome_args(FILE *out,
			      const struct pagesim_trace_record *record)
{
	const struct pagesim_trace_field *field = record->tp->field;
	char buf[MAX_VALUE_LEN];

	fputs("{\"task\":", out);
	print_json_string(out, record->task);
	for (int i = 0; i < PAGESIM_TRACE_MAX_FIELDS && field[i].name; i++) {
		fprintf(out, ",\"%s\":", field[i].name);
		value_text(buf, record, i);
		if (field[i].show == trace_show_int)
			fputs(buf, out);
		else
			print_json_string(out, buf);
	}
	fputc('}', out);
}

static void print_chrome_event(FILE *out,
			       const struct pagesim_trace_record *record)
{
	fprintf(out,
		",\n{\"name\":\"%s\",\"cat\":\"%s\",\"ph\":\"i\",\"s\":\"t\","
		"\"ts\":%llu.%03llu,\"pid\":1,\"tid\":%u,\"args\":",
		record->tp->name, record->tp->system,
		(unsigned long long)record->time / 1000,
		(unsigned long long)record->time % 1000, record->cpu + 1);
	print_chrome_args(out, record);
	fputc('}', out);
}

/* A row's name for each CPU that has a record. */
static void print_chrome_rows(FILE *out,
			      const struct pagesim_trace_record *records,
			      long nr)
{
	u64 seen = 0;

	fputs("{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"tid\":1,"
	      "\"args\":{\"name\":\"pagesim\"}}",
	      out);
	for (long i = 0; i < nr; i++) {
		unsigned int cpu = records[i].cpu;

		if (seen & BIT_ULL(cpu))
			continue;
		seen |= BIT_ULL(cpu);
		fprintf(out,
			",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,"
			"\"tid\":%u,\"args\":{\"name\":\"CPU %u\"}}",
			cpu + 1, cpu);
	}
}

int pagesim_trace_print_chrome(FILE *out)
{
	struct pagesim_trace_record *records;
	unsigned long written;
	long nr = trace_ring_read(&records, &written);

	if (nr < 0)
		return (int)nr;
	fprintf(out,
		"{\"displayTimeUnit\":\"ns\",\"otherData\":{\"lost\":%lu},"
		"\"traceEvents\":[\n",
		written - (unsigned long)nr);
	print_chrome_rows(out, records, nr);
	for (long i = 0; i < nr; i++)
		print_chrome_event(out, &records[i]);
	fputs("\n]}\n", out);
	free(records);
	return 0;
}
