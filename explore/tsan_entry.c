// SPDX-License-Identifier: MIT
// Floor: 0
/*
 * What gcc 12 and clang 14 emit for -fsanitize=thread.
 *
 * Each atomic operation is a stub in assembler that leaves the fiber right
 * where the program called it: the callee-saved registers go to its stack, a
 * decode_*() function notes the operation on the engine's stack, and the
 * engine goes on behind its ex_run(). There is no frame of ours on the
 * fiber's stack, so that what is there is the program's state and nothing
 * else.
 *
 * Outside an exploration the same calls are done at once.
 */
#include <string.h>

#include "runtime.h"

/* What a stub pushed: where the return address is above t->sp. */
enum {
	PC_SLOT = 6,
	PC_SLOT_STRONG = 8
};

static inline struct ex_op *new_op(unsigned int kind, unsigned int order,
				   unsigned int fail_order, unsigned int size,
				   unsigned int fn, unsigned int flags,
				   void *addr, int pc_slot)
{
	struct ex_op *op = &ex_cur->op;

	op->kind = (uint8_t)kind;
	op->order = (uint8_t)order;
	op->fail_order = (uint8_t)fail_order;
	op->size = (uint8_t)size;
	op->fn = (uint8_t)fn;
	op->flags = (uint8_t)flags;
	op->pad = 0;
	op->addr = addr;
	op->pc = ((void **)ex_cur->sp)[pc_slot];
	op->name = NULL;
	return op;
}

/* Leaves the fiber for the engine, behind its fiber_switch() (switch.h). */
/* clang-format off */
#define ENTRY(name) \
	".globl " name "\n" \
	".type " name ", @function\n" \
	name ":\n" \
	".cfi_startproc\n"
#define END(name) \
	".cfi_endproc\n" \
	".size " name ", .-" name "\n"
#define OUTSIDE(name) \
	"	cmpq $0, ex_engine_sp(%rip)\n" \
	"	je outside_" name "\n"
#define LEAVE(decode) \
	"	push %rbp\n" \
	"	push %rbx\n" \
	"	push %r12\n" \
	"	push %r13\n" \
	"	push %r14\n" \
	"	push %r15\n" \
	"	mov ex_cur(%rip), %rax\n" \
	"	mov %rsp, (%rax)\n" \
	"	mov ex_engine_sp(%rip), %rsp\n" \
	"	and $-16, %rsp\n" \
	"	call " decode "\n" \
	"	mov ex_engine_sp(%rip), %rsp\n" \
	"	pop %rcx\n" \
	"	jmp *%rcx\n"
#define STUB(name, decode) \
	__asm__(".text\n" \
		ENTRY(name) \
		OUTSIDE(name) \
		LEAVE(decode) \
		END(name))

/*
 * A compare-exchange that says whether it succeeded and writes what it
 * found: that is done when the fiber is back. cmp, reg: of its size.
 */
#define STUB_STRONG(name, decode, outside, reg) \
	__asm__(".text\n" \
		ENTRY(name) \
		"	cmpq $0, ex_engine_sp(%rip)\n" \
		"	je " outside "\n" \
		"	push %rsi\n" \
		"	.cfi_adjust_cfa_offset 8\n" \
		"	lea 1f(%rip), %rax\n" \
		"	push %rax\n" \
		"	.cfi_adjust_cfa_offset 8\n" \
		LEAVE(decode) \
		"1:	pop %rsi\n" \
		"	cmp " reg ", (%rsi)\n" \
		"	jne 2f\n" \
		"	mov $1, %eax\n" \
		"	pop %rcx\n" \
		"	jmp *%rcx\n" \
		"2:	mov " reg ", (%rsi)\n" \
		"	xor %eax, %eax\n" \
		"	pop %rcx\n" \
		"	jmp *%rcx\n" \
		END(name))
/* clang-format on */

_Static_assert(offsetof(struct ex_thread, sp) == 0, "the stubs store there");

/* ---- atomics of one size ---- */

#define DECODE __attribute__((used)) static void
#define OUTSIDE_FN __attribute__((used)) static

#define ATOMIC_RMW(bits, type, op, fn)                                      \
	DECODE decode_##op##bits(void *p, type v, int order)                \
	{                                                                   \
		new_op(EX_RMW, (unsigned int)order, 0, bits / 8, fn, 0, p,  \
		       PC_SLOT)                                             \
			->arg = v;                                          \
	}                                                                   \
	OUTSIDE_FN type outside___tsan_atomic##bits##_##op(type *p, type v, \
							   int order)       \
	{                                                                   \
		(void)order;                                                \
		return OUTSIDE_##op(p, v);                                  \
	}                                                                   \
	STUB("__tsan_atomic" #bits "_" #op, "decode_" #op #bits);

#define OUTSIDE_fetch_add(p, v) __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define OUTSIDE_fetch_sub(p, v) __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define OUTSIDE_fetch_and(p, v) __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#define OUTSIDE_fetch_or(p, v) __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define OUTSIDE_fetch_xor(p, v) __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST)
#define OUTSIDE_fetch_nand(p, v) __atomic_fetch_nand(p, v, __ATOMIC_SEQ_CST)
#define OUTSIDE_exchange(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

#define ATOMIC_LOAD_STORE(bits, type)                                        \
	DECODE decode_load##bits(void *p, int order)                         \
	{                                                                    \
		new_op(EX_LOAD, (unsigned int)order, 0, bits / 8, 0, 0, p,   \
		       PC_SLOT);                                             \
	}                                                                    \
	OUTSIDE_FN type outside___tsan_atomic##bits##_load(const type *p,    \
							   int order)        \
	{                                                                    \
		(void)order;                                                 \
		return __atomic_load_n(p, __ATOMIC_SEQ_CST);                 \
	}                                                                    \
	STUB("__tsan_atomic" #bits "_load", "decode_load" #bits);            \
	DECODE decode_store##bits(void *p, type v, int order)                \
	{                                                                    \
		new_op(EX_STORE, (unsigned int)order, 0, bits / 8, 0, 0, p,  \
		       PC_SLOT)                                              \
			->arg = v;                                           \
	}                                                                    \
	OUTSIDE_FN void outside___tsan_atomic##bits##_store(type *p, type v, \
							    int order)       \
	{                                                                    \
		(void)order;                                                 \
		__atomic_store_n(p, v, __ATOMIC_SEQ_CST);                    \
	}                                                                    \
	STUB("__tsan_atomic" #bits "_store", "decode_store" #bits);

#define ATOMIC_CMPXCHG(bits, type, reg)                                       \
	static inline void note_cmpxchg##bits(void *p, type expected,         \
					      type new, int order, int fail,  \
					      int pc_slot)                    \
	{                                                                     \
		struct ex_op *op = new_op(EX_CMPXCHG, (unsigned int)order,    \
					  (unsigned int)fail, bits / 8, 0, 0, \
					  p, pc_slot);                        \
                                                                              \
		op->arg = new;                                                \
		op->expected = expected;                                      \
	}                                                                     \
	DECODE decode_val##bits(void *p, type expected, type new, int order,  \
				int fail)                                     \
	{                                                                     \
		note_cmpxchg##bits(p, expected, new, order, fail, PC_SLOT);   \
	}                                                                     \
	DECODE decode_strong##bits(void *p, const type *expected, type new,   \
				   int order, int fail)                       \
	{                                                                     \
		note_cmpxchg##bits(p, *expected, new, order, fail,            \
				   PC_SLOT_STRONG);                           \
	}                                                                     \
	OUTSIDE_FN bool outside_strong##bits(type *p, type *expected,         \
					     type new)                        \
	{                                                                     \
		return __atomic_compare_exchange_n(p, expected, new, false,   \
						   __ATOMIC_SEQ_CST,          \
						   __ATOMIC_SEQ_CST);         \
	}                                                                     \
	OUTSIDE_FN type outside___tsan_atomic##bits##_compare_exchange_val(   \
		type *p, type expected, type new)                             \
	{                                                                     \
		outside_strong##bits(p, &expected, new);                      \
		return expected;                                              \
	}                                                                     \
	STUB("__tsan_atomic" #bits "_compare_exchange_val",                   \
	     "decode_val" #bits);                                             \
	STUB_STRONG("__tsan_atomic" #bits "_compare_exchange_strong",         \
		    "decode_strong" #bits, "outside_strong" #bits, reg);      \
	STUB_STRONG("__tsan_atomic" #bits "_compare_exchange_weak",           \
		    "decode_strong" #bits, "outside_strong" #bits, reg);

#define ATOMIC(bits, type, reg)                        \
	ATOMIC_LOAD_STORE(bits, type)                  \
	ATOMIC_RMW(bits, type, fetch_add, EX_FN_ADD)   \
	ATOMIC_RMW(bits, type, fetch_sub, EX_FN_SUB)   \
	ATOMIC_RMW(bits, type, fetch_and, EX_FN_AND)   \
	ATOMIC_RMW(bits, type, fetch_or, EX_FN_OR)     \
	ATOMIC_RMW(bits, type, fetch_xor, EX_FN_XOR)   \
	ATOMIC_RMW(bits, type, fetch_nand, EX_FN_NAND) \
	ATOMIC_RMW(bits, type, exchange, EX_FN_XCHG)   \
	ATOMIC_CMPXCHG(bits, type, reg)

ATOMIC(8, uint8_t, "%al")
ATOMIC(16, uint16_t, "%ax")
ATOMIC(32, uint32_t, "%eax")
ATOMIC(64, uint64_t, "%rax")

/* ---- fences, and an RMW whose result nobody sees ---- */

DECODE decode_fence(int order)
{
	new_op(EX_FENCE, (unsigned int)order, 0, 0, 0, 0, NULL, PC_SLOT);
}

OUTSIDE_FN void outside___tsan_atomic_thread_fence(int order)
{
	(void)order;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

STUB("__tsan_atomic_thread_fence", "decode_fence");

void __tsan_atomic_signal_fence(int order);

void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}

DECODE decode_rmw_void(void *p, unsigned int size, unsigned int fn, uint64_t v)
{
	new_op(EX_RMW, __ATOMIC_RELAXED, 0, size, fn, EX_VOID, p, PC_SLOT)->arg =
		v & ex_size_mask(size);
}

OUTSIDE_FN void outside_pagesim_explore_rmw_void(void *p, unsigned int size,
						 unsigned int fn, uint64_t v)
{
	struct ex_op op = { .fn = (uint8_t)fn,
			    .size = (uint8_t)size,
			    .arg = v };

	ex_mem_write(p, size, ex_rmw_result(&op, ex_mem_read(p, size)));
}

STUB("pagesim_explore_rmw_void", "decode_rmw_void");

/* ---- an operation that C code of the runtime made up ---- */

DECODE decode_op(const struct ex_op *op)
{
	ex_cur->op = *op;
}

OUTSIDE_FN uint64_t outside_ex_visible(const struct ex_op *op)
{
	return ex_visible_outside(op);
}

STUB("ex_visible", "decode_op");

/* The running thread's own stack is its own, unless another was seen there. */
static inline bool is_private(const void *addr)
{
	const struct ex_thread *t = ex_cur;

	return (uintptr_t)addr - (uintptr_t)t->stack < t->stack_size &&
	       (EX_LIKELY(!t->stack_shared) || !race_on_shared_stack(addr));
}

/* ---- volatile accesses: marked, as the kernel's READ_ONCE() is ---- */

/*
 * The program accesses memory itself once the hook is back: what it reads
 * has to be put there before (ex_run()), and what it writes is known only
 * afterwards. The hooks end in a jump, so that the stub finds the program's
 * return address.
 */
#define VOLATILE(bytes)                                                        \
	DECODE decode_vread##bytes(void *p)                                    \
	{                                                                      \
		new_op(EX_LOAD, __ATOMIC_RELAXED, 0, bytes, 0, EX_VOLATILE, p, \
		       PC_SLOT);                                               \
	}                                                                      \
	DECODE decode_vwrite##bytes(void *p)                                   \
	{                                                                      \
		new_op(EX_STORE, __ATOMIC_RELAXED, 0, bytes, 0, EX_VOLATILE,   \
		       p, PC_SLOT);                                            \
	}                                                                      \
	OUTSIDE_FN void outside_explore_vread##bytes(void *p)                  \
	{                                                                      \
		(void)p;                                                       \
	}                                                                      \
	OUTSIDE_FN void outside_explore_vwrite##bytes(void *p)                 \
	{                                                                      \
		(void)p;                                                       \
	}                                                                      \
	STUB("explore_vread" #bytes, "decode_vread" #bytes);                   \
	STUB("explore_vwrite" #bytes, "decode_vwrite" #bytes);                 \
	void explore_vread##bytes(void *p);                                    \
	void explore_vwrite##bytes(void *p);                                   \
	void __tsan_volatile_read##bytes(void *p);                             \
	void __tsan_volatile_write##bytes(void *p);                            \
	void __tsan_volatile_read##bytes(void *p)                              \
	{                                                                      \
		if (!is_private(p))                                            \
			explore_vread##bytes(p);                               \
	}                                                                      \
	void __tsan_volatile_write##bytes(void *p)                             \
	{                                                                      \
		if (!is_private(p))                                            \
			explore_vwrite##bytes(p);                              \
	}

VOLATILE(1)
VOLATILE(2)
VOLATILE(4)
VOLATILE(8)

/* ---- plain accesses ---- */

/*
 * The running thread's own stack is its own, unless another thread was seen
 * to access it there: that one's access is recorded, and by that the race.
 */
static inline void plain(const void *addr, size_t size, bool write,
			 const void *pc)
{
	struct ex_thread *t = ex_cur;

	if (is_private(addr))
		return;
	if ((uintptr_t)addr - (uintptr_t)t->stack >= t->stack_size) {
		struct ex_thread *owner = fiber_of_stack(addr);

		if (EX_UNLIKELY(owner != NULL))
			race_share_stack(owner, addr);
		t->changed |= write;
		t->looked |= !write;
	}
	if (t->hb)
		race_plain(t, addr, size, write, pc);
}

/* Kinds of plain access that the compilers name, all the same to us. */
#define PLAIN(name, bytes, write)                                       \
	void name(void *addr);                                          \
	void name(void *addr)                                           \
	{                                                               \
		plain(addr, bytes, write, __builtin_return_address(0)); \
	}
#define PLAIN_PC(name, bytes, write)           \
	void name(void *addr, void *pc);       \
	void name(void *addr, void *pc)        \
	{                                      \
		plain(addr, bytes, write, pc); \
	}
#define PLAIN_SIZE(bytes)                                      \
	PLAIN(__tsan_read##bytes, bytes, false)                \
	PLAIN(__tsan_write##bytes, bytes, true)                \
	PLAIN(__tsan_unaligned_read##bytes, bytes, false)      \
	PLAIN(__tsan_unaligned_write##bytes, bytes, true)      \
	PLAIN(__tsan_read_write##bytes, bytes, true)           \
	PLAIN(__tsan_unaligned_read_write##bytes, bytes, true) \
	PLAIN_PC(__tsan_read##bytes##_pc, bytes, false)        \
	PLAIN_PC(__tsan_write##bytes##_pc, bytes, true)

PLAIN_SIZE(1)
PLAIN_SIZE(2)
PLAIN_SIZE(4)
PLAIN_SIZE(8)
PLAIN_SIZE(16)
/* Wider or unaligned volatile accesses are no single copy to begin with. */
PLAIN(__tsan_volatile_read16, 16, false)
PLAIN(__tsan_volatile_write16, 16, true)
PLAIN(__tsan_unaligned_volatile_read2, 2, false)
PLAIN(__tsan_unaligned_volatile_read4, 4, false)
PLAIN(__tsan_unaligned_volatile_read8, 8, false)
PLAIN(__tsan_unaligned_volatile_read16, 16, false)
PLAIN(__tsan_unaligned_volatile_write2, 2, true)
PLAIN(__tsan_unaligned_volatile_write4, 4, true)
PLAIN(__tsan_unaligned_volatile_write8, 8, true)
PLAIN(__tsan_unaligned_volatile_write16, 16, true)
PLAIN(__tsan_vptr_read, 8, false)

void __tsan_vptr_update(void **addr, void *value);

void __tsan_vptr_update(void **addr, void *value)
{
	if (*addr != value)
		plain(addr, sizeof(*addr), true, __builtin_return_address(0));
}

void __tsan_read_range(void *addr, size_t size);
void __tsan_write_range(void *addr, size_t size);

void __tsan_read_range(void *addr, size_t size)
{
	plain(addr, size, false, __builtin_return_address(0));
}

void __tsan_write_range(void *addr, size_t size)
{
	plain(addr, size, true, __builtin_return_address(0));
}

/* ---- memory functions ---- */

/*
 * The C library's own. Called through pointers: a compiler that knows what
 * __memcpy_chk() is makes a memcpy() of it, which is the one below.
 */
void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
void *__memmove_chk(void *to, const void *from, size_t n, size_t room);
void *__memset_chk(void *to, int byte, size_t n, size_t room);

static void *(*volatile libc_memcpy)(void *, const void *, size_t,
				     size_t)EX_STATE = __memcpy_chk;
static void *(*volatile libc_memmove)(void *, const void *, size_t,
				      size_t)EX_STATE = __memmove_chk;
static void *(*volatile libc_memset)(void *, int, size_t,
				     size_t)EX_STATE = __memset_chk;

/* The engines call these, too: only what happens on a fiber counts. */
static inline bool on_fiber(void)
{
	return (uintptr_t)__builtin_frame_address(0) -
		       (uintptr_t)ex_cur->stack <
	       ex_cur->stack_size;
}

#define MEMORY_FUNCTIONS(prefix)                                            \
	void *prefix##memcpy(void *to, const void *from, size_t n);         \
	void *prefix##memmove(void *to, const void *from, size_t n);        \
	void *prefix##memset(void *to, int byte, size_t n);                 \
	void *prefix##memcpy(void *to, const void *from, size_t n)          \
	{                                                                   \
		if (on_fiber()) {                                           \
			plain(from, n, false, __builtin_return_address(0)); \
			plain(to, n, true, __builtin_return_address(0));    \
		}                                                           \
		return libc_memcpy(to, from, n, SIZE_MAX);                  \
	}                                                                   \
	void *prefix##memmove(void *to, const void *from, size_t n)         \
	{                                                                   \
		if (on_fiber()) {                                           \
			plain(from, n, false, __builtin_return_address(0)); \
			plain(to, n, true, __builtin_return_address(0));    \
		}                                                           \
		return libc_memmove(to, from, n, SIZE_MAX);                 \
	}                                                                   \
	void *prefix##memset(void *to, int byte, size_t n)                  \
	{                                                                   \
		if (on_fiber())                                             \
			plain(to, n, true, __builtin_return_address(0));    \
		return libc_memset(to, byte, n, SIZE_MAX);                  \
	}

MEMORY_FUNCTIONS()
MEMORY_FUNCTIONS(__tsan_)

/* ---- the rest ---- */

void __tsan_init(void);
void __tsan_func_entry(const void *caller);
void __tsan_func_exit(void);

void __tsan_init(void)
{
}

void __tsan_func_entry(const void *caller)
{
	struct ex_thread *t = ex_cur;
	int n = t->nr_frames++;

	if (EX_LIKELY((unsigned int)n < EX_MAX_FRAMES))
		t->frames[n] = caller;
}

void __tsan_func_exit(void)
{
	ex_cur->nr_frames--;
}
