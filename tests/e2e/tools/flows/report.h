/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What became of the flows: a line for each that something happened to, and a summary as JSON. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "talk.h"

enum { LINES_MAX = 100 };

struct report {
	unsigned opened;	  /* flows that are to stay and were answered once */
	unsigned moved;		  /* answers from another server than before */
	unsigned ends[TALK_ENDS]; /* flows that ended, by how */
	unsigned fresh;		  /* short flows that were answered */
	unsigned fresh_failed;
	unsigned lines;
};

/* "12:00:01.250 tcp 17 192.0.2.2:40000 > 192.0.2.10:80 on target1:9000: moved to target2:9000" */
void report_move(struct report *report, const struct talk *talk, uint32_t number,
		 const struct servers *servers, unsigned before);
void report_end(struct report *report, const struct talk *talk, uint32_t number,
		const struct servers *servers, enum talk_end end, uint64_t now);
void report_fresh_end(struct report *report, const struct talk *talk, uint32_t number,
		      const struct servers *servers, enum talk_end end, uint64_t now);

/*
 * One line: {"opened":2,"alive":2,"moved":0,...,"on":{"target1:9000":{"tcp":1,"udp":1}}}. on: how
 * many of the talks that are open were answered by whom.
 */
void report_print(const struct report *report, const struct talk *talks, unsigned count,
		  const struct servers *servers, FILE *out);

/* The same as a file, which is whole whenever it is read. -errno. */
int report_write(const struct report *report, const struct talk *talks, unsigned count,
		 const struct servers *servers, const char *path);
