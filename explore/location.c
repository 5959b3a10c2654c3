// SPDX-License-Identifier: MIT
// Floor: 0
/* Numbers for memory locations: a hash table of 8 bytes each. */
#include <string.h>

#include "engine.h"
#include "location.h"

struct granule {
	uintptr_t key; /* address / 8 + 1; 0: unused */
	uint8_t size[8]; /* of the accesses that begin at each byte */
	uint8_t covered; /* bytes */
	bool mixed;
	int number[8];
};

static struct granule *table EX_STATE = NULL;
static int nr_numbers EX_STATE = 0, lessons EX_STATE = 0;

static struct granule *find(uintptr_t key)
{
	size_t slot = (size_t)((key * 0x9e3779b97f4a7c15u) >> 40);

	if (EX_UNLIKELY(!table))
		table = ex_alloc(sizeof(*table) * MAX_LOCATIONS);
	for (;; slot++) {
		slot &= MAX_LOCATIONS - 1;
		if (table[slot].key == key)
			return &table[slot];
		if (!table[slot].key)
			break;
	}
	table[slot].key = key;
	return &table[slot];
}

static int new_number(void)
{
	if (nr_numbers < MAX_LOCATIONS - 1)
		nr_numbers++;
	else
		ex_fail(EX_LIMIT, "more than %d locations", MAX_LOCATIONS);
	return nr_numbers;
}

int location_of(const void *addr, size_t size)
{
	struct granule *g = find((uintptr_t)addr / 8 + 1);
	unsigned int at = (uintptr_t)addr & 7;
	unsigned int bytes = (0xffu >> (8 - (size & 15))) << at;

	if (g->mixed)
		return g->number[0];
	if (EX_LIKELY(g->size[at] == size))
		return g->number[at];
	if (g->covered & bytes || bytes > 0xff) {
		g->mixed = true;
		lessons++;
		if (!g->number[0])
			g->number[0] = new_number();
		return g->number[0];
	}
	g->covered |= (uint8_t)bytes;
	g->size[at] = (uint8_t)size;
	g->number[at] = new_number();
	return g->number[at];
}

int location_lessons(void)
{
	return lessons;
}
