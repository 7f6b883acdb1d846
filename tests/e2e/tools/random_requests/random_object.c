// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "random_object.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

bool chance(struct random_source *random, unsigned percent)
{
	return random_below(random, 100) < percent;
}

static const char *const names[] = { "a", "b", "c", "web", "a6", "b6", "web6" };

const char *random_name(struct random_source *random)
{
	return PICK(random, names);
}

const char *random_odd_name(struct random_source *random)
{
	static const char *const odd[] = {
		"", ".", "..", "-a", "a b", "a/b", "\xc3\xbc", "\xe6\x97\xa5\xe6\x9c\xac", "\x01",
		"nowhere", "%41", "'", "\"", "\\", "{}", "<a>", "\xe2\x80\xae", "\xf0\x9f\x92\xa9",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	};

	return PICK(random, odd);
}

static bool is_v6(const char *name)
{
	return *name && name[strlen(name) - 1] == '6';
}

static const char *random_target_address(struct random_source *random, bool v6)
{
	static const char *const v4s[] = { "10.0.0.11", "10.0.0.12", "10.0.0.13", "10.9.0.1" };
	static const char *const v6s[] = { "fd00::11", "fd00::12", "FD00:0::13", "fd09::1" };

	return v6 ? PICK(random, v6s) : PICK(random, v4s);
}

const char *random_endpoint(struct random_source *random)
{
	static const char *const endpoints[] = {
		"10.0.0.11:80", "10.0.0.12:80", "10.0.0.13:53",
		"[fd00::11]:80", "[fd00::12]:80", "[fd00::13]:53",
	};

	return PICK(random, endpoints);
}

/* One of several values, each as JSON. */
static json_t *parse(const char *text)
{
	return json_loads(text, JSON_DECODE_ANY, NULL);
}
#define PICK_JSON(random, ...) parse(PICK(random, ((const char *const[]){ __VA_ARGS__ })))

static json_t *random_port(struct random_source *random)
{
	if (chance(random, 90))
		return PICK_JSON(random, "80", "81", "443", "53", "65535", "1", "\"any\"",
				 "\"8000-8099\"", "\"8010-8019\"", "\"443\"");
	return PICK_JSON(random, "0", "65536", "-1", "80.5", "1e300", "true", "\"\"", "\"90-80\"",
			 "\"8050-8150\"", "\" 80\"", "\"80-\"", "9223372036854775807", "[80]");
}

static json_t *random_address(struct random_source *random, bool v6)
{
	if (chance(random, 5))
		return PICK_JSON(random, "\"\"", "\"192.0.2\"", "\"192.0.2.256\"", "\"fe80::1\"",
				 "\"::ffff:192.0.2.10\"", "\"255.255.255.255\"", "\"::\"", "10",
				 "\"ff02::1\"", "\"192.0.2.10/24\"", "\"2001:db8::10%eth0\"");
	return v6 ? PICK_JSON(random, "\"2001:db8::10\"", "\"2001:db8::11\"", "\"2001:DB8:0::10\"")
		  : PICK_JSON(random, "\"192.0.2.10\"", "\"192.0.2.11\"", "\"192.0.2.12\"");
}

static json_t *random_weight(struct random_source *random)
{
	return chance(random, 90) ? PICK_JSON(random, "0", "1", "2", "10", "999")
				  : PICK_JSON(random, "1000", "-1", "0.5", "\"1\"", "null");
}

static json_t *random_duration(struct random_source *random)
{
	return chance(random, 90) ? PICK_JSON(random, "1", "3", "\"1s\"", "\"5m\"", "\"2s\"")
				  : PICK_JSON(random, "\"1ms\"", "-1", "\"1h\"", "\"5 m\"", "1e30",
					      "\"99999999999999999999s\"", "\"\"", "0.5");
}

static const char *name_of_family(struct random_source *random, bool v6)
{
	const char *name;

	do
		name = random_name(random);
	while (is_v6(name) != v6);
	return name;
}

static json_t *random_groups(struct random_source *random, bool v6)
{
	json_t *groups = json_object();

	for (uint32_t left = 1 + random_below(random, 3); left; left--) {
		const char *name = name_of_family(random, v6);

		json_object_set_new(groups, name, random_weight(random));
	}
	return groups;
}

static json_t *make_listener(struct random_source *random, const char *name)
{
	bool v6 = is_v6(name);
	json_t *object = json_pack("{s:s, s:o}", "name", name, "address",
				   random_address(random, v6));

	json_object_set_new(object, "port", random_port(random));
	if (chance(random, 80))
		json_object_set_new(object, "protocol", PICK_JSON(random, "\"tcp\"", "\"udp\""));
	if (chance(random, 80))
		json_object_set_new(object, "group", json_string(name_of_family(random, v6)));
	else
		json_object_set_new(object, "groups", random_groups(random, v6));
	if (chance(random, 20))
		json_object_set_new(object, "affinity",
				    PICK_JSON(random, "\"auto\"", "\"tracked\"", "\"hash\""));
	return object;
}

json_t *random_listener(struct random_source *random)
{
	return make_listener(random, chance(random, 95) ? random_name(random)
							: random_odd_name(random));
}

static json_t *make_target(struct random_source *random, bool v6)
{
	json_t *port = chance(random, 95) ? PICK_JSON(random, "80", "53") : random_port(random);
	json_t *object = json_pack("{s:s, s:o}", "address", random_target_address(random, v6), "port",
				   port);

	if (chance(random, 50))
		json_object_set_new(object, "weight", random_weight(random));
	return object;
}

json_t *random_target(struct random_source *random)
{
	return make_target(random, chance(random, 50));
}

static json_t *random_health_check(struct random_source *random)
{
	json_t *object = json_object();

	if (chance(random, 50))
		json_object_set_new(object, "protocol", PICK_JSON(random, "\"none\"", "\"tcp\""));
	if (chance(random, 50))
		json_object_set_new(object, "interval", random_duration(random));
	if (chance(random, 30))
		json_object_set_new(object, "timeout", random_duration(random));
	if (chance(random, 30))
		json_object_set_new(object, "unhealthy_threshold", random_weight(random));
	return object;
}

/* How flows stay and end. */
static void add_flow_attributes(struct random_source *random, json_t *object)
{
	static const char *const booleans[] = { "connection_termination",
						"unhealthy_connection_termination" };

	if (chance(random, 30))
		json_object_set_new(object, "deregistration_delay", random_duration(random));
	if (chance(random, 20))
		json_object_set_new(object, "idle_timeout",
				    PICK_JSON(random, "60", "\"61s\"", "\"100m\"", "59", "6001"));
	for (size_t i = 0; i < ARRAY_SIZE(booleans); i++)
		if (chance(random, 20))
			json_object_set_new(object, booleans[i], PICK_JSON(random, "true", "false"));
	if (chance(random, 5))
		json_object_set_new(object, "unhealthy_draining_interval", random_duration(random));
	if (chance(random, 20))
		json_object_set_new(object, "slow_start", random_duration(random));
}

static json_t *make_group(struct random_source *random, const char *name)
{
	json_t *object = json_pack("{s:s}", "name", name), *targets = json_array();

	if (chance(random, 70))
		json_object_set_new(object, "forwarding", PICK_JSON(random, "\"nat\"", "\"ipip\""));
	if (chance(random, 50))
		json_object_set_new(object, "health_check", random_health_check(random));
	add_flow_attributes(random, object);
	if (chance(random, 10))
		json_object_set_new(object, "tunnel_source", random_address(random, is_v6(name)));
	for (uint32_t left = random_below(random, 3); left; left--)
		json_array_append_new(targets, make_target(random, is_v6(name)));
	json_object_set_new(object, "targets", targets);
	return object;
}

json_t *random_group(struct random_source *random)
{
	return make_group(random, chance(random, 95) ? random_name(random)
						     : random_odd_name(random));
}

json_t *random_config(struct random_source *random)
{
	json_t *listeners = json_array(), *groups = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (chance(random, 40))
			json_array_append_new(listeners, make_listener(random, names[i]));
		if (chance(random, 95))
			json_array_append_new(groups, make_group(random, names[i]));
	}
	return json_pack("{s:o, s:o}", "listeners", listeners, "groups", groups);
}

static json_t *long_text(void)
{
	enum { LENGTH = 100000 };
	_cleanup_free_ char *text = malloc(LENGTH);

	memset(text, 'x', LENGTH);
	return json_stringn(text, LENGTH);
}

/* A child of an object or a list, and how to replace it. */
static json_t *random_child(struct random_source *random, json_t *tree, const char **key,
			    size_t *index)
{
	size_t size = json_is_array(tree) ? json_array_size(tree) : json_object_size(tree);
	void *iter = json_object_iter(tree);

	*index = size ? random_below(random, (uint32_t)size) : 0;
	if (json_is_array(tree))
		return json_array_get(tree, *index);
	for (size_t i = 0; i < *index; i++)
		iter = json_object_iter_next(tree, iter);
	*key = json_object_iter_key(iter);
	return json_object_iter_value(iter);
}

void spoil_tree(struct random_source *random, json_t *tree)
{
	const char *key = NULL;
	size_t index;
	json_t *child = random_child(random, tree, &key, &index);

	if (child && chance(random, 50) && (json_is_array(child) || json_is_object(child)))
		spoil_tree(random, child);
	else if (!child || (json_is_object(tree) && chance(random, 20)))
		json_object_set_new(tree, random_odd_name(random), random_tree(random, 3));
	else if (json_is_object(tree) && chance(random, 25))
		json_object_del(tree, key);
	else if (json_is_object(tree))
		json_object_set_new(tree, key, chance(random, 10) ? long_text() : random_tree(random, 3));
	else
		json_array_set_new(tree, index, random_tree(random, 3));
}
