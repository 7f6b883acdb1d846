// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { PATIENCE_MS = 20000, READ_SIZE = 65536 };

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK))
		return -errno;
	return take_fd(fd);
}

/* What is left to send is nothing once the other side does not listen any more. */
static void send_some(int fd, const struct exchange *exchange, size_t *sent)
{
	size_t left = exchange->length - *sent;
	ssize_t done;

	if (exchange->piece && left > exchange->piece)
		left = exchange->piece;
	done = send(fd, exchange->bytes + *sent, left, MSG_NOSIGNAL);
	if (done > 0)
		*sent += (size_t)done;
	else if (done < 0 && errno != EAGAIN)
		*sent = exchange->length;
	if (*sent == exchange->length && exchange->half_closes)
		shutdown(fd, SHUT_WR);
}

/* 1: more may come, 0: that was all. */
static int receive_some(int fd, FILE *received)
{
	char bytes[READ_SIZE];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	if (got > 0)
		fwrite(bytes, 1, (size_t)got, received);
	return got > 0 || (got < 0 && errno == EAGAIN);
}

static int run(int fd, const struct exchange *exchange, FILE *received)
{
	size_t sent = 0;
	int more = 1;

	if (!exchange->length && exchange->half_closes)
		shutdown(fd, SHUT_WR);
	while (more > 0) {
		bool sending = sent < exchange->length;
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN | (sending ? POLLOUT : 0) };
		int ready = poll(&poll_fd, 1, PATIENCE_MS);

		if (ready <= 0)
			return ready ? -errno : -ETIMEDOUT;
		if (sending && poll_fd.revents & POLLOUT)
			send_some(fd, exchange, &sent);
		if (poll_fd.revents & ~POLLOUT)
			more = receive_some(fd, received);
	}
	return 0;
}

int exchange_run(const char *socket_path, const struct exchange *exchange, char **out,
		 size_t *out_length)
{
	_cleanup_close_ int fd = connect_to(socket_path);
	_cleanup_free_ char *text = NULL;
	FILE *received;
	int r;

	if (fd < 0)
		return fd;
	received = open_memstream(&text, out_length);
	if (!received)
		return -ENOMEM;
	r = run(fd, exchange, received);
	if (fclose(received))
		return -ENOMEM;
	if (!r)
		*out = take_ptr(text);
	return r;
}

/* The value of a header in a head that ends with an empty line; NULL if it has none. */
static const char *find_header(const char *head, const char *name)
{
	const char *line = strstr(head, "\r\n");

	while (line && strncmp(line, "\r\n\r\n", 4)) {
		line += 2;
		if (!strncasecmp(line, name, strlen(name)))
			return line + strlen(name);
		line = strstr(line, "\r\n");
	}
	return NULL;
}

bool reply_next(const char **text, size_t *left, bool without_body, struct reply *out)
{
	const char *head = *text, *end = strstr(head, "\r\n\r\n"), *length, *type;
	size_t used;

	if (!end || sscanf(head, "HTTP/1.%*u %u", &out->status) != 1)
		return false;
	length = find_header(head, "Content-Length: ");
	type = find_header(head, "Content-Type: ");
	out->is_json = type && !strncmp(type, "application/json\r\n", 18);
	out->body = end + 4;
	out->body_length = length && !without_body ? strtoul(length, NULL, 10) : 0;
	used = (size_t)(out->body - head) + out->body_length;
	if (used > *left)
		return false;
	*text += used;
	*left -= used;
	return out->status >= 200 || reply_next(text, left, without_body, out);
}
