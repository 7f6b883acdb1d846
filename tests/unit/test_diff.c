// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/diff.c: what a person is told about a change, in which words and in which order. */
#include "model/diff.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build_model.h"
#include "model/model.h"

static const char *text_of(const json_t *change, const char *key)
{
	const char *text = json_string_value(json_object_get(change, key));

	cr_assert_not_null(text, "%s", key);
	return text;
}

/* A line for each change: "change target web 10.0.0.11:80: weight 1 -> 5". */
static const char *show(const struct model *from, const struct model *to)
{
	static char text[8192];
	json_t *changes = model_diff(from, to), *change;
	size_t i, used = 0;

	text[0] = '\0';
	json_array_foreach(changes, i, change) {
		cr_assert_eq(json_object_size(change), 4);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s %s: %s\n",
					 text_of(change, "change"), text_of(change, "object"),
					 text_of(change, "name"), text_of(change, "detail"));
	}
	json_decref(changes);
	return text;
}

struct row {
	const char *title, *from, *to, *changes;
};

static void expect(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_(model_free) struct model *from = build_model(rows[i].from);
		_cleanup_(model_free) struct model *to = build_model(rows[i].to);

		cr_expect_str_eq(show(from, to), rows[i].changes, "%s:\n%s", rows[i].title,
				 show(from, to));
	}
}

Test(diff, nothing_where_nothing_changed)
{
	static const struct row rows[] = {
		{ "empty", "", "", "" },
		{ "equal, built anew",
		  "group g delay=5; target g 10.0.0.1:80 weight=3; listener a tcp 192.0.2.10 80 g h=2",
		  "group g delay=5; target g 10.0.0.1:80 weight=3; listener a tcp 192.0.2.10 80 h=2 g",
		  "" },
		{ "facts", "group g; target g 10.0.0.1:80 healthy",
		  "group g; target g 10.0.0.1:80 unhealthy", "" },
		{ "drain deadlines", "group g; target g 10.0.0.1:80 until=5",
		  "group g; target g 10.0.0.1:80 until=6 weight=4", "" },
		{ "the end of draining", "group g; target g 10.0.0.1:80 until=5", "group g", "" },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(diff, nothing_between_a_model_and_its_clone)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group g; target g 10.0.0.1:80; listener a tcp 192.0.2.10 80 g=5 h=7");
	_cleanup_(model_free) struct model *clone = model_clone(model);

	clone->groups[0].targets[0].hop.state = HOP_RESOLVED;
	cr_expect_str_eq(show(model, clone), "");
}

Test(diff, listeners)
{
	static const struct row rows[] = {
		{ "added", "", "listener a tcp 192.0.2.10 80 web",
		  "add listener a: address 192.0.2.10, protocol tcp, port 80, groups web\n" },
		{ "removed", "listener a tcp 192.0.2.10 80 web", "", "remove listener a: \n" },
		{ "address", "listener a tcp 192.0.2.10 80 g", "listener a tcp 2001:db8::1 80 g",
		  "change listener a: address 192.0.2.10 -> 2001:db8::1\n" },
		{ "protocol", "listener a tcp 192.0.2.10 80 g", "listener a udp 192.0.2.10 80 g",
		  "change listener a: protocol tcp -> udp\n" },
		{ "port", "listener a tcp 192.0.2.10 80 g", "listener a tcp 192.0.2.10 80-90 g",
		  "change listener a: port 80 -> 80-90\n" },
		{ "last port", "listener a tcp 192.0.2.10 0-90 g", "listener a tcp 192.0.2.10 any g",
		  "change listener a: port 0-90 -> any\n" },
		{ "added with an affinity", "", "listener a udp 2001:db8::1 53 dns affinity=hash",
		  "add listener a: address 2001:db8::1, protocol udp, port 53, affinity hash, groups dns\n" },
		{ "affinity", "listener a tcp 192.0.2.10 80 g",
		  "listener a tcp 192.0.2.10 80 g affinity=tracked",
		  "change listener a: affinity auto -> tracked\n" },
		{ "affinity and back", "listener a udp 192.0.2.10 80 g affinity=hash",
		  "listener a udp 192.0.2.10 80 g", "change listener a: affinity hash -> auto\n" },
		{ "group", "listener a tcp 192.0.2.10 80 blue",
		  "listener a tcp 192.0.2.10 80 green=10 blue=90",
		  "change listener a: groups blue -> blue=90,green=10\n" },
		{ "group, the first of weight 1", "listener a tcp 192.0.2.10 80 blue green=9",
		  "listener a tcp 192.0.2.10 80 green",
		  "change listener a: groups blue=1,green=9 -> green\n" },
		{ "group weight", "listener a tcp 192.0.2.10 80 blue", "listener a tcp 192.0.2.10 80 blue=0",
		  "change listener a: groups blue -> blue=0\n" },
		{ "all of it", "listener a tcp 192.0.2.10 80 g", "listener a udp 192.0.2.11 any h",
		  "change listener a: address 192.0.2.10 -> 192.0.2.11, protocol tcp -> udp, "
		  "port 80 -> any, groups g -> h\n" },
		{ "another name is another listener", "listener b tcp 192.0.2.10 80 g",
		  "listener a tcp 192.0.2.10 80 g",
		  "add listener a: address 192.0.2.10, protocol tcp, port 80, groups g\n"
		  "remove listener b: \n" },
	};

	expect(rows, ARRAY_SIZE(rows));
}

#define CHANGED "change group g: "

Test(diff, groups)
{
	static const struct row rows[] = {
		{ "added with nothing but defaults", "", "group g", "add group g: \n" },
		{ "added with some attributes", "", "group g ipip interval=500",
		  "add group g: forwarding ipip, health_check interval 500ms\n" },
		{ "removed", "group g ipip", "", "remove group g: \n" },
		{ "forwarding", "group g", "group g ipip", CHANGED "forwarding nat -> ipip\n" },
		{ "tunnel source", "group g", "group g source4=192.0.2.1",
		  CHANGED "tunnel_source auto -> 192.0.2.1\n" },
		{ "both", "group g source4=192.0.2.1", "group g source4=192.0.2.1 source6=2001:db8::1",
		  CHANGED "tunnel_source 192.0.2.1 -> 192.0.2.1,2001:db8::1\n" },
		{ "the other", "group g source6=2001:db8::1", "group g",
		  CHANGED "tunnel_source 2001:db8::1 -> auto\n" },
		{ "delay", "group g", "group g delay=0", CHANGED "deregistration_delay 300s -> 0s\n" },
		{ "idle timeout", "group g", "group g idle=60", CHANGED "idle_timeout 350s -> 60s\n" },
		{ "termination", "group g", "group g termination=true",
		  CHANGED "connection_termination false -> true\n" },
		{ "termination when unhealthy", "group g", "group g unhealthy_termination=false",
		  CHANGED "unhealthy_connection_termination true -> false\n" },
		{ "draining when unhealthy", "group g unhealthy_draining=60", "group g",
		  CHANGED "unhealthy_draining_interval 60s -> 0s\n" },
		{ "slow start", "group g", "group g slow_start=900", CHANGED "slow_start 0s -> 900s\n" },
		{ "added with all of these", "",
		  "group g idle=6000 delay=0 termination=true unhealthy_termination=false "
		  "unhealthy_draining=360000 slow_start=1",
		  "add group g: idle_timeout 6000s, deregistration_delay 0s, connection_termination "
		  "true, unhealthy_connection_termination false, unhealthy_draining_interval 360000s, "
		  "slow_start 1s\n" },
		{ "protocol", "group g", "group g check=none",
		  CHANGED "health_check protocol tcp -> none\n" },
		{ "interval", "group g", "group g interval=5000",
		  CHANGED "health_check interval 10s -> 5s\n" },
		{ "timeout", "group g", "group g timeout=1500",
		  CHANGED "health_check timeout 2s -> 1500ms\n" },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(diff, ports_and_thresholds_of_health_checks)
{
	_cleanup_(model_free) struct model *from = build_model("group g"), *to = model_clone(from);
	struct health_check *check = &to->groups[0].health_check;

	check->port = 8080;
	check->healthy_threshold = 5;
	check->unhealthy_threshold = 2;
	cr_expect_str_eq(show(from, to), CHANGED "health_check port traffic-port -> 8080, "
						 "health_check healthy_threshold 3 -> 5, "
						 "health_check unhealthy_threshold 3 -> 2\n");
}

Test(diff, targets)
{
	static const struct row rows[] = {
		{ "added", "group web", "group web; target web 10.0.0.11:8080",
		  "add target web 10.0.0.11:8080: \n" },
		{ "added with a weight", "group web", "group web; target web [fd00::11]:80 weight=5",
		  "add target web [fd00::11]:80: weight 5\n" },
		{ "removed", "group web; target web 10.0.0.11:8080", "group web",
		  "remove target web 10.0.0.11:8080: \n" },
		{ "weight", "group web; target web 10.0.0.11:80", "group web; target web 10.0.0.11:80 weight=0",
		  "change target web 10.0.0.11:80: weight 1 -> 0\n" },
		{ "starts to drain", "group web; target web 10.0.0.11:80",
		  "group web; target web 10.0.0.11:80 until=5", "remove target web 10.0.0.11:80: \n" },
		{ "is back", "group web; target web 10.0.0.11:80 until=5",
		  "group web; target web 10.0.0.11:80 weight=2", "add target web 10.0.0.11:80: weight 2\n" },
		{ "come with their group", "", "group web; target web 10.0.0.11:80",
		  "add group web: \nadd target web 10.0.0.11:80: \n" },
		{ "and leave with it", "group web; target web 10.0.0.11:80", "",
		  "remove group web: \nremove target web 10.0.0.11:80: \n" },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(diff, a_removed_group_is_not_there)
{
	static const struct row rows[] = {
		{ "removed, with a target that drains", "group g; target g 10.0.0.1:80",
		  "group g removed; target g 10.0.0.1:80 until=5",
		  "remove group g: \nremove target g 10.0.0.1:80: \n" },
		{ "removed, with one that drained before", "group g; target g 10.0.0.1:80 until=5",
		  "group g removed; target g 10.0.0.1:80 until=5", "remove group g: \n" },
		{ "drained", "group g removed; target g 10.0.0.1:80 until=5", "", "" },
		{ "draining still", "group g removed delay=3; target g 10.0.0.1:80 until=5",
		  "group g removed delay=4; target g 10.0.0.1:80 until=6", "" },
		{ "back, and a target with it", "group g removed delay=3; target g 10.0.0.1:80 until=5",
		  "group g delay=5; target g 10.0.0.1:80",
		  "add group g: deregistration_delay 5s\nadd target g 10.0.0.1:80: \n" },
		{ "back alone", "group g removed; target g 10.0.0.1:80 until=5",
		  "group g; target g 10.0.0.1:80 until=5", "add group g: \n" },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(diff, the_secret_is_not_told)
{
	_cleanup_(model_free) struct model *from = build_model("group g"), *to = model_clone(from);

	to->hash_secret[SECRET_SIZE - 1] = 1;
	cr_expect_str_eq(show(from, to), "change hash_secret : \n");
}

Test(diff, order)
{
	_cleanup_(model_free) struct model *from = build_model(
		"group b; target b 10.0.0.2:80; group d; listener y tcp 192.0.2.10 80 b");
	_cleanup_(model_free) struct model *to = build_model(
		"group b ipip; target b 10.0.0.1:80; target b 10.0.0.2:80 weight=2;"
		"target b 10.0.0.3:80; group c; target c 10.0.0.4:80; group a;"
		"listener z tcp 192.0.2.10 81 b; listener x tcp 192.0.2.10 82 b");

	to->hash_secret[0] = 1;
	cr_expect_str_eq(show(from, to),
			 "change hash_secret : \n"
			 "add group a: \n"
			 "change group b: forwarding nat -> ipip\n"
			 "add target b 10.0.0.1:80: \n"
			 "change target b 10.0.0.2:80: weight 1 -> 2\n"
			 "add target b 10.0.0.3:80: \n"
			 "add group c: \n"
			 "add target c 10.0.0.4:80: \n"
			 "remove group d: \n"
			 "add listener x: address 192.0.2.10, protocol tcp, port 82, groups b\n"
			 "remove listener y: \n"
			 "add listener z: address 192.0.2.10, protocol tcp, port 81, groups b\n");
}

/* The longest texts: nothing is cut. */
Test(diff, eight_groups_with_the_longest_names)
{
	_cleanup_(model_free) struct model *from = model_new(), *to = model_new();
	struct listener listener = { .group_count = ROUTING_GROUPS_MAX };
	const char *text;

	memset(listener.name, 'l', NAME_SIZE - 1);
	for (int i = 0; i < ROUTING_GROUPS_MAX; i++) {
		memset(listener.groups[i].name, 'a' + i, NAME_SIZE - 1);
		listener.groups[i].weight = WEIGHT_MAX;
	}
	cr_assert_eq(model_put_listener(from, &listener), 0);
	for (int i = 0; i < ROUTING_GROUPS_MAX; i++)
		listener.groups[i].name[0] = 'A';
	cr_assert_eq(model_put_listener(to, &listener), 0);

	text = show(from, to);
	cr_expect_eq(strlen(text), strlen("change listener : groups  -> \n") + NAME_SIZE - 1 +
					   2 * (ROUTING_GROUPS_MAX * (NAME_SIZE - 1 + 5) - 1));
	cr_expect_str_eq(text + strlen(text) - 9, "hhhh=999\n");
}

/* A change there and a change back name the same objects. */
Test(diff, back_is_the_reverse)
{
	_cleanup_(model_free) struct model *from = build_model(
		"group b; target b 10.0.0.2:80; target b 10.0.0.5:80 until=4; group d;"
		"listener y tcp 192.0.2.10 80 b");
	_cleanup_(model_free) struct model *to = build_model(
		"group b ipip; target b 10.0.0.1:80; target b 10.0.0.5:80; listener z tcp 192.0.2.10 81 b");
	json_t *there = model_diff(from, to), *back = model_diff(to, from), *change;
	size_t i;

	cr_assert_eq(json_array_size(there), json_array_size(back));
	json_array_foreach(there, i, change) {
		const json_t *other = json_array_get(back, i);
		const char *way = text_of(change, "change");

		cr_expect_str_eq(text_of(change, "name"), text_of(other, "name"));
		cr_expect_str_eq(text_of(other, "change"), !strcmp(way, "add") ? "remove" :
							   !strcmp(way, "remove") ? "add" : way);
	}
	json_decref(there);
	json_decref(back);
}
