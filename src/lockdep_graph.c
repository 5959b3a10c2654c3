// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * The dependencies between lock classes: a directed graph, searched breadth
 * first, so that a report shows a shortest path. All of it runs under
 * lockdep_lock().
 */
#include <string.h>

#include "lockdep.h"

#define NR_HEADS 4096 /* a power of two */
#define USED_IN(state) (3u << (USAGE_STATE * (state)))
#define ON(state) (USED_IN(state) << USAGE_ON)

struct lock_edge lock_edges[MAX_LOCK_EDGES + 1];

static u16 edge_heads[NR_HEADS];
static unsigned int nr_edges;
static u16 queue[MAX_LOCK_CLASSES];
static u32 nr_searches;

void lockdep_forget_edges(void)
{
	if (nr_edges)
		memset(edge_heads, 0, sizeof(edge_heads));
	nr_edges = 0;
}

static u16 *edge_head(u16 from, u16 to)
{
	u32 bits = ((u32)from << 16 | to) * 0x9e3779b1u;

	return &edge_heads[bits >> 20];
}

static struct lock_edge *find_edge(u16 from, u16 to)
{
	u16 nr = *edge_head(from, to);

	while (nr && (lock_edges[nr].from != from || lock_edges[nr].to != to))
		nr = lock_edges[nr].hash_next;
	return nr ? &lock_edges[nr] : NULL;
}

static struct lock_edge *new_edge(const struct held_lock *prev,
				  const struct held_lock *next,
				  struct lockdep_report *report)
{
	u16 *head = edge_head(prev->class, next->class);
	struct lock_edge *edge;

	if (nr_edges == MAX_LOCK_EDGES) {
		lockdep_full(report, "dependencies");
		return NULL;
	}
	edge = &lock_edges[++nr_edges];
	*edge = (struct lock_edge){
		.from = prev->class,
		.to = next->class,
		.hash_next = *head,
		.refused = true,
		.from_place = prev->place,
		.to_place = next->place,
	};
	*head = (u16)nr_edges;
	return edge;
}

static void link_edge(struct lock_edge *edge)
{
	u16 nr = (u16)(edge - lock_edges);

	edge->refused = false;
	edge->next_after = lock_classes[edge->from].first_after;
	lock_classes[edge->from].first_after = nr;
	edge->next_before = lock_classes[edge->to].first_before;
	lock_classes[edge->to].first_before = nr;
}

/* ---- searching ---- */

static bool matches(u16 class, u16 target, u32 usage)
{
	return class == target || lock_classes[class].usage & usage;
}

/* Queues what the class's edges lead to, unless it was queued before. */
static unsigned int queue_next(u16 class, bool back, unsigned int tail)
{
	u16 nr = back ? lock_classes[class].first_before
		      : lock_classes[class].first_after;

	while (nr) {
		const struct lock_edge *edge = &lock_edges[nr];
		u16 id = back ? edge->from : edge->to;
		struct lock_class *other = &lock_classes[id];

		if (other->key && other->search != nr_searches) {
			other->search = nr_searches;
			other->via = nr;
			queue[tail++] = id;
		}
		nr = back ? edge->next_before : edge->next_after;
	}
	return tail;
}

u16 lockdep_search(u16 start, bool back, bool with_start, u16 target, u32 usage)
{
	unsigned int head = 0, tail = 0;

	nr_searches++;
	lock_classes[start].search = nr_searches;
	lock_classes[start].via = 0;
	queue[tail++] = start;
	while (head < tail) {
		u16 class = queue[head++];

		if ((class != start || with_start) &&
		    matches(class, target, usage))
			return class;
		tail = queue_next(class, back, tail);
	}
	return 0;
}

/* ---- a new dependency ---- */

static void report_circular(struct lockdep_report *report,
			    const struct pagesim_cpu *cpu,
			    const struct held_lock *prev,
			    const struct held_lock *next)
{
	lockdep_report_begin(
		report, &next->place, "lock_acquire",
		"WARNING: possible circular locking dependency detected: %s -> %s",
		lockdep_class_name(prev->class),
		lockdep_class_name(next->class));
	lockdep_report_add(report, "%s/%u\n", cpu->name, cpu->id);
	lockdep_report_lock(report, "takes ", next);
	lockdep_report_lock(report, "holds ", prev);
	lockdep_report_add(report, "known so far, the last first:\n");
	lockdep_report_path(report, prev->class, false);
	lockdep_report_held(report, cpu);
}

static void report_end(struct lockdep_report *report, const char *what,
		       u16 class, unsigned int bit)
{
	const struct lock_place *seen = &lock_classes[class].seen[bit];

	lockdep_report_add(report, "%s: %s {%s}, first seen at %s:%d\n", what,
			   lockdep_class_name(class), lockdep_usage_name(bit),
			   seen->file, seen->line);
}

static void report_unsafe(struct lockdep_report *report,
			  const struct pagesim_cpu *cpu,
			  const struct held_lock *prev,
			  const struct held_lock *next, unsigned int state)
{
	const char *name = state ? "SOFTIRQ" : "HARDIRQ";
	u16 class;

	lockdep_report_begin(
		report, &next->place, "lock_acquire",
		"WARNING: %s-safe -> %s-unsafe lock order detected: %s -> %s",
		name, name, lockdep_class_name(prev->class),
		lockdep_class_name(next->class));
	lockdep_report_add(report, "%s/%u\n", cpu->name, cpu->id);
	lockdep_report_lock(report, "takes ", next);
	lockdep_report_lock(report, "holds ", prev);
	class = lockdep_search(prev->class, true, true, 0, USED_IN(state));
	report_end(report, "safe", class,
		   (unsigned int)__builtin_ctz(lock_classes[class].usage &
					       USED_IN(state)));
	lockdep_report_path(report, class, true);
	class = lockdep_search(next->class, false, true, 0, ON(state));
	report_end(report, "unsafe", class,
		   (unsigned int)__builtin_ctz(lock_classes[class].usage &
					       ON(state)));
	lockdep_report_path(report, class, false);
	lockdep_report_held(report, cpu);
}

/* Is prev, or what it is taken under, taken by what interrupts next? */
static bool is_unsafe(u16 prev, u16 next, unsigned int state)
{
	return lockdep_search(prev, true, true, 0, USED_IN(state)) &&
	       lockdep_search(next, false, true, 0, ON(state));
}

bool lockdep_add_edge(const struct pagesim_cpu *cpu,
		      const struct held_lock *prev,
		      const struct held_lock *next,
		      struct lockdep_report *report)
{
	struct lock_edge *edge = find_edge(prev->class, next->class);

	if (likely(edge))
		return !edge->refused;
	edge = new_edge(prev, next, report);
	if (!edge)
		return false;
	if (lockdep_search(next->class, false, false, prev->class, 0)) {
		report_circular(report, cpu, prev, next);
		return false;
	}
	for (unsigned int state = 0; state < 2; state++)
		if (is_unsafe(prev->class, next->class, state)) {
			report_unsafe(report, cpu, prev, next, state);
			return false;
		}
	link_edge(edge);
	return true;
}

bool lockdep_refuse_edge(const struct held_lock *prev,
			 const struct held_lock *next,
			 struct lockdep_report *report)
{
	return !find_edge(prev->class, next->class) &&
	       new_edge(prev, next, report);
}
