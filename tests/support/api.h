/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server in the test's own process and event loop, and a client that speaks plain HTTP to it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/change.h"
#include "control/server.h"
#include "fake_dataplane.h"
#include "stats/rates.h"

struct event_base;

struct api {
	char dir[64];			/* state directory; the socket is in it too */
	char socket[96];
	char metrics[64];		/* "127.x.y.z:PORT" */
	struct event_base *base;
	struct dataplane dataplane;
	struct change change;
	struct rates rates;
	struct server_options options;
	struct server *server;
	unsigned swaps;			/* calls of change.swapped */
	unsigned detaches;		/* calls of options.detach */
};

/* Everything above, serving an empty model with a secret. Aborts on failure. */
struct api *api_open(void);
void api_close(struct api *api);

struct reply {
	int status;
	char *text;			/* head and body as they came */
	const char *body;		/* within text */
	json_t *json;			/* of the body; NULL if it is none */
};
void reply_clean(struct reply *reply);

int api_connect(const struct api *api);			/* to the Unix socket; blocks no one */
int api_connect_metrics(const struct api *api);

/* Sends all of it, the loop turning meanwhile; false if the server hangs up first. */
bool api_send(struct api *api, int fd, const char *bytes, size_t length);

/* Reads to the end of the connection, the loop turning meanwhile. Aborts after ten seconds. */
void api_receive(struct api *api, int fd, struct reply *out);

/* One request on a connection of its own. headers ("A: b\r\n") and body may be NULL. */
void api_request(struct api *api, const char *method, const char *path, const char *headers,
		 const char *body, struct reply *out);

/* Is every member of wanted in got, at any depth? Lists must have the same length. */
bool json_contains(const json_t *got, const json_t *wanted);
