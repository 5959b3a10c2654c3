// SPDX-License-Identifier: MIT
// Floor: 1
#include <stdarg.h>
#include <pagesim/printk.h>

static FILE *console;

void pagesim_set_console(FILE *out)
{
	console = out;
}

int printk(const char *fmt, ...)
{
	va_list args;
	int len;

	if (fmt[0] == KERN_SOH[0] && fmt[1])
		fmt += 2;
	va_start(args, fmt);
	len = vfprintf(console ? console : stderr, fmt, args);
	va_end(args);
	return len;
}
