// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/delay.h>

#include "platform.h"

#define MAX_LOOKS 255
#define MAX_YIELDS 3

bool pagesim_delays_on;

/* The state of a splitmix64 generator. */
static PLATFORM_THREAD_LOCAL unsigned long long state;

void pagesim_delays(bool on)
{
	WRITE_ONCE(pagesim_delays_on, on);
}

void pagesim_delay_seed(unsigned long long seed)
{
	state = seed;
}

static unsigned long long draw(void)
{
	unsigned long long z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

void __pagesim_delay(void)
{
	unsigned long long drawn = draw();
	unsigned long nr = drawn >> 3 & MAX_LOOKS;

	switch (drawn & 7) {
	case 4:
	case 5:
	case 6: /* about the time of a cache miss or some */
		while (nr--)
			platform_relax();
		break;
	case 7: /* two threads may share a core */
		for (nr = (nr & MAX_YIELDS) + 1; nr; nr--)
			platform_yield();
		break;
	default:
		break;
	}
}
