/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* The one place that knows which tool the process runs under. */
#ifndef PAGESIM_TRACK_H
#define PAGESIM_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <pagesim/barrier.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#endif
#endif

static inline bool track_thread_sanitizer(void)
{
#if defined(PAGESIM_TSAN) && !defined(PAGESIM_EXPLORE)
	return true;
#else
	return false;
#endif
}

#if defined(__SANITIZE_ADDRESS__)
#define __TRACK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __TRACK_ASAN 1
#endif
#endif

static inline bool track_address_sanitizer(void)
{
#if defined(__TRACK_ASAN)
	return true;
#else
	return false;
#endif
}

static inline bool track_valgrind(void)
{
#if defined(RUNNING_ON_VALGRIND)
	return RUNNING_ON_VALGRIND;
#else
	return false;
#endif
}

/* No leaks are looked for at the end of this process. */
static inline void track_no_leak_check(void)
{
#if defined(VALGRIND_CLO_CHANGE)
	VALGRIND_CLO_CHANGE("--leak-check=no");
#endif
}

/* How many errors memcheck has reported. */
static inline unsigned long track_valgrind_errors(void)
{
#if defined(VALGRIND_COUNT_ERRORS)
	return VALGRIND_COUNT_ERRORS;
#else
	return 0;
#endif
}

/*
 * What may be done with simulated memory, told to AddressSanitizer and to
 * memcheck, so that they find a wrong access where it is made. Without a
 * tool nothing. AddressSanitizer knows 8 bytes at a time: start is aligned
 * to that, and so is the end of what is made inaccessible.
 */
#if defined(PAGESIM_EXPLORE)
void pagesim_explore_noaccess(const void *start, size_t size);
void pagesim_explore_access(const void *start, size_t size);
#define __TRACK_POISON(start, size) pagesim_explore_noaccess(start, size)
#define __TRACK_UNPOISON(start, size) pagesim_explore_access(start, size)
#elif defined(__TRACK_ASAN)
#define __TRACK_POISON(start, size) ASAN_POISON_MEMORY_REGION(start, size)
#define __TRACK_UNPOISON(start, size) ASAN_UNPOISON_MEMORY_REGION(start, size)
#else
#define __TRACK_POISON(start, size) ((void)(start), (void)(size))
#define __TRACK_UNPOISON(start, size) ((void)(start), (void)(size))
#endif

/* No access is right: the memory is nobody's. */
static inline void track_mem_noaccess(void *start, size_t size)
{
	__TRACK_POISON(start, size);
#if defined(VALGRIND_MAKE_MEM_NOACCESS)
	VALGRIND_MAKE_MEM_NOACCESS(start, size);
#endif
}

/* To be written before it is read. */
static inline void track_mem_undefined(void *start, size_t size)
{
	__TRACK_UNPOISON(start, size);
#if defined(VALGRIND_MAKE_MEM_UNDEFINED)
	VALGRIND_MAKE_MEM_UNDEFINED(start, size);
#endif
}

/* It has contents. */
static inline void track_mem_defined(void *start, size_t size)
{
	__TRACK_UNPOISON(start, size);
#if defined(VALGRIND_MAKE_MEM_DEFINED)
	VALGRIND_MAKE_MEM_DEFINED(start, size);
#endif
}

/* Whether a tool watches that would find an access to the byte wrong. */
static inline bool track_mem_is_noaccess(const void *byte)
{
#if defined(VALGRIND_GET_VBITS)
	unsigned char bits;

	if (track_valgrind())
		return VALGRIND_GET_VBITS(byte, &bits, 1) == 3;
#endif
#if defined(__TRACK_ASAN)
	return __asan_address_is_poisoned(byte);
#else
	(void)byte;
	return false;
#endif
}

/* Whether one of the tools watches that the above are told to. */
static inline bool track_mem_is_watched(void)
{
	return track_address_sanitizer() || track_valgrind();
}

#endif /* PAGESIM_TRACK_H */
