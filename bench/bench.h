/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
/* The benchmarks of pagesim bench. */
#ifndef PAGESIM_BENCH_H
#define PAGESIM_BENCH_H

int bench_boot(int argc, char **argv);
int bench_compound_head(int argc, char **argv);
int bench_rcu(int argc, char **argv);
int bench_tiers(int argc, char **argv);

#endif /* PAGESIM_BENCH_H */
