// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "random_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/yaml.h"
#include "random_object.h"

/* What can be asked for. In a path * stands for a name, + for a target. Never to detach. */
static const struct template {
	unsigned often;
	const char *method, *path;
	json_t *(*body)(struct random_source *random);
} templates[] = {
	{ 1, "GET", "/v1/version", NULL },
	{ 3, "GET", "/v1/status", NULL },
	{ 3, "GET", "/metrics", NULL },
	{ 1, "GET", "/v1/config", NULL },
	{ 8, "PUT", "/v1/config", random_config },
	{ 1, "GET", "/v1/listeners", NULL },
	{ 16, "POST", "/v1/listeners", random_listener },
	{ 2, "GET", "/v1/listeners/*", NULL },
	{ 16, "PATCH", "/v1/listeners/*", random_listener },
	{ 4, "DELETE", "/v1/listeners/*", NULL },
	{ 1, "GET", "/v1/groups", NULL },
	{ 10, "POST", "/v1/groups", random_group },
	{ 2, "GET", "/v1/groups/*", NULL },
	{ 16, "PATCH", "/v1/groups/*", random_group },
	{ 2, "DELETE", "/v1/groups/*", NULL },
	{ 2, "GET", "/v1/groups/*/targets", NULL },
	{ 12, "POST", "/v1/groups/*/targets", random_target },
	{ 2, "GET", "/v1/groups/*/targets/+", NULL },
	{ 8, "PATCH", "/v1/groups/*/targets/+", random_target },
	{ 8, "DELETE", "/v1/groups/*/targets/+", NULL },
};

static const struct template *random_template(struct random_source *random)
{
	unsigned sum = 0, left;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(templates); i++)
		sum += templates[i].often;
	left = random_below(random, sum);
	for (i = 0; left >= templates[i].often; i++)
		left -= templates[i].often;
	return &templates[i];
}

/* ---- path ------------------------------------------------------------------------------------ */

static void put_encoded(FILE *out, const char *text, bool everything)
{
	for (; *text; text++) {
		bool plain = strchr("abcdefghijklmnopqrstuvwxyz0123456789.:", *text);

		fprintf(out, plain && !everything ? "%c" : "%%%02X", (unsigned char)*text);
	}
}

static void put_path(FILE *out, struct random_source *random, const char *path)
{
	for (; *path; path++) {
		bool odd = chance(random, 5);

		if (*path == '*')
			put_encoded(out, odd ? random_odd_name(random) : random_name(random),
				    chance(random, 10));
		else if (*path == '+')
			put_encoded(out, odd ? random_odd_name(random) :
					       random_endpoint(random), false);
		else
			fputc(*path, out);
	}
}

static const char *random_query(struct random_source *random, const struct template *template)
{
	static const char *const odd[] = {
		"?", "?now", "?now=2", "?now=1&now=1", "?dry_run", "?x=1", "?%zz=%", "?=", "?&&",
		"?now=%31", "?dry_run=\xc3\xbc", "??", "?a=b=c",
	};

	if (chance(random, 2))
		return PICK(random, odd);
	if (template->body == random_config && chance(random, 30))
		return "?dry_run=1";
	return !strcmp(template->method, "DELETE") && strchr(template->path, '+') &&
			       chance(random, 30) ? "?now=1" : "";
}

/* Where nothing is, or what is no path at all. */
static const char *odd_target(struct random_source *random)
{
	static const char *const targets[] = {
		"/", "*", "", "/v1", "/v1/", "//v1/status", "/v1/../v1/status", "/v2/status",
		"http://localhost/v1/status", "/v1/listeners/", "/v1/listeners/%", "/v1/groups/%00",
		"/v1/groups/a/targets/", "/v1/groups//targets", "/v1/status#x", "/v1/st\xe4tus",
		"/v1/groups/a/targets/10.0.0.11", "/v1/groups/a/targets/[fd00::11]:80", "localhost:80",
		"/v1/listeners/a/b/c/d", "/METRICS", "/metrics/", "\x01", "/ /", "?now=1",
	};

	return PICK(random, targets);
}

/* ---- body ------------------------------------------------------------------------------------ */

struct text {
	char *bytes;
	size_t length;
};

/* Replaces the text: cut, changed in one byte, twice, nested too deeply, or something else. */
static void spoil_text(struct random_source *random, struct text *text)
{
	static const char *const other[] = {
		"", "{", "[", "\"", "nul", "{}", "[]", "\xef\xbb\xbf{}", "{\"name\":\"a\",\"name\":\"a\"}",
		"{\"name\":\"\\u0000\"}", "{\"name\":\"\\ud800\"}", "{\"port\":1e999999}", "\xff\xfe",
		"{\"port\":99999999999999999999}", "a: &a [*a]", "a: *b", "- - - -", "%YAML 9.9\n---\n{}",
		"--- {}\n--- {}\n", "!!binary x", "? {}\n: {}", "\t", "listeners: !!str []", "<<: {}",
	};
	size_t at = text->length ? random_below(random, (uint32_t)text->length) : 0;
	uint32_t way = random_below(random, 5);
	char *before = text->bytes;
	FILE *out;

	out = open_memstream(&text->bytes, &text->length);
	if (way == 0)
		fprintf(out, "%.*s", (int)at, before);
	else if (way == 1)
		fprintf(out, "%.*s%c%s", (int)at, before, (char)(1 + random_below(random, 255)),
			*before ? before + at + 1 : "");
	else if (way == 2)
		fprintf(out, "%s%s", before, before);
	else if (way == 3)
		for (int depth = 0; depth < 100000; depth++)
			fputc(at % 2 ? '[' : '{', out);
	else
		fputs(PICK(random, other), out);
	fclose(out);
	free(before);
}

/* What is changed keeps what it is known by. */
static void keep_identity(const struct template *template, json_t *tree)
{
	json_object_del(tree, "name");
	if (template->body == random_target) {
		json_object_del(tree, "address");
		json_object_del(tree, "port");
	}
}

/* Replaces what is in out; returns the content type. */
static const char *make_body(struct random_source *random, const struct template *template,
			     struct text *out)
{
	static const char *const odd_types[] = { "text/html", "yaml", "", "application/\xff" };
	json_t *tree = chance(random, 95) ? template->body(random) : random_tree(random, 4);
	bool yaml = chance(random, template->body == random_config ? 50 : 3);

	if (!strcmp(template->method, "PATCH") && chance(random, 90))
		keep_identity(template, tree);
	if (chance(random, 15))
		spoil_tree(random, tree);
	free(out->bytes);
	out->bytes = yaml ? yaml_emit(tree) : json_dumps(tree, JSON_COMPACT);
	out->length = strlen(out->bytes);
	json_decref(tree);
	if (chance(random, 10))
		spoil_text(random, out);
	if (chance(random, 3))
		return PICK(random, odd_types);
	return yaml ? "application/yaml" : "application/json";
}

/* ---- all of it ------------------------------------------------------------------------------- */

static const char *random_method(struct random_source *random)
{
	static const char *const methods[] = {
		"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "get",
	};

	return PICK(random, methods);
}

/* A length that does not fit, two of them, or none. */
static void put_odd_length(FILE *out, struct random_source *random, size_t length)
{
	static const char *const odd[] = {
		"Content-Length: -1\r\n", "Content-Length: 99999999999999999999\r\n",
		"Content-Length: x\r\n", "Content-Length:\r\n", "Transfer-Encoding: gzip\r\n",
		"Content-Length: 1\r\nContent-Length: 2\r\n", "Transfer-Encoding: chunked\r\n", "",
		"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 20000000\r\n",
		"Content-Length: 40000000\r\n",
	};

	if (chance(random, 30))
		fprintf(out, "Content-Length: %zu\r\n", length / 2);
	else
		fputs(PICK(random, odd), out);
}

static void put_odd_header(FILE *out, struct random_source *random)
{
	static const char *const odd[] = {
		"no colon\r\n", ": no name\r\n", " folded\r\n", "Name: a\nb\r\n", "X: \x01\r\n",
		"Host: a\r\nHost: b\r\n", "Connection: x\r\n", "Expect: 100-continue\r\n",
		"Expect: wonders\r\n", "\r\n", "Connection: keep-alive\r\n",
	};

	if (chance(random, 80))
		fputs(PICK(random, odd), out);
	else
		for (int i = 0; i < 20000; i++)
			fprintf(out, "X-%d: %d\r\n", i, i);
}

static void put_chunked(FILE *out, struct random_source *random, const struct text *body)
{
	size_t done = 0;

	while (done < body->length) {
		size_t piece = 1 + random_below(random, (uint32_t)(body->length - done));

		fprintf(out, "%zx\r\n", piece);
		fwrite(body->bytes + done, 1, piece, out);
		fputs("\r\n", out);
		done += piece;
	}
	fputs("0\r\n\r\n", out);
}

enum fault { FAULT_NONE, FAULT_TARGET, FAULT_VERSION, FAULT_HEADER, FAULT_LENGTH, FAULT_COUNT };

struct making {
	struct random_source *random;
	FILE *out;
	const struct template *template;
	const char *method;
	enum fault fault;
	bool is_last;
};

static void put_request_line(const struct making *making, struct random_request *out)
{
	static const char *const versions[] = { "", " ", " HTTP/9.9", " HTTP/1", " FTP/1.1", " HTTP/1.1 x",
						" HTTP/-1.1", " http/1.1", " HTTP/1.0" };
	const char *query = random_query(making->random, making->template);

	fprintf(making->out, "%s ", making->method);
	if (making->fault == FAULT_TARGET)
		fputs(odd_target(making->random), making->out);
	else
		put_path(making->out, making->random, making->template->path);
	fputs(query, making->out);
	fputs(making->fault == FAULT_VERSION ? PICK(making->random, versions) : " HTTP/1.1",
	      making->out);
	fputs("\r\nHost: x\r\n", making->out);
	out->is_head = !strcmp(making->method, "HEAD");
	out->only_asks = !strcmp(query, "?dry_run=1") || !strcmp(making->method, "GET") ||
			 !strcmp(making->method, "HEAD");
}

static void put_rest(const struct making *making, const char *type, const struct text *body)
{
	bool chunked = body->length && making->fault == FAULT_NONE && chance(making->random, 8);

	if (chance(making->random, 30))
		fputs("Accept: application/yaml\r\n", making->out);
	if (*type)
		fprintf(making->out, "Content-Type: %s\r\n", type);
	if (making->fault == FAULT_HEADER)
		put_odd_header(making->out, making->random);
	if (making->is_last)
		fputs("Connection: close\r\n", making->out);
	if (making->fault == FAULT_LENGTH)
		put_odd_length(making->out, making->random, body->length);
	else if (chunked)
		fputs("Transfer-Encoding: chunked\r\n", making->out);
	else if (making->template->body)
		fprintf(making->out, "Content-Length: %zu\r\n", body->length);
	fputs("\r\n", making->out);
	if (chunked)
		put_chunked(making->out, making->random, body);
	else
		fwrite(body->bytes, 1, body->length, making->out);
}

void random_request(struct random_source *random, bool is_last, struct random_request *out)
{
	struct making making = {
		.random = random,
		.template = random_template(random),
		.fault = is_last && chance(random, 12) ? random_below(random, FAULT_COUNT) : FAULT_NONE,
		.is_last = is_last,
	};
	struct text body = { .bytes = strdup("") };
	const char *type = "";

	*out = (struct random_request){ .framing = making.fault ? FRAMING_BROKEN : FRAMING_PROPER };
	if (making.template->body)
		type = make_body(random, making.template, &body);
	making.method = is_last && chance(random, 8) ? random_method(random)
						     : making.template->method;
	making.out = open_memstream(&out->bytes, &out->length);
	put_request_line(&making, out);
	put_rest(&making, type, &body);
	fclose(making.out);
	free(body.bytes);
	if (!making.fault && is_last && chance(random, 5)) {
		out->framing = FRAMING_CUT;
		out->length = random_below(random, (uint32_t)out->length);
	}
}
