// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loopback.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"

enum { DEADLINE_MS = 10000, POLL_INTERVAL_US = 2000 };

struct addr loopback_addr(int family)
{
	struct addr addr = { .word = { 0, 0, 0, htonl(1) } };

	if (family == AF_INET)
		addr_from_v4(&addr, htonl(INADDR_LOOPBACK));
	return addr;
}

static int open_socket(int family, uint16_t port, int backlog, uint16_t *bound)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct addr any = { 0 };
	struct sockaddr_storage name;
	socklen_t length;

	if (family == AF_INET)
		addr_from_v4(&any, htonl(INADDR_ANY));
	length = endpoint_to_sockaddr(&any, port, &name);
	cr_assert_geq(fd, 0);
	cr_assert_not(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)));
	if (family == AF_INET6)
		cr_assert_not(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int)));
	cr_assert_not(bind(fd, (struct sockaddr *)&name, length), "bind: %m");
	cr_assert_not(listen(fd, backlog), "listen: %m");
	cr_assert_not(getsockname(fd, (struct sockaddr *)&name, &length));
	*bound = ntohs(family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port :
					   ((struct sockaddr_in6 *)&name)->sin6_port);
	return fd;
}

int loopback_listen(int family, uint16_t *port)
{
	return open_socket(family, *port, 4096, port);
}

int loopback_listen_full(int family, uint16_t *port, int *filler)
{
	int fd = open_socket(family, *port, 0, port);
	struct addr addr = loopback_addr(family);
	struct sockaddr_storage name;
	socklen_t length = endpoint_to_sockaddr(&addr, *port, &name);

	*filler = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_not(connect(*filler, (struct sockaddr *)&name, length), "connect: %m");
	return fd;
}

uint16_t loopback_closed_port(int family)
{
	uint16_t port = 0;

	close(loopback_listen(family, &port));
	return port;
}

unsigned loopback_count_sockets_to(int family, uint16_t port)
{
	FILE *table = fopen(family == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6", "re");
	unsigned count = 0, peer;
	char line[512];

	cr_assert(table);
	while (fgets(line, sizeof(line), table))
		count += sscanf(line, "%*s %*s %*[0-9A-F]:%x", &peer) == 1 && peer == port;
	fclose(table);
	return count;
}

static void wake(evutil_socket_t fd, short events, void *context)
{
	(void)fd;
	(void)events;
	(void)context;
}

bool loop_until(struct event_base *base, bool (*is_so)(void *context), void *context)
{
	static const struct timeval interval = { .tv_usec = POLL_INTERVAL_US };
	struct event *tick = event_new(base, -1, EV_PERSIST, wake, NULL);
	uint64_t deadline = monotonic_ms() + DEADLINE_MS;
	bool so;

	event_add(tick, &interval);
	while (!(so = is_so(context)) && monotonic_ms() < deadline)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(tick);
	return so;
}

void stall(unsigned ms)
{
	uint64_t end = monotonic_ms() + ms;

	while (monotonic_ms() < end)
		poll(NULL, 0, 1);
}

bool own_network(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_not(ioctl(fd, SIOCSIFFLAGS, &request));
	close(fd);
	return true;
}

unsigned count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	cr_assert(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}
