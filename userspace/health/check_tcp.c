// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One TCP check: a non-blocking connect, watched by the event loop, ended by a reset. */
#include "health/check_tcp.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/duration.h"

struct attempt {
	struct check_request request;
	struct event answered;		/* its descriptor is the socket; -1: there is none */
	int error;			/* of a connect that failed at once */
};

/*
 * SO_LINGER 0 makes close() send a reset: no TIME_WAIT piles up here. Without TCP_QUICKACK our
 * kernel holds the last ACK of the handshake back, so that the reset comes instead of it and the
 * application behind the port is not woken by every check.
 */
static int begin_connect(const struct check_request *request, int *out)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	static const int off = 0;
	struct sockaddr_storage peer;
	socklen_t length = endpoint_to_sockaddr(&request->addr, request->port, &peer);
	_cleanup_close_ int fd = -1;

	fd = socket(peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off)))
		return -errno;
	if (connect(fd, (struct sockaddr *)&peer, length) && errno != EINPROGRESS)
		return -errno;
	*out = take_fd(fd);
	return 0;
}

static bool is_own_lack(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EADDRNOTAVAIL:	/* every local port to this target is taken */
	case EAGAIN:
		return true;
	default:
		return false;
	}
}

static int socket_error(int fd)
{
	socklen_t length = sizeof(int);
	int error = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) ? errno : error;
}

/*
 * When the daemon was busy past the timeout, the loop reports the timeout although the answer has
 * long been there. A target must not go down because we were late.
 */
static bool is_unanswered(int fd)
{
	struct pollfd connected = { .fd = fd, .events = POLLOUT };

	return poll(&connected, 1, 0) == 0;
}

static void cancel(void *handle)
{
	struct attempt *attempt = handle;
	int fd = event_get_fd(&attempt->answered);

	event_del(&attempt->answered);
	cleanup_close(&fd);
	free(attempt);
}

static void on_answer(evutil_socket_t fd, short events, void *context)
{
	struct attempt *attempt = context;
	struct check_request request = attempt->request;
	bool is_late = (events & EV_TIMEOUT) && is_unanswered(fd);
	int error = fd < 0 ? attempt->error : socket_error(fd);
	char after[DURATION_TEXT_SIZE];
	char detail[64];

	cancel(attempt);
	if (is_late) {
		snprintf(detail, sizeof(detail), "timed out after %s",
			 duration_format(request.timeout_ms, MS_PER_SECOND, after));
		request.done(request.context, CHECK_TIMED_OUT, detail);
	} else if (error) {	/* ETIMEDOUT: the kernel gave up before our timeout */
		request.done(request.context, error == ETIMEDOUT ? CHECK_TIMED_OUT : CHECK_FAILED,
			     strerror(error));
	} else {
		request.done(request.context, CHECK_PASSED, "connected");
	}
}

/* A connect that failed at once is reported like any other: by the event loop. */
static int watch(struct attempt *attempt)
{
	struct timeval timeout = {
		.tv_sec = attempt->request.timeout_ms / 1000,
		.tv_usec = attempt->request.timeout_ms % 1000 * 1000,
	};

	if (attempt->error) {
		event_active(&attempt->answered, EV_WRITE, 0);
		return 0;
	}
	/* The loop's idea of now is from before this turn's callbacks, however long they took. */
	event_base_update_cache_time(attempt->request.base);
	return event_add(&attempt->answered, &timeout) ? -ENOMEM : 0;
}

static int start(const struct check_request *request, void **out)
{
	_cleanup_free_ struct attempt *attempt = calloc(1, sizeof(*attempt));
	_cleanup_close_ int fd = -1;
	int r;

	if (!attempt)
		return -ENOMEM;
	r = begin_connect(request, &fd);
	if (is_own_lack(-r))
		return r;
	attempt->request = *request;
	attempt->error = -r;
	event_assign(&attempt->answered, request->base, fd, EV_WRITE, on_answer, attempt);
	r = watch(attempt);
	if (r)
		return r;
	take_fd(fd);		/* the event knows it, cancel closes it */
	*out = take_ptr(attempt);
	return 0;
}

const struct check_kind check_tcp = {
	.name = "tcp",
	.start = start,
	.cancel = cancel,
};
