// SPDX-License-Identifier: MIT
// Floor: 1
/*
 * Open addressing with linear probing, at most half full. An entry is at or
 * after its home, with no free entry between.
 */
#include <stdlib.h>
#include <string.h>
#include <pagesim/compiler.h>

#include "rcu_heads.h"

#define FIRST_BITS 6

static struct {
	struct queued_head *entries; /* 2^bits, none before the first add */
	unsigned int bits;
	unsigned long nr;
} set;

static unsigned long mask(void)
{
	return BIT(set.bits) - 1;
}

static unsigned long home_of(const struct rcu_head *head)
{
	u64 hash = (u64)(uintptr_t)head * 0x9e3779b97f4a7c15u;

	return hash >> (64 - set.bits);
}

/* The head's entry, or the free one where it would be. */
static struct queued_head *find(const struct rcu_head *head)
{
	unsigned long i = home_of(head);

	while (set.entries[i].head && set.entries[i].head != head)
		i = (i + 1) & mask();
	return &set.entries[i];
}

static bool grow(void)
{
	struct queued_head *old = set.entries;
	unsigned long nr_old = old ? BIT(set.bits) : 0;
	unsigned int bits = old ? set.bits + 1 : FIRST_BITS;
	struct queued_head *entries = calloc(BIT(bits), sizeof(*entries));

	if (!entries)
		return false;
	set.entries = entries;
	set.bits = bits;
	for (unsigned long i = 0; i < nr_old; i++)
		if (old[i].head)
			*find(old[i].head) = old[i];
	free(old);
	return true;
}

const struct queued_head *rcu_heads_add(const struct rcu_head *head,
					const char *file, int line)
{
	struct queued_head *entry;

	if ((!set.entries || 2 * set.nr >= BIT(set.bits)) && !grow())
		return NULL;
	entry = find(head);
	if (entry->head)
		return entry;
	*entry = (struct queued_head){ head, file, line };
	set.nr++;
	return NULL;
}

void rcu_heads_del(const struct rcu_head *head)
{
	unsigned long hole, i;

	if (!set.entries || !find(head)->head)
		return;
	i = hole = (unsigned long)(find(head) - set.entries);
	set.nr--;
	/* Who is beyond the hole moves in, unless its home is, too. */
	while (set.entries[i = (i + 1) & mask()].head) {
		unsigned long home = home_of(set.entries[i].head);

		if (((i - home) & mask()) < ((i - hole) & mask()))
			continue;
		set.entries[hole] = set.entries[i];
		hole = i;
	}
	set.entries[hole].head = NULL;
}

void rcu_heads_clear(void)
{
	free(set.entries);
	memset(&set, 0, sizeof(set));
}
