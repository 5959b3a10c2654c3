// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Data races and accesses to freed memory.
 *
 * For each 8 bytes a list of accesses, each with its thread, the number of
 * that thread's last event (its epoch, as in FastTrack) and the bytes. A new
 * access is compared with those of other threads on the same bytes: it comes
 * after them if its thread's clock has counted past their epoch. An access
 * that covers an older one of the same thread replaces it; a write drops
 * what came before it.
 *
 * Marked accesses (atomic, volatile) race with plain ones only. They are
 * recorded only where a plain access was ever seen; the first one there, and
 * the first access to another thread's stack, is a lesson after which an
 * engine repeats what it did (ex_lessons()).
 */
#include <stdio.h>
#include <string.h>

#include "runtime.h"

enum {
	CELLS = 6,
	FIRST_ROOM = 1 << 10
};
enum {
	MARKED = 2,
	FREED = 4
};

struct cell {
	uint8_t mask; /* of the 8 bytes */
	uint8_t thread;
	uint8_t flags;
	uint16_t epoch;
	const void *pc;
};

struct granule {
	uintptr_t key; /* address / 8; 0: unused */
	uint32_t run; /* cells are of this execution */
	uint8_t nr;
	bool plain; /* was ever accessed by a plain access */
	bool marked; /* by a marked one */
	bool shared_stack; /* by another thread than whose stack it is on */
	struct cell cells[CELLS];
};

static struct granule *table EX_STATE = NULL;
static size_t table_room EX_STATE = 0, table_used EX_STATE = 0;
static uint32_t run EX_STATE = 0;
static int lessons EX_STATE = 0;
/* All that this execution freed lies between them. */
static uintptr_t freed_from EX_STATE = 0, freed_to EX_STATE = 0;
bool race_mixed EX_STATE = false;

int ex_lessons(void)
{
	return lessons + spin_nr_sites();
}

static inline size_t slot_of(uintptr_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (table_room - 1);
}

static void grow(void)
{
	struct granule *old = table;
	size_t old_room = table_room, i, slot;

	table_room = old_room ? old_room * 2 : FIRST_ROOM;
	table = ex_alloc(table_room * sizeof(*table));
	for (i = 0; i < old_room; i++) {
		if (!old[i].key)
			continue;
		slot = slot_of(old[i].key);
		while (table[slot].key)
			slot = (slot + 1) & (table_room - 1);
		table[slot] = old[i];
	}
}

static struct granule *find(uintptr_t key)
{
	size_t slot;

	if (EX_UNLIKELY(table_used * 2 >= table_room))
		grow();
	slot = slot_of(key);
	while (table[slot].key != key) {
		if (!table[slot].key) {
			table[slot].key = key;
			table_used++;
			break;
		}
		slot = (slot + 1) & (table_room - 1);
	}
	if (table[slot].run != run) {
		table[slot].run = run;
		table[slot].nr = 0;
	}
	return &table[slot];
}

void race_begin(void)
{
	run++;
	freed_from = UINTPTR_MAX;
	freed_to = 0;
}

/* ---- reports ---- */

static const char *access_name(unsigned int flags)
{
	if (flags & FREED)
		return "free";
	if (flags & MARKED)
		return flags & RACE_WRITE ? "atomic write" : "atomic read";
	return flags & RACE_WRITE ? "write" : "read";
}

static void report(struct ex_thread *t, const struct cell *old,
		   const struct cell *new, uintptr_t key)
{
	char old_place[256], new_place[256], object[128];
	int byte = __builtin_ctz(old->mask & new->mask);
	bool freed = (old->flags | new->flags) & FREED;

	ex_place(old->pc, old_place, sizeof(old_place));
	ex_place(new->pc, new_place, sizeof(new_place));
	ex_object((void *)(key * 8 + (uintptr_t)byte), object, sizeof(object));
	ex_fail(freed ? EX_USE_AFTER_FREE : EX_DATA_RACE,
		"%s of %s\n"
		"  %s by thread %d at %s\n"
		"  %s by thread %d at %s",
		freed ? "use after free" : "data race", object,
		access_name(new->flags), t->id, new_place,
		access_name(old->flags), old->thread, old_place);
}

/* ---- accesses ---- */

static inline bool conflicts(const struct cell *old, const struct cell *new)
{
	if (!(old->mask & new->mask))
		return false;
	if ((old->flags | new->flags) & FREED)
		return true;
	return ((old->flags | new->flags) & RACE_WRITE) &&
	       !(old->flags & new->flags &MARKED);
}

/* Whether new makes it needless to remember old, which comes before it. */
static inline bool replaces(const struct cell *new, const struct cell *old)
{
	if ((old->mask & ~new->mask) || (old->flags & FREED))
		return false;
	if (new->flags & MARKED && !(old->flags & MARKED))
		return false;
	return new->flags &RACE_WRITE ||
	       (old->thread == new->thread && !(old->flags & RACE_WRITE));
}

static bool access_granule(struct ex_thread *t, struct granule *g,
			   struct cell new)
{
	struct cell *old = g->cells;
	int i, kept = 0;

	for (i = 0; i < g->nr; i++, old++) {
		bool before = old->thread == new.thread ||
			      old->epoch < t->hb[old->thread];

		if (EX_UNLIKELY(conflicts(old, &new)) &&
		    (!before || old->flags & FREED)) {
			if (ex_options.races || old->flags & FREED) {
				report(t, old, &new, g->key);
				return false;
			}
		}
		if (before && replaces(&new, old))
			continue;
		g->cells[kept++] = *old;
	}
	if (kept == CELLS) {
		/* More unordered readers than fit: forget the oldest. */
		memmove(g->cells, g->cells + 1,
			sizeof(g->cells[0]) * (CELLS - 1));
		kept--;
	}
	g->cells[kept] = new;
	g->nr = (uint8_t)(kept + 1);
	return true;
}

/* From now on marked accesses have to be recorded in there. */
static void note_mixed(struct granule *g)
{
	if (!g->marked || !g->plain)
		return;
	lessons++;
	race_mixed = true;
}

static bool access_range(struct ex_thread *t, const void *addr, size_t size,
			 unsigned int flags, const void *pc)
{
	uintptr_t start = (uintptr_t)addr, end = start + size, key;
	struct cell new = { .thread = (uint8_t)t->id,
			    .flags = (uint8_t)flags,
			    .epoch = t->hb[t->id],
			    .pc = pc };

	for (key = start / 8; key * 8 < end; key++) {
		struct granule *g = find(key);
		unsigned int from = key * 8 < start ? start & 7 : 0;
		unsigned int to = end - key * 8 < 8 ? end - key * 8 : 8;

		new.mask = (uint8_t)((0xffu << from) & (0xffu >> (8 - to)));
		if (flags & MARKED) {
			if (EX_UNLIKELY(!g->marked)) {
				g->marked = true;
				note_mixed(g);
			}
			if (!g->plain)
				continue;
		} else if (EX_UNLIKELY(!g->plain)) {
			g->plain = true;
			note_mixed(g);
		}
		if (!access_granule(t, g, new))
			return false;
	}
	return true;
}

/* Who is alone races with nobody, also later; but may use what is freed. */
static inline bool cannot_race(const void *addr, size_t size)
{
	return !ex_unjoined && ((uintptr_t)addr >= freed_to ||
				(uintptr_t)addr + size <= freed_from);
}

void race_plain(struct ex_thread *t, const void *addr, size_t size, bool write,
		const void *pc)
{
	if (cannot_race(addr, size))
		return;
	if (ex_is_thread_local(addr))
		return;
	if (!access_range(t, addr, size, write ? RACE_WRITE : RACE_READ, pc))
		ex_leave();
}

bool race_marked(struct ex_thread *t, bool write)
{
	if (cannot_race(t->op.addr, t->op.size))
		return true;
	return access_range(t, t->op.addr, t->op.size,
			    MARKED | (write ? RACE_WRITE : RACE_READ),
			    t->op.pc);
}

void race_free(struct ex_thread *t, const void *addr, size_t size,
	       const void *pc)
{
	if ((uintptr_t)addr < freed_from)
		freed_from = (uintptr_t)addr;
	if ((uintptr_t)addr + size > freed_to)
		freed_to = (uintptr_t)addr + size;
	if (t->hb && !access_range(t, addr, size, RACE_WRITE | FREED, pc))
		ex_leave();
}

void race_reuse(const void *addr, size_t size)
{
	uintptr_t key, last = ((uintptr_t)addr + size + 7) / 8;
	struct granule *g;
	int i;

	for (key = (uintptr_t)addr / 8; key < last; key++) {
		g = find(key);
		for (i = 0; i < g->nr; i++)
			if (g->cells[i].flags & FREED)
				g->nr = 0;
	}
}

/* ---- stacks ---- */

bool race_on_shared_stack(const void *addr)
{
	return find((uintptr_t)addr / 8)->shared_stack;
}

void race_share_stack(struct ex_thread *owner, const void *addr)
{
	struct granule *g = find((uintptr_t)addr / 8);

	if (g->shared_stack)
		return;
	g->shared_stack = true;
	owner->stack_shared = true;
	lessons++;
}
