/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * What the parts of lockdep share: lockdep.c (locks, classes, what a CPU
 * holds), lockdep_graph.c (dependencies) and lockdep_report.c.
 *
 * Everything here but a CPU's stack of held locks is under lockdep_lock().
 * A class and an edge have a number, 0 is none.
 */
#ifndef PAGESIM_SRC_LOCKDEP_H
#define PAGESIM_SRC_LOCKDEP_H

#include <stddef.h>
#include <pagesim/cpu.h>
#include <pagesim/lockdep.h>
#include <pagesim/types.h>

#define MAX_LOCK_CLASSES 1024
#define MAX_LOCK_EDGES 8192
#define MAX_LOCK_ADDRESSES 16384
#define MAX_LOCK_DEPTH 48

/* A usage bit is 4 * state + 2 * (held with it on) + (by a reader). */
enum {
	USAGE_READ = 1,
	USAGE_ON = 2,
	USAGE_STATE = 4,
	USAGE_USED = 8, /* from here on no context */
	NR_USAGES = 10,
};

struct lock_place {
	const char *file;
	int line;
};

struct lock_class {
	const void *key; /* NULL: dead, all its locks were forgotten */
	const char *name; /* NULL: the lock is its own key */
	lock_cmp_fn cmp;
	u8 subclass;
	bool novalidate;
	u16 hash_next;
	u16 first_after, first_before; /* edges */
	u32 usage; /* bits; also read without the lock */
	struct lock_place seen[NR_USAGES]; /* each bit for the first time */

	/* Of the last search: its number, and the edge that led here. */
	u32 search;
	u16 via;
};

/* to was taken while from was held. */
struct lock_edge {
	u16 from, to;
	u16 hash_next, next_after, next_before;
	bool refused; /* was reported, is in the hash only */
	struct lock_place from_place, to_place;
};

struct held_lock {
	const void *lock;
	struct lock_place place;
	u16 class;
	u8 mode; /* without LOCK_SLEEPS, which is the next */
	bool sleeps;
	u8 irq_context; /* in_hardirq() * 2 + in_serving_softirq() */
	bool trylock;
	bool refused; /* a dependency on a lock that was held then was */
};

struct lockdep_report {
	char rule[256]; /* empty: there is nothing to report */
	char text[4096];
	size_t len;
	struct lock_place place;
	const char *func;
};

#if PAGESIM_DEBUG >= 1

/* softirqs are on while none runs and none is disabled. */
static inline bool softirqs_on(const struct pagesim_cpu *cpu)
{
	return !cpu->bh_disabled && !cpu->softirq;
}

extern struct lock_class lock_classes[MAX_LOCK_CLASSES + 1];
extern struct lock_edge lock_edges[MAX_LOCK_EDGES + 1];

/* Boot: everything is forgotten. */
void lockdep_boot(bool on);
/* A CPU's stack of held locks; a second for what interrupts it. */
struct held_lock *lockdep_stack(unsigned int cpu, bool interrupt);

/* How many of the locks that the CPU holds are spinlocks. */
unsigned int lockdep_nr_spinlocks(const struct pagesim_cpu *cpu);

void lockdep_lock(void);
void lockdep_unlock(void);
/* Turns lockdep off. Under the lock; the report goes out after it. */
void lockdep_full(struct lockdep_report *report, const char *table);

/* ---- lockdep_graph.c ---- */

void lockdep_forget_edges(void);
/*
 * Finds a class to which edges lead from the start (or back from it) and
 * that is the target or has one of the usage bits; the start itself only if
 * with_start. Returns 0 if there is none; else lock_classes[].via leads back.
 */
u16 lockdep_search(u16 start, bool back, bool with_start, u16 target,
		   u32 usage);
/*
 * Remembers that next was taken under prev. Returns false if it must not be,
 * which is in the report unless it was reported earlier.
 */
bool lockdep_add_edge(const struct pagesim_cpu *cpu,
		      const struct held_lock *prev,
		      const struct held_lock *next,
		      struct lockdep_report *report);
/* Returns false if the pair was reported earlier. */
bool lockdep_refuse_edge(const struct held_lock *prev,
			 const struct held_lock *next,
			 struct lockdep_report *report);

/* ---- lockdep_report.c ---- */

const char *lockdep_usage_name(unsigned int bit);
void lockdep_report_begin(struct lockdep_report *report,
			  const struct lock_place *place, const char *func,
			  const char *fmt, ...) __printf(4, 5);
void lockdep_report_add(struct lockdep_report *report, const char *fmt, ...)
	__printf(2, 3);
void lockdep_report_lock(struct lockdep_report *report, const char *what,
			 const struct held_lock *held);
void lockdep_report_held(struct lockdep_report *report,
			 const struct pagesim_cpu *cpu);
/* The edges by which the last search came to the class, the last first. */
void lockdep_report_path(struct lockdep_report *report, u16 class, bool back);
/* "name" or "0x7f...", and "/1" for a subclass; the last four stay valid. */
const char *lockdep_class_name(u16 class);
/* The lock's class got the usage new while it had old. */
void lockdep_report_inconsistent(struct lockdep_report *report,
				 const struct pagesim_cpu *cpu,
				 const struct held_lock *held, unsigned int old,
				 unsigned int new, const char *func);
/* It got the bit, and the last search found another class at odds with it. */
void lockdep_report_inversion(struct lockdep_report *report,
			      const struct pagesim_cpu *cpu,
			      const struct held_lock *held, unsigned int bit,
			      u16 other, const char *func);
/* cpu may be NULL. */
void lockdep_report_rcu(struct lockdep_report *report,
			const struct pagesim_cpu *cpu,
			const struct lock_place *place, const char *text);
/* Prints what the CPU's thread holds. Context: without the lock. */
void lockdep_print_held(const struct pagesim_cpu *cpu);
/* Context: without the lock. */
void lockdep_send(const struct lockdep_report *report);

#else

static inline void
lockdep_print_held(const struct pagesim_cpu *cpu __maybe_unused)
{
}

static inline void lockdep_boot(bool on __maybe_unused)
{
}

static inline unsigned int
lockdep_nr_spinlocks(const struct pagesim_cpu *cpu __maybe_unused)
{
	return 0;
}

static inline struct held_lock *lockdep_stack(unsigned int cpu __maybe_unused,
					      bool interrupt __maybe_unused)
{
	return NULL;
}

#endif

#endif /* PAGESIM_SRC_LOCKDEP_H */
