/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sequences of requests as tables, each with what it must answer. */
#pragma once

#include <criterion/criterion.h>
#include <string.h>

#include "api.h"

struct target;

struct step {
	const char *method, *path;
	const char *body;		/* several lines are YAML; else JSON, ' stands for " */
	int status;
	const char *wanted;		/* JSON (with ') that the answer contains; of a refusal: its words */
};

/* Asserts the answer; and that one which is refused changed nothing. */
void run_step(struct api *api, const struct step *step);

/* A server that has answered these steps. */
#define RUN(...) run_steps((const struct step[]){ __VA_ARGS__, { .method = NULL } })
struct api *run_steps(const struct step *steps);

/*
 * What most tests begin with: listeners www (192.0.2.10 tcp 80 to web) and dns (2001:db8::53 udp 53
 * to dns); groups web (10.0.0.1:8080, and 10.0.0.2:8080 with weight 5), dns (fd00::1 port 53) and
 * idle, which no listener uses (10.0.1.1:80).
 */
#define SETUP { "PUT", "/v1/config", api_setup, 200, "{}" }
extern const char api_setup[];

/* All that a refused request must leave alone, as text (free). */
char *api_snapshot(const struct api *api);

struct target *api_target(const struct api *api, const char *group, size_t index);
