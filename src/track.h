/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* The one place that knows which tool the process runs under. */
#ifndef PAGESIM_TRACK_H
#define PAGESIM_TRACK_H

#include <stdbool.h>
#include <pagesim/barrier.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
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

static inline bool track_address_sanitizer(void)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
	return true;
#else
	return false;
#endif
#elif defined(__SANITIZE_ADDRESS__)
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

#endif /* PAGESIM_TRACK_H */
