/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon for tests of sluicectl: takes one request on a Unix socket and gives one fixed answer. */
#pragma once

#include <pthread.h>

struct stub_server {
	char dir[32], path[64];
	int fd;
	const char *answer;		/* all of it; NULL: none, until the client gives up */
	char request[8192];		/* what came, after stub_stop */
	pthread_t thread;
};

#define STUB_ANSWER(status, body) \
	"HTTP/1.1 " status "\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n" body

/* A directory with a path for the socket, which is not there yet. */
void stub_init(struct stub_server *server);
void stub_clean(struct stub_server *server);

void stub_bind(struct stub_server *server);
void stub_start(struct stub_server *server, const char *answer);	/* binds too */
void stub_stop(struct stub_server *server);	/* after the client has its answer */
