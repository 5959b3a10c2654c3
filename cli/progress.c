// SPDX-License-Identifier: MIT
// Floor: 5
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define INTERVAL_NS 100000000LL

static bool shown;

static bool time_to_show(void)
{
	static long long last;
	struct timespec now;
	long long ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	if (ns - last < INTERVAL_NS)
		return false;
	last = ns;
	return true;
}

void progress_show(const char *what, unsigned long done, unsigned long all)
{
	if (!isatty(STDERR_FILENO) || !time_to_show())
		return;
	if (all)
		fprintf(stderr, "\r\033[K%s: %lu of %lu (%lu %%)", what, done,
			all, done * 100 / all);
	else
		fprintf(stderr, "\r\033[K%s: %lu", what, done);
	fflush(stderr);
	shown = true;
}

void progress_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
