/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/* The CPUs' part of boot. */
#ifndef PAGESIM_SRC_CPU_H
#define PAGESIM_SRC_CPU_H

/* All CPUs are free; whoever had one of the last boot has none. */
void cpu_boot(unsigned int nr_cpus);

#endif /* PAGESIM_SRC_CPU_H */
