// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * malloc() and its kin for the program. Each thread has a heap of its own in
 * which addresses only grow, so that where an object lies depends on what
 * its thread did, not on the schedule; and nothing is handed out twice in an
 * execution, so that every use after free shows. Putting it back is setting
 * a pointer.
 *
 * What shared libraries ask for is theirs and goes to the C library, which
 * keeps it across executions.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime.h"

enum {
	SETUP_HEAP = EX_MAX_THREADS,
	NR_HEAPS,
	FRESH = 0xa5
};
#define HEAP_SIZE ((size_t)64 << 20)
#define HEAPS_SIZE (HEAP_SIZE * NR_HEAPS)

/* Lies right below each object. */
struct chunk {
	size_t size;
	uint32_t before; /* of this heap, where the one before it is; 0: none */
	bool freed;
	uint8_t thread; /* that freed it */
};

struct heap {
	char *start;
	char *next;
	struct chunk *last;
};

static char *heaps_start EX_STATE = NULL;
static struct heap heaps[NR_HEAPS] EX_STATE = {};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *p);

_Static_assert(sizeof(struct chunk) == 16, "objects are aligned to 16");

static void map_heaps(void)
{
	int i;

	heaps_start = mmap(NULL, HEAPS_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (heaps_start == MAP_FAILED) {
		fprintf(stderr, "explore: no memory for heaps: %s\n",
			strerror(errno));
		exit(2);
	}
	for (i = 0; i < NR_HEAPS; i++) {
		heaps[i].start = heaps_start + (size_t)i * HEAP_SIZE;
		heaps[i].next = heaps[i].start;
	}
}

static inline bool is_ours(const void *p)
{
	return heaps_start &&
	       (uintptr_t)p - (uintptr_t)heaps_start < HEAPS_SIZE;
}

static struct heap *my_heap(void)
{
	if (EX_UNLIKELY(!heaps_start))
		map_heaps();
	return &heaps[ex_active() ? ex_cur->id : SETUP_HEAP];
}

static void *heap_alloc(size_t size, size_t align)
{
	struct heap *heap = my_heap();
	uintptr_t at = (uintptr_t)heap->next + sizeof(struct chunk);
	struct chunk *chunk;

	if (align < 16)
		align = 16;
	at = (at + align - 1) & ~(uintptr_t)(align - 1);
	if (size > HEAP_SIZE ||
	    at + size > (uintptr_t)heap->start + HEAP_SIZE) {
		errno = ENOMEM;
		return NULL;
	}
	chunk = (struct chunk *)at - 1;
	chunk->size = size;
	chunk->before =
		heap->last ? (uint32_t)((char *)(heap->last + 1) - heap->start)
			   : 0;
	chunk->freed = false;
	heap->last = chunk;
	heap->next = (char *)((at + size + 15) & ~(uintptr_t)15);
	ex_cur->changed = true;
	return (void *)at;
}

static struct chunk *before(struct heap *heap, struct chunk *chunk)
{
	return chunk->before ? (struct chunk *)(heap->start + chunk->before) - 1
			     : NULL;
}

static void heap_free(void *p, const void *pc)
{
	struct chunk *chunk = (struct chunk *)p - 1;
	char place[256];

	if (chunk->freed) {
		ex_place(pc, place, sizeof(place));
		ex_die(EX_DOUBLE_FREE,
		       "double free of %p, %zu bytes, by thread %d at %s, "
		       "after thread %d",
		       p, chunk->size, ex_cur->id, place, chunk->thread);
	}
	ex_cur->changed = true;
	if (ex_active())
		race_free(ex_cur, p, chunk->size, pc);
	chunk->freed = true;
	chunk->thread = (uint8_t)ex_cur->id;
}

/* ---- what the program calls ---- */

#define CALLER_IS_PROGRAM() ex_is_program(__builtin_return_address(0))

void *malloc(size_t size)
{
	void *p;

	if (!CALLER_IS_PROGRAM())
		return __libc_malloc(size);
	p = heap_alloc(size, 16);
	if (p)
		memset(p, FRESH, size);
	return p;
}

void *calloc(size_t nr, size_t size)
{
	size_t bytes;
	void *p;

	if (!CALLER_IS_PROGRAM())
		return __libc_calloc(nr, size);
	if (__builtin_mul_overflow(nr, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	p = heap_alloc(bytes, 16);
	if (p)
		memset(p, 0, bytes);
	return p;
}

void free(void *p)
{
	if (!p)
		return;
	if (is_ours(p))
		heap_free(p, __builtin_return_address(0));
	else
		__libc_free(p);
}

void *realloc(void *old, size_t size)
{
	size_t had;
	void *p;

	if (old ? !is_ours(old) : !CALLER_IS_PROGRAM())
		return __libc_realloc(old, size);
	p = heap_alloc(size, 16);
	if (!p || !old)
		return p;
	had = ((struct chunk *)old - 1)->size;
	memcpy(p, old, had < size ? had : size);
	heap_free(old, __builtin_return_address(0));
	return p;
}

static void *alloc_aligned(size_t align, size_t size, bool program)
{
	void *p;

	if (!program)
		return __libc_memalign(align, size);
	p = heap_alloc(size, align);
	if (p)
		memset(p, FRESH, size);
	return p;
}

void *aligned_alloc(size_t align, size_t size)
{
	return alloc_aligned(align, size, CALLER_IS_PROGRAM());
}

void *memalign(size_t align, size_t size);

void *memalign(size_t align, size_t size)
{
	return alloc_aligned(align, size, CALLER_IS_PROGRAM());
}

int posix_memalign(void **p, size_t align, size_t size)
{
	void *got = alloc_aligned(align, size, CALLER_IS_PROGRAM());

	if (!got)
		return ENOMEM;
	*p = got;
	return 0;
}

size_t malloc_usable_size(void *p);

size_t malloc_usable_size(void *p)
{
	if (!p)
		return 0;
	return is_ours(p) ? ((struct chunk *)p - 1)->size
			  : *((size_t *)p - 1) & ~(size_t)7;
}

/* ---- for the runtime ---- */

void heap_snapshot(void)
{
	struct heap *setup = &heaps[SETUP_HEAP];

	if (heaps_start && setup->next != setup->start)
		reset_add(setup->start, setup->next);
}

void heap_restore(void)
{
	int i;

	for (i = 0; i < EX_MAX_THREADS; i++) {
		heaps[i].next = heaps[i].start;
		heaps[i].last = NULL;
	}
}

bool heap_check_leaks(void)
{
	size_t objects = 0, bytes = 0;
	struct chunk *chunk;
	int i;

	for (i = 0; i < ex_nr_threads(); i++) {
		for (chunk = heaps[i].last; chunk;
		     chunk = before(&heaps[i], chunk)) {
			objects += !chunk->freed;
			bytes += chunk->freed ? 0 : chunk->size;
		}
	}
	if (objects)
		ex_fail(EX_LEAK, "leak: %zu objects of %zu bytes together",
			objects, bytes);
	return !objects;
}

/* Names the object that the address is in. */
bool heap_describe(const void *addr, char *text, size_t room)
{
	struct chunk *chunk;
	struct heap *heap;
	size_t at;

	if (!is_ours(addr))
		return false;
	heap = &heaps[((size_t)((const char *)addr - heaps_start)) / HEAP_SIZE];
	for (chunk = heap->last; chunk; chunk = before(heap, chunk)) {
		at = (size_t)((const char *)addr - (char *)(chunk + 1));
		if ((const char *)addr < (char *)(chunk + 1))
			continue;
		snprintf(text, room, "byte %zu of %zu at %p%s", at, chunk->size,
			 (void *)(chunk + 1), chunk->freed ? ", freed" : "");
		return true;
	}
	return false;
}
