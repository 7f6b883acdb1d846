// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ctl/client.c: what goes over the socket, and one sentence for each way in which it can fail. */
#include "ctl/client.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "stub_server.h"

static struct stub_server server;
static struct client client = { .socket = server.path, .timeout_ms = 10000 };

static void make_server(void)
{
	stub_init(&server);
}

static void remove_server(void)
{
	stub_clean(&server);
}

TestSuite(client, .init = make_server, .fini = remove_server, .timeout = 30);

static int get(json_t **reply, struct err *err)
{
	return client_json(&client, "GET", "/v1/version", NULL, reply, err);
}

static void fails(int code, const char *sentence)
{
	json_t *reply = NULL;
	struct err err = { 0 };

	cr_expect_eq(get(&reply, &err), -code, "%s", err.text);
	cr_expect_str_eq(err.text, sentence);
	cr_expect_null(reply);
	json_decref(reply);
}

Test(client, a_reply_is_given_back_as_it_came)
{
	json_auto_t *reply = NULL;
	struct err err = { 0 };

	stub_start(&server, STUB_ANSWER("200 OK", "{\"abi\": 7}"));
	cr_assert_eq(get(&reply, &err), 0, "%s", err.text);
	stub_stop(&server);
	cr_expect_eq(json_integer_value(json_object_get(reply, "abi")), 7);
	cr_expect_not_null(strstr(server.request, "GET /v1/version HTTP/1.1\r\n"));
	cr_expect_not_null(strstr(server.request, "\r\nAccept: application/json\r\n"));
}

Test(client, a_body_goes_with_its_length_and_type)
{
	json_auto_t *body = json_pack("{s:i}", "weight", 5), *reply = NULL;
	struct err err = { 0 };

	stub_start(&server, STUB_ANSWER("201 Created", "{}"));
	cr_assert_eq(client_json(&client, "PATCH", "/v1/x", body, &reply, &err), 0, "%s", err.text);
	stub_stop(&server);
	cr_expect_not_null(strstr(server.request, "PATCH /v1/x HTTP/1.1\r\n"));
	cr_expect_not_null(strstr(server.request, "\r\nContent-Type: application/json\r\n"));
	cr_expect_not_null(strstr(server.request, "\r\nContent-Length: 12\r\n"));
	cr_expect_not_null(strstr(server.request, "\r\n\r\n{\"weight\":5}"));
	cr_expect_null(strcasestr(server.request, "Expect:"));
}

Test(client, a_post_without_a_body_has_the_length_0)
{
	json_auto_t *reply = NULL;
	struct err err = { 0 };

	stub_start(&server, STUB_ANSWER("200 OK", "{}"));
	cr_assert_eq(client_json(&client, "POST", "/v1/detach", NULL, &reply, &err), 0);
	stub_stop(&server);
	cr_expect_not_null(strstr(server.request, "\r\nContent-Length: 0\r\n"));
	cr_expect_null(strcasestr(server.request, "Content-Type:"));
}

Test(client, a_refusal_is_the_daemons_sentence)
{
	stub_start(&server, STUB_ANSWER("404 Not Found", "{\"error\": \"there is no group 'web'\"}"));
	fails(EREMOTEIO, "there is no group 'web'");
	stub_stop(&server);
}

Test(client, a_refusal_without_a_sentence_has_its_status)
{
	stub_start(&server, STUB_ANSWER("405 Method Not Allowed", "<html>no</html>"));
	fails(EREMOTEIO, "sluiced refused with HTTP status 405 and gave no reason");
	stub_stop(&server);
}

Test(client, a_reply_that_is_no_json_object_is_refused)
{
	static const char *const answers[] = {
		STUB_ANSWER("200 OK", "hello"),
		STUB_ANSWER("200 OK", "[]"),
		STUB_ANSWER("200 OK", ""),
		STUB_ANSWER("200 OK", "{\"abi\": "),
	};
	char sentence[256];

	snprintf(sentence, sizeof(sentence),
		 "the reply on %s is not a JSON object: is another program listening there?",
		 server.path);
	for (unsigned i = 0; i < ARRAY_SIZE(answers); i++) {
		stub_start(&server, answers[i]);
		fails(EPROTO, sentence);
		stub_stop(&server);
	}
}

Test(client, text_is_not_looked_at)
{
	struct request request = { .method = "GET", .path = "/metrics" };
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };

	stub_start(&server, STUB_ANSWER("200 OK", "# HELP x\nx 1\n"));
	cr_assert_eq(client_text(&client, &request, &text, &err), 0, "%s", err.text);
	stub_stop(&server);
	cr_expect_str_eq(text, "# HELP x\nx 1\n");
}

Test(client, no_socket_means_that_sluiced_is_not_running)
{
	char sentence[256];

	snprintf(sentence, sizeof(sentence),
		 "sluiced is not running: no socket at %s (start it, or give --socket)", server.path);
	fails(ENOENT, sentence);
}

Test(client, a_socket_without_a_listener_means_that_sluiced_is_not_running)
{
	char sentence[256];

	stub_bind(&server);
	close(server.fd);
	snprintf(sentence, sizeof(sentence),
		 "sluiced is not running: nobody listens on %s (start it, or give --socket)",
		 server.path);
	fails(ECONNREFUSED, sentence);
}

Test(client, a_socket_that_the_user_may_not_open_needs_root)
{
	char sentence[256];

	stub_bind(&server);
	cr_assert_eq(listen(server.fd, 1), 0);
	cr_assert_eq(chmod(server.path, 0), 0);
	if (!getuid())
		cr_assert_eq(seteuid(65534), 0);
	snprintf(sentence, sizeof(sentence), "permission denied on %s: run sluicectl as root",
		 server.path);
	fails(EACCES, sentence);
	cr_assert_eq(seteuid(getuid()), 0);
	close(server.fd);
}

Test(client, a_daemon_that_says_nothing_is_given_up)
{
	char sentence[256];

	stub_start(&server, NULL);
	client.timeout_ms = 100;
	snprintf(sentence, sizeof(sentence), "sluiced did not answer on %s within 1 s", server.path);
	fails(ETIMEDOUT, sentence);
	stub_stop(&server);
}

Test(client, a_daemon_that_hangs_up_is_named)
{
	char sentence[256];

	stub_start(&server, "");
	snprintf(sentence, sizeof(sentence),
		 "sluiced closed the connection on %s before it answered", server.path);
	fails(EPIPE, sentence);
	stub_stop(&server);
}

Test(client, something_that_speaks_no_http_is_named)
{
	char sentence[256];

	stub_start(&server, "SSH-2.0-OpenSSH_9.2\r\n");
	snprintf(sentence, sizeof(sentence),
		 "what answers on %s is not sluiced: it does not speak HTTP", server.path);
	fails(EPROTO, sentence);
	stub_stop(&server);
}

Test(client, a_path_that_no_socket_can_have_is_refused)
{
	struct client odd = client;
	json_t *reply = NULL;
	struct err err = { 0 };
	char path[110];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	odd.socket = path;
	cr_expect_eq(client_json(&odd, "GET", "/", NULL, &reply, &err), -ENAMETOOLONG);
	cr_expect_str_eq(err.text, "--socket: a path of 109 characters is too long, a socket's has at "
				   "most 107");
	odd.socket = "";
	cr_expect_eq(client_json(&odd, "GET", "/", NULL, &reply, &err), -EINVAL);
	cr_expect_str_eq(err.text, "--socket is empty");
}

Test(client, parts_of_a_path_are_escaped)
{
	static const struct {
		const char *part;
		const char *path;
	} cases[] = {
		{ "web", "/v1/groups/web" },
		{ "a/b?c#d e%", "/v1/groups/a%2Fb%3Fc%23d%20e%25" },
		{ "[fd00::11]:80", "/v1/groups/%5Bfd00%3A%3A11%5D%3A80" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *path = client_path("groups", cases[i].part, NULL);

		cr_expect_str_eq(path, cases[i].path);
	}
}

Test(client, a_name_of_dots_stays_a_name)
{
	json_auto_t *reply = NULL;
	struct err err = { 0 };

	stub_start(&server, STUB_ANSWER("200 OK", "{}"));
	cr_assert_eq(client_json(&client, "DELETE", "/v1/groups/..", NULL, &reply, &err), 0);
	stub_stop(&server);
	cr_expect_not_null(strstr(server.request, "DELETE /v1/groups/.. HTTP/1.1\r\n"));
}
