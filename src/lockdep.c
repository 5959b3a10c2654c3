// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * In this file: entry is what is known of a lock's address, class the number
 * of its class, held a lock that a CPU holds or is about to. What ends in
 * _locked runs under the internal lock; that lock is raw, so that lockdep
 * does not follow itself, and is never held while a report goes out.
 */
#include <string.h>
#include <pagesim/raw_spinlock.h>

#include "cpu.h"
#include "lockdep.h"

#define NR_HEADS 4096 /* of each hash, a power of two */
#define NR_STACKS 128
#define MAX_PLACES 256

struct lock_entry {
	const void *lock;
	const void *key;
	const char *name;
	u16 hash_next;
	u16 class[MAX_LOCKDEP_SUBCLASSES]; /* 0: not looked for yet */
};

bool lockdep_active;
struct lock_class lock_classes[MAX_LOCK_CLASSES + 1];

static DEFINE_RAW_SPINLOCK(internal_lock);
static struct lock_entry entries[MAX_LOCK_ADDRESSES + 1];
static u16 entry_heads[NR_HEADS], class_heads[NR_HEADS];
static unsigned int nr_entries, nr_classes; /* ever used since boot */
static u16 free_entries; /* of those, forgotten ones */
static struct lock_place rcu_places[MAX_PLACES];
static unsigned int nr_rcu_places;
/* Row 2n of CPU n, row 2n + 1 of the interrupt that comes in there. */
static struct held_lock stacks[NR_STACKS][MAX_LOCK_DEPTH];

void lockdep_lock(void)
{
	raw_spin_lock(&internal_lock);
}

void lockdep_unlock(void)
{
	raw_spin_unlock(&internal_lock);
}

struct held_lock *lockdep_stack(unsigned int cpu, bool interrupt)
{
	return stacks[2 * cpu + interrupt];
}

/* Only what the last boot used is cleared: the rest takes no memory. */
void lockdep_boot(bool on)
{
	if (nr_entries)
		memset(entry_heads, 0, sizeof(entry_heads));
	if (nr_classes)
		memset(class_heads, 0, sizeof(class_heads));
	lockdep_forget_edges();
	nr_entries = nr_classes = nr_rcu_places = 0;
	free_entries = 0;
	WRITE_ONCE(lockdep_active, on);
}

void lockdep_full(struct lockdep_report *report, const char *table)
{
	static const struct lock_place here = { __FILE__, __LINE__ };

	WRITE_ONCE(lockdep_active, false);
	lockdep_report_begin(
		report, &here, __func__,
		"WARNING: lockdep has no room for more %s, and is off", table);
}

/* ---- which class a lock is of ---- */

static unsigned int hash(const void *key, unsigned int more)
{
	u64 bits = ((u64)(unsigned long)key + more) * 0x9e3779b97f4a7c15ULL;

	return (unsigned int)(bits >> 40) & (NR_HEADS - 1);
}

static struct lock_entry *find_entry_locked(const void *lock)
{
	u16 nr = entry_heads[hash(lock, 0)];

	while (nr && entries[nr].lock != lock)
		nr = entries[nr].hash_next;
	return nr ? &entries[nr] : NULL;
}

/* Returns NULL, and lockdep is off, if there is no room. */
static struct lock_entry *add_entry_locked(const void *lock,
					   struct lockdep_report *report)
{
	u16 nr = free_entries, *head = &entry_heads[hash(lock, 0)];
	struct lock_entry *entry;

	if (nr) {
		free_entries = entries[nr].hash_next;
	} else if (nr_entries < MAX_LOCK_ADDRESSES) {
		nr = (u16)++nr_entries;
	} else {
		lockdep_full(report, "locks");
		return NULL;
	}
	entry = &entries[nr];
	memset(entry, 0, sizeof(*entry));
	entry->lock = entry->key = lock;
	entry->hash_next = *head;
	*head = nr;
	return entry;
}

static u16 find_class_locked(const void *key, unsigned int subclass)
{
	u16 class = class_heads[hash(key, subclass)];

	while (class && (lock_classes[class].key != key ||
			 lock_classes[class].subclass != subclass))
		class = lock_classes[class].hash_next;
	return class;
}

static u16 add_class_locked(const struct lock_entry *entry,
			    unsigned int subclass,
			    struct lockdep_report *report)
{
	u16 *head = &class_heads[hash(entry->key, subclass)];
	struct lock_class *class;

	if (nr_classes == MAX_LOCK_CLASSES) {
		lockdep_full(report, "classes");
		return 0;
	}
	class = &lock_classes[++nr_classes];
	memset(class, 0, sizeof(*class));
	class->key = entry->key;
	class->name = entry->name;
	class->subclass = (u8)subclass;
	class->hash_next = *head;
	*head = (u16)nr_classes;
	return *head;
}

static u16 class_of_locked(const void *lock, unsigned int subclass,
			   struct lockdep_report *report)
{
	struct lock_entry *entry = find_entry_locked(lock);
	u16 *class;

	if (!entry)
		entry = add_entry_locked(lock, report);
	if (!entry)
		return 0;
	class = &entry->class[subclass];
	if (unlikely(!*class))
		*class = find_class_locked(entry->key, subclass);
	if (unlikely(!*class))
		*class = add_class_locked(entry, subclass, report);
	return *class;
}

/* Apart, so that the fast path has no report on its stack. */
static noinline u16 class_of_new(const void *lock, unsigned int subclass)
{
	struct lockdep_report report;
	u16 class;

	report.rule[0] = '\0';
	lockdep_lock();
	class = class_of_locked(lock, subclass, &report);
	lockdep_unlock();
	lockdep_send(&report);
	return class;
}

static u16 class_of(const void *lock, unsigned int subclass)
{
	const struct lock_entry *entry;
	u16 class;

	lockdep_lock();
	entry = find_entry_locked(lock);
	class = entry ? entry->class[subclass] : 0;
	lockdep_unlock();
	return likely(class) ? class : class_of_new(lock, subclass);
}

/* The class that is the lock's alone leaves the graph: it has no key. */
static void kill_own_class_locked(const struct lock_entry *entry)
{
	for (unsigned int sub = 0; sub < MAX_LOCKDEP_SUBCLASSES; sub++)
		if (entry->key == entry->lock && entry->class[sub])
			lock_classes[entry->class[sub]].key = NULL;
}

void __lockdep_init_map(const void *lock, const char *name,
			const struct lock_class_key *key)
{
	struct lockdep_report report;
	struct lock_entry *entry;

	report.rule[0] = '\0';
	lockdep_lock();
	entry = find_entry_locked(lock);
	if (!entry)
		entry = add_entry_locked(lock, &report);
	if (entry && entry->key != key) {
		kill_own_class_locked(entry);
		memset(entry->class, 0, sizeof(entry->class));
		entry->key = key;
		entry->name = name;
	}
	lockdep_unlock();
	lockdep_send(&report);
}

static void forget_locked(struct lock_entry *entry)
{
	u16 nr = (u16)(entry - entries);
	u16 *link = &entry_heads[hash(entry->lock, 0)];

	kill_own_class_locked(entry);
	while (*link != nr)
		link = &entries[*link].hash_next;
	*link = entry->hash_next;
	entry->lock = NULL;
	entry->hash_next = free_entries;
	free_entries = nr;
}

/* By address where that is less than to look at every lock there is. */
void __lockdep_free_range(const void *start, size_t size)
{
	const char *from = start, *end = from + size;

	lockdep_lock();
	if (size / 4 <= nr_entries) {
		for (; from < end; from += 4) {
			struct lock_entry *entry = find_entry_locked(from);

			if (entry)
				forget_locked(entry);
		}
	} else {
		for (unsigned int nr = 1; nr <= nr_entries; nr++) {
			const char *lock = entries[nr].lock;

			if (lock && lock >= from && lock < end)
				forget_locked(&entries[nr]);
		}
	}
	lockdep_unlock();
}

void __lock_set_cmp_fn(const void *lock, lock_cmp_fn cmp)
{
	u16 class = class_of(lock, 0);

	lockdep_lock();
	if (class)
		WRITE_ONCE(lock_classes[class].cmp, cmp);
	lockdep_unlock();
}

void __lockdep_set_novalidate_class(const void *lock)
{
	u16 class = class_of(lock, 0);

	lockdep_lock();
	if (class)
		WRITE_ONCE(lock_classes[class].novalidate, true);
	lockdep_unlock();
}

/* ---- usage ---- */

/* The usage bits of an acquisition; a trylock cannot wait for who it is in. */
static u32 usage_here(const struct pagesim_cpu *cpu, bool trylock, bool read)
{
	u32 usage = BIT(USAGE_USED);

	if (!trylock && cpu->hardirq)
		usage |= BIT(0);
	if (!trylock && cpu->softirq)
		usage |= BIT(USAGE_STATE);
	if (!cpu->irqs_off) {
		usage |= BIT(USAGE_ON);
		if (softirqs_on(cpu))
			usage |= BIT(USAGE_STATE + USAGE_ON);
	}
	return usage << read;
}

/*
 * A class got a usage bit: is it at odds with another bit of its own, or
 * with one of a class that is taken under it, or over it? The order of
 * mark_lock_irq().
 */
static void check_usage_locked(const struct pagesim_cpu *cpu,
			       const struct held_lock *held, unsigned int bit,
			       const char *func, struct lockdep_report *report)
{
	u32 usage = lock_classes[held->class].usage;
	unsigned int excl = (bit ^ USAGE_ON) & ~(unsigned int)USAGE_READ;
	u16 other;

	if (usage & BIT(excl)) {
		lockdep_report_inconsistent(report, cpu, held, excl, bit, func);
		return;
	}
	if (!(bit & USAGE_READ) && usage & BIT(excl | USAGE_READ)) {
		lockdep_report_inconsistent(report, cpu, held,
					    excl | USAGE_READ, bit, func);
		return;
	}
	other = lockdep_search(held->class, bit & USAGE_ON, false, 0,
			       (u32)(BIT(excl) | BIT(excl | USAGE_READ)));
	if (other)
		lockdep_report_inversion(report, cpu, held, bit, other, func);
}

static noinline void mark_bit(const struct pagesim_cpu *cpu,
			      const struct held_lock *held, unsigned int bit,
			      const char *func)
{
	struct lock_class *class = &lock_classes[held->class];
	struct lockdep_report report;

	report.rule[0] = '\0';
	lockdep_lock();
	if (!(class->usage & BIT(bit))) {
		WRITE_ONCE(class->usage, class->usage | (u32)BIT(bit));
		class->seen[bit] = held->place;
		if (bit < USAGE_USED)
			check_usage_locked(cpu, held, bit, func, &report);
	}
	lockdep_unlock();
	lockdep_send(&report);
}

static void mark_usage(const struct pagesim_cpu *cpu,
		       const struct held_lock *held, u32 usage,
		       const char *func)
{
	u32 new = usage & ~READ_ONCE(lock_classes[held->class].usage);

	for (; unlikely(new); new &= new - 1)
		mark_bit(cpu, held, (unsigned int)__builtin_ctz(new), func);
}

static bool validated(const struct held_lock *held)
{
	return !READ_ONCE(lock_classes[held->class].novalidate);
}

static void mark_held_locks(const struct pagesim_cpu *cpu, u32 usage,
			    const char *func)
{
	for (unsigned int i = 0; i < cpu->nr_held_locks; i++) {
		const struct held_lock *held = &cpu->held_locks[i];

		if (validated(held))
			mark_usage(cpu, held,
				   usage << (held->mode != LOCK_WRITE), func);
	}
}

void __lockdep_hardirqs_on(void)
{
	const struct pagesim_cpu *cpu = cpu_if_any();

	if (!cpu)
		return;
	mark_held_locks(cpu, BIT(USAGE_ON), "local_irq_enable");
	if (softirqs_on(cpu))
		mark_held_locks(cpu, BIT(USAGE_STATE + USAGE_ON),
				"local_irq_enable");
}

void __lockdep_softirqs_on(void)
{
	const struct pagesim_cpu *cpu = cpu_if_any();

	if (cpu && !cpu->irqs_off)
		mark_held_locks(cpu, BIT(USAGE_STATE + USAGE_ON),
				"local_bh_enable");
}

/* ---- taking and releasing ---- */

static noinline void report_recursion(const struct pagesim_cpu *cpu,
				      const struct held_lock *prev,
				      const struct held_lock *next)
{
	struct lockdep_report report;

	report.rule[0] = '\0';
	lockdep_lock();
	if (lockdep_refuse_edge(prev, next, &report)) {
		lockdep_report_begin(
			&report, &next->place, "lock_acquire",
			"WARNING: possible recursive locking detected: %s",
			lockdep_class_name(next->class));
		lockdep_report_lock(&report, "takes ", next);
		lockdep_report_lock(&report, "holds ", prev);
		lockdep_report_held(&report, cpu);
	}
	lockdep_unlock();
	lockdep_send(&report);
}

/*
 * A lock of the class is held already. Returns false if a nest lock makes it
 * right, when there is no dependency to add.
 */
static bool check_recursion(const struct pagesim_cpu *cpu,
			    struct held_lock *next, const void *nest)
{
	lock_cmp_fn cmp = READ_ONCE(lock_classes[next->class].cmp);
	bool nested = false;

	for (unsigned int i = 0; i < cpu->nr_held_locks; i++) {
		const struct held_lock *prev = &cpu->held_locks[i];

		nested |= nest && prev->lock == nest;
		if (prev->class != next->class)
			continue;
		if (prev->mode != LOCK_WRITE &&
		    next->mode == LOCK_RECURSIVE_READ)
			continue;
		if (cmp && cmp(prev->lock, next->lock) < 0)
			continue;
		if (nested)
			return false;
		report_recursion(cpu, prev, next);
		next->refused = true;
		break;
	}
	return true;
}

static noinline bool add_new_edge(const struct pagesim_cpu *cpu,
				  const struct held_lock *prev,
				  const struct held_lock *next)
{
	struct lockdep_report report;
	bool added;

	report.rule[0] = '\0';
	lockdep_lock();
	added = lockdep_add_edge(cpu, prev, next, &report);
	lockdep_unlock();
	lockdep_send(&report);
	return added;
}

/*
 * next depends on what is held, back to the first lock whose own
 * dependencies stand for the older ones. A lock of a context that this one
 * interrupted is not waited for by it.
 */
static void add_dependencies(const struct pagesim_cpu *cpu,
			     struct held_lock *next, const void *nest)
{
	if (!check_recursion(cpu, next, nest) ||
	    next->mode == LOCK_RECURSIVE_READ)
		return;
	for (unsigned int i = cpu->nr_held_locks; i-- > 0;) {
		const struct held_lock *prev = &cpu->held_locks[i];

		if (prev->irq_context != next->irq_context)
			break;
		if (!validated(prev) || prev->mode == LOCK_RECURSIVE_READ)
			continue;
		if (prev->class != next->class &&
		    !add_new_edge(cpu, prev, next))
			next->refused = true;
		if (!prev->trylock && !prev->refused)
			break;
	}
}

static noinline void report_full_stack(void)
{
	struct lockdep_report report;

	lockdep_lock();
	lockdep_full(&report, "held locks");
	lockdep_unlock();
	lockdep_send(&report);
}

void __lock_acquire(const void *lock, unsigned int subclass, bool trylock,
		    enum lock_mode mode, const void *nest, const char *file,
		    int line)
{
	struct pagesim_cpu *cpu = cpu_if_any();
	struct held_lock next = {
		.lock = lock,
		.place = { file, line },
		.mode = (u8)(mode & ~LOCK_SLEEPS),
		.sleeps = mode & LOCK_SLEEPS,
		.trylock = trylock,
	};

	if (!cpu || WARN_ON(subclass >= MAX_LOCKDEP_SUBCLASSES))
		return;
	if (unlikely(cpu->nr_held_locks == MAX_LOCK_DEPTH)) {
		report_full_stack();
		return;
	}
	next.class = class_of(lock, subclass);
	next.irq_context = (u8)(!!cpu->hardirq * 2 + !!cpu->softirq);
	if (!next.class)
		return;
	if (validated(&next)) {
		mark_usage(cpu, &next,
			   usage_here(cpu, trylock, next.mode != LOCK_WRITE),
			   "lock_acquire");
		if (!trylock && cpu->nr_held_locks)
			add_dependencies(cpu, &next, nest);
	}
	cpu->held_locks[cpu->nr_held_locks++] = next;
}

/* The newest of them; NULL if it was taken before lockdep knew the thread. */
static struct held_lock *find_held(const struct pagesim_cpu *cpu,
				   const void *lock)
{
	unsigned int i = cpu ? cpu->nr_held_locks : 0;

	while (i && cpu->held_locks[i - 1].lock != lock)
		i--;
	return i ? &cpu->held_locks[i - 1] : NULL;
}

void __lock_release(const void *lock)
{
	struct pagesim_cpu *cpu = cpu_if_any();
	struct held_lock *held = find_held(cpu, lock);
	struct held_lock *end;

	if (!held)
		return;
	end = &cpu->held_locks[cpu->nr_held_locks--];
	memmove(held, held + 1, (size_t)(end - held - 1) * sizeof(*held));
}

/* It is entered anew as the kernel does, in a reader's mode. */
void __lock_downgrade(const void *lock)
{
	const struct pagesim_cpu *cpu = cpu_if_any();
	struct held_lock *held = find_held(cpu, lock);

	if (!held)
		return;
	held->mode = LOCK_READ;
	if (validated(held))
		mark_usage(cpu, held, usage_here(cpu, held->trylock, true),
			   "lock_downgrade");
}

/* ---- questions ---- */

enum lock_state __lockdep_is_held(const void *lock, int read)
{
	const struct pagesim_cpu *cpu = cpu_if_any();
	const struct held_lock *held = find_held(cpu, lock);

	if (!cpu)
		return LOCK_STATE_UNKNOWN;
	if (held && (read == -1 || (held->mode != LOCK_WRITE) == read))
		return LOCK_STATE_HELD;
	return LOCK_STATE_NOT_HELD;
}

unsigned int __lockdep_nr_held(void)
{
	const struct pagesim_cpu *cpu = cpu_if_any();

	return cpu ? cpu->nr_held_locks : 0;
}

unsigned int lockdep_nr_spinlocks(const struct pagesim_cpu *cpu)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < cpu->nr_held_locks; i++)
		nr += !cpu->held_locks[i].sleeps;
	return nr;
}

/* Returns false if the place was there already. */
static bool note_place_locked(const struct lock_place *place)
{
	for (unsigned int i = 0; i < nr_rcu_places; i++)
		if (rcu_places[i].line == place->line &&
		    !strcmp(rcu_places[i].file, place->file))
			return false;
	if (nr_rcu_places < MAX_PLACES)
		rcu_places[nr_rcu_places++] = *place;
	return true;
}

bool __lockdep_rcu_suspicious(const char *file, int line, const char *text)
{
	const struct pagesim_cpu *cpu = cpu_if_any();
	struct lock_place place = { file, line };
	struct lockdep_report report;
	bool is_new;

	report.rule[0] = '\0';
	lockdep_lock();
	is_new = note_place_locked(&place);
	if (is_new)
		lockdep_report_rcu(&report, cpu, &place, text);
	lockdep_unlock();
	lockdep_send(&report);
	return is_new;
}
