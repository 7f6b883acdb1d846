// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Short texts -> models, one function for each statement. */
#include "build_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "model/model.h"

static void require(bool is_right, const char *word)
{
	if (is_right)
		return;
	fprintf(stderr, "build_model: '%s'\n", word ? word : "(a word is missing)");
	abort();
}

static char *next_word(char **rest)
{
	return strtok_r(NULL, " \t\n", rest);
}

static char *need_word(char **rest)
{
	char *word = next_word(rest);

	require(word, NULL);
	return word;
}

/* The value of "key=value", NULL if it is another key. */
static const char *value_of(const char *word, const char *key)
{
	size_t length = strlen(key);

	return strncmp(word, key, length) || word[length] != '=' ? NULL : word + length + 1;
}

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	require(!number_parse(text, "number", 0, UINT64_MAX, &value, NULL), text);
	return value;
}

static bool boolean(const char *text)
{
	require(!strcmp(text, "true") || !strcmp(text, "false"), text);
	return !strcmp(text, "true");
}

static struct addr address(const char *text)
{
	struct addr addr = { 0 };

	require(!addr_parse(text, &addr, NULL), text);
	return addr;
}

/* The attributes that say how long flows stay; false if the word is another one. */
static bool flow_option(struct group *group, const char *word)
{
	const char *value;

	if ((value = value_of(word, "idle")))
		group->idle_timeout_s = (uint32_t)number(value);
	else if ((value = value_of(word, "delay")))
		group->deregistration_delay_s = (uint32_t)number(value);
	else if ((value = value_of(word, "termination")))
		group->connection_termination = boolean(value);
	else if ((value = value_of(word, "unhealthy_termination")))
		group->unhealthy_connection_termination = boolean(value);
	else if ((value = value_of(word, "unhealthy_draining")))
		group->unhealthy_draining_interval_s = (uint32_t)number(value);
	else if ((value = value_of(word, "slow_start")))
		group->slow_start_s = (uint32_t)number(value);
	else
		return false;
	return true;
}

static void group_option(struct group *group, const char *word)
{
	struct health_check *check = &group->health_check;
	const char *value;

	if (forwarding_parse(word, &group->forwarding) || flow_option(group, word))
		return;
	if (!strcmp(word, "removed"))
		group->removed = true;
	else if ((value = value_of(word, "check")))
		require(check_protocol_parse(value, &check->protocol), word);
	else if ((value = value_of(word, "interval")))
		check->interval_ms = (uint32_t)number(value);
	else if ((value = value_of(word, "timeout")))
		check->timeout_ms = (uint32_t)number(value);
	else if ((value = value_of(word, "source4")))
		group->tunnel_source[0] = address(value);
	else if ((value = value_of(word, "source6")))
		group->tunnel_source[1] = address(value);
	else
		require(false, word);
}

static void add_group(struct model *model, char **rest)
{
	struct group group;
	char *word;

	group_init(&group, need_word(rest));
	while ((word = next_word(rest)))
		group_option(&group, word);
	require(!model_put_group(model, &group), group.name);
}

static void target_option(struct target *target, const char *word)
{
	const char *value;

	for (int state = 0; state < TARGET_STATE_COUNT; state++) {
		if (!strcmp(word, target_state_name(state))) {
			target->state = state;
			return;
		}
	}
	if (!strcmp(word, "alive"))
		target->alive = true;
	else if (!strcmp(word, "remembered"))
		target->remembered = true;
	else if ((value = value_of(word, "since")))
		target->since_ms = number(value);
	else if ((value = value_of(word, "weight")))
		target->weight = (uint16_t)number(value);
	else if ((value = value_of(word, "until")))
		target->drain_deadline_ms = number(value);
	else
		require(false, word);
}

static void add_target(struct model *model, char **rest)
{
	struct target target = { .weight = 1 };
	struct group *group;
	char *word;

	word = need_word(rest);
	group = model_find_group(model, word);
	require(group, word);
	word = need_word(rest);
	require(!endpoint_parse(word, &target.addr, &target.port, NULL), word);
	while ((word = next_word(rest)))
		target_option(&target, word);
	require(!group_put_target(group, &target), "out of memory");
}

static void set_ports(struct listener *listener, const char *word)
{
	int read = 0;

	listener->port_first = PORT_ANY_FIRST;
	listener->port_last = PORT_ANY_LAST;
	if (!strcmp(word, "any"))
		return;
	require(sscanf(word, "%hu%n", &listener->port_first, &read) == 1, word);
	listener->port_last = listener->port_first;
	if (word[read] == '-')
		listener->port_last = (uint16_t)number(word + read + 1);
}

static void add_listener_group(struct listener *listener, const char *word)
{
	struct weighted_group *group = &listener->groups[listener->group_count++];
	const char *weight = strchr(word, '=');

	require(listener->group_count <= ROUTING_GROUPS_MAX, word);
	group->weight = weight ? (uint16_t)number(weight + 1) : 1;
	snprintf(group->name, sizeof(group->name), "%.*s",
		 weight ? (int)(weight - word) : NAME_SIZE, word);
}

static void add_listener(struct model *model, char **rest)
{
	struct listener listener = { 0 };
	char *word;

	snprintf(listener.name, sizeof(listener.name), "%s", need_word(rest));
	word = need_word(rest);
	require(protocol_parse(word, &listener.protocol), word);
	listener.addr = address(need_word(rest));
	set_ports(&listener, need_word(rest));
	while ((word = next_word(rest))) {
		const char *affinity = value_of(word, "affinity");

		if (affinity)
			require(affinity_parse(affinity, &listener.affinity), word);
		else
			add_listener_group(&listener, word);
	}
	require(!model_put_listener(model, &listener), listener.name);
}

static void add_statement(struct model *model, char *text)
{
	static const struct {
		const char *word;
		void (*add)(struct model *model, char **rest);
	} statements[] = {
		{ "group", add_group }, { "target", add_target }, { "listener", add_listener }
	};
	char *rest, *word = strtok_r(text, " \t\n", &rest);

	if (!word)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		if (!strcmp(word, statements[i].word)) {
			statements[i].add(model, &rest);
			return;
		}
	}
	require(false, word);
}

struct model *build_model(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	struct model *model = model_new();
	char *rest = copy;

	require(copy && model, "out of memory");
	while (rest)
		add_statement(model, strsep(&rest, ";"));
	return model;
}
