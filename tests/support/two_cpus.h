/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two threads, each on a CPU of its own, that run the program at the same time. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "program.h"

struct two_cpus;

/* One of the two. Asserts in a thread do not fail a test, so what is wrong is counted. */
struct side {
	struct program *program;
	struct two_cpus *both;
	int number;			/* 0 or 1 */
	int cpu;
	unsigned int meetings;
	unsigned int faults;
	char fault[160];		/* the first one */
};

struct two_cpus {
	atomic_uint arrivals;		/* two for each meeting */
	atomic_bool done;		/* for one side to tell the other */
	struct side side[2];
	void (*job[2])(struct side *side);
};

/* Runs both jobs to their end; asserts that there were no faults. Skips where there is one CPU. */
void two_cpus_run(struct program *program, void (*first)(struct side *side),
		  void (*second)(struct side *side));

/* Returns when the other side has come here, too, on both sides at very nearly the same time. */
void side_meet(struct side *side);

/* Counts a fault unless ok. */
void side_check(struct side *side, bool ok, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Runs a packet of the site. The number of the crowd's target that got it, 0 if none did. */
uint32_t side_send(struct side *side, const struct frame *frame);
