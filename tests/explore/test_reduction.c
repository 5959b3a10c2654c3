// SPDX-License-Identifier: MIT
// Floor: 5
/*
 * Random programs reach the same final states with and without reduction,
 * and a reduction that forgets races is noticed.
 *
 *   test_reduction [PROGRAMS [FIRST SEED]]
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

enum {
	MAX_THREADS = 4,
	MAX_OPS = 5,
	MAX_WORDS = 3,
	MAX_STATES = 1 << 14
};

enum kind {
	OP_LOAD,
	OP_STORE,
	OP_STORE_SC,
	OP_ADD,
	OP_EXCHANGE,
	OP_CMPXCHG,
	OP_FENCE,
	OP_LOCK,
	OP_TRYLOCK,
	OP_UNLOCK,
	NR_OPS,
};

struct op {
	enum kind kind;
	int word;
	int value;
};

struct random_program {
	int nr_threads, nr_words;
	int nr_ops[MAX_THREADS];
	struct op ops[MAX_THREADS][MAX_OPS];
};

/* What stays while executions come and go. */
static struct random_program program EX_STATE = {};
static uint64_t states[2][MAX_STATES] EX_STATE = {};
static int nr_states[2] EX_STATE = {};
static int which EX_STATE = 0;

static atomic_int words[MAX_WORDS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int seen[MAX_THREADS][MAX_OPS];

static void *run_thread(void *data)
{
	int me = (int)(long)data, i, old;
	int locked = 0;

	for (i = 0; i < program.nr_ops[me]; i++) {
		const struct op *op = &program.ops[me][i];
		atomic_int *word = &words[op->word];

		switch (op->kind) {
		case OP_LOAD:
			seen[me][i] = atomic_load_explicit(
				word, memory_order_relaxed);
			break;
		case OP_STORE:
			atomic_store_explicit(word, op->value,
					      memory_order_relaxed);
			break;
		case OP_STORE_SC:
			atomic_store(word, op->value);
			break;
		case OP_ADD:
			seen[me][i] = atomic_fetch_add(word, op->value);
			break;
		case OP_EXCHANGE:
			seen[me][i] = atomic_exchange(word, op->value);
			break;
		case OP_CMPXCHG:
			old = op->value - 1;
			seen[me][i] = atomic_compare_exchange_strong(word, &old,
								     op->value);
			break;
		case OP_FENCE:
			atomic_thread_fence(memory_order_seq_cst);
			break;
		case OP_LOCK:
			if (!locked)
				pthread_mutex_lock(&mutex);
			locked = 1;
			break;
		case OP_TRYLOCK:
			if (!locked)
				locked = !pthread_mutex_trylock(&mutex);
			seen[me][i] = locked;
			break;
		default:
			if (locked)
				pthread_mutex_unlock(&mutex);
			locked = 0;
			break;
		}
	}
	if (locked)
		pthread_mutex_unlock(&mutex);
	return NULL;
}

static uint64_t hash(const void *data, size_t size, uint64_t h)
{
	const unsigned char *byte = data;

	while (size--)
		h = (h ^ *byte++) * 0x100000001b3u;
	return h;
}

static void note_state(uint64_t state)
{
	int i;

	for (i = 0; i < nr_states[which]; i++) {
		if (states[which][i] == state)
			return;
	}
	if (nr_states[which] < MAX_STATES)
		states[which][nr_states[which]++] = state;
}

static int run_program(void *unused)
{
	pthread_t threads[MAX_THREADS];
	uint64_t state = 0xcbf29ce484222325u;
	int i;

	(void)unused;
	for (i = 0; i < program.nr_threads; i++)
		pthread_create(&threads[i], NULL, run_thread, (void *)(long)i);
	for (i = 0; i < program.nr_threads; i++)
		pthread_join(threads[i], NULL);
	state = hash(seen, sizeof(seen), state);
	for (i = 0; i < program.nr_words; i++)
		state = state * 31 + (uint64_t)atomic_load(&words[i]);
	note_state(state);
	return 0;
}

static uint64_t random_state;

static unsigned int random_below(unsigned int n)
{
	random_state =
		random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(random_state >> 33) % n;
}

static void make_program(uint64_t seed)
{
	int t, i;

	random_state = seed * 2654435761u + 1;
	memset(&program, 0, sizeof(program));
	program.nr_threads = 2 + (int)random_below(3);
	for (i = 0; i < 5; i++)
		program.nr_ops[i % program.nr_threads]++;
	if (program.nr_threads == 2) {
		program.nr_ops[0] = 1 + (int)random_below(4);
		program.nr_ops[1] = 6 - program.nr_ops[0];
	}
	program.nr_words = 1 + (int)random_below(3);
	for (t = 0; t < program.nr_threads; t++) {
		for (i = 0; i < program.nr_ops[t]; i++) {
			struct op *op = &program.ops[t][i];

			op->kind = (enum kind)random_below(NR_OPS);
			op->word = (int)random_below(
				(unsigned int)program.nr_words);
			op->value = 1 + (int)random_below(3);
		}
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t explore(enum ex_model model, int reduced, bool plant)
{
	struct ex_result result;

	ex_options.model = model;
	ex_options.mode = reduced ? EX_EXPLORE : EX_DFS;
	ex_options.no_reduction = false;
	ex_options.plant_wrong_reduction = plant;
	/* Some programs are too large to be walked without reduction. */
	ex_options.max_execs = reduced ? 0 : 20000;
	which = reduced;
	nr_states[which] = 0;
	ex_explore(run_program, NULL, &result);
	if (result.verdict == EX_INCOMPLETE)
		return 0;
	if (result.verdict != EX_CLEAN) {
		printf("%s: %s\n", ex_verdict_name(result.verdict),
		       result.text);
		exit(1);
	}
	qsort(states[which], (size_t)nr_states[which], sizeof(states[0][0]),
	      by_value);
	return result.executions;
}

static bool same_states(void)
{
	return nr_states[0] == nr_states[1] &&
	       !memcmp(states[0], states[1],
		       sizeof(states[0][0]) * (size_t)nr_states[0]);
}

int main(int argc, char **argv)
{
	int programs = argc > 1 ? atoi(argv[1]) : 500;
	int seed = argc > 2 ? atoi(argv[2]) : 0, i, model;
	uint64_t all = 0, reduced = 0;
	int noticed = 0, wrong = 0, too_large = 0;
	uint64_t walked;

	for (i = seed; i < seed + programs; i++) {
		for (model = EX_SC; model <= EX_TSO; model++) {
			make_program((uint64_t)i);
			walked = explore((enum ex_model)model, 0, false);
			if (!walked) {
				too_large++;
				continue;
			}
			all += walked;
			reduced += explore((enum ex_model)model, 1, false);
			if (!same_states()) {
				printf("seed %d, model %d: %d states without "
				       "reduction, %d with\n",
				       i, model, nr_states[0], nr_states[1]);
				wrong++;
			}
			explore((enum ex_model)model, 1, true);
			noticed += !same_states();
		}
	}
	printf("%d programs: %llu executions without reduction, %llu with; "
	       "%d too large, %d differ; the wrong reduction was noticed %d "
	       "times\n",
	       programs, (unsigned long long)all, (unsigned long long)reduced,
	       too_large, wrong, noticed);
	return wrong || !noticed;
}
