/* SPDX-License-Identifier: MIT */
/* Floor: 5 */
#ifndef PAGESIM_BENCH_MEDIAN_H
#define PAGESIM_BENCH_MEDIAN_H

/* Of nr values, at least one; sorts them. */
double median(double *values, int nr);

#endif /* PAGESIM_BENCH_MEDIAN_H */
