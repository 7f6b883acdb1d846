/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the checker asks of a kind of check: one attempt at one target. A kind only reports;
 * health.h decides. A new kind is a file check_NAME.c and a row of the table in check.c.
 */
#pragma once

#include <stdint.h>

#include "abi.h"
#include "health/health.h"

struct event_base;

struct check_request {
	struct event_base *base;
	struct addr addr;
	uint16_t port;			/* host byte order */
	uint32_t timeout_ms;		/* from the start of the attempt */
	/*
	 * Called once, from the event loop and never from within start, when the attempt is over
	 * and its handle gone. detail ("connected", "timed out after 2s") is valid during the call.
	 */
	void (*done)(void *context, enum check_result result, const char *detail);
	void *context;
};

struct check_kind {
	const char *name;
	/*
	 * Begins an attempt; *out is its handle until done or cancel. -errno only for a lack of our
	 * own (descriptors, ports, memory), which says nothing about the target.
	 */
	int (*start)(const struct check_request *request, void **out);
	void (*cancel)(void *attempt);	/* done will not be called */
};
