// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "stub_server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

void stub_init(struct stub_server *server)
{
	*server = (struct stub_server){ .dir = "/tmp/sluice-stub-XXXXXX", .fd = -1 };
	cr_assert_not_null(mkdtemp(server->dir));
	snprintf(server->path, sizeof(server->path), "%s/s", server->dir);
}

void stub_clean(struct stub_server *server)
{
	unlink(server->path);
	rmdir(server->dir);
}

/* The whole of a request: its header, and as many bytes as that announces. */
static bool is_complete(const char *request)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = strcasestr(request, "\r\nContent-Length: ");

	return end && (!length || strlen(end + 4) >= strtoul(length + 18, NULL, 10));
}

static void *serve(void *context)
{
	struct stub_server *server = context;
	_cleanup_close_ int fd = accept(server->fd, NULL, NULL);
	size_t used = 0, room;
	ssize_t got;

	do {
		room = sizeof(server->request) - 1 - used;
		got = read(fd, server->request + used, room);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 && !(server->answer && is_complete(server->request)));
	if (server->answer)
		send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
	return NULL;
}

void stub_bind(struct stub_server *server)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	unlink(server->path);
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(addr.sun_path, server->path, sizeof(server->path));
	cr_assert_eq(bind(server->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
}

void stub_start(struct stub_server *server, const char *answer)
{
	memset(server->request, 0, sizeof(server->request));
	server->answer = answer;
	stub_bind(server);
	cr_assert_eq(listen(server->fd, 1), 0);
	cr_assert_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

void stub_stop(struct stub_server *server)
{
	shutdown(server->fd, SHUT_RDWR);	/* if nobody came, the thread still waits */
	pthread_join(server->thread, NULL);
	close(server->fd);
}
