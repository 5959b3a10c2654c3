// SPDX-License-Identifier: MIT
// Floor: 1
#include <pagesim/completion.h>

#define FOR_EVERYBODY (~0u)

void init_completion(struct completion *x)
{
	x->done = 0;
	init_waitqueue_head(&x->wait);
}

static void complete_with(struct completion *x, bool all)
{
	unsigned long flags;

	spin_lock_irqsave(&x->wait.lock, flags);
	if (all)
		WRITE_ONCE(x->done, FOR_EVERYBODY);
	else if (x->done != FOR_EVERYBODY)
		WRITE_ONCE(x->done, x->done + 1);
	__wake_up_locked_key(&x->wait, TASK_NORMAL, all ? 0 : 1, NULL);
	spin_unlock_irqrestore(&x->wait.lock, flags);
}

void complete(struct completion *x)
{
	complete_with(x, false);
}

void complete_all(struct completion *x)
{
	complete_with(x, true);
}

bool try_wait_for_completion(struct completion *x)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&x->wait.lock, flags);
	done = x->done;
	if (done && x->done != FOR_EVERYBODY)
		WRITE_ONCE(x->done, x->done - 1);
	spin_unlock_irqrestore(&x->wait.lock, flags);
	return done;
}

/* Exclusive: one complete() is for one waiter. */
void wait_for_completion(struct completion *x)
{
	wait_queue_entry_t entry;

	might_sleep();
	if (try_wait_for_completion(x))
		return;
	init_wait(&entry);
	for (;;) {
		prepare_to_wait_exclusive(&x->wait, &entry,
					  TASK_UNINTERRUPTIBLE);
		if (try_wait_for_completion(x))
			break;
		schedule();
	}
	finish_wait(&x->wait, &entry);
}

/* With the lock: whoever sees it done may free x, when complete() is through. */
bool completion_done(struct completion *x)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&x->wait.lock, flags);
	done = x->done;
	spin_unlock_irqrestore(&x->wait.lock, flags);
	return done;
}
