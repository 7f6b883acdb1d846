// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the server does about its socket file and its TCP address before it serves. */
#include "control/listen.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api.h"
#include "base/err.h"

/* A second server like api's; its sentence if it is refused, else "". */
static const char *refusal(struct api *api, const char *path, const char *metrics)
{
	struct server_options options = api->options;
	struct server *server = NULL;
	static struct err err;

	options.socket_path = path;
	options.metrics_address = metrics;
	if (server_open(&options, &server, &err))
		return err.text;
	server_close(&server);
	return "";
}

static void leave_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	cr_assert(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	cr_assert(!listen(fd, 1));
	close(fd);
}

static bool serves(struct api *api)
{
	struct reply reply;

	api_request(api, "GET", "/v1/version", NULL, NULL, &reply);
	reply_clean(&reply);
	return reply.status == 200;
}

Test(listen, the_socket_is_for_owner_and_group_whatever_the_umask)
{
	mode_t before = umask(0);
	struct api *api = api_open();
	struct stat status;

	cr_assert_eq(umask(before), 0, "the process keeps its umask");
	cr_assert(!stat(api->socket, &status));
	cr_assert(S_ISSOCK(status.st_mode));
	cr_assert_eq(status.st_mode & 0777, 0660);
	api_close(api);
}

Test(listen, closing_removes_the_socket_but_no_one_elses)
{
	struct api *api = api_open();

	server_close(&api->server);
	cr_assert(access(api->socket, F_OK) && errno == ENOENT);
	api_close(api);

	api = api_open();
	cr_assert(!unlink(api->socket));
	leave_socket(api->socket);
	server_close(&api->server);
	cr_assert(!access(api->socket, F_OK));
	api_close(api);
}

Test(listen, a_living_daemons_socket_is_refused_and_left_alone)
{
	struct api *api = api_open();
	char expected[160];

	snprintf(expected, sizeof(expected), "another sluiced is serving on %s", api->socket);
	cr_assert_str_eq(refusal(api, api->socket, NULL), expected);
	cr_assert(serves(api));
	api_close(api);
}

Test(listen, a_stale_socket_is_replaced)
{
	struct api *api = api_open();

	server_close(&api->server);
	leave_socket(api->socket);
	cr_assert_str_eq(refusal(api, api->socket, NULL), "");
	api_close(api);
}

Test(listen, a_file_that_is_no_socket_is_left_alone)
{
	struct api *api = api_open();
	char path[96];

	snprintf(path, sizeof(path), "%s/file", api->dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	cr_assert(strstr(refusal(api, path, NULL), "is not a socket"));
	cr_assert(!access(path, F_OK));
	cr_assert(strstr(refusal(api, api->dir, NULL), "is not a socket"));
	api_close(api);
}

Test(listen, a_socket_of_another_kind_is_left_alone)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct api *api = api_open();

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/log", api->dir);
	cr_assert(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	cr_assert(strstr(refusal(api, address.sun_path, NULL), "can not be replaced"));
	cr_assert(!access(address.sun_path, F_OK));
	close(fd);
	api_close(api);
}

Test(listen, bad_socket_paths_are_refused)
{
	struct api *api = api_open();
	char path[200];

	snprintf(path, sizeof(path), "/tmp/%0103d", 0);
	cr_assert(strstr(refusal(api, path, NULL), "has 108 characters; 1 to 107 are possible"));
	cr_assert(strstr(refusal(api, "", NULL), "has 0 characters"));
	snprintf(path, sizeof(path), "%s/nowhere/sock", api->dir);
	cr_assert(strstr(refusal(api, path, NULL), "the directory of the socket"));
	cr_assert(access(path, F_OK));
	api_close(api);
}

Test(listen, bad_metrics_addresses_are_refused)
{
	struct api *api = api_open();
	char path[96];

	snprintf(path, sizeof(path), "%s/sock2", api->dir);
	cr_assert(strstr(refusal(api, path, "9700"), "address for metrics: '9700' is not"));
	cr_assert(strstr(refusal(api, path, "localhost:9700"), "localhost"));
	cr_assert(strstr(refusal(api, path, "127.0.0.1:0"), "port"));
	cr_assert(strstr(refusal(api, path, "192.0.2.1:9700"),
			 "metrics can not be served on 192.0.2.1:9700: Cannot assign"));
	cr_assert(strstr(refusal(api, path, api->metrics), "Address already in use"));
	cr_assert(access(path, F_OK), "nothing is left behind");
	cr_assert(serves(api));
	api_close(api);
}

Test(listen, metrics_can_be_served_over_ipv6)
{
	struct api *api = api_open();
	char address[32], path[96];

	snprintf(path, sizeof(path), "%s/sock2", api->dir);
	snprintf(address, sizeof(address), "[::1]:%d", 20000 + getpid() % 20000);
	cr_assert_str_eq(refusal(api, path, address), "");
	api_close(api);
}
