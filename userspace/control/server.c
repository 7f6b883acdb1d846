// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * HTTP (evhttp) on the Unix socket and on the TCP address: bytes -> struct request -> handlers.c ->
 * struct answer -> bytes. The first step of each change that a user asks for.
 */
#include "control/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "control/handlers.h"
#include "control/listen.h"
#include "model/yaml.h"

enum {
	HEADERS_SIZE_MAX = 16 << 10,
	/*
	 * evhttp itself answers larger bodies, in HTML; so it gets room above the API's limit, and
	 * handlers.c refuses what lies between with a sentence.
	 */
	BODY_SIZE_MAX = 2 * YAML_SIZE_MAX,
	TIMEOUT_S = 30,			/* without progress, in either direction */
	ALL_METHODS = 0xffff,		/* let handlers.c refuse them, unknown ones included */
};

/* One way in. */
struct door {
	struct server *server;
	struct evhttp *http;
	struct evconnlistener *listener;	/* owned by http */
	bool read_only;
};

struct server {
	struct server_options options;
	char *socket_path;
	struct stat socket_file;		/* as we made it; st_nlink 0: not made yet */
	struct door local, metrics;
	struct event *resume;
	bool detaching;				/* requested; the answer is on its way out */
};

static const struct {
	enum evhttp_cmd_type command;
	const char *name;
} methods[] = {
	{ EVHTTP_REQ_GET, "GET" },	   { EVHTTP_REQ_POST, "POST" },
	{ EVHTTP_REQ_HEAD, "HEAD" },	   { EVHTTP_REQ_PUT, "PUT" },
	{ EVHTTP_REQ_DELETE, "DELETE" },   { EVHTTP_REQ_OPTIONS, "OPTIONS" },
	{ EVHTTP_REQ_TRACE, "TRACE" },	   { EVHTTP_REQ_CONNECT, "CONNECT" },
	{ EVHTTP_REQ_PATCH, "PATCH" },
};

static const char *method_name(enum evhttp_cmd_type command)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (methods[i].command == command)
			return methods[i].name;
	}
	return "that method";
}

static void detach_once(struct server *server)
{
	if (!server->detaching)
		return;
	server->detaching = false;
	server->options.detach(server->options.context);
}

static void answer_sent(struct evhttp_request *http, void *arg)
{
	(void)http;
	detach_once(arg);
}

/* The client may leave without its answer; what it asked for is done all the same. */
static void connection_closed(struct evhttp_connection *connection, void *arg)
{
	(void)connection;
	detach_once(arg);
}

static void detach_after(struct evhttp_request *http, struct server *server)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(http);

	server->detaching = true;
	evhttp_request_set_on_complete_cb(http, answer_sent, server);
	evhttp_connection_set_closecb(connection, connection_closed, server);
}

/*
 * evhttp does not read the body of a GET or DELETE and would take it for the next request; the
 * connection has to end with the answer then.
 */
static bool leaves_body(struct evhttp_request *http)
{
	const int with_body = EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH;
	struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
	const char *length = evhttp_find_header(headers, "Content-Length");

	if (evhttp_request_get_command(http) & with_body)
		return false;
	return (length && strcmp(length, "0")) || evhttp_find_header(headers, "Transfer-Encoding");
}

static void release_text(const void *data, size_t length, void *arg)
{
	(void)data, (void)length;
	free(arg);
}

static int fill_body(struct evbuffer *body, struct answer *answer)
{
	char *text = answer->text;

	if (!text || evbuffer_add_reference(body, text, strlen(text), release_text, text))
		return -ENOMEM;
	answer->text = NULL;
	return answer->json ? evbuffer_add(body, "\n", 1) : 0;
}

static void send_answer(struct evhttp_request *http, struct answer *answer)
{
	bool head = evhttp_request_get_command(http) == EVHTTP_REQ_HEAD;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(http);
	struct evbuffer *body = evbuffer_new();

	if (!body || fill_body(body, answer) ||
	    evhttp_add_header(headers, "Content-Type", answer->content_type) ||
	    (*answer->allow && evhttp_add_header(headers, "Allow", answer->allow)) ||
	    (leaves_body(http) && evhttp_add_header(headers, "Connection", "close")))
		evhttp_send_error(http, 500, NULL);
	else
		evhttp_send_reply(http, answer->status, NULL, head ? NULL : body);
	if (body)
		evbuffer_free(body);
}

static void handle(struct evhttp_request *http, void *arg)
{
	const struct door *door = arg;
	struct evkeyvalq *headers = evhttp_request_get_input_headers(http);
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
	struct evbuffer *body = evhttp_request_get_input_buffer(http);
	_cleanup_(answer_clean) struct answer answer = { .status = 500 };
	_cleanup_(request_clean) struct request request = {
		.method = method_name(evhttp_request_get_command(http)),
		.path = evhttp_uri_get_path(uri),
		.query = evhttp_uri_get_query(uri),
		.content_type = evhttp_find_header(headers, "Content-Type"),
		.accept = evhttp_find_header(headers, "Accept"),
		.body_length = evbuffer_get_length(body),
		.read_only = door->read_only,
	};

	request.body = (const char *)evbuffer_pullup(body, -1);
	request_answer(&door->server->options, &request, &answer);
	if (answer.detach)
		detach_after(http, door->server);
	send_answer(http, &answer);
}

/*
 * Out of descriptors, most likely. The connection stays in the backlog and would wake the loop
 * again at once, so nothing is accepted until the next tick of resume.
 */
static void accept_failed(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	log_warning("control", "accepting a connection failed: %s; next try within a second",
		    strerror(errno));
	evconnlistener_disable(listener);
}

static void resume(evutil_socket_t fd, short events, void *arg)
{
	struct server *server = arg;

	(void)fd, (void)events;
	evconnlistener_enable(server->local.listener);
	if (server->metrics.listener)
		evconnlistener_enable(server->metrics.listener);
}

/* Takes fd. */
static int door_open(struct door *door, struct server *server, int fd, struct err *err)
{
	const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
	struct event_base *base = server->options.base;
	struct evconnlistener *listener = evconnlistener_new(base, NULL, NULL, flags, 0, fd);

	if (!listener)
		close(fd);
	door->server = server;
	door->http = listener ? evhttp_new(base) : NULL;
	if (!door->http || !evhttp_bind_listener(door->http, listener)) {
		if (listener)
			evconnlistener_free(listener);
		return err_set(err, ENOMEM, "out of memory");
	}
	door->listener = listener;
	evconnlistener_set_error_cb(listener, accept_failed);
	evhttp_set_allowed_methods(door->http, (ev_uint16_t)ALL_METHODS);
	evhttp_set_max_headers_size(door->http, HEADERS_SIZE_MAX);
	evhttp_set_max_body_size(door->http, door->read_only ? 0 : BODY_SIZE_MAX);
	/* A client that is still sending would get a reset instead of the answer. */
	evhttp_set_flags(door->http, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_timeout(door->http, TIMEOUT_S);
	evhttp_set_gencb(door->http, handle, door);
	return 0;
}

static int open_local(struct server *server, struct err *err)
{
	int fd = listen_unix(server->socket_path, err);

	if (fd < 0)
		return fd;
	lstat(server->socket_path, &server->socket_file);
	return door_open(&server->local, server, fd, err);
}

static int open_metrics(struct server *server, struct err *err)
{
	int fd;

	if (!server->options.metrics_address)
		return 0;
	fd = listen_tcp(server->options.metrics_address, err);
	server->metrics.read_only = true;
	return fd < 0 ? fd : door_open(&server->metrics, server, fd, err);
}

static int start_resume(struct server *server, struct err *err)
{
	const struct timeval second = { .tv_sec = 1 };

	server->resume = event_new(server->options.base, -1, EV_PERSIST, resume, server);
	if (!server->resume || event_add(server->resume, &second))
		return err_set(err, ENOMEM, "out of memory");
	return 0;
}

int server_open(const struct server_options *options, struct server **out, struct err *err)
{
	_cleanup_(server_close) struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return err_set(err, ENOMEM, "out of memory");
	server->options = *options;
	server->socket_path = strdup(options->socket_path);
	if (!server->socket_path)
		return err_set(err, ENOMEM, "out of memory");
	r = open_metrics(server, err);
	r = r ?: open_local(server, err);
	r = r ?: start_resume(server, err);
	if (r)
		return r;
	*out = take_ptr(server);
	return 0;
}

/* Only the file that we made: another daemon may have put its own there since. */
static void remove_socket(const struct server *server)
{
	struct stat now;

	if (server->socket_file.st_nlink && !lstat(server->socket_path, &now) &&
	    now.st_ino == server->socket_file.st_ino && now.st_dev == server->socket_file.st_dev)
		unlink(server->socket_path);
}

void server_close(struct server **server)
{
	struct server *s = take_ptr(*server);

	if (!s)
		return;
	remove_socket(s);
	if (s->resume)
		event_free(s->resume);
	if (s->local.http)
		evhttp_free(s->local.http);
	if (s->metrics.http)
		evhttp_free(s->metrics.http);
	free(s->socket_path);
	free(s);
}
