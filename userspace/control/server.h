/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The HTTP server: the API on the Unix socket; metrics and read-only status on a TCP address. */
#pragma once

#include <stddef.h>

struct change;
struct checker;
struct dataplane;
struct err;
struct event_base;
struct rates;
struct server;

/* What the handlers work on. All borrowed; must outlive the server. */
struct server_options {
	struct event_base *base;
	const char *socket_path;	/* created with mode 0660; a stale socket is replaced */
	const char *metrics_address;	/* "127.0.0.1:9700", "[::1]:9700"; NULL: none */
	struct change *change;
	struct dataplane *dataplane;	/* NULL in tests */
	struct checker *checker;	/* NULL in tests */
	const struct rates *rates;
	/* Stops the event loop after the reply has gone out, and detaches. */
	void (*detach)(void *context);
	void *context;
};

/* Refuses, each with its own sentence: path too long, a live daemon on it, bad or used address. */
int server_open(const struct server_options *options, struct server **out, struct err *err);
void server_close(struct server **server);	/* removes the socket */
