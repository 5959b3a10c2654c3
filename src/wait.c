// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/atomic.h>
#include <pagesim/bug.h>
#include <pagesim/wait.h>

#include "cpu.h"
#include "platform.h"

/* ---- sleeping ---- */

void set_current_state(unsigned int state)
{
	xchg(&cpu_self()->task_state, state);
	smp_mb();
}

void schedule(void)
{
	struct pagesim_cpu *cpu = cpu_self();
	unsigned int state;

	BUG_ON(cpu->irqs_off || cpu->bh_disabled || cpu->softirq);
	BUG_ON(cpu->preempt_off);
	while ((state = smp_load_acquire(&cpu->task_state)) != TASK_RUNNING)
		platform_park(&cpu->task_state, state);
}

bool wake_up_process(struct pagesim_cpu *cpu)
{
	smp_mb();
	if (xchg(&cpu->task_state, TASK_RUNNING) == TASK_RUNNING)
		return false;
	platform_unpark(&cpu->task_state, 1);
	return true;
}

/* ---- wait queues ---- */

void __init_waitqueue_head(wait_queue_head_t *q, const char *name,
			   const struct lock_class_key *key)
{
	__pagesim_spin_lock_init(&q->lock, name, key);
	INIT_LIST_HEAD(&q->head);
}

void init_wait(wait_queue_entry_t *entry)
{
	entry->flags = 0;
	entry->private = cpu_self();
	entry->func = autoremove_wake_function;
	INIT_LIST_HEAD(&entry->entry);
}

int default_wake_function(wait_queue_entry_t *entry,
			  unsigned int mode __maybe_unused,
			  int sync __maybe_unused, void *key __maybe_unused)
{
	return wake_up_process(entry->private);
}

int autoremove_wake_function(wait_queue_entry_t *entry, unsigned int mode,
			     int sync, void *key)
{
	int woken = default_wake_function(entry, mode, sync, key);

	if (woken)
		list_del_init_careful(&entry->entry);
	return woken;
}

void __add_wait_queue_entry_tail(wait_queue_head_t *q,
				 wait_queue_entry_t *entry)
{
	list_add_tail(&entry->entry, &q->head);
}

/* Shared ones in front, so that a wake-up reaches them all. */
static void prepare(wait_queue_head_t *q, wait_queue_entry_t *entry,
		    unsigned int state, bool exclusive)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	if (exclusive)
		entry->flags |= WQ_FLAG_EXCLUSIVE;
	else
		entry->flags &= ~(unsigned int)WQ_FLAG_EXCLUSIVE;
	if (list_empty(&entry->entry)) {
		if (exclusive)
			list_add_tail(&entry->entry, &q->head);
		else
			list_add(&entry->entry, &q->head);
	}
	set_current_state(state);
	spin_unlock_irqrestore(&q->lock, flags);
}

void prepare_to_wait(wait_queue_head_t *q, wait_queue_entry_t *entry,
		     unsigned int state)
{
	prepare(q, entry, state, false);
}

void prepare_to_wait_exclusive(wait_queue_head_t *q, wait_queue_entry_t *entry,
			       unsigned int state)
{
	prepare(q, entry, state, true);
}

void finish_wait(wait_queue_head_t *q, wait_queue_entry_t *entry)
{
	unsigned long flags;

	__set_current_state(TASK_RUNNING);
	/* Taken off already, by who is through with it: no lock is needed. */
	if (list_empty_careful(&entry->entry))
		return;
	spin_lock_irqsave(&q->lock, flags);
	list_del_init_careful(&entry->entry);
	spin_unlock_irqrestore(&q->lock, flags);
}

void __wake_up_locked_key(wait_queue_head_t *q, unsigned int mode, int nr,
			  void *key)
{
	struct list_head *pos = q->head.next, *next;

	for (; pos != &q->head; pos = next) {
		wait_queue_entry_t *entry =
			list_entry(pos, wait_queue_entry_t, entry);
		bool exclusive = entry->flags & WQ_FLAG_EXCLUSIVE;
		int ret;

		next = pos->next;
		ret = entry->func(entry, mode, 0, key);
		if (ret < 0 || (ret && exclusive && !--nr))
			break;
	}
}

void __wake_up(wait_queue_head_t *q, unsigned int mode, int nr, void *key)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	__wake_up_locked_key(q, mode, nr, key);
	spin_unlock_irqrestore(&q->lock, flags);
}
