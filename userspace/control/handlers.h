/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The API as plain data: a request goes in, an answer comes out. control/server.c carries both over
 * HTTP; the table of requests is in handlers.c, what each does in handlers_OBJECT.c.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/server.h"

struct err;
struct group;
struct lines;
struct model;
struct traffic;

enum { REQUEST_ARGS_MAX = 2, ALLOW_SIZE = 64 };

enum query_flag { FLAG_NONE, FLAG_NOW, FLAG_DRY_RUN };

struct request {
	const char *method;		/* "GET"; "that method" for an unknown one */
	const char *path;		/* as it was sent, without the query */
	const char *query;		/* as it was sent, without '?'; may be NULL */
	const char *content_type;	/* of the body; may be NULL */
	const char *accept;		/* may be NULL */
	const char *body;
	size_t body_length;
	bool read_only;			/* came by the TCP address */

	/* Filled in on the way to the handler; request_clean releases them. */
	char *args[REQUEST_ARGS_MAX];	/* what each '*' of the path stands for, percent-decoded */
	json_t *object;			/* the body; NULL for GET and DELETE */
	struct lines *lines;		/* of a YAML body */
	enum query_flag flag;		/* given as ?NAME=1 */
};

struct answer {
	int status;
	const char *content_type;
	char *text;			/* owned */
	json_t *json;			/* owned; becomes the text if there is none */
	char allow[ALLOW_SIZE];		/* with 405: "GET, POST" */
	bool detach;			/* to be done once the answer is out */
};

/* Always gives an answer; an answer about an error is {"error": "one sentence"}. */
void request_answer(const struct server_options *api, struct request *request,
		    struct answer *answer);

void request_clean(struct request *request);
void answer_clean(struct answer *answer);

/*
 * The handlers, named after their request. Those that show fill the answer; those that change edit
 * *next, a clone of the current model (or put another in its place), and leave carrying, validating
 * and committing to handlers.c. 0 or -errno; where err has no sentence handlers.c finds one.
 */
typedef int show_handler(const struct server_options *api, const struct request *request,
			 struct answer *answer, struct err *err);
typedef int edit_handler(const struct request *request, struct model **next, struct err *err);

show_handler get_version, get_status, get_metrics, post_detach;

show_handler get_config;
edit_handler put_config;

show_handler get_listeners, get_listener;
edit_handler post_listener, patch_listener, delete_listener;

show_handler get_groups, get_group;
edit_handler post_group, patch_group, delete_group;

show_handler get_targets, get_target;
edit_handler post_target, patch_target, delete_target;

/*
 * A group with its targets, and their counters: a new object, NULL if out of memory. in_use: some
 * listener sends to it.
 */
json_t *describe_group(const struct server_options *api, const struct group *group, bool in_use);

/* Adds the members of more to object; takes both, returns object, NULL if out of memory. */
json_t *add_members(json_t *object, json_t *more);

/* The counters as an object: packets, bytes, flows. */
json_t *describe_traffic(const struct traffic *traffic);

/* Puts {key: value} into the answer; takes value, NULL is -ENOMEM. */
int answer_key(struct answer *answer, const char *key, json_t *value);
/* Puts the object itself into the answer; takes it, NULL is -ENOMEM. */
int answer_object(struct answer *answer, json_t *object);

/* NULL, and the sentence set, if there is none; find_any_group finds a removed one too. */
struct group *find_group(const struct model *model, const char *name, struct err *err);
struct group *find_any_group(const struct model *model, const char *name, struct err *err);
