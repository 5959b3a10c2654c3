// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/barrier.h>

#if defined(PAGESIM_TSAN) && !defined(PAGESIM_EXPLORE)
/* What barriers acquire and release where fences are not understood. */
int pagesim_barrier_word;
#endif
