// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Makes the sockets that control/server.c accepts on. */
#include "control/listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"

enum { BACKLOG = 128 };

/* The only directory that is made when it is missing: /run is empty after each boot. */
static const char runtime_dir[] = "/run/sluice";

static int open_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int fill_address(const char *path, struct sockaddr_un *address, struct err *err)
{
	size_t length = strlen(path), max = sizeof(address->sun_path) - 1;

	if (!length || length > max)
		return err_set(err, EINVAL,
			       "socket path '%.128s' has %zu characters; 1 to %zu are possible",
			       path, length, max);
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, path, length);
	return 0;
}

/* Who is behind the socket: 0 nobody, EADDRINUSE a living daemon, else why that is not known. */
static int probe(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = open_socket(AF_UNIX);

	if (fd < 0)
		return errno;
	/* EAGAIN: somebody listens whose backlog is full. */
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN)
		return EADDRINUSE;
	return errno == ECONNREFUSED || errno == ENOENT ? 0 : errno;
}

static int remove_stale(const struct sockaddr_un *address, struct err *err)
{
	const char *path = address->sun_path;
	struct stat status;
	int code = lstat(path, &status) ? errno : 0;

	if (code == ENOENT)
		return 0;
	if (!code && !S_ISSOCK(status.st_mode))
		return err_set(err, EEXIST, "%s is there already and is not a socket", path);
	code = code ?: probe(address);
	if (code == EADDRINUSE)
		return err_set(err, code, "another sluiced is serving on %s", path);
	if (!code && unlink(path) && errno != ENOENT)
		code = errno;
	if (code)
		return err_set(err, code, "socket %s can not be replaced: %s", path,
			       strerror(code));
	return 0;
}

static int make_runtime_dir(const char *path, struct err *err)
{
	const char *last = strrchr(path, '/');
	size_t length = last ? (size_t)(last - path) : 0;

	if (length != strlen(runtime_dir) || strncmp(path, runtime_dir, length))
		return 0;
	if (mkdir(runtime_dir, 0755) && errno != EEXIST)
		return err_set(err, errno, "directory %s can not be made: %s", runtime_dir,
			       strerror(errno));
	return 0;
}

static int bind_unix(int fd, const struct sockaddr_un *address, struct err *err)
{
	/* Who can connect can change everything: with chmod there would be a moment for anyone. */
	mode_t before = umask(0117);
	int code = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;

	umask(before);
	if (code == ENOENT)
		return err_set(err, code, "the directory of the socket %s does not exist",
			       address->sun_path);
	if (code)
		return err_set(err, code, "socket %s can not be made: %s", address->sun_path,
			       strerror(code));
	return 0;
}

int listen_unix(const char *path, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_un address;
	int r;

	r = fill_address(path, &address, err);
	r = r ?: make_runtime_dir(path, err);
	r = r ?: remove_stale(&address, err);
	if (r)
		return r;
	fd = open_socket(AF_UNIX);
	if (fd < 0)
		return err_set(err, errno, "socket %s: %s", path, strerror(errno));
	r = bind_unix(fd, &address, err);
	if (r)
		return r;
	if (listen(fd, BACKLOG)) {
		r = err_set(err, errno, "socket %s: %s", path, strerror(errno));
		unlink(path);
		return r;
	}
	return take_fd(fd);
}

int listen_tcp(const char *address, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_storage name;
	struct addr addr;
	socklen_t length;
	uint16_t port;
	int r, on = 1;

	r = endpoint_parse(address, &addr, &port, err);
	if (r)
		return err_prefix(err, "address for metrics");
	length = endpoint_to_sockaddr(&addr, port, &name);
	fd = open_socket(name.ss_family);
	/* Without SO_REUSEADDR a restart would wait for the old connections' TIME_WAIT. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&name, length) || listen(fd, BACKLOG))
		return err_set(err, errno, "metrics can not be served on %s: %s", address,
			       strerror(errno));
	return take_fd(fd);
}
