// SPDX-License-Identifier: MIT
// Floor: 1
#include <limits.h>
#include <pagesim/compiler.h>
#include <pagesim/inject.h>
#include <pagesim/types.h>

#define MILLION 1000000

/* Marked accesses: allocations of any thread read and count. */
static struct {
	bool on;
	long nth; /* allocations until the one that fails; 0 or less: off */
	u32 per_million;
	u64 seed;
	unsigned long injected;
} inject;

static void update_on(void)
{
	WRITE_ONCE(inject.on,
		   READ_ONCE(inject.nth) > 0 || READ_ONCE(inject.per_million));
}

void pagesim_inject_fail_nth(unsigned long n)
{
	WRITE_ONCE(inject.injected, 0UL);
	WRITE_ONCE(inject.nth, n > LONG_MAX ? LONG_MAX : (long)n);
	update_on();
}

void pagesim_inject_fail_seed(unsigned long long seed, unsigned int per_million)
{
	WRITE_ONCE(inject.injected, 0UL);
	WRITE_ONCE(inject.seed, (u64)seed);
	WRITE_ONCE(inject.per_million, per_million);
	update_on();
}

unsigned long pagesim_nr_injected(void)
{
	return READ_ONCE(inject.injected);
}

void pagesim_inject_off(void)
{
	WRITE_ONCE(inject.nth, 0L);
	WRITE_ONCE(inject.per_million, 0U);
	update_on();
}

/* Of many threads exactly one takes the count from 1 to 0. */
static bool is_nth(void)
{
	return READ_ONCE(inject.nth) > 0 &&
	       __atomic_fetch_sub(&inject.nth, 1, __ATOMIC_RELAXED) == 1;
}

/*
 * The state is a counter, so that one atomic addition draws a number; two
 * rounds of multiplying and folding make it look random.
 */
static u64 draw(void)
{
	u64 x = __atomic_fetch_add(&inject.seed, 0x9e3779b97f4a7c15ULL,
				   __ATOMIC_RELAXED);

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

static bool is_drawn(void)
{
	u32 per_million = READ_ONCE(inject.per_million);

	return per_million && draw() % MILLION < per_million;
}

static noinline bool should_fail_slow(void)
{
	bool nth = is_nth(), drawn = is_drawn();

	if (nth || drawn)
		__atomic_fetch_add(&inject.injected, 1, __ATOMIC_RELAXED);
	return nth || drawn;
}

bool pagesim_should_fail(void)
{
	return unlikely(PAGESIM_READ_STABLE(inject.on)) && should_fail_slow();
}
