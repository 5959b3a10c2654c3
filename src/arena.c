// SPDX-License-Identifier: MIT
// Floor: 1
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <pagesim/bug.h>

#include "arena.h"
#include "error.h"
#include "platform.h"
#include "track.h"

#define GIB (1ULL << 30)

static struct {
	char *base;
	size_t size;
	size_t used;
} arena;

/*
 * Measured: ThreadSanitizer's shadow takes 768 GiB always and 1 TiB most of
 * the time, memcheck 56 GiB; the limits keep a margin. A 47-bit address
 * space has 128 TiB, in which the program has to live, too.
 */
unsigned long long arena_max_size(void)
{
	if (track_thread_sanitizer())
		return 512 * GIB;
	if (track_valgrind())
		return 32 * GIB;
	if (track_address_sanitizer())
		return 4096 * GIB;
	return 120 * 1024 * GIB;
}

const char *arena_host_name(void)
{
	if (track_thread_sanitizer())
		return "ThreadSanitizer";
	if (track_valgrind())
		return "Valgrind";
	if (track_address_sanitizer())
		return "AddressSanitizer";
	return "this host";
}

int arena_reserve(size_t size, size_t align)
{
	char text[SIZE_TEXT_LEN];

	arena.base = platform_reserve(size, align);
	if (!arena.base)
		return set_error(
			-ENOMEM,
			"cannot reserve %s of address space: %s (see ulimit -v and /proc/sys/vm/overcommit_memory)",
			size_text(text, size + align), strerror(errno));
	arena.size = size;
	arena.used = 0;
	return 0;
}

void arena_release(void)
{
	platform_release(arena.base, arena.size);
	arena.base = NULL;
}

void *arena_carve(size_t size, size_t align)
{
	size_t start = ALIGN(arena.used, align);

	BUG_ON(start + size > arena.size);
	arena.used = start + size;
	return arena.base + start;
}

void arena_advise(void *base, size_t size, bool dense)
{
	platform_advise_huge(base, size, dense);
}
