/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The client's side of one flow. It sends numbered questions, one at a time, and the server answers
 * each with its name and the number: "7\n" and "target1:9000 7\n". Over UDP a question may have to
 * be asked again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct place;

enum { SERVER_NAME_SIZE = 48, SERVERS_MAX = 512, ANSWER_SIZE = 128 };

/* Everyone who has answered; number 0 is nobody. */
struct servers {
	char name[SERVERS_MAX][SERVER_NAME_SIZE];
	unsigned count;
};

enum talk_end {
	TALK_GOES_ON,
	TALK_RESET,  /* the other side refused or reset the connection */
	TALK_CLOSED, /* the other side ended it */
	TALK_WRONG,  /* an answer to something that was not asked */
	TALK_SILENT, /* no answer for too long */
	TALK_ENDS,
};

struct talk {
	int fd;			   /* -1: not open */
	const struct place *place; /* borrowed */
	unsigned server;	   /* who answered last */
	uint32_t asked, answered;  /* numbers */
	uint64_t opened_ms, asked_ms, answered_ms;
	size_t used;
	char text[ANSWER_SIZE]; /* of an answer that is not whole yet */
};

/* Opens a flow, from that port if it is not 0. -errno. */
int talk_open(struct talk *talk, const struct place *place, uint16_t source_port, uint64_t now);

/* A TCP connection ends by a reset, so that its port can be used again at once. */
void talk_close(struct talk *talk);

bool talk_waits(const struct talk *talk);

/* The next question, or the same once more while it is not answered. */
enum talk_end talk_ask(struct talk *talk, uint64_t now);

/* Takes what came in. talk->server is who answered last; compare with who it was before. */
enum talk_end talk_hear(struct talk *talk, struct servers *servers, uint64_t now);
