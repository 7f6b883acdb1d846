// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two threads on a CPU each: see two_cpus.h. */
#include "two_cpus.h"

#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>

/* Where the last byte of the destination is, which tells the crowd's targets apart. */
enum { ETHERTYPE_AT = 12, IPV4_LAST = 14 + 19, IPV6_LAST = 14 + 39 };

void side_meet(struct side *side)
{
	unsigned int all = 2 * ++side->meetings;

	atomic_fetch_add(&side->both->arrivals, 1);
	for (unsigned int tries = 1; atomic_load(&side->both->arrivals) < all; tries++)
		if (tries % 1000 == 0)
			sched_yield();
}

void side_check(struct side *side, bool ok, const char *format, ...)
{
	va_list arguments;

	if (ok || side->faults++)
		return;
	va_start(arguments, format);
	vsnprintf(side->fault, sizeof(side->fault), format, arguments);
	va_end(arguments);
}

uint32_t side_send(struct side *side, const struct frame *frame)
{
	struct frame out;

	if (program_pass(side->program, frame, &out) != XDP_TX)
		return 0;
	return out.bytes[out.bytes[ETHERTYPE_AT] == 0x86 ? IPV6_LAST : IPV4_LAST];
}

static void *run_side(void *argument)
{
	struct side *side = argument;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)side->cpu, &cpus);
	side_check(side, sched_setaffinity(0, sizeof(cpus), &cpus) == 0, "not on CPU %d",
		   side->cpu);
	side_meet(side);
	side->both->job[side->number](side);
	return NULL;
}

/* The first two CPUs that the test may use. */
static bool find_cpus(int found[2])
{
	cpu_set_t cpus;
	int count = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && count < 2; cpu++)
		if (CPU_ISSET((size_t)cpu, &cpus))
			found[count++] = cpu;
	return count == 2;
}

void two_cpus_run(struct program *program, void (*first)(struct side *side),
		  void (*second)(struct side *side))
{
	struct two_cpus both = { .job = { first, second } };
	pthread_t threads[2];
	int cpus[2];

	if (!find_cpus(cpus))
		cr_skip_test("needs two CPUs");
	for (int i = 0; i < 2; i++) {
		both.side[i] = (struct side){
			.program = program, .both = &both, .number = i, .cpu = cpus[i],
		};
		cr_assert_eq(pthread_create(&threads[i], NULL, run_side, &both.side[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2; i++)
		cr_expect_eq(both.side[i].faults, 0, "side %d, %u faults: %s", i,
			     both.side[i].faults, both.side[i].fault);
}
