/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One request to sluiced, one reply: HTTP over the Unix socket. */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct err;

#define CLIENT_SOCKET_DEFAULT "/run/sluice/sluice.sock"

enum { CLIENT_TIMEOUT_MS = 120 * 1000 };	/* the largest configuration takes seconds */

struct client {
	const char *socket;
	long timeout_ms;
};

struct request {
	const char *method;
	const char *path;		/* from client_path, and what follows it */
	const char *accept;		/* NULL: anything */
	const char *type;		/* of the body */
	const char *body;		/* NULL: none */
	size_t length;
};

/*
 * "/v1/A/B" with each part escaped, for parts ended by NULL. A new string (free), NULL if out of
 * memory.
 */
char *client_path(const char *part, ...) __attribute__((sentinel));

/*
 * *text is the body of the reply (free), ended by a zero byte. Anything but success is a failure,
 * and the sentence is the daemon's (-EREMOTEIO) or says why it was not reached. -ENOENT and
 * -ECONNREFUSED mean that no daemon runs, -EACCES that the user may not ask it.
 */
int client_text(const struct client *client, const struct request *request, char **text,
		struct err *err);

/* The same for a reply in JSON; body (borrowed) may be NULL. *reply is an object (json_decref). */
int client_json(const struct client *client, const char *method, const char *path,
		const json_t *body, json_t **reply, struct err *err);

/* The text of a reply as JSON; the sentence names the socket that it came from. */
int client_parse(const struct client *client, const char *text, json_t **reply, struct err *err);
