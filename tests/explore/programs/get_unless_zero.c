// SPDX-License-Identifier: MIT
// Floor: 5
// A reference is taken unless there is none, while the last is dropped.
// BLIND: taken first, looked at then.
#include "shape.h"

static atomic_int refs = 1, gone;

static void put(void)
{
	if (atomic_fetch_sub(&refs, 1) == 1)
		set(&gone, 1, RELAXED);
}

static bool try_get(void)
{
#ifdef BLIND
	return atomic_fetch_add(&refs, 1) >= 0;
#else
	int n = get(&refs, RELAXED);

	while (n) {
		if (atomic_compare_exchange_strong(&refs, &n, n + 1))
			return true;
	}
	return false;
#endif
}

static void *body(void *arg)
{
	if (!arg) {
		put();
	} else if (try_get()) {
		assert(!get(&gone, RELAXED));
		put();
	}
	return NULL;
}

int main(void)
{
	run(2, body);
	assert(get(&gone, RELAXED));
	return 0;
}
