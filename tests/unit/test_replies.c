// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * model/replies.c and rules_replies.c: chosen models, and random ones against a table of who owns
 * each port of each target, made the slow way.
 */
#include "model/replies.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "build_model.h"
#include "model/model.h"
#include "model/rules.h"

/* "10.0.0.11 tcp 80 web; ": target address, protocol, ports, listener. */
static const char *show(const struct reply *replies, size_t count)
{
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char addr[ADDR_TEXT_SIZE], ports[PORTS_TEXT_SIZE];

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s %s %s; ",
					 addr_format(&replies[i].addr, addr),
					 protocol_name(replies[i].protocol),
					 ports_format(replies[i].first, replies[i].last, ports),
					 replies[i].listener->name);
	}
	return text;
}

static const struct {
	const char *title, *model, *replies;
} rows[] = {
	{ "no listener, no replies", "group web; target web 10.0.0.11:80", "" },
	{ "a listener's targets",
	  "group web; target web 10.0.0.12:8080; target web 10.0.0.11:80;"
	  "listener a tcp 192.0.2.10 80 web",
	  "10.0.0.11 tcp 80 a; 10.0.0.12 tcp 8080 a; " },
	{ "IPv6 and UDP",
	  "group web; target web [fd00::11]:53; listener a udp 2001:db8::1 53 web;"
	  "listener b tcp 2001:db8::1 53 web",
	  "fd00::11 tcp 53 b; fd00::11 udp 53 a; " },
	{ "only nat",
	  "group web ipip; group two; target web 10.0.0.11:80; target two 10.0.0.12:80;"
	  "listener a tcp 192.0.2.10 80 web two",
	  "10.0.0.12 tcp 80 a; " },
	{ "a range takes the listener's ports, once for each address",
	  "group web; target web 10.0.0.11:80; target web 10.0.0.11:81; target web 10.0.0.12:80;"
	  "listener a tcp 192.0.2.10 100-200 web; listener b udp 192.0.2.10 any web",
	  "10.0.0.11 tcp 100-200 a; 10.0.0.11 udp any b; 10.0.0.12 tcp 100-200 a; "
	  "10.0.0.12 udp any b; " },
	{ "wider ones first",
	  "group web; target web 10.0.0.11:100; listener a tcp 192.0.2.10 100 web;"
	  "listener b tcp 192.0.2.10 100-200 web; listener c tcp 192.0.2.10 90-300 web;"
	  "listener d tcp 192.0.2.10 100-150 web",
	  "10.0.0.11 tcp 90-300 c; 10.0.0.11 tcp 100-200 b; 10.0.0.11 tcp 100-150 d; "
	  "10.0.0.11 tcp 100 a; " },
	{ "a target in two groups of a listener, once",
	  "group x; group y; target x 10.0.0.11:80; target y 10.0.0.11:80;"
	  "listener a tcp 192.0.2.10 80 x=90 y=10",
	  "10.0.0.11 tcp 80 a; " },
	{ "draining ones and weight 0 too",
	  "group x; target x 10.0.0.11:80 until=9; target x 10.0.0.12:80 weight=0;"
	  "listener a tcp 192.0.2.10 80 x=0",
	  "10.0.0.11 tcp 80 a; 10.0.0.12 tcp 80 a; " },
	{ "a removed group gives none",
	  "group x removed; target x 10.0.0.11:80 until=9; group y; target y 10.0.0.12:80;"
	  "listener a tcp 192.0.2.10 80 x y",
	  "10.0.0.12 tcp 80 a; " },
	{ "a group that does not exist gives none", "listener a tcp 192.0.2.10 80 x", "" },
};

Test(replies, of_chosen_models)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(model_free) struct model *model = build_model(rows[i].model);
		_cleanup_free_ struct reply *replies = NULL;
		size_t count;

		cr_assert_eq(replies_collect(model, &replies, &count), 0);
		cr_expect_str_eq(show(replies, count), rows[i].replies, "%s: %s", rows[i].title,
				 show(replies, count));
	}
}

Test(replies, lead_back_to_what_they_are_of)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group x; group y; target x 10.0.0.11:80 until=9; target y 10.0.0.11:80;"
		"listener a tcp 192.0.2.10 443 x y");
	_cleanup_free_ struct reply *replies = NULL;
	size_t count;

	cr_assert_eq(replies_collect(model, &replies, &count), 0);
	cr_assert_eq(count, 1);
	cr_expect_eq(replies[0].listener, &model->listeners[0]);
	cr_expect_str_eq(replies[0].group->name, "y", "the registered one");
	cr_expect_eq(replies[0].target, &replies[0].group->targets[0]);
}

Test(replies, one_port_becomes_the_listeners_and_a_range_stays)
{
	_cleanup_(model_free) struct model *model = build_model(
		"group x; target x 10.0.0.11:8080; listener a tcp 192.0.2.10 80 x;"
		"listener b udp 192.0.2.10 100-200 x");
	_cleanup_free_ struct reply *replies = NULL;
	size_t count;

	cr_assert_eq(replies_collect(model, &replies, &count), 0);
	cr_assert_eq(count, 2);
	cr_expect_eq(reply_source_port(&replies[0], 8080), 80);
	cr_expect_eq(reply_source_port(&replies[1], 150), 150);
}

/* Else a range's repetitions would count against the bound on what is collected. */
Test(replies, a_range_and_a_target_address_with_every_port)
{
	_cleanup_(model_free) struct model *model = build_model("group g");
	_cleanup_free_ struct reply *replies = NULL;
	struct target target = { .weight = 1 };
	size_t count;

	for (uint16_t port = 1; port < 60000; port++) {
		target.port = port;
		cr_assert_eq(group_put_target(&model->groups[0], &target), 0);
	}
	for (uint16_t i = 0; i < 20; i++) {
		struct listener listener = {
			.name = { (char)('a' + i) },
			.port_first = (uint16_t)(10 * i),
			.port_last = (uint16_t)(10 * i + 5),
			.groups = { { .name = "g" } },
			.group_count = 1,
		};

		cr_assert_eq(model_put_listener(model, &listener), 0);
	}
	cr_assert_eq(replies_collect(model, &replies, &count), 0);
	cr_expect_eq(count, 20);
}

/* ---- random models ---------------------------------------------------------------------- */

enum { ADDRESSES = 3, PORTS = 16, PROTOCOLS = 2 };
static const char *const vips[] = { "192.0.2.10", "192.0.2.11", "2001:db8::1" };
static const char *const reals[ADDRESSES] = { "10.0.0.11", "10.0.0.12", "fd00::11" };

static struct addr address(const char *text)
{
	struct addr addr;

	cr_assert_eq(addr_parse(text, &addr, NULL), 0);
	return addr;
}

static struct model *random_model(void)
{
	struct model *model = build_model("group a nat; group b nat; group c nat; group d ipip");

	for (int i = rand() % 6; i >= 0; i--) {
		struct target target = {
			.addr = address(reals[rand() % ADDRESSES]),
			.port = (uint16_t)(1 + rand() % (PORTS - 1)),
			.drain_deadline_ms = !(rand() % 4),
		};

		cr_assert_eq(group_put_target(&model->groups[rand() % 4], &target), 0);
	}
	for (int i = rand() % 4; i >= 0; i--) {
		uint16_t first = (uint16_t)(1 + rand() % (PORTS - 1));
		uint16_t last = (uint16_t)(first + rand() % (PORTS - first));
		bool is_range = rand() % 3, is_any = !(rand() % 8);
		struct listener listener = {
			.name = { (char)('a' + i) },
			.addr = address(vips[rand() % 3]),
			.protocol = rand() % 3 ? IPPROTO_TCP : IPPROTO_UDP,
			.port_first = is_any ? PORT_ANY_FIRST : first,
			.port_last = is_any ? PORT_ANY_LAST : is_range ? last : first,
			.groups = { { .name = { (char)('a' + rand() % 4) } },
				    { .name = { (char)('a' + rand() % 4) } } },
			.group_count = (size_t)(1 + rand() % 2),
		};

		cr_assert_eq(model_put_listener(model, &listener), 0);
	}
	return model;
}

/* What a reply from a port gets as source; addr NULL: it is no reply. */
struct source {
	const struct addr *addr;
	uint16_t port;
};

struct table {
	struct source source[PROTOCOLS][ADDRESSES][PORTS];
	bool ambiguous;
};

static void claim(struct source *source, const struct addr *addr, uint16_t port, bool *ambiguous)
{
	if (source->addr && (addr_compare(source->addr, addr) || source->port != port))
		*ambiguous = true;
	*source = (struct source){ addr, port };
}

static void claim_ports(struct table *table, const struct listener *listener,
			const struct target *target)
{
	bool one_port = listener->port_first == listener->port_last;

	for (int i = 0; i < ADDRESSES; i++) {
		struct addr addr = address(reals[i]);

		if (addr_compare(&addr, &target->addr))
			continue;
		for (uint16_t port = 0; port < PORTS; port++) {
			struct source *source;

			source = &table->source[listener->protocol == IPPROTO_TCP][i][port];
			if (one_port && port == target->port)
				claim(source, &listener->addr, listener->port_first,
				      &table->ambiguous);
			if (!one_port && listener->port_first <= port &&
			    port <= listener->port_last)
				claim(source, &listener->addr, port, &table->ambiguous);
		}
	}
}

static void fill(struct table *table, const struct model *model)
{
	*table = (struct table){ 0 };
	for (size_t i = 0; i < model->listener_count; i++) {
		const struct listener *listener = &model->listeners[i];

		for (size_t j = 0; j < listener->group_count; j++) {
			const struct group *group;

			group = model_find_group(model, listener->groups[j].name);
			if (group->forwarding != FORWARDING_NAT)
				continue;
			for (size_t k = 0; k < group->target_count; k++)
				claim_ports(table, listener, &group->targets[k]);
		}
	}
}

/* The last of those around the port is the narrowest. */
static struct source look_up(const struct reply *replies, size_t count, const struct addr *addr,
			     uint8_t protocol, uint16_t port)
{
	struct source source = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct reply *reply = &replies[i];

		if (reply->protocol == protocol && !addr_compare(&reply->addr, addr) &&
		    reply->first <= port && port <= reply->last)
			source = (struct source){ &reply->listener->addr,
						  reply_source_port(reply, port) };
	}
	return source;
}

static void expect_replies(const struct table *table, const struct model *model)
{
	_cleanup_free_ struct reply *replies = NULL;
	size_t count;

	cr_assert_eq(replies_collect(model, &replies, &count), 0);
	for (int tcp = 0; tcp < PROTOCOLS; tcp++) {
		for (int i = 0; i < ADDRESSES * PORTS; i++) {
			struct addr addr = address(reals[i / PORTS]);
			struct source expected = table->source[tcp][i / PORTS][i % PORTS];
			struct source found = look_up(replies, count, &addr,
						      tcp ? IPPROTO_TCP : IPPROTO_UDP,
						      (uint16_t)(i % PORTS));

			cr_assert_eq(!found.addr, !expected.addr);
			cr_assert(!found.addr || !addr_compare(found.addr, expected.addr));
			cr_assert_eq(found.port, expected.port);
		}
	}
}

Test(replies, random_models_against_a_table_of_ports)
{
	unsigned refused = 0, accepted = 0;
	struct table table;

	srand(5);
	for (int i = 0; i < 6000; i++) {
		_cleanup_(model_free) struct model *model = random_model();
		struct err err = { 0 };
		int r;

		if (rules_check_ports(model, NULL))
			continue;
		r = rules_check_replies(model, &err);
		fill(&table, model);
		cr_assert_eq(r, table.ambiguous ? -EINVAL : 0, "model %d: %s", i, err.text);
		if (!r)
			expect_replies(&table, model);
		*(r ? &refused : &accepted) += 1;
	}
	cr_expect(refused > 500 && accepted > 500, "%u and %u", refused, accepted);
}
