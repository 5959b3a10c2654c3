// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * Faults of the program: a page that is written for the first time goes on
 * (reset.c), anything else ends the execution as a crash. The handler runs
 * on a stack of its own, since a fiber's may be what overflowed; it leaves
 * by having the fiber continue in crash_landing().
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "runtime.h"

static char handler_stack[16 << 10] EX_STATE = "";
static char landing_stack[16 << 10] EX_STATE = "";
static void *fault_address EX_STATE = NULL;
static void *fault_pc EX_STATE = NULL;
static int fault_signal EX_STATE = 0;

static void crash_landing(void)
{
	struct ex_thread *t = ex_cur;
	char place[256];

	ex_place((char *)fault_pc + 1, place, sizeof(place));
	if ((char *)fault_address < t->stack &&
	    (char *)fault_address >= t->stack - 8192)
		ex_die(EX_LIMIT, "thread %d's stack is full at %s", t->id,
		       place);
	ex_die(EX_CRASH, "thread %d: %s on %p at %s", t->id,
	       strsignal(fault_signal), fault_address, place);
}

static void on_fault(int signal, siginfo_t *info, void *data)
{
	ucontext_t *context = data;
	greg_t *regs = context->uc_mcontext.gregs;

	if (signal == SIGSEGV && reset_write_fault(info->si_addr))
		return;
	if (!ex_active() || regs[REG_RSP] < (greg_t)ex_cur->stack - 65536 ||
	    regs[REG_RSP] > (greg_t)(ex_cur->stack + ex_cur->stack_size)) {
		/* Not the program's fault. It comes again, without us. */
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL },
			  NULL);
		return;
	}
	fault_signal = signal;
	fault_address = info->si_addr;
	fault_pc = (void *)regs[REG_RIP];
	regs[REG_RSP] = (greg_t)(landing_stack + sizeof(landing_stack) - 8);
	regs[REG_RIP] = (greg_t)crash_landing;
}

void crash_watch(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	stack_t stack = { .ss_sp = handler_stack,
			  .ss_size = sizeof(handler_stack) };
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK |
						SA_NODEFER };
	size_t i;

	action.sa_sigaction = on_fault;
	sigaltstack(&stack, NULL);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}
