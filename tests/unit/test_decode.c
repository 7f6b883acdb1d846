// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/decode*.c with configuration files: what each says, and the sentence for each mistake. */
#include "model/decode.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "build_model.h"
#include "decode_text.h"
#include "model/model.h"
#include "same_model.h"

/* ---- what is accepted ----------------------------------------------------------------------- */

static void expect_model(const char *yaml, const char *statements)
{
	_cleanup_(model_free) struct model *expected = build_model(statements);
	_cleanup_(model_free) struct model *model = NULL;
	struct err err;

	cr_assert_eq(decode_text(yaml, &model, &err), 0, "%s\nof\n%s", err.text, yaml);
	expect_same_model(model, expected);
}

Test(decode_model, takes_nothing_for_an_empty_model)
{
	expect_model("", "");
	expect_model("listeners: []\ngroups: []\n", "");
}

Test(decode_model, takes_the_example_of_the_manual)
{
	expect_model(
		"listeners:\n"
		"  - { name: web, address: 192.0.2.10, protocol: tcp, port: 80, group: web }\n"
		"groups:\n"
		"  - name: web\n"
		"    forwarding: nat\n"
		"    health_check: { protocol: tcp, port: traffic-port, interval: 10s, timeout: 2s,\n"
		"                    healthy_threshold: 3, unhealthy_threshold: 3 }\n"
		"    deregistration_delay: 300s\n"
		"    targets:\n"
		"      - { address: 10.0.0.11, port: 8080, weight: 1 }\n",
		"listener web tcp 192.0.2.10 80 web; group web; target web 10.0.0.11:8080;");
}

Test(decode_model, takes_both_protocols_of_both_families)
{
	expect_model(
		"listeners:\n"
		"- { name: a, address: 192.0.2.10, protocol: tcp, port: 1, group: four }\n"
		"- { name: b, address: 192.0.2.10, protocol: udp, port: 65535, group: four }\n"
		"- { name: c, address: 2001:db8::10, protocol: tcp, port: 1, group: six }\n"
		"- { name: d, address: '2001:db8::10', protocol: udp, port: 65535, group: six }\n"
		"groups:\n"
		"- { name: four, targets: [ { address: 10.0.0.11, port: 1 } ] }\n"
		"- { name: six, targets: [ { address: fd00::11, port: 65535 } ] }\n",
		"listener a tcp 192.0.2.10 1 four; listener b udp 192.0.2.10 65535 four;"
		"listener c tcp 2001:db8::10 1 six; listener d udp 2001:db8::10 65535 six;"
		"group four; target four 10.0.0.11:1; group six; target six [fd00::11]:65535;");
}

Test(decode_model, takes_tcp_unless_the_protocol_is_given)
{
	expect_model("listeners: [ { name: web, address: 192.0.2.10, port: 80, group: web } ]\n",
		     "listener web tcp 192.0.2.10 80 web;");
}

Test(decode_model, takes_ports_ranges_and_any)
{
	static const struct {
		const char *yaml, *statement;
	} cases[] = {
		{ "80", "80" },	   { "'80'", "80" },	     { "8000-8099", "8000-8099" },
		{ "80-80", "80" }, { "1-65535", "1-65535" }, { "any", "any" },
	};
	char yaml[160], statement[80];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(yaml, sizeof(yaml),
			 "listeners: [ { name: l, address: 192.0.2.10, port: %s, group: g } ]\n",
			 cases[i].yaml);
		snprintf(statement, sizeof(statement), "listener l tcp 192.0.2.10 %s g;",
			 cases[i].statement);
		expect_model(yaml, statement);
	}
}

Test(decode_model, takes_weighted_groups_in_any_order)
{
	expect_model(
		"listeners:\n"
		"- { name: a, address: 192.0.2.10, port: 80, groups: { green: 10, blue: 90 } }\n"
		"- { name: b, address: 192.0.2.10, port: 81, groups: { '80': 0 } }\n"
		"- { name: c, address: 192.0.2.10, port: 82,\n"
		"    groups: { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 999 } }\n",
		"listener a tcp 192.0.2.10 80 blue=90 green=10; listener b tcp 192.0.2.10 81 80=0;"
		"listener c tcp 192.0.2.10 82 a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=999;");
}

Test(decode_model, takes_every_kind_of_health_check)
{
	_cleanup_(model_free) struct model *model = NULL;
	struct health_check *check;
	struct err err;

	cr_assert_eq(
		decode_text("groups:\n"
			    "- { name: a, health_check: { protocol: none } }\n"
			    "- { name: b, health_check: { port: 81, healthy_threshold: 1 } }\n"
			    "- { name: c, health_check: { port: '82', unhealthy_threshold: 10 } }\n"
			    "- { name: d, health_check: {} }\n",
			    &model, &err),
		0, "%s", err.text);
	check = &model->groups[0].health_check;
	cr_expect_eq(check->protocol, CHECK_NONE);
	check = &model->groups[1].health_check;
	cr_expect_eq(check->port, 81);
	cr_expect_eq(check->healthy_threshold, 1);
	cr_expect_eq(check->unhealthy_threshold, 3);
	check = &model->groups[2].health_check;
	cr_expect_eq(check->port, 82);
	cr_expect_eq(check->unhealthy_threshold, 10);
	check = &model->groups[3].health_check;
	cr_expect_eq(check->protocol, CHECK_TCP);
	cr_expect_eq(check->port, 0);
	cr_expect_eq(check->interval_ms, 10000);
}

Test(decode_model, takes_durations_in_every_unit)
{
	static const struct {
		const char *yaml;
		uint32_t interval_ms;
	} cases[] = {
		{ "100ms", 100 },   { "1500ms", 1500 }, { "10s", 10000 },
		{ "300s", 300000 }, { "5m", 300000 },	{ "1", 1000 },
		{ "300", 300000 },  { "'20'", 20000 },	{ "300000ms", 300000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(model_free) struct model *model = NULL;
		struct err err;
		char yaml[80];

		snprintf(yaml, sizeof(yaml),
			 "groups: [ { name: g, health_check: { interval: %s } } ]", cases[i].yaml);
		cr_assert_eq(decode_text(yaml, &model, &err), 0, "%s", err.text);
		cr_expect_eq(model->groups[0].health_check.interval_ms, cases[i].interval_ms, "%s",
			     yaml);
	}
	expect_model("groups: [ { name: g, deregistration_delay: 1h } ]", "group g delay=3600;");
	expect_model("groups: [ { name: g, deregistration_delay: 0 } ]", "group g delay=0;");
	expect_model("groups: [ { name: g, idle_timeout: 100m } ]", "group g idle=6000;");
	expect_model("groups: [ { name: g, deregistration_delay: 0ms } ]", "group g delay=0;");
	expect_model("groups: [ { name: g, deregistration_delay: 3000ms } ]", "group g delay=3;");
}

/* The defaults stand here once in numbers: group_init serves the encoder and these tests too. */
Test(decode_model, has_the_nlbs_defaults_for_flows)
{
	_cleanup_(model_free) struct model *model = NULL;
	const struct group *group;
	struct err err;

	cr_assert_eq(decode_text("listeners: [ { name: l, address: 192.0.2.10, port: 80, group: g } ]\n"
				 "groups: [ { name: g } ]", &model, &err), 0, "%s", err.text);
	group = &model->groups[0];
	cr_expect_eq(group->idle_timeout_s, 350);
	cr_expect_eq(group->deregistration_delay_s, 300);
	cr_expect_not(group->connection_termination);
	cr_expect(group->unhealthy_connection_termination);
	cr_expect_eq(group->unhealthy_draining_interval_s, 0);
	cr_expect_eq(group->slow_start_s, 0);
	cr_expect_not(group->removed);
	cr_expect_eq(model->listeners[0].affinity, AFFINITY_AUTO);
}

Test(decode_model, takes_the_limits_of_every_attribute_of_flows)
{
	expect_model("groups:\n"
		     "- { name: a, idle_timeout: 60, deregistration_delay: 0, slow_start: 0,\n"
		     "    connection_termination: true, unhealthy_draining_interval: 0 }\n"
		     "- { name: b, idle_timeout: 6000s, deregistration_delay: 3600s, slow_start: 15m,\n"
		     "    unhealthy_connection_termination: false,\n"
		     "    unhealthy_draining_interval: 100h }\n"
		     "- { name: c, unhealthy_draining_interval: 360000 , connection_termination: false,\n"
		     "    unhealthy_connection_termination: True }\n",
		     "group a idle=60 delay=0 slow_start=0 termination=true unhealthy_draining=0;"
		     "group b idle=6000 delay=3600 slow_start=900 unhealthy_termination=false "
		     "unhealthy_draining=360000; group c unhealthy_draining=360000;");
}

Test(decode_model, takes_every_affinity_of_both_protocols_and_families)
{
	expect_model("listeners:\n"
		     "- { name: a, address: 192.0.2.10, port: 1, group: g, affinity: auto }\n"
		     "- { name: b, address: 192.0.2.10, port: 2, group: g, affinity: tracked }\n"
		     "- { name: c, address: 192.0.2.10, port: 3, group: g, affinity: hash }\n"
		     "- { name: d, address: '2001:db8::1', protocol: udp, port: 1, group: g,\n"
		     "    affinity: tracked }\n"
		     "- { name: e, address: '2001:db8::1', protocol: udp, port: 2, group: g,\n"
		     "    affinity: 'hash' }\n",
		     "listener a tcp 192.0.2.10 1 g; listener b tcp 192.0.2.10 2 g affinity=tracked;"
		     "listener c tcp 192.0.2.10 3 g affinity=hash;"
		     "listener d udp 2001:db8::1 1 g affinity=tracked;"
		     "listener e udp 2001:db8::1 2 g affinity=hash;");
}

Test(decode_model, takes_one_tunnel_source_of_each_family)
{
	expect_model("groups:\n"
		     "- { name: a, forwarding: ipip, tunnel_source: 10.0.0.1 }\n"
		     "- { name: b, forwarding: ipip, tunnel_source: 'fd00::1' }\n"
		     "- { name: c, forwarding: ipip, tunnel_source: [ 'fd00::1', 10.0.0.1 ] }\n"
		     "- { name: d, forwarding: ipip, tunnel_source: [ 10.0.0.1 ] }\n"
		     "- { name: e, forwarding: ipip, tunnel_source: [] }\n",
		     "group a ipip source4=10.0.0.1; group b ipip source6=fd00::1;"
		     "group c ipip source4=10.0.0.1 source6=fd00::1; group d ipip source4=10.0.0.1;"
		     "group e ipip;");
}

Test(decode_model, takes_an_address_of_ipv4_written_as_ipv6_for_the_ipv4_one)
{
	expect_model(
		"groups: [ { name: g, targets: [ { address: '::ffff:10.0.0.11', port: 80 } ] } ]",
		"group g; target g 10.0.0.11:80;");
}

/* That they mean nothing here is for model_validate to say, not that they are missing. */
Test(decode_model, takes_unspecified_addresses)
{
	expect_model("groups: [ { name: g, targets: [ { address: '::', port: 80 },\n"
		     "                                { address: 0.0.0.0, port: 80 } ] } ]",
		     "group g; target g [::]:80; target g 0.0.0.0:80;");
}

Test(decode_model, takes_a_secret_in_either_case_and_unquoted_digits)
{
	static const struct {
		const char *yaml;
		uint8_t first, last;
	} cases[] = {
		{ "0123456789abcdef0123456789ABCDEF", 0x01, 0xef },
		{ "'ffffffffffffffffffffffffffffffff'", 0xff, 0xff },
		{ "12345678901234567890123456789012", 0x12, 0x12 },
		{ "00000000000000000000000000000001", 0x00, 0x01 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(model_free) struct model *model = NULL;
		struct err err;
		char yaml[80];

		snprintf(yaml, sizeof(yaml), "hash_secret: %s\n", cases[i].yaml);
		cr_assert_eq(decode_text(yaml, &model, &err), 0, "%s", err.text);
		cr_expect_eq(model->hash_secret[0], cases[i].first);
		cr_expect_eq(model->hash_secret[SECRET_SIZE - 1], cases[i].last);
	}
}

Test(decode_model, sorts_what_comes_unsorted)
{
	expect_model(
		"listeners:\n"
		"- { name: z, address: 192.0.2.10, port: 1, group: g }\n"
		"- { name: a, address: 192.0.2.10, port: 2, group: g }\n"
		"groups:\n"
		"- { name: z }\n"
		"- name: a\n"
		"  targets:\n"
		"  - { address: 10.0.0.12, port: 80 }\n"
		"  - { address: 10.0.0.11, port: 81 }\n"
		"  - { address: 10.0.0.11, port: 80 }\n",
		"listener a tcp 192.0.2.10 2 g; listener z tcp 192.0.2.10 1 g; group z; group a;"
		"target a 10.0.0.11:80; target a 10.0.0.11:81; target a 10.0.0.12:80;");
}

Test(decode_model, takes_names_of_63_characters)
{
	char yaml[128], name[64];
	_cleanup_(model_free) struct model *model = NULL;
	struct err err;

	memset(name, 'n', 63);
	name[63] = '\0';
	snprintf(yaml, sizeof(yaml), "groups: [ { name: %s } ]", name);
	cr_assert_eq(decode_text(yaml, &model, &err), 0, "%s", err.text);
	cr_assert_str_eq(model->groups[0].name, name);
}

Test(decode_model, leaves_what_the_caller_has_on_failure)
{
	struct model *untouched = (struct model *)&untouched, *model = untouched;
	struct err err;

	cr_assert_eq(
		decode_text("groups: [ { name: a }, { name: b, targets: [ { address: 10.0.0.1, "
			    "port: 80 } ], weight: 1 } ]",
			    &model, &err),
		-EINVAL);
	cr_assert_eq(model, untouched);
}

Test(decode_model, takes_ten_thousand_of_each_in_reverse_order)
{
	size_t size = 10000 * 200;
	_cleanup_free_ char *yaml = malloc(size);
	_cleanup_(model_free) struct model *model = NULL;
	struct err err;
	size_t used = (size_t)sprintf(yaml, "listeners:\n");

	for (int i = 9999; i >= 0; i--)
		used += (size_t)sprintf(yaml + used,
					"- { name: l%04d, address: 192.0.2.10, port: %d, "
					"group: g%04d }\n",
					i, i + 1, i);
	used += (size_t)sprintf(yaml + used, "groups:\n");
	for (int i = 9999; i >= 0; i--)
		used += (size_t)sprintf(yaml + used,
					"- { name: g%04d, targets: [ { address: 10.0.0.11, "
					"port: %d } ] }\n",
					i, i + 1);
	cr_assert_lt(used, size);
	cr_assert_eq(decode_text(yaml, &model, &err), 0, "%s", err.text);
	cr_assert_eq(model->listener_count, 10000);
	cr_assert_str_eq(model->listeners[123].name, "l0123");
	cr_assert_eq(model->groups[9999].targets[0].port, 10000);
}
