// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * The text of lockdep's reports. It is written under lockdep_lock(), while
 * classes and edges stand still, and sent without.
 */
#include <stdarg.h>
#include <stdio.h>
#include <pagesim/report.h>

#include "lockdep.h"

static const char *const usage_names[NR_USAGES] = {
	"IN-HARDIRQ-W", "IN-HARDIRQ-R",	    "HARDIRQ-ON-W", "HARDIRQ-ON-R",
	"IN-SOFTIRQ-W", "IN-SOFTIRQ-R",	    "SOFTIRQ-ON-W", "SOFTIRQ-ON-R",
	"INITIAL USE",	"INITIAL READ USE",
};

const char *lockdep_usage_name(unsigned int bit)
{
	return usage_names[bit];
}

const char *lockdep_class_name(u16 class)
{
	static char names[4][64];
	static unsigned int nr;
	const struct lock_class *c = &lock_classes[class];
	char *text = names[nr++ % 4];
	int len;

	if (c->name)
		len = snprintf(text, 56, "%s", c->name);
	else
		len = snprintf(text, 56, "%p", c->key);
	if (c->subclass)
		snprintf(text + (len < 56 ? len : 55), 8, "/%u", c->subclass);
	return text;
}

void lockdep_report_add(struct lockdep_report *report, const char *fmt, ...)
{
	size_t room = sizeof(report->text) - report->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(report->text + report->len, room, fmt, args);
	va_end(args);
	report->len += (size_t)len < room ? (size_t)len : room - 1;
}

void lockdep_report_begin(struct lockdep_report *report,
			  const struct lock_place *place, const char *func,
			  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(report->rule, sizeof(report->rule), fmt, args);
	va_end(args);
	report->len = 0;
	report->place = *place;
	report->func = func;
	lockdep_report_add(report, "========\n%s\n--------\n", report->rule);
}

/* The kernel's sign: + on, - in, ? both; hardirq, its readers, softirq. */
static char usage_sign(u32 usage, unsigned int in)
{
	if (usage & BIT(in + USAGE_ON))
		return usage & BIT(in) ? '?' : '+';
	return usage & BIT(in) ? '-' : '.';
}

void lockdep_report_lock(struct lockdep_report *report, const char *what,
			 const struct held_lock *held)
{
	u32 usage = lock_classes[held->class].usage;

	lockdep_report_add(report, "%s%p (%s){%c%c%c%c}%s, at: %s:%d\n", what,
			   held->lock, lockdep_class_name(held->class),
			   usage_sign(usage, 0), usage_sign(usage, USAGE_READ),
			   usage_sign(usage, USAGE_STATE),
			   usage_sign(usage, USAGE_STATE + USAGE_READ),
			   held->trylock ? " by trylock" : "", held->place.file,
			   held->place.line);
}

void lockdep_report_held(struct lockdep_report *report,
			 const struct pagesim_cpu *cpu)
{
	char number[16];

	lockdep_report_add(report, "%u lock%s held by %s/%u:\n",
			   cpu->nr_held_locks,
			   cpu->nr_held_locks == 1 ? "" : "s", cpu->name,
			   cpu->id);
	for (unsigned int i = 0; i < cpu->nr_held_locks; i++) {
		snprintf(number, sizeof(number), " #%u: ", i);
		lockdep_report_lock(report, number, &cpu->held_locks[i]);
	}
	if (cpu->rcu_nesting)
		lockdep_report_add(report, " and rcu_read_lock(), %u deep\n",
				   cpu->rcu_nesting);
}

void lockdep_report_path(struct lockdep_report *report, u16 class, bool back)
{
	while (lock_classes[class].via) {
		const struct lock_edge *edge =
			&lock_edges[lock_classes[class].via];

		lockdep_report_add(
			report, "-> %s at %s:%d, under %s, held since %s:%d\n",
			lockdep_class_name(edge->to), edge->to_place.file,
			edge->to_place.line, lockdep_class_name(edge->from),
			edge->from_place.file, edge->from_place.line);
		class = back ? edge->to : edge->from;
	}
}

void lockdep_report_inconsistent(struct lockdep_report *report,
				 const struct pagesim_cpu *cpu,
				 const struct held_lock *held, unsigned int old,
				 unsigned int new, const char *func)
{
	const struct lock_place *seen = &lock_classes[held->class].seen[old];

	lockdep_report_begin(
		report, &held->place, func,
		"WARNING: inconsistent lock state: inconsistent {%s} -> {%s} usage. (%s)",
		lockdep_usage_name(old), lockdep_usage_name(new),
		lockdep_class_name(held->class));
	lockdep_report_add(report,
			   "%s/%u [HC%d SC%d HE%d SE%d] takes or holds\n",
			   cpu->name, cpu->id, !!cpu->hardirq, !!cpu->softirq,
			   !cpu->irqs_off, softirqs_on(cpu));
	lockdep_report_lock(report, "", held);
	lockdep_report_add(report, "{%s} was first seen at %s:%d\n",
			   lockdep_usage_name(old), seen->file, seen->line);
	lockdep_report_held(report, cpu);
}

void lockdep_report_inversion(struct lockdep_report *report,
			      const struct pagesim_cpu *cpu,
			      const struct held_lock *held, unsigned int bit,
			      u16 other, const char *func)
{
	unsigned int old = (bit ^ USAGE_ON) & ~(unsigned int)USAGE_READ;
	bool on = bit & USAGE_ON;

	if (!(lock_classes[other].usage & BIT(old)))
		old |= USAGE_READ;
	lockdep_report_begin(
		report, &held->place, func,
		"WARNING: possible irq lock inversion dependency detected: %s {%s}, %s {%s}",
		lockdep_class_name(held->class), lockdep_usage_name(bit),
		lockdep_class_name(other), lockdep_usage_name(old));
	lockdep_report_lock(report, "new usage of ", held);
	lockdep_report_add(
		report,
		on ? "taken under %s {%s}, first seen at %s:%d\n"
		   : "under it is taken %s {%s}, first seen at %s:%d\n",
		lockdep_class_name(other), lockdep_usage_name(old),
		lock_classes[other].seen[old].file,
		lock_classes[other].seen[old].line);
	lockdep_report_path(report, other, on);
	lockdep_report_held(report, cpu);
}

void lockdep_report_rcu(struct lockdep_report *report,
			const struct pagesim_cpu *cpu,
			const struct lock_place *place, const char *text)
{
	static const char headline[] = "WARNING: suspicious RCU usage";

	lockdep_report_begin(report, place, "rcu", "%s: %s", headline, text);
	report->len = 0; /* the kernel's lines, where the text is one below */
	lockdep_report_add(report,
			   "=============================\n%s\n"
			   "-----------------------------\n%s:%d %s!\n\n"
			   "other info that might help us debug this:\n\n"
			   "rcu_scheduler_active = 2, debug_locks = 1\n",
			   headline, place->file, place->line, text);
	if (cpu)
		lockdep_report_held(report, cpu);
}

void lockdep_print_held(const struct pagesim_cpu *cpu)
{
	struct lockdep_report report = { .len = 0 };

	lockdep_lock();
	lockdep_report_held(&report, cpu);
	lockdep_unlock();
	pr_warn("%s", report.text);
}

void lockdep_send(const struct lockdep_report *report)
{
	if (!report->rule[0])
		return;
	pr_warn("%s", report->text);
	pagesim_report(PAGESIM_REPORT_LOCKDEP, report->place.file,
		       report->place.line, report->func, "%s", report->rule);
}
