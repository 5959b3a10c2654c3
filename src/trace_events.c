// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/trace_events.h>

#include "trace_define.h"

/* A field that has its name and its way of being shown. */
#define INT(name)                     \
	{                             \
#name, trace_show_int \
	}
#define PTR(name)                     \
	{                             \
#name, trace_show_ptr \
	}
#define STR(name)                     \
	{                             \
#name, trace_show_str \
	}

static void show_lock_flags(char *buf, size_t size, u64 value)
{
	static const struct trace_flag flags[] = {
		{ LCB_F_SPIN, "SPIN" },	    { LCB_F_READ, "READ" },
		{ LCB_F_WRITE, "WRITE" },   { LCB_F_RT, "RT" },
		{ LCB_F_PERCPU, "PERCPU" }, { LCB_F_MUTEX, "MUTEX" },
	};

	trace_show_flags(buf, size, value, "", flags, ARRAY_SIZE(flags));
}

/* clang-format off */
DEFINE_TRACEPOINT(lock, contention_begin, "$ (flags=$)",
		  PTR(lock_addr), { "flags", show_lock_flags });
DEFINE_TRACEPOINT(lock, contention_end, "$ (ret=$)",
		  PTR(lock_addr), INT(ret));
DEFINE_TRACEPOINT(rcu, rcu_callback, "$ rhp=$ func=$ $",
		  STR(rcuname), PTR(rhp), PTR(func), INT(qlen));
DEFINE_TRACEPOINT(rcu, rcu_kvfree_callback, "$ rhp=$ func=$ $",
		  STR(rcuname), PTR(rhp), INT(offset), INT(qlen));
DEFINE_TRACEPOINT(rcu, rcu_invoke_callback, "$ rhp=$ func=$",
		  STR(rcuname), PTR(rhp), PTR(func));
DEFINE_TRACEPOINT(rcu, rcu_invoke_kvfree_callback, "$ rhp=$ func=$",
		  STR(rcuname), PTR(rhp), INT(offset));
/* clang-format on */

void __trace_contention_begin(const void *lock, unsigned int flags)
{
	TRACE_RECORD(contention_begin, (unsigned long)lock, flags);
}

void __trace_contention_end(const void *lock, int ret)
{
	TRACE_RECORD(contention_end, (unsigned long)lock, ret);
}

void __trace_rcu_callback(const char *rcuname, const struct rcu_head *rhp,
			  long qlen)
{
	TRACE_RECORD(rcu_callback, (unsigned long)rcuname, (unsigned long)rhp,
		     (unsigned long)rhp->func, qlen);
}

void __trace_rcu_kvfree_callback(const char *rcuname,
				 const struct rcu_head *rhp,
				 unsigned long offset, long qlen)
{
	TRACE_RECORD(rcu_kvfree_callback, (unsigned long)rcuname,
		     (unsigned long)rhp, offset, qlen);
}

void __trace_rcu_invoke_callback(const char *rcuname,
				 const struct rcu_head *rhp)
{
	TRACE_RECORD(rcu_invoke_callback, (unsigned long)rcuname,
		     (unsigned long)rhp, (unsigned long)rhp->func);
}

void __trace_rcu_invoke_kvfree_callback(const char *rcuname,
					const struct rcu_head *rhp,
					unsigned long offset)
{
	TRACE_RECORD(rcu_invoke_kvfree_callback, (unsigned long)rcuname,
		     (unsigned long)rhp, offset);
}
