// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/validate.c and rules_ports.c: for each rule models that keep it and models that break it. */
#include "model/validate.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "build_model.h"
#include "model/model.h"

#define G "group g; target g 10.0.0.11:80;"
#define G6 "group g6; target g6 [fd00::11]:80;"

struct row {
	const char *title, *model, *sentence;	/* sentence NULL: the model is right */
};

static void expect(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_(model_free) struct model *model = build_model(rows[i].model);
		struct err err = { 0 };
		int r = model_validate(model, &err);

		cr_expect_eq(r, -err.code);
		cr_expect_eq(r != 0, rows[i].sentence != NULL, "%s: %s", rows[i].title, err.text);
		cr_expect_str_eq(err.text, rows[i].sentence ?: "", "%s: %s", rows[i].title,
				 err.text);
	}
}

Test(validate, models_that_are_right)
{
	static const struct row rows[] = {
		{ "empty", "", NULL },
		{ "a group without targets and listener", "group g", NULL },
		{ "one of each", G "listener a tcp 192.0.2.10 80 g", NULL },
		{ "both families, both protocols",
		  G G6 "listener a tcp 192.0.2.10 80 g; listener b udp 192.0.2.10 80 g;"
		  "listener c tcp 2001:db8::1 80 g6; listener d udp 2001:db8::1 80 g6", NULL },
		{ "several groups, one empty", G "group h ipip; listener a tcp 192.0.2.10 80 g=9 h=1",
		  NULL },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(validate, groups_of_listeners_exist)
{
	static const struct row rows[] = {
		{ "unknown group", G "listener a tcp 192.0.2.10 80 web",
		  "listener 'a': there is no group 'web'" },
		{ "one of two", G "listener a tcp 192.0.2.10 80 g web",
		  "listener 'a': there is no group 'web'" },
		{ "a removed one", "group g removed; target g 10.0.0.11:80 until=9;"
		  "listener a tcp 192.0.2.10 80 g", "listener 'a': there is no group 'g'" },
		{ "a removed one beside another",
		  "group g removed; target g [fd00::11]:80 until=9;" G6
		  "listener a udp 2001:db8::1 53 g6 g", "listener 'a': there is no group 'g'" },
		{ "none named", G "listener a tcp 192.0.2.10 80",
		  "listener 'a' has no group to send to" },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(validate, listeners_do_not_share_address_protocol_and_ports)
{
	static const struct row rows[] = {
		{ "same port", "group g; listener b tcp 192.0.2.10 80 g; listener a tcp 192.0.2.10 80 g",
		  "listeners 'a' and 'b' both have 192.0.2.10 tcp port 80" },
		{ "IPv6 and UDP",
		  "group g; listener a udp 2001:db8::1 53 g; listener b udp 2001:db8::1 53 g",
		  "listeners 'a' and 'b' both have 2001:db8::1 udp port 53" },
		{ "same range",
		  "group g; listener a tcp 192.0.2.10 80-90 g; listener b tcp 192.0.2.10 80-90 g",
		  "listeners 'a' and 'b' both have 192.0.2.10 tcp port 80-90" },
		{ "any port twice",
		  "group g; listener a tcp 192.0.2.10 any g; listener b tcp 192.0.2.10 any g",
		  "listeners 'a' and 'b' both have 192.0.2.10 tcp port any" },
		{ "same port within a range",
		  "group g; listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.10 80 g;"
		  "listener c tcp 192.0.2.10 70-90 g",
		  "listeners 'a' and 'b' both have 192.0.2.10 tcp port 80" },
		{ "other port", "group g; listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.10 81 g",
		  NULL },
		{ "other protocol",
		  "group g; listener a tcp 192.0.2.10 80 g; listener b udp 192.0.2.10 80 g", NULL },
		{ "other address",
		  "group g; listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.11 80 g", NULL },
		{ "other family",
		  "group g; listener a tcp 192.0.2.10 80 g; listener b tcp ::c000:20a 80 g", NULL },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(validate, port_ranges_are_nested_or_apart)
{
	static const struct row rows[] = {
		{ "a port in a range, a range in any",
		  "group g; listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.10 80-90 g;"
		  "listener c tcp 192.0.2.10 any g", NULL },
		{ "the ends of a range",
		  "group g; listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.10 90 g;"
		  "listener c tcp 192.0.2.10 80-90 g; listener d tcp 192.0.2.10 80-85 g;"
		  "listener e tcp 192.0.2.10 86-90 g", NULL },
		{ "neighbours",
		  "group g; listener a tcp 192.0.2.10 80-90 g; listener b tcp 192.0.2.10 91-99 g", NULL },
		{ "overlap",
		  "group g; listener a tcp 192.0.2.10 80-90 g; listener b tcp 192.0.2.10 85-95 g",
		  "listeners 'a' (192.0.2.10 tcp port 80-90) and 'b' (port 85-95) overlap in part: let "
		  "one lie within the other, or keep them apart" },
		{ "by one port, IPv6 and UDP",
		  "group g; listener a udp 2001:db8::1 80-90 g; listener b udp 2001:db8::1 90-95 g",
		  "listeners 'a' (2001:db8::1 udp port 80-90) and 'b' (port 90-95) overlap in part: let "
		  "one lie within the other, or keep them apart" },
		{ "within a third",
		  "group g; listener a tcp 192.0.2.10 any g; listener b tcp 192.0.2.10 10-20 g;"
		  "listener c tcp 192.0.2.10 15-25 g",
		  "listeners 'b' (192.0.2.10 tcp port 10-20) and 'c' (port 15-25) overlap in part: let "
		  "one lie within the other, or keep them apart" },
		{ "with one that is around others",
		  "group g; listener a tcp 192.0.2.10 10-30 g; listener b tcp 192.0.2.10 12-14 g;"
		  "listener c tcp 192.0.2.10 20-40 g",
		  "listeners 'a' (192.0.2.10 tcp port 10-30) and 'c' (port 20-40) overlap in part: let "
		  "one lie within the other, or keep them apart" },
		{ "on other addresses and protocols",
		  "group g; listener a tcp 192.0.2.10 80-90 g; listener b tcp 192.0.2.11 85-95 g;"
		  "listener c udp 192.0.2.10 85-95 g", NULL },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(validate, a_listener_and_its_targets_are_of_one_family)
{
	static const struct row rows[] = {
		{ "IPv4 to IPv6", "group web6; target web6 [fd00::11]:80; listener web tcp 192.0.2.10 80 web6",
		  "listener 'web' is IPv4 but target [fd00::11]:80 of group 'web6' is IPv6" },
		{ "IPv6 to IPv4, by ipip",
		  "group g ipip; target g 10.0.0.11:80; listener web udp 2001:db8::1 80 g",
		  "listener 'web' is IPv6 but target 10.0.0.11:80 of group 'g' is IPv4" },
		{ "one of many",
		  "group g; target g 10.0.0.11:80; target g [fd00::11]:80; target g 10.0.0.12:80;"
		  "listener web tcp 192.0.2.10 80 g",
		  "listener 'web' is IPv4 but target [fd00::11]:80 of group 'g' is IPv6" },
		{ "in the second group", G G6 "listener web tcp 2001:db8::1 80 g6 g",
		  "listener 'web' is IPv6 but target 10.0.0.11:80 of group 'g' is IPv4" },
		{ "a draining one",
		  "group g; target g 10.0.0.11:80; target g [fd00::11]:80 until=9;"
		  "listener web tcp 192.0.2.10 80 g",
		  "listener 'web' is IPv4 but target [fd00::11]:80 of group 'g' is IPv6; it is draining, "
		  "which `sluicectl target remove g [fd00::11]:80 --now` ends" },
		{ "rather a registered one than a draining one",
		  "group g; target g [fd00::11]:80 until=9; target g [fd00::12]:80;"
		  "target g [fd00::13]:80 until=9; listener web tcp 192.0.2.10 80 g",
		  "listener 'web' is IPv4 but target [fd00::12]:80 of group 'g' is IPv6" },
		{ "without a listener a group may be mixed",
		  "group g; target g 10.0.0.11:80; target g [fd00::11]:80", NULL },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(validate, addresses_are_unicast)
{
	static const struct {
		const char *addr, *fault;
	} addresses[] = {
		{ "0.0.0.0", "the unspecified address" },
		{ "127.0.0.1", "a loopback address" },
		{ "127.255.255.255", "a loopback address" },
		{ "224.0.0.1", "a multicast address" },
		{ "239.255.255.255", "a multicast address" },
		{ "255.255.255.255", "the broadcast address" },
		{ "::", "the unspecified address" },
		{ "::1", "a loopback address" },
		{ "ff02::1", "a multicast address" },
		{ "ffff::", "a multicast address" },
		{ "fe80::1", "a link-local address, which means nothing without an interface" },
		{ "febf:ffff::", "a link-local address, which means nothing without an interface" },
		{ "0.0.0.1", NULL },	{ "1.0.0.0", NULL },	    { "126.255.255.255", NULL },
		{ "128.0.0.0", NULL },	{ "223.255.255.255", NULL }, { "240.0.0.0", NULL },
		{ "255.255.255.254", NULL }, { "169.254.1.1", NULL }, { "::2", NULL },
		{ "fe7f:ffff::", NULL }, { "fec0::1", NULL },	    { "feff::1", NULL },
		{ "7f00::1", NULL },	{ "e000::1", NULL },	    { "fd00::1", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		const char *addr = addresses[i].addr, *fault = addresses[i].fault;
		bool is_v6 = strchr(addr, ':');
		char models[3][256], sentences[3][256];
		struct row rows[3];

		snprintf(models[0], sizeof(models[0]), "group g; listener a tcp %s 80 g", addr);
		snprintf(sentences[0], sizeof(sentences[0]), "listener 'a': %s is %s", addr, fault);
		snprintf(models[1], sizeof(models[1]), "group g; target g %s%s%s:80",
			 is_v6 ? "[" : "", addr, is_v6 ? "]" : "");
		snprintf(sentences[1], sizeof(sentences[1]), "group 'g': target %s%s%s:80 has %s",
			 is_v6 ? "[" : "", addr, is_v6 ? "]" : "", fault);
		snprintf(models[2], sizeof(models[2]), "group g source%c=%s", is_v6 ? '6' : '4', addr);
		snprintf(sentences[2], sizeof(sentences[2]), "group 'g': the tunnel source %s is %s",
			 addr, fault);
		for (int j = 0; j < 3; j++)
			rows[j] = (struct row){ addr, models[j], fault ? sentences[j] : NULL };
		expect(rows, strcmp(addr, "::") ? 3 : 2);	/* :: as a tunnel source: not set */
	}
}

Test(validate, an_unhealthy_draining_interval_needs_flows_that_are_not_ended)
{
	static const struct row rows[] = {
		{ "both", "group g unhealthy_draining=60",
		  "group 'g': unhealthy_draining_interval is 60s, but unhealthy_connection_termination "
		  "is true: set that to false, or the interval to 0s" },
		{ "the shortest", "group f; group g unhealthy_termination=true unhealthy_draining=1",
		  "group 'g': unhealthy_draining_interval is 1s, but unhealthy_connection_termination "
		  "is true: set that to false, or the interval to 0s" },
		{ "no interval", "group g unhealthy_termination=true unhealthy_draining=0", NULL },
		{ "no termination", "group g unhealthy_termination=false unhealthy_draining=360000", NULL },
		{ "neither", "group g unhealthy_termination=false", NULL },
		{ "termination at the end of the delay is another matter",
		  "group g termination=true unhealthy_termination=false unhealthy_draining=5", NULL },
	};

	expect(rows, ARRAY_SIZE(rows));
}

/* What it was refused for would be nobody's to mend: it is no configuration any more. */
Test(validate, removed_groups_and_their_targets_count_as_not_there)
{
	static const struct row rows[] = {
		{ "its attributes", "group g removed timeout=9000 interval=1000 unhealthy_draining=1", NULL },
		{ "a target that is a listener",
		  "group g removed; group h; target g 192.0.2.10:80 until=9;"
		  "listener a tcp 192.0.2.10 80 h", NULL },
		{ "replies that belong to another listener now",
		  "group g removed; target g 10.0.0.11:80 until=9; group h; target h 10.0.0.11:80;"
		  "listener b tcp 192.0.2.11 80 h", NULL },
		{ "its name for a group of the other family",
		  "group g removed; target g 10.0.0.11:80 until=9;" G6
		  "listener a tcp 2001:db8::1 80 g6", NULL },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(validate, tunnel_sources_are_of_their_family)
{
	static const struct row rows[] = {
		{ "none", "group g ipip", NULL },
		{ "both", "group g ipip source4=192.0.2.1 source6=2001:db8::1", NULL },
		{ "IPv6 as IPv4", "group g ipip source4=2001:db8::1",
		  "group 'g': the tunnel source 2001:db8::1 is not an IPv4 address" },
		{ "IPv4 as IPv6", "group g ipip source6=192.0.2.1",
		  "group 'g': the tunnel source 192.0.2.1 is not an IPv6 address" },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(validate, a_check_is_over_before_the_next_one)
{
	static const struct row rows[] = {
		{ "shorter", "group g interval=1000 timeout=999", NULL },
		{ "equal", "group g interval=1000 timeout=1000", NULL },
		{ "longer", "group g interval=1000 timeout=1001",
		  "group 'g': the health check's timeout (1001 ms) is longer than its interval (1000 ms)" },
		{ "without checks it does not matter", "group g check=none interval=1000 timeout=1001",
		  NULL },
	};

	expect(rows, ARRAY_SIZE(rows));
}

Test(validate, no_target_is_a_listener)
{
	static const struct row rows[] = {
		{ "its own", "group g; target g 192.0.2.10:80; listener a tcp 192.0.2.10 80 g",
		  "target 192.0.2.10:80 of group 'g' is itself a listener: 'a'" },
		{ "another's, by ipip",
		  "group g ipip; group h; target g 192.0.2.10:80; listener a tcp 192.0.2.11 80 g;"
		  "listener b tcp 192.0.2.10 80 h",
		  "target 192.0.2.10:80 of group 'g' is itself a listener: 'b'" },
		{ "IPv6 and UDP, within a range",
		  "group g; target g [2001:db8::1]:5353; listener a udp 2001:db8::1 53 g;"
		  "listener b udp 2001:db8::1 5000-6000 g",
		  "target [2001:db8::1]:5353 of group 'g' is itself a listener: 'b'" },
		{ "behind narrower ranges",
		  "group g; group h; target g 192.0.2.10:50; listener a tcp 192.0.2.11 80 g;"
		  "listener b tcp 192.0.2.10 any h; listener c tcp 192.0.2.10 10-20 h;"
		  "listener d tcp 192.0.2.10 15 h",
		  "target 192.0.2.10:50 of group 'g' is itself a listener: 'b'" },
		{ "a draining one",
		  "group g; group h; target g 192.0.2.10:80 until=9; listener a tcp 192.0.2.11 80 g;"
		  "listener b tcp 192.0.2.10 80 h",
		  "target 192.0.2.10:80 of group 'g' is itself a listener: 'b'; it is draining, which "
		  "`sluicectl target remove g 192.0.2.10:80 --now` ends" },
		{ "used by both protocols",
		  "group g ipip; group h; target g 192.0.2.10:80; listener a tcp 192.0.2.11 80 g;"
		  "listener b udp 192.0.2.11 80 g; listener c udp 192.0.2.10 80 h",
		  "target 192.0.2.10:80 of group 'g' is itself a listener: 'c'" },
		{ "other port", "group g; target g 192.0.2.10:81; listener a tcp 192.0.2.10 80 g", NULL },
		{ "other protocol",
		  "group g; group h; target g 192.0.2.10:80; listener a tcp 192.0.2.11 80 g;"
		  "listener b udp 192.0.2.10 80 h", NULL },
		{ "outside of the range",
		  "group g; target g 192.0.2.10:91; listener a tcp 192.0.2.10 80-90 g;"
		  "listener b tcp 192.0.2.10 92-99 g", NULL },
		{ "of a group that nobody uses",
		  "group g; group h; target g 192.0.2.10:80; listener a tcp 192.0.2.10 80 h", NULL },
	};

	expect(rows, ARRAY_SIZE(rows));
}

#define BOTH "listeners 'a' and 'b' both send to target "
#define WHY " by nat: its replies could belong to either; "
#define PORT_ADVICE WHY "give them different target ports, or use ipip"
#define RANGE_ADVICE WHY "give them different targets, or use ipip"

Test(validate, nat_replies_belong_to_one_listener)
{
	static const struct row rows[] = {
		{ "two addresses", G "listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.11 80 g",
		  BOTH "10.0.0.11:80" PORT_ADVICE },
		{ "two ports", G "listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.10 81 g",
		  BOTH "10.0.0.11:80" PORT_ADVICE },
		{ "IPv6 and UDP", G6 "listener b udp 2001:db8::1 80 g6; listener a udp 2001:db8::2 80 g6",
		  BOTH "[fd00::11]:80" PORT_ADVICE },
		{ "two groups with one target",
		  G "group h; target h 10.0.0.12:80; target h 10.0.0.11:80;"
		  "listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.11 80 h",
		  BOTH "10.0.0.11:80" PORT_ADVICE },
		{ "two protocols", G "listener a tcp 192.0.2.10 80 g; listener b udp 192.0.2.11 80 g", NULL },
		{ "two target ports",
		  G "group h; target h 10.0.0.11:81; listener a tcp 192.0.2.10 80 g;"
		  "listener b tcp 192.0.2.11 80 h", NULL },
		{ "by ipip", "group g ipip; target g 10.0.0.11:80; listener a tcp 192.0.2.10 80 g;"
		  "listener b tcp 192.0.2.11 80 g", NULL },
		{ "one of them by ipip",
		  G "group h ipip; target h 10.0.0.11:80; listener a tcp 192.0.2.10 80 g;"
		  "listener b tcp 192.0.2.11 80 h", NULL },
		{ "two groups of one listener",
		  G "group h; target h 10.0.0.11:80; listener a tcp 192.0.2.10 80 g h", NULL },
		{ "two ranges", G "listener a tcp 192.0.2.10 100-200 g; listener b tcp 192.0.2.11 150-250 g",
		  BOTH "10.0.0.11 port 150-200" RANGE_ADVICE },
		{ "any and any", G "listener a tcp 192.0.2.10 any g; listener b tcp 192.0.2.11 any g",
		  BOTH "10.0.0.11 port any" RANGE_ADVICE },
		{ "ranges apart", G "listener a tcp 192.0.2.10 100-200 g; listener b tcp 192.0.2.11 201-250 g",
		  NULL },
		{ "ranges of one address", G "listener a tcp 192.0.2.10 100-200 g; listener b tcp 192.0.2.10 any g",
		  NULL },
		{ "a port and a range of another address",
		  G "listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.11 any g",
		  BOTH "10.0.0.11:80" PORT_ADVICE },
		{ "a port within the range of its address",
		  G "listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.10 any g", NULL },
		{ "but moved to another", "group g; target g 10.0.0.11:8080;"
		  "listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.10 any g",
		  BOTH "10.0.0.11:8080" PORT_ADVICE },
		{ "and moved out of the range", "group g; target g 10.0.0.11:8080;"
		  "listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.10 1-8079 g", NULL },
		{ "a draining one", "group g; target g 10.0.0.11:80 until=9; group h; target h 10.0.0.11:80;"
		  "listener a tcp 192.0.2.10 80 g; listener b tcp 192.0.2.11 80 h",
		  BOTH "10.0.0.11:80" PORT_ADVICE "; it is draining, which `sluicectl target remove g "
		  "10.0.0.11:80 --now` ends" },
	};

	expect(rows, ARRAY_SIZE(rows));
}
