// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * The platform as fibers: platform.h for the simulator's own sources, when
 * they are explored.
 *
 * Parking is futex(2)'s: a thread puts itself into the set of those that
 * wait on the word, then looks at the word, so that a wake-up that comes
 * before is lost here as it would be there. Which one of several is woken is
 * a choice of the search.
 *
 * Read sections and grace periods are operations of their own, which an
 * engine models; they order nothing but what RCU promises.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "platform.h"
#include "word.h"

enum {
	MAX_PARKED_WORDS = 1024,
	MAX_RESERVED = 32
};

/* ---- threads ---- */

static struct ex_op thread_op(int kind, const char *name, const void *pc)
{
	return (struct ex_op){ .kind = (uint8_t)kind, .name = name, .pc = pc };
}

int platform_thread_create(struct platform_thread *thread, void (*fn)(void *),
			   void *arg)
{
	struct ex_op op = thread_op(EX_CREATE, "platform_thread_create",
				    __builtin_return_address(0));

	if (!ex_active() || ex_nr_threads() == EX_MAX_THREADS)
		return -EAGAIN;
	op.arg = (uintptr_t)fn;
	op.expected = (uintptr_t)arg;
	thread->handle = (void *)(uintptr_t)(ex_visible(&op) + 1);
	return 0;
}

void platform_thread_join(struct platform_thread *thread)
{
	struct ex_op op = thread_op(EX_JOIN, "platform_thread_join",
				    __builtin_return_address(0));

	op.arg = (uintptr_t)thread->handle - 1;
	ex_visible(&op);
	ex_joined();
	thread->handle = NULL;
}

/* A word for the process itself, put back as the program's globals are. */
static void *outside_self;

void *platform_self(void)
{
	return ex_active() ? ex_cur->fiber->self_word : outside_self;
}

void platform_set_self(void *self)
{
	if (ex_active())
		ex_cur->fiber->self_word = self;
	else
		outside_self = self;
}

void platform_at_thread_end(void (*fn)(void))
{
	if (ex_active())
		ex_cur->fiber->at_end = fn;
}

/* ---- parking ---- */

struct parked {
	uint32_t *word;
	uint64_t waiters;
};

static struct parked parked[MAX_PARKED_WORDS];

static uint64_t *waiters_of(uint32_t *word)
{
	size_t slot = (size_t)(((uintptr_t)word * 0x9e3779b97f4a7c15u) >> 40);
	int tries;

	for (tries = 0; tries < MAX_PARKED_WORDS; tries++, slot++) {
		struct parked *p = &parked[slot % MAX_PARKED_WORDS];

		if (p->word == word)
			return &p->waiters;
		if (p->word)
			continue;
		p->word = word;
		return &p->waiters;
	}
	ex_die(EX_LIMIT, "threads park on more than %d words",
	       MAX_PARKED_WORDS);
}

static void full_barrier(struct ex_op op)
{
	op.kind = EX_FENCE;
	op.order = __ATOMIC_SEQ_CST;
	ex_visible(&op);
}

void platform_park(uint32_t *word, uint32_t expected)
{
	struct ex_op op = CALL("park");
	uint64_t *waiters;

	if (!ex_active())
		return;
	waiters = waiters_of(word);
	word_enqueue(op, waiters);
	full_barrier(op);
	if (word_load(op, word, sizeof(*word), __ATOMIC_RELAXED) == expected)
		word_wait(op, waiters);
	else
		word_dequeue(op, waiters);
}

void platform_unpark(uint32_t *word, int nr)
{
	struct ex_op op = CALL("unpark");

	if (!ex_active())
		return;
	full_barrier(op);
	word_wake(op, waiters_of(word), nr);
}

/* Says no, whereupon nobody sleeps who would have to rely on it. */
bool platform_membarrier(void)
{
	return false;
}

void platform_relax(void)
{
	ex_relax();
}

void platform_yield(void)
{
	ex_relax();
}

void platform_code_name(char *text, size_t size, const void *code)
{
	Dl_info info;

	if (code && dladdr(code, &info) && info.dli_sname)
		snprintf(text, size, "%s+0x%lx", info.dli_sname,
			 (unsigned long)code - (unsigned long)info.dli_saddr);
	else if (code && dladdr(code, &info))
		snprintf(text, size, "%s+0x%lx", info.dli_fname,
			 (unsigned long)code - (unsigned long)info.dli_fbase);
	else
		snprintf(text, size, "unknown");
}

static uint64_t outside_time;

/* Each thread's own: how often it asked, in microseconds. */
uint64_t platform_time_ns(void)
{
	return 1000 * ++*(ex_active() ? &ex_cur->fiber->time : &outside_time);
}

/* ---- locks that spin, as operations that wait ---- */

void pagesim_explore_lock(uint8_t *locked);
bool pagesim_explore_trylock(uint8_t *locked);
void pagesim_explore_unlock(uint8_t *locked);

static struct ex_op lock_op(struct ex_op op, unsigned int flag)
{
	op.flags |= (uint8_t)flag;
	return op;
}

void pagesim_explore_lock(uint8_t *locked)
{
	struct ex_op op = lock_op(CALL("spin_lock"), EX_LOCK);

	word_rmw(word_await(op, ~0ull, 0, 0), locked, sizeof(*locked),
		 EX_FN_XCHG, (uint64_t)ex_cur->id + 1, __ATOMIC_ACQUIRE);
}

bool pagesim_explore_trylock(uint8_t *locked)
{
	return word_cmpxchg(lock_op(CALL("spin_trylock"), EX_LOCK), locked,
			    sizeof(*locked), 0, (uint64_t)ex_cur->id + 1,
			    __ATOMIC_ACQUIRE);
}

void pagesim_explore_unlock(uint8_t *locked)
{
	word_store(lock_op(CALL("spin_unlock"), EX_UNLOCK), locked,
		   sizeof(*locked), 0, __ATOMIC_RELEASE);
}

/* ---- memory ---- */

struct reserved {
	void *base;
	size_t size, align;
};

/* What was ever mapped stays so; whether it is in use is put back. */
static struct reserved reserved[MAX_RESERVED] EX_STATE = {};
static int nr_reserved EX_STATE = 0;
static bool in_use[MAX_RESERVED];

static void *map_aligned(size_t size, size_t align)
{
	char *raw = mmap(NULL, size + align, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (raw == MAP_FAILED)
		return NULL;
	return (char *)(((uintptr_t)raw + align - 1) & ~(uintptr_t)(align - 1));
}

void *platform_reserve(size_t size, size_t align)
{
	struct reserved *r;
	int i;

	for (i = 0; i < nr_reserved; i++) {
		r = &reserved[i];
		if (!in_use[i] && r->size == size && r->align == align)
			break;
	}
	if (i == MAX_RESERVED) {
		errno = ENOMEM;
		return NULL;
	}
	r = &reserved[i];
	if (i == nr_reserved) {
		r->base = map_aligned(size, align);
		if (!r->base)
			return NULL;
		r->size = size;
		r->align = align;
		nr_reserved++;
		reset_add_now(r->base, (char *)r->base + size);
	}
	in_use[i] = true;
	return r->base;
}

/*
 * Outside an exploration the memory is emptied; in one it is when the next
 * execution begins, and a second reservation gets other memory.
 */
void platform_release(void *base, size_t size)
{
	int i;

	if (ex_active())
		return;
	for (i = 0; i < nr_reserved; i++) {
		if (reserved[i].base == base)
			in_use[i] = false;
	}
	madvise(base, size, MADV_DONTNEED);
}

void platform_advise_huge(void *base, size_t size, bool dense)
{
	(void)base;
	(void)size;
	(void)dense;
}

/* ---- RCU ---- */

static void rcu_op(int kind, const char *name, const void *pc)
{
	struct ex_op op = thread_op(kind, name, pc);

	ex_visible(&op);
}

void platform_rcu_read_lock(void)
{
	if (ex_active() && !ex_cur->fiber->rcu_nesting++)
		rcu_op(EX_RCU_LOCK, "rcu_read_lock",
		       __builtin_return_address(0));
}

void platform_rcu_read_unlock(void)
{
	if (!ex_active())
		return;
	if (!ex_cur->fiber->rcu_nesting)
		ex_die(EX_LOCK_MISUSE, "thread %d leaves no read section",
		       ex_cur->id);
	if (!--ex_cur->fiber->rcu_nesting)
		rcu_op(EX_RCU_UNLOCK, "rcu_read_unlock",
		       __builtin_return_address(0));
}

void platform_synchronize_rcu(void)
{
	const void *pc = __builtin_return_address(0);

	if (!ex_active())
		return;
	if (ex_cur->fiber->rcu_nesting)
		ex_die(EX_DEADLOCK,
		       "thread %d waits in a read section for the end of all "
		       "read sections",
		       ex_cur->id);
	rcu_op(EX_RCU_SYNC_BEGIN, "synchronize_rcu", pc);
	rcu_op(EX_RCU_SYNC_END, "synchronize_rcu", pc);
}

static void leave_sections(void)
{
	while (ex_active() && ex_cur->fiber->rcu_nesting)
		platform_rcu_read_unlock();
}

void platform_rcu_register_thread(void)
{
	leave_sections();
}

void platform_rcu_unregister_thread(void)
{
	leave_sections();
}

/* ---- memory of kmalloc() (src/track.h) ---- */

void pagesim_explore_noaccess(const void *start, size_t size);
void pagesim_explore_access(const void *start, size_t size);

void pagesim_explore_noaccess(const void *start, size_t size)
{
	if (ex_active())
		race_free(ex_cur, start, size, __builtin_return_address(0));
}

void pagesim_explore_access(const void *start, size_t size)
{
	if (ex_active())
		race_reuse(start, size);
}

/* ---- options ---- */

/* Who is linked with a platform is the kernel. */
__attribute__((constructor)) static void is_kernel(void)
{
	ex_options.kernel = true;
}
