/* SPDX-License-Identifier: MIT */
/* Floor: 1 */
/*
 * Sleeping, waking, and wait queues.
 *
 * Models: include/linux/wait.h, kernel/sched/wait.c, set_current_state() and
 * try_to_wake_up() of include/linux/sched.h and kernel/sched/core.c at
 * v6.12. No signals, no timeouts.
 *
 * A thread that wants to sleep says so first (set_current_state()), then
 * looks whether it still has to, then sleeps (schedule()). Who wakes it
 * writes what it waits for first, and then sets it running. Between the two
 * looks no wake-up is lost: set_current_state() and wake_up_process() are
 * full barriers.
 *
 * Context of everything that may sleep: see might_sleep.h.
 */
#ifndef PAGESIM_WAIT_H
#define PAGESIM_WAIT_H

#include <pagesim/cpu.h>
#include <pagesim/list.h>
#include <pagesim/might_sleep.h>
#include <pagesim/spinlock.h>

#define TASK_RUNNING 0u
#define TASK_UNINTERRUPTIBLE 2u
#define TASK_NORMAL 3u /* whom wake_up() wakes; not looked at */

/* Ordering: a full barrier after the store. */
void set_current_state(unsigned int state);
#define __set_current_state(state) WRITE_ONCE(this_cpu()->task_state, state)

/* Sleeps until somebody sets this thread running. Reported: see above. */
void schedule(void);

/* Sets the thread of a CPU running. Returns whether it was not. Full barrier. */
bool wake_up_process(struct pagesim_cpu *cpu);

/* ---- wait queues ---- */

#define WQ_FLAG_EXCLUSIVE 0x01
#define WQ_FLAG_WOKEN 0x02
#define WQ_FLAG_CUSTOM 0x04
#define WQ_FLAG_DONE 0x08

struct wait_queue_entry;

/*
 * Wakes one waiter, with the queue's lock held. Returns 0 if it did nothing,
 * more than 0 if it woke an exclusive one, less to end the walk.
 */
typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry,
				 unsigned int mode, int sync, void *key);

typedef struct wait_queue_entry {
	unsigned int flags;
	void *private; /* the struct pagesim_cpu that sleeps */
	wait_queue_func_t func;
	struct list_head entry;
} wait_queue_entry_t;

typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
} wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)             \
	{                                               \
		.lock = __SPIN_LOCK_UNLOCKED,           \
		.head = { &(name).head, &(name).head }, \
	}
#define DECLARE_WAIT_QUEUE_HEAD(name) \
	wait_queue_head_t name = __WAIT_QUEUE_HEAD_INITIALIZER(name)

void __init_waitqueue_head(wait_queue_head_t *q, const char *name,
			   const struct lock_class_key *key);

/* The locks of queues that one of these initialises are one lockdep class. */
#define init_waitqueue_head(q)                          \
	do {                                            \
		static struct lock_class_key __key;     \
                                                        \
		__init_waitqueue_head((q), #q, &__key); \
	} while (0)

/* Somebody is queued. Without the lock a guess; see the kernel's comment. */
static inline bool waitqueue_active(const wait_queue_head_t *q)
{
	return !list_empty(&q->head);
}

/* An entry of this thread that wakes it and leaves the queue when woken. */
void init_wait(wait_queue_entry_t *entry);
int autoremove_wake_function(wait_queue_entry_t *entry, unsigned int mode,
			     int sync, void *key);
int default_wake_function(wait_queue_entry_t *entry, unsigned int mode,
			  int sync, void *key);

/* Context of those that begin with __: the queue's lock is held. */
void __add_wait_queue_entry_tail(wait_queue_head_t *q,
				 wait_queue_entry_t *entry);
void prepare_to_wait(wait_queue_head_t *q, wait_queue_entry_t *entry,
		     unsigned int state);
void prepare_to_wait_exclusive(wait_queue_head_t *q, wait_queue_entry_t *entry,
			       unsigned int state);
/*
 * Running again, and off the queue. Ordering: pairs with
 * list_del_init_careful(): what the waker did to the entry is over.
 */
void finish_wait(wait_queue_head_t *q, wait_queue_entry_t *entry);

/*
 * Wakes all that are not exclusive and nr exclusive ones (0: all). Ordering:
 * full before a thread that sleeps is woken. Context: any; __wake_up() takes
 * the queue's lock itself.
 *
 * Differs from the kernel: there __wake_up_locked_key() has no nr and wakes
 * one exclusive.
 */
void __wake_up_locked_key(wait_queue_head_t *q, unsigned int mode, int nr,
			  void *key);
void __wake_up(wait_queue_head_t *q, unsigned int mode, int nr, void *key);
#define wake_up(q) __wake_up(q, TASK_NORMAL, 1, NULL)
#define wake_up_all(q) __wake_up(q, TASK_NORMAL, 0, NULL)

/* Sleeps until the condition holds; it is looked at with nothing held. */
#define wait_event(q, condition)                                               \
	do {                                                                   \
		wait_queue_entry_t __entry;                                    \
                                                                               \
		might_sleep();                                                 \
		if (condition)                                                 \
			break;                                                 \
		init_wait(&__entry);                                           \
		for (;;) {                                                     \
			prepare_to_wait(&(q), &__entry, TASK_UNINTERRUPTIBLE); \
			if (condition)                                         \
				break;                                         \
			schedule();                                            \
		}                                                              \
		finish_wait(&(q), &__entry);                                   \
	} while (0)

#endif /* PAGESIM_WAIT_H */
