/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes to the API's Unix socket, bytes back, and the HTTP answers in them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct exchange {
	const char *bytes;
	size_t length;
	size_t piece;			/* at most so many bytes at once; 0: any number */
	bool half_closes;		/* nothing follows: says so once everything is sent */
};

/*
 * Sends the bytes on a new connection and reads until the other side closes it. *out is what it
 * sent, ended by a zero byte, to be freed. -errno; -ETIMEDOUT if nothing moves for 20 seconds.
 */
int exchange_run(const char *socket_path, const struct exchange *exchange, char **out,
		 size_t *out_length);

struct reply {
	unsigned status;
	const char *body;
	size_t body_length;
	bool is_json;
};

/*
 * Takes the next answer from *text; interim ones (1xx) are skipped. without_body: it answers HEAD.
 * False: there is none, or it is not whole.
 */
bool reply_next(const char **text, size_t *left, bool without_body, struct reply *out);
