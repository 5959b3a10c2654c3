// SPDX-License-Identifier: MIT
// Floor: 1
#include <stdarg.h>
#include <stdio.h>

#include "error.h"
#include "platform.h"

static PLATFORM_THREAD_LOCAL char error_text[512];

const char *pagesim_error(void)
{
	return error_text;
}

int set_error(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error_text, sizeof(error_text), fmt, args);
	va_end(args);
	return err;
}

const char *size_text(char buf[SIZE_TEXT_LEN], unsigned long long bytes)
{
	static const char *const units[] = { "B",   "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	unsigned int unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, SIZE_TEXT_LEN,
		 value == (unsigned long long)value ? "%.0f %s" : "%.1f %s",
		 value, units[unit]);
	return buf;
}
