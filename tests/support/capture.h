/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Collects what sluicectl would print, for tests to compare whole. */
#pragma once

#include <stddef.h>

#include "ctl/output.h"

struct capture {
	struct output output;		/* text, no colour, 60 columns until the test says otherwise */
	char *text;
	size_t length;
};

void capture_open(struct capture *capture);
const char *capture_text(struct capture *capture);	/* everything printed so far */
void capture_close(struct capture *capture);
