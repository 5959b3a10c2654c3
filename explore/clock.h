/* SPDX-License-Identifier: MIT */
/* Floor: 0 */
/* Vector clocks: how many events of each thread come before something. */
#ifndef PAGESIM_EXPLORE_CLOCK_H
#define PAGESIM_EXPLORE_CLOCK_H

#include <emmintrin.h>

#include "engine.h"

/* Counts stay below this, so that a signed comparison will do. */
enum {
	CLOCK_MAX = 32767
};

/* Of threads. */
struct clock {
	uint16_t of[EX_MAX_THREADS];
} __attribute__((aligned(16)));

/* Of threads and, behind them, of their store buffers. */
struct wide_clock {
	uint16_t of[2 * EX_MAX_THREADS];
} __attribute__((aligned(16)));

static inline void counts_join(uint16_t *to, const uint16_t *from, int nr)
{
	int i;

	for (i = 0; i < nr; i += 8) {
		__m128i *a = (__m128i *)(void *)(to + i);
		const __m128i *b = (const __m128i *)(const void *)(from + i);

		*a = _mm_max_epi16(*a, *b);
	}
}

static inline void clock_join(struct clock *to, const struct clock *from)
{
	counts_join(to->of, from->of, EX_MAX_THREADS);
}

static inline void wide_join(struct wide_clock *to,
			     const struct wide_clock *from)
{
	counts_join(to->of, from->of, 2 * EX_MAX_THREADS);
}

#endif /* PAGESIM_EXPLORE_CLOCK_H */
