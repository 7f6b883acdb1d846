// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { BACKLOG = 4096, EVENTS_MAX = 64, QUESTION_SIZE = 32, DATAGRAMS_MAX = 64 };

enum kind { LISTENS, TALKS_TCP, TALKS_UDP };

struct end {
	enum kind kind;
	int fd;
	uint16_t port;
	size_t used;
	char text[QUESTION_SIZE]; /* of a question that is not whole yet */
};

struct server {
	const char *name;
	int epoll;
};

static int add_end(struct server *server, enum kind kind, int fd, uint16_t port)
{
	struct end *end = calloc(1, sizeof(*end));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = end };

	if (!end || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(end);
		return -ENOMEM;
	}
	*end = (struct end){ .kind = kind, .fd = fd, .port = port };
	return 0;
}

/* [::]:port, for IPv4 too. */
static int open_port(struct server *server, int type, uint16_t port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	_cleanup_close_ int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    (type == SOCK_STREAM && listen(fd, BACKLOG)))
		return -errno;
	return add_end(server, type == SOCK_STREAM ? LISTENS : TALKS_UDP, take_fd(fd), port);
}

static void accept_all(struct server *server, const struct end *end)
{
	int fd;

	while ((fd = accept4(end->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		if (add_end(server, TALKS_TCP, fd, end->port))
			close(fd);
}

static void drop(struct end *end)
{
	close(end->fd);
	free(end);
}

static int format_answer(const struct server *server, const struct end *end, const char *question,
			 int length, char *out, size_t size)
{
	return snprintf(out, size, "%s:%u %.*s\n", server->name, end->port, length, question);
}

static bool answer_stream(const struct server *server, struct end *end)
{
	ssize_t got = recv(end->fd, end->text + end->used, sizeof(end->text) - end->used, 0);
	char *line = end->text, *stop, answer[128];
	int length;

	if (got <= 0)
		return got && (errno == EAGAIN || errno == EINTR);
	end->used += (size_t)got;
	while ((stop = memchr(line, '\n', end->used))) {
		length = format_answer(server, end, line, (int)(stop - line), answer,
				       sizeof(answer));
		if (send(end->fd, answer, (size_t)length, MSG_NOSIGNAL) != length)
			return false;
		end->used -= (size_t)(stop + 1 - line);
		line = stop + 1;
	}
	memmove(end->text, line, end->used);
	return end->used < sizeof(end->text);
}

/*
 * The answer leaves from the address that was asked, which need not be the one that the kernel
 * would choose: the ancillary data that came in goes out again.
 */
static bool answer_datagram(const struct server *server, const struct end *end)
{
	char question[QUESTION_SIZE], answer[128], control[128];
	struct iovec iov = { .iov_base = question, .iov_len = sizeof(question) };
	struct sockaddr_in6 from;
	struct msghdr message = { .msg_name = &from,
				  .msg_namelen = sizeof(from),
				  .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(end->fd, &message, 0);
	struct cmsghdr *info;

	if (got <= 0 || question[got - 1] != '\n')
		return got >= 0 || errno != EAGAIN;
	info = CMSG_FIRSTHDR(&message);
	if (info && info->cmsg_type == IPV6_PKTINFO)
		((struct in6_pktinfo *)CMSG_DATA(info))->ipi6_ifindex = 0;
	iov.iov_base = answer;
	iov.iov_len =
		(size_t)format_answer(server, end, question, (int)got - 1, answer, sizeof(answer));
	sendmsg(end->fd, &message, MSG_NOSIGNAL);
	return true;
}

static void handle(struct server *server, struct end *end)
{
	if (end->kind == LISTENS)
		accept_all(server, end);
	else if (end->kind == TALKS_TCP && !answer_stream(server, end))
		drop(end);
	else if (end->kind == TALKS_UDP)
		for (int left = DATAGRAMS_MAX; left && answer_datagram(server, end); left--)
			;
}

int serve(const char *name, const uint16_t *ports, size_t count, struct err *err)
{
	struct server server = { .name = name, .epoll = epoll_create1(EPOLL_CLOEXEC) };
	struct epoll_event events[EVENTS_MAX];
	int r = server.epoll < 0 ? -errno : 0, ready;

	for (size_t i = 0; i < count && !r; i++) {
		r = open_port(&server, SOCK_STREAM, ports[i])
			    ?: open_port(&server, SOCK_DGRAM, ports[i]);
		if (r)
			return err_set(err, -r, "port %u: %s", ports[i], strerror(-r));
	}
	printf("ready\n");
	fflush(stdout);
	while (!r) {
		ready = epoll_wait(server.epoll, events, EVENTS_MAX, -1);
		r = ready < 0 && errno != EINTR ? -errno : 0;
		for (int i = 0; i < ready; i++)
			handle(&server, events[i].data.ptr);
	}
	return err_set(err, -r, "%s", strerror(-r));
}
