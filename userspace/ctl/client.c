// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Carries one request to sluiced and its reply back (libcurl). First step of every command. */
#include "ctl/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/err.h"

static void cleanup_curl(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static void cleanup_slist(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static int out_of_memory(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}

char *client_path(const char *part, ...)
{
	char *path = strdup("/v1"), *escaped, *longer;
	va_list args;

	va_start(args, part);
	for (; path && part; part = va_arg(args, const char *)) {
		escaped = curl_easy_escape(NULL, part, 0);
		if (!escaped || asprintf(&longer, "%s/%s", path, escaped) < 0)
			longer = NULL;
		curl_free(escaped);
		free(path);
		path = longer;
	}
	va_end(args);
	return path;
}

static int connect_error(const char *socket, int code, struct err *err)
{
	static const char hint[] = "(start it, or give --socket)";

	switch (code) {
	case ENOENT:
		return err_set(err, code, "sluiced is not running: no socket at %s %s", socket, hint);
	case ECONNREFUSED:
		return err_set(err, code, "sluiced is not running: nobody listens on %s %s", socket,
			       hint);
	case EACCES:
	case EPERM:
		return err_set(err, EACCES, "permission denied on %s: run sluicectl as root", socket);
	default:
		code = code ?: EIO;
		return err_set(err, code, "cannot connect to %s: %s", socket, strerror(code));
	}
}

/* What libcurl says, in terms of sluiced. */
static int transfer_error(const struct client *client, CURL *curl, CURLcode code, struct err *err)
{
	long os_error = 0;

	switch (code) {
	case CURLE_COULDNT_CONNECT:
		curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_error);
		return connect_error(client->socket, (int)os_error, err);
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(err, ETIMEDOUT, "sluiced did not answer on %s within %ld s",
			       client->socket, (client->timeout_ms + 999) / 1000);
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
		return err_set(err, EPIPE, "sluiced closed the connection on %s before it answered",
			       client->socket);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return err_set(err, EPROTO, "what answers on %s is not sluiced: it does not speak HTTP",
			       client->socket);
	case CURLE_OUT_OF_MEMORY:
	case CURLE_WRITE_ERROR:
		return out_of_memory(err);
	default:
		return err_set(err, EIO, "talking to sluiced on %s failed: %s", client->socket,
			       curl_easy_strerror(code));
	}
}

/* The daemon's own sentence, if the reply carries one. */
static int refusal(long status, const char *text, struct err *err)
{
	json_auto_t *reply = json_loads(text, 0, NULL);
	const char *sentence = json_string_value(json_object_get(reply, "error"));

	if (sentence)
		return err_set(err, EREMOTEIO, "%s", sentence);
	return err_set(err, EREMOTEIO, "sluiced refused with HTTP status %ld and gave no reason",
		       status);
}

static int add_header(struct curl_slist **list, const char *name, const char *value)
{
	_cleanup_free_ char *header = NULL;
	struct curl_slist *longer;

	if (asprintf(&header, "%s: %s", name, value) < 0) {
		header = NULL;
		return -ENOMEM;
	}
	longer = curl_slist_append(*list, header);
	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

/* A body, even an empty one, makes libcurl send a length: some methods are refused without. */
static void set_body(CURL *curl, const struct request *request)
{
	if (request->body || !strcmp(request->method, "POST")) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body ?: "");
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static CURLcode transfer(const struct client *client, CURL *curl, const struct request *request,
			 const char *url, FILE *reply)
{
	_cleanup_(cleanup_slist) struct curl_slist *headers = NULL;

	/*
	 * An empty value keeps libcurl from sending a header of its own: Expect would make it wait
	 * for a go-ahead before a large body.
	 */
	if (add_header(&headers, "Accept", request->accept ?: "*/*") ||
	    add_header(&headers, "Content-Type", request->type ?: "") ||
	    add_header(&headers, "Expect", ""))
		return CURLE_OUT_OF_MEMORY;
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);		/* a name may look like ".." */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, client->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
	set_body(curl, request);
	return curl_easy_perform(curl);
}

static int exchange(const struct client *client, CURL *curl, const struct request *request,
		    FILE *reply, struct err *err)
{
	_cleanup_free_ char *url = NULL;
	CURLcode code;

	if (asprintf(&url, "http://localhost%s", request->path) < 0) {
		url = NULL;
		return out_of_memory(err);
	}
	code = transfer(client, curl, request, url, reply);
	return code ? transfer_error(client, curl, code, err) : 0;
}

static int check_socket(const char *socket, struct err *err)
{
	size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (!*socket)
		return err_set(err, EINVAL, "--socket is empty");
	if (strlen(socket) > max)
		return err_set(err, ENAMETOOLONG,
			       "--socket: a path of %zu characters is too long, a socket's has at most %zu",
			       strlen(socket), max);
	return 0;
}

int client_text(const struct client *client, const struct request *request, char **text,
		struct err *err)
{
	_cleanup_(cleanup_curl) CURL *curl = curl_easy_init();
	_cleanup_free_ char *reply = NULL;
	long status = 0;
	size_t length;
	FILE *stream;
	int r;

	r = check_socket(client->socket, err);
	if (r)
		return r;
	stream = curl ? open_memstream(&reply, &length) : NULL;
	if (!stream)
		return out_of_memory(err);
	r = exchange(client, curl, request, stream, err);
	if (fclose(stream) && !r)
		r = out_of_memory(err);
	if (r)
		return r;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || status > 299)
		return refusal(status, reply, err);
	*text = take_ptr(reply);
	return 0;
}

int client_parse(const struct client *client, const char *text, json_t **reply, struct err *err)
{
	json_error_t error;
	json_t *tree = json_loads(text, 0, &error);

	if (!json_is_object(tree)) {
		json_decref(tree);
		return err_set(err, EPROTO,
			       "the reply on %s is not a JSON object: is another program listening there?",
			       client->socket);
	}
	*reply = tree;
	return 0;
}

int client_json(const struct client *client, const char *method, const char *path,
		const json_t *body, json_t **reply, struct err *err)
{
	_cleanup_free_ char *sent = body ? json_dumps(body, JSON_COMPACT) : NULL;
	_cleanup_free_ char *text = NULL;
	struct request request = {
		.method = method,
		.path = path,
		.accept = "application/json",
		.type = body ? "application/json" : NULL,
		.body = sent,
		.length = sent ? strlen(sent) : 0,
	};
	int r;

	if (!path || (body && !sent))
		return out_of_memory(err);
	r = client_text(client, &request, &text, err);
	return r ?: client_parse(client, text, reply, err);
}
