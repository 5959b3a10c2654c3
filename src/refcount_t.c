// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/refcount_t.h>

void pagesim_refcount_saturate(refcount_t *r, const char *why)
{
	refcount_set(r, REFCOUNT_SATURATED);
	__PAGESIM_REPORT(PAGESIM_REPORT_WARN, "refcount_t: %s", why);
}
