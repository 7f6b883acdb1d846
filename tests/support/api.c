// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "api.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"
#include "model/model.h"

enum { DEADLINE_MS = 10000 };

static void die(const char *what, const char *why)
{
	fprintf(stderr, "api: %s: %s\n", what, why);
	abort();
}

static void swapped(void *context)
{
	((struct api *)context)->swaps++;
}

static void detach(void *context)
{
	((struct api *)context)->detaches++;
}

struct api *api_open(void)
{
	struct api *api = calloc(1, sizeof(*api));
	int pid = getpid();
	struct err err;

	signal(SIGPIPE, SIG_IGN);
	strcpy(api->dir, "/tmp/sluice-api-XXXXXX");
	if (!mkdtemp(api->dir))
		die("mkdtemp", strerror(errno));
	snprintf(api->socket, sizeof(api->socket), "%s/sock", api->dir);
	/* An address of this process alone: tests run side by side. */
	snprintf(api->metrics, sizeof(api->metrics), "127.%d.%d.%d:19700", 1 + (pid >> 16 & 0x7f),
		 pid >> 8 & 0xff, pid & 0xff);
	api->base = event_base_new();
	fake_dataplane_init(&api->dataplane);
	api->change = (struct change){ .model = model_new(), .dataplane = &api->dataplane,
				       .state_dir = api->dir, .swapped = swapped, .context = api };
	memset(api->change.model->hash_secret, 0x5a, SECRET_SIZE);
	api->options = (struct server_options){
		.base = api->base,
		.socket_path = api->socket,
		.metrics_address = api->metrics,
		.change = &api->change,
		.dataplane = &api->dataplane,
		.rates = &api->rates,
		.detach = detach,
		.context = api,
	};
	if (server_open(&api->options, &api->server, &err))
		die("server_open", err.text);
	return api;
}

void api_close(struct api *api)
{
	char command[128];

	server_close(&api->server);
	event_base_free(api->base);
	model_free(&api->change.model);
	snprintf(command, sizeof(command), "rm -r '%s'", api->dir);
	if (system(command))
		die("rm", api->dir);
	free(api);
}

static int connect_to(const void *address, socklen_t length, int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (connect(fd, address, length) && errno != EINPROGRESS))
		die("connect", strerror(errno));
	return fd;
}

int api_connect(const struct api *api)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, api->socket);
	return connect_to(&address, sizeof(address), AF_UNIX);
}

int api_connect_metrics(const struct api *api)
{
	struct sockaddr_storage address;
	struct addr addr;
	uint16_t port;

	endpoint_parse(api->metrics, &addr, &port, NULL);
	return connect_to(&address, endpoint_to_sockaddr(&addr, port, &address), AF_INET);
}

/* The server has a timer of a second, so one turn never takes longer. */
static void turn(struct api *api, uint64_t deadline_ms)
{
	event_base_loop(api->base, EVLOOP_ONCE);
	if (monotonic_ms() > deadline_ms)
		die("no answer", "ten seconds are over");
}

bool api_send(struct api *api, int fd, const char *bytes, size_t length)
{
	uint64_t deadline_ms = monotonic_ms() + DEADLINE_MS;

	while (length) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent < 0)
			turn(api, deadline_ms);
		bytes += sent < 0 ? 0 : sent;
		length -= sent < 0 ? 0 : (size_t)sent;
	}
	return true;
}

void api_receive(struct api *api, int fd, struct reply *out)
{
	uint64_t deadline_ms = monotonic_ms() + DEADLINE_MS;
	size_t used = 0, size = 1 << 16;
	char *text = malloc(size);
	ssize_t got;

	while ((got = recv(fd, text + used, size - used - 1, 0))) {
		if (got < 0 && errno != EAGAIN)
			break;
		if (got < 0)
			turn(api, deadline_ms);
		used += got < 0 ? 0 : (size_t)got;
		if (used + 1 == size)
			text = realloc(text, size *= 2);
	}
	text[used] = '\0';
	*out = (struct reply){ .text = text, .body = strstr(text, "\r\n\r\n") };
	out->body = out->body ? out->body + 4 : text + used;
	sscanf(text, "HTTP/1.%*d %d", &out->status);
	out->json = json_loads(out->body, 0, NULL);
}

void api_request(struct api *api, const char *method, const char *path, const char *headers,
		 const char *body, struct reply *out)
{
	size_t length = body ? strlen(body) : 0;
	int fd = api_connect(api);
	char *head;
	int size;

	size = asprintf(&head, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s"
			"Content-Length: %zu\r\n\r\n", method, path, headers ?: "", length);
	/* Refused early, the answer is there all the same. */
	if (api_send(api, fd, head, (size_t)size))
		api_send(api, fd, body, length);
	api_receive(api, fd, out);
	free(head);
	close(fd);
}

void reply_clean(struct reply *reply)
{
	free(reply->text);
	json_decref(reply->json);
}

bool json_contains(const json_t *got, const json_t *wanted)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(wanted)) {
		json_object_foreach((json_t *)wanted, key, value) {
			if (!json_contains(json_object_get(got, key), value))
				return false;
		}
		return json_is_object(got);
	}
	if (!json_is_array(wanted))
		return json_equal(got, wanted);
	if (!json_is_array(got) || json_array_size(got) != json_array_size(wanted))
		return false;
	json_array_foreach(wanted, i, value) {
		if (!json_contains(json_array_get(got, i), value))
			return false;
	}
	return true;
}
