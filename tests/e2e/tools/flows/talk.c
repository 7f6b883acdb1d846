// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "talk.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "place.h"

static int bind_port(int fd, const struct place *place, uint16_t port)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t length = endpoint_to_sockaddr(&place->addr, port, &sa);
	int on = 1;

	if (sa.ss_family == AF_INET)
		((struct sockaddr_in *)&sa)->sin_addr.s_addr = INADDR_ANY;
	else
		((struct sockaddr_in6 *)&sa)->sin6_addr = in6addr_any;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&sa, length))
		return -errno;
	return 0;
}

int talk_open(struct talk *talk, const struct place *place, uint16_t source_port, uint64_t now)
{
	int type = place->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	struct sockaddr_storage sa;
	socklen_t length = endpoint_to_sockaddr(&place->addr, place->port, &sa);
	_cleanup_close_ int fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, r;

	if (fd < 0)
		return -errno;
	r = source_port ? bind_port(fd, place, source_port) : 0;
	if (r)
		return r;
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&sa, length) && errno != EINPROGRESS)
		return -errno;
	*talk = (struct talk){ .fd = take_fd(fd), .place = place, .opened_ms = now };
	return 0;
}

void talk_close(struct talk *talk)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	if (talk->fd < 0)
		return;
	setsockopt(talk->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(talk->fd);
	talk->fd = -1;
}

bool talk_waits(const struct talk *talk)
{
	return talk->asked != talk->answered;
}

/* Errors of UDP are ICMP messages, which anyone may send: only silence counts. */
static enum talk_end failed(const struct talk *talk)
{
	if (errno == EAGAIN || errno == EINTR || talk->place->protocol == IPPROTO_UDP)
		return TALK_GOES_ON;
	return errno == ETIMEDOUT ? TALK_SILENT : TALK_RESET;
}

enum talk_end talk_ask(struct talk *talk, uint64_t now)
{
	char question[16];
	int length;

	if (!talk_waits(talk)) {
		talk->asked++;
		talk->asked_ms = now;
	}
	length = snprintf(question, sizeof(question), "%u\n", talk->asked);
	return send(talk->fd, question, (size_t)length, MSG_NOSIGNAL) < 0 ? failed(talk)
									  : TALK_GOES_ON;
}

static unsigned server_number(struct servers *servers, const char *name)
{
	for (unsigned i = 0; i < servers->count; i++)
		if (!strcmp(servers->name[i], name))
			return i + 1;
	if (servers->count == SERVERS_MAX)
		return 0;
	snprintf(servers->name[servers->count], SERVER_NAME_SIZE, "%s", name);
	return ++servers->count;
}

/* One line, without its end. A datagram may come late or twice, but not before its question. */
static enum talk_end understand(struct talk *talk, const char *line, struct servers *servers,
				uint64_t now)
{
	char name[SERVER_NAME_SIZE];
	uint32_t number;

	if (sscanf(line, "%47s %u", name, &number) != 2 || number > talk->asked)
		return TALK_WRONG;
	if (talk->place->protocol == IPPROTO_TCP && number != talk->answered + 1)
		return TALK_WRONG;
	talk->server = server_number(servers, name);
	talk->answered_ms = now;
	if (number > talk->answered)
		talk->answered = number;
	return TALK_GOES_ON;
}

static enum talk_end understand_all(struct talk *talk, struct servers *servers, uint64_t now)
{
	enum talk_end end = TALK_GOES_ON;
	char *line = talk->text, *stop;

	while (end == TALK_GOES_ON && (stop = memchr(line, '\n', talk->used))) {
		*stop = '\0';
		end = understand(talk, line, servers, now);
		talk->used -= (size_t)(stop + 1 - line);
		line = stop + 1;
	}
	memmove(talk->text, line, talk->used);
	return end;
}

enum talk_end talk_hear(struct talk *talk, struct servers *servers, uint64_t now)
{
	size_t room = sizeof(talk->text) - talk->used;
	ssize_t got = recv(talk->fd, talk->text + talk->used, room, 0);

	if (got < 0)
		return failed(talk);
	if (!got)
		return talk->place->protocol == IPPROTO_TCP ? TALK_CLOSED : TALK_WRONG;
	talk->used += (size_t)got;
	return understand_all(talk, servers, now);
}
