/* SPDX-License-Identifier: MIT */
/* Floor: 2 */
/* The names of page flags, in the order in which the kernel's tables list them.
 */
#ifndef PAGESIM_SRC_DUMP_PAGE_H
#define PAGESIM_SRC_DUMP_PAGE_H

#include "trace_define.h"

#define NR_PAGEFLAG_NAMES 25

extern const struct trace_flag pageflag_names[NR_PAGEFLAG_NAMES];

#endif /* PAGESIM_SRC_DUMP_PAGE_H */
