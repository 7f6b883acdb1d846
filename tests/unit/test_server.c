// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* HTTP as the server speaks it: limits, connections that misbehave, the two ways in. */
#include "control/server.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "api.h"
#include "base/cleanup.h"

enum { MIB = 1 << 20 };

static void send_text(struct api *api, int fd, const char *text)
{
	cr_assert(api_send(api, fd, text, strlen(text)));
}

/* One request as it stands, on a connection of its own. */
static void exchange(struct api *api, int fd, const char *text, struct reply *reply)
{
	send_text(api, fd, text);
	api_receive(api, fd, reply);
	close(fd);
}

static int status_of(struct api *api, int fd, const char *text)
{
	struct reply reply;

	exchange(api, fd, text, &reply);
	reply_clean(&reply);
	return reply.status;
}

static bool says(const struct reply *reply, const char *words)
{
	const char *sentence = json_string_value(json_object_get(reply->json, "error"));

	return sentence && strstr(sentence, words);
}

#define GET(path) "GET " path " HTTP/1.1\r\nConnection: close\r\n\r\n"
#define POST(path, extra) "POST " path " HTTP/1.1\r\nConnection: close\r\n" extra "\r\n"

Test(server, the_tcp_address_serves_metrics_and_status_alone)
{
	struct api *api = api_open();
	struct reply reply;

	cr_assert_eq(status_of(api, api_connect_metrics(api), GET("/metrics")), 200);
	cr_assert_eq(status_of(api, api_connect_metrics(api), GET("/v1/status")), 200);
	exchange(api, api_connect_metrics(api), GET("/v1/config"), &reply);
	cr_assert_eq(reply.status, 403);
	cr_assert(says(&reply, "the rest is on the Unix socket"), "%s", reply.body);
	reply_clean(&reply);
	cr_assert_eq(status_of(api, api_connect_metrics(api), GET("/nope")), 403);
	cr_assert_eq(status_of(api, api_connect_metrics(api), POST("/v1/detach", "")), 403);
	cr_assert_eq(status_of(api, api_connect_metrics(api), POST("/metrics", "")), 405);
	cr_assert_eq(status_of(api, api_connect_metrics(api),
			       POST("/v1/groups", "Content-Length: 2\r\n") "{}"), 413);
	cr_assert_eq(api->detaches, 0);
	api_close(api);
}

Test(server, a_wrong_method_is_told_the_right_ones)
{
	struct api *api = api_open();
	struct reply reply;

	api_request(api, "DELETE", "/v1/config", NULL, NULL, &reply);
	cr_assert_eq(reply.status, 405);
	cr_assert(strstr(reply.text, "Allow: GET, PUT\r\n"), "%s", reply.text);
	reply_clean(&reply);
	exchange(api, api_connect(api), "HEAD /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n",
		 &reply);
	cr_assert_eq(reply.status, 405);
	cr_assert_str_eq(reply.body, "", "the answer to HEAD has no body");
	reply_clean(&reply);
	api_close(api);
}

/* A PUT of size bytes, most of them white space. */
static bool put_config(struct api *api, size_t size, struct reply *reply)
{
	_cleanup_free_ char *body = malloc(size);
	int fd = api_connect(api);
	char head[128];
	bool sent;

	memset(body, ' ', size);
	memcpy(body, "{}", 2);
	snprintf(head, sizeof(head), "PUT /v1/config HTTP/1.1\r\nConnection: close\r\n"
		 "Content-Length: %zu\r\n\r\n", size);
	send_text(api, fd, head);
	sent = api_send(api, fd, body, size);
	api_receive(api, fd, reply);
	close(fd);
	return sent;
}

Test(server, a_body_may_have_16_mib)
{
	struct api *api = api_open();
	struct reply reply;

	cr_assert(put_config(api, 16 * MIB, &reply));
	cr_assert_eq(reply.status, 200, "%s", reply.text);
	reply_clean(&reply);
	cr_assert(put_config(api, 16 * MIB + 1, &reply));
	cr_assert_eq(reply.status, 413);
	cr_assert(says(&reply, "the body is larger than 16 MiB"), "%s", reply.body);
	reply_clean(&reply);
	api_close(api);
}

Test(server, far_too_large_a_body_is_read_to_its_end_and_dropped)
{
	struct api *api = api_open();
	struct reply reply;

	cr_assert(put_config(api, 40 * MIB, &reply), "the client gets to send it all");
	cr_assert_eq(reply.status, 413);
	cr_assert_eq(api->swaps, 0);
	reply_clean(&reply);
	api_close(api);
}

Test(server, a_chunked_body_is_a_body)
{
	struct api *api = api_open();

	cr_assert_eq(status_of(api, api_connect(api),
			       POST("/v1/groups", "Transfer-Encoding: chunked\r\n")
			       "9\r\n{\"name\":\"\r\n5\r\nweb\"}\r\n0\r\n\r\n"), 201);
	api_close(api);
}

Test(server, what_is_not_http_gets_400_and_harms_no_one)
{
	static const char *const garbage[] = {
		"GARBAGE\r\n\r\n",
		"GET /v1/status HTTP/9.9\r\n\r\n",
		"GET /v1/status HTTP/1.1\r\nno colon\r\n\r\n",
		POST("/v1/groups", "Content-Length: -5\r\n"),
		POST("/v1/groups", "Transfer-Encoding: chunked\r\n") "zz\r\n",
	};
	struct api *api = api_open();

	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		int status = status_of(api, api_connect(api), garbage[i]);

		cr_assert(status == 400 || status == 413, "%s: %d", garbage[i], status);
	}
	cr_assert_eq(status_of(api, api_connect(api), GET("/v1/version")), 200);
	api_close(api);
}

#define LONG_HEADER(text) \
	"GET /v1/version HTTP/1.1\r\nConnection: close\r\nX: " text "\r\n\r\n"

Test(server, headers_have_a_limit)
{
	struct api *api = api_open();
	char text[20000];

	snprintf(text, sizeof(text), LONG_HEADER("%016000d"), 0);
	cr_assert_eq(status_of(api, api_connect(api), text), 200);
	snprintf(text, sizeof(text), LONG_HEADER("%017000d"), 0);
	cr_assert_eq(status_of(api, api_connect(api), text), 400);
	api_close(api);
}

Test(server, a_slow_client_holds_up_no_one)
{
	struct api *api = api_open();
	int slow = api_connect(api);
	struct reply reply;

	send_text(api, slow, "POST /v1/groups HTTP/1.1\r\nConnection: close\r\n");
	cr_assert_eq(status_of(api, api_connect(api), GET("/v1/version")), 200);
	send_text(api, slow, "Content-Length: 14\r\n\r\n{\"name\"");
	api_request(api, "POST", "/v1/groups", NULL, "{\"name\":\"other\"}", &reply);
	cr_assert_eq(reply.status, 201);
	reply_clean(&reply);
	exchange(api, slow, ":\"web\"}", &reply);
	cr_assert_eq(reply.status, 201, "%s", reply.text);
	reply_clean(&reply);
	cr_assert_eq(api->swaps, 2);
	api_close(api);
}

Test(server, a_client_that_leaves_harms_no_one)
{
	struct api *api = api_open();
	int fd = api_connect(api);

	send_text(api, fd, "POST /v1/groups HTTP/1.1\r\nContent-Length: 14\r\n\r\n{\"name\"");
	event_base_loop(api->base, EVLOOP_NONBLOCK);
	close(fd);
	fd = api_connect(api);
	send_text(api, fd, GET("/v1/status"));
	close(fd);
	cr_assert_eq(status_of(api, api_connect(api), GET("/v1/version")), 200);
	cr_assert_eq(api->swaps, 0);
	api_close(api);
}

static size_t count_answers(const char *text)
{
	size_t count = 0;

	for (; (text = strstr(text, "HTTP/1.1 ")); text++)
		count++;
	return count;
}

Test(server, a_connection_takes_several_requests)
{
	struct api *api = api_open();
	struct reply reply;

	exchange(api, api_connect(api),
		 "GET /v1/version HTTP/1.1\r\n\r\nGET /nope HTTP/1.1\r\n\r\n" GET("/v1/version"),
		 &reply);
	cr_assert_eq(count_answers(reply.text), 3, "%s", reply.text);
	reply_clean(&reply);
	api_close(api);
}

Test(server, the_body_of_a_delete_is_not_taken_for_a_request)
{
	struct api *api = api_open();
	struct reply reply;

	exchange(api, api_connect(api),
		 "DELETE /v1/groups/x HTTP/1.1\r\nContent-Length: 27\r\n\r\n"
		 "POST /v1/detach HTTP/1.1\r\n\r\n", &reply);
	cr_assert_eq(reply.status, 404);
	cr_assert_eq(count_answers(reply.text), 1, "%s", reply.text);
	cr_assert_eq(api->detaches, 0);
	reply_clean(&reply);
	api_close(api);
}

static void ask_to_detach(struct api *api, int fd)
{
	send_text(api, fd, "POST /v1/detach HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
}

Test(server, detach_is_answered_first)
{
	struct api *api = api_open();
	int fd = api_connect(api);
	char answer[400] = "";

	ask_to_detach(api, fd);
	while (recv(fd, answer, sizeof(answer) - 1, MSG_PEEK) < 0) {
		cr_assert_eq(api->detaches, 0);
		event_base_loop(api->base, EVLOOP_ONCE);
	}
	cr_assert(strstr(answer, "HTTP/1.1 200 "), "%s", answer);
	cr_assert(strstr(answer, "{\"detaching\":true}"), "%s", answer);
	event_base_loop(api->base, EVLOOP_NONBLOCK);
	cr_assert_eq(api->detaches, 1, "although the connection is still open");
	close(fd);
	api_close(api);
}

Test(server, detach_is_done_for_a_client_that_does_not_wait)
{
	struct api *api = api_open();
	int fd = api_connect(api);

	ask_to_detach(api, fd);
	close(fd);
	cr_assert_eq(status_of(api, api_connect(api), GET("/v1/version")), 200);
	cr_assert_eq(api->detaches, 1);
	api_close(api);
}

Test(server, closing_ends_open_connections)
{
	struct api *api = api_open();
	int idle = api_connect(api), half = api_connect(api), asked = api_connect(api);
	char byte;

	send_text(api, half, "POST /v1/detach HTTP/1.1\r\nContent-Length: 5\r\n\r\n{");
	event_base_loop(api->base, EVLOOP_NONBLOCK);
	send_text(api, asked, "GET /v1/version HTTP/1.1\r\n\r\n");
	server_close(&api->server);
	cr_assert_null(api->server);
	cr_assert_eq(recv(idle, &byte, 1, 0), 0);
	cr_assert_eq(api->detaches, 0);
	close(idle);
	close(half);
	close(asked);
	api_close(api);
}

Test(server, detach_is_done_although_the_server_closes)
{
	struct api *api = api_open();
	int fd = api_connect(api);

	ask_to_detach(api, fd);
	event_base_loop(api->base, EVLOOP_NONBLOCK);	/* accepts */
	event_base_loop(api->base, EVLOOP_NONBLOCK);	/* reads, and has the answer ready */
	server_close(&api->server);
	cr_assert_eq(api->detaches, 1);
	close(fd);
	api_close(api);
}

/* As many descriptors as are open now, so that accept() must fail. */
static rlim_t forbid_descriptors(void)
{
	struct rlimit limit;
	rlim_t before;
	int next = dup(0);

	close(next);
	getrlimit(RLIMIT_NOFILE, &limit);
	before = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)next;
	setrlimit(RLIMIT_NOFILE, &limit);
	return before;
}

static void allow_descriptors(rlim_t count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = count;
	setrlimit(RLIMIT_NOFILE, &limit);
}

Test(server, out_of_descriptors_it_waits_and_goes_on)
{
	struct api *api = api_open();
	int events, fd = api_connect(api);
	rlim_t before = forbid_descriptors();

	events = event_base_get_num_events(api->base, EVENT_BASE_COUNT_ADDED);
	event_base_loop(api->base, EVLOOP_NONBLOCK);
	cr_assert_eq(event_base_get_num_events(api->base, EVENT_BASE_COUNT_ADDED), events - 1,
		     "the connection in the backlog must not keep the loop busy");
	allow_descriptors(before);
	cr_assert_eq(status_of(api, fd, GET("/v1/version")), 200);
	api_close(api);
}
