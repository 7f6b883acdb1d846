/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random requests to the API, as bytes: most of them proper HTTP, whatever they ask for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "random_tree.h"

enum framing {
	FRAMING_PROPER,		/* has one answer */
	FRAMING_BROKEN,		/* may have an answer, or several, or none */
	FRAMING_CUT,		/* not sent to its end: must not be acted upon */
};

struct random_request {
	char *bytes;		/* owned */
	size_t length;
	enum framing framing;
	bool is_head;		/* its answer has no body */
	bool only_asks;		/* changes nothing, even if it is accepted */
};

/* As the last one on its connection it closes that, and only then it may be broken. */
void random_request(struct random_source *random, bool is_last, struct random_request *out);
