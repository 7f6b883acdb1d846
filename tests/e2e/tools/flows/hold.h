/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The client's side: many flows that are held open and speak again and again, and short ones. */
#pragma once

#include <stddef.h>

#include "place.h"

struct err;

struct hold_options {
	const struct place *places; /* flows of either kind take them in turn */
	size_t place_count;
	unsigned tcp, udp;  /* flows to hold */
	unsigned fresh;	    /* short flows a second */
	unsigned quiet_s;   /* each eighth flow speaks only so often; 0: as all others */
	unsigned over_s;    /* open them one after the other in that time; 0: at once */
	unsigned port;	    /* their source ports begin here; 0: the kernel chooses */
	unsigned seconds;   /* until SIGTERM if 0 */
	const char *status; /* file to keep the summary in; NULL: none */
};

/*
 * Problems go to standard output. When the time is over every flow, however quiet, is asked once
 * more, then the summary follows.
 */
int hold(const struct hold_options *options, struct err *err);

/*
 * Opens the flows, waits until each was answered or failed, and prints who answered, each name once
 * and in order: "target1:9000 target2:9000". "failed" is among them if any did.
 */
int ask(const struct hold_options *options, struct err *err);
