// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * random_requests SOCKET SEED COUNT: sends random requests to the API, valid and invalid ones. Each
 * proper one must be answered, an error with a sentence and never with 500, and what is refused or
 * only asks must change nothing. The same seed gives the same requests. Status 1 and a description
 * if the API does not keep to it.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "exchange.h"
#include "random_object.h"
#include "random_request.h"

enum { PIPELINED_MAX = 5, SHOWN_MAX = 2000 };

struct run {
	const char *socket;
	struct random_source random;
	char *config;			/* the configuration now; owned */
	unsigned done, refused, broken;
};

/* The requests of one connection, and what came back. */
struct round {
	struct random_request requests[PIPELINED_MAX];
	size_t count;
	char *sent, *received;		/* owned */
	size_t sent_length, received_length;
	bool may_change;
};

static void round_clean(struct round *round)
{
	for (size_t i = 0; i < round->count; i++)
		free(round->requests[i].bytes);
	free(round->sent);
	free(round->received);
}

static void show(const char *what, const char *bytes, size_t length)
{
	printf("--- %s, %zu bytes\n", what, length);
	for (size_t i = 0; i < length && i < SHOWN_MAX; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte == '\n' || (byte >= ' ' && byte < 0x7f))
			putchar(byte);
		else if (byte != '\r')
			printf("\\x%02x", byte);
	}
	printf("\n");
}

static bool complain(const struct round *round, const char *what)
{
	printf("%s\n", what);
	show("sent", round->sent, round->sent_length);
	if (round->received)
		show("received", round->received, round->received_length);
	return false;
}

static char *get_config(const char *socket)
{
	static const char request[] = "GET /v1/config HTTP/1.1\r\nAccept: application/yaml\r\n"
				      "Connection: close\r\n\r\n";
	const struct exchange exchange = { .bytes = request, .length = sizeof(request) - 1 };
	_cleanup_free_ char *received = NULL;
	struct reply reply;
	const char *text;
	size_t left;

	if (exchange_run(socket, &exchange, &received, &left))
		return NULL;
	text = received;
	if (!reply_next(&text, &left, false, &reply) || reply.status != 200)
		return NULL;
	return strndup(reply.body, reply.body_length);
}

static void make_round(struct random_source *random, struct round *round)
{
	FILE *sent = open_memstream(&round->sent, &round->sent_length);

	round->count = chance(random, 10) ? 2 + random_below(random, PIPELINED_MAX - 1) : 1;
	for (size_t i = 0; i < round->count; i++) {
		struct random_request *request = &round->requests[i];

		random_request(random, i + 1 == round->count, request);
		fwrite(request->bytes, 1, request->length, sent);
	}
	fclose(sent);
}

/* The other statuses are for what is wrong with HTTP itself, or with the system. */
static bool is_expected(unsigned status)
{
	static const unsigned expected[] = { 200, 201, 400, 404, 405, 409, 413 };

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		if (expected[i] == status)
			return true;
	}
	return false;
}

static bool is_sound(const struct reply *reply)
{
	json_auto_t *tree = json_loadb(reply->body, reply->body_length, 0, NULL);
	const char *sentence = json_string_value(json_object_get(tree, "error"));

	if (reply->status < 400)
		return tree || !reply->is_json;
	return reply->is_json && sentence && *sentence;
}

/* With a last request that is broken nobody can say how many answers there should be. */
static bool is_broken(const struct round *round)
{
	return round->requests[round->count - 1].framing != FRAMING_PROPER;
}

static bool check_replies(struct run *run, struct round *round)
{
	const char *text = round->received;
	size_t left = round->received_length;

	if (is_broken(round)) {
		run->broken += round->count;
		round->may_change = round->count > 1 ||
				    round->requests[0].framing == FRAMING_BROKEN;
		return true;
	}
	for (size_t i = 0; i < round->count; i++) {
		const struct random_request *request = &round->requests[i];
		struct reply reply;

		if (!reply_next(&text, &left, request->is_head, &reply))
			return complain(round, "there is an answer too few");
		if (!is_expected(reply.status) || (!request->is_head && !is_sound(&reply)))
			return complain(round, "an answer is not as it should be");
		run->refused += reply.status >= 400;
		run->done += reply.status < 400;
		round->may_change |= reply.status < 300 && !request->only_asks;
	}
	return !left || complain(round, "there is more than the answers");
}

static bool check_config(struct run *run, struct round *round)
{
	_cleanup_free_ char *before = take_ptr(run->config);

	run->config = get_config(run->socket);
	if (!run->config)
		return complain(round, "then the configuration could not be read");
	if (!round->may_change && strcmp(before, run->config))
		return complain(round, "the configuration has changed, though nothing was to change it");
	return true;
}

static bool run_round(struct run *run)
{
	_cleanup_(round_clean) struct round round = { .count = 0 };
	struct exchange exchange = { .bytes = NULL };
	int r;

	make_round(&run->random, &round);
	exchange.bytes = round.sent;
	exchange.length = round.sent_length;
	exchange.half_closes = is_broken(&round);
	exchange.piece = chance(&run->random, 20) ? 1 + random_below(&run->random, 1000) : 0;
	r = exchange_run(run->socket, &exchange, &round.received, &round.received_length);
	if (r)
		return complain(&round, strerror(-r));
	return check_replies(run, &round) && check_config(run, &round);
}

int main(int argc, char **argv)
{
	struct run run = { .socket = argc == 4 ? argv[1] : NULL };
	unsigned long count = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	bool ok;

	if (!count) {
		fprintf(stderr, "usage: random_requests SOCKET SEED COUNT\n");
		return 2;
	}
	run.random.state = strtoull(argv[2], NULL, 10);
	run.config = get_config(run.socket);
	ok = run.config;
	while (ok && run.done + run.refused + run.broken < count)
		ok = run_round(&run);
	printf("seed %s: %u requests done, %u refused, %u broken\n", argv[2], run.done, run.refused,
	       run.broken);
	free(run.config);
	return !ok;
}
