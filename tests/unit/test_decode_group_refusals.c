// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/decode_group.c and decode_target.c: what groups and their targets can get wrong. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/model.h"
#include "refusal.h"

Test(group_refusal, of_forwardings)
{
	static const struct refusal cases[] = {
		{ "snat", "forwarding snat is not available yet; use nat or ipip" },
		{ "l2dsr", "forwarding l2dsr is not available yet; use nat or ipip" },
		{ "gue", "forwarding gue is not available yet; use nat or ipip" },
		{ "geneve", "forwarding geneve is not available yet; use nat or ipip" },
		{ "dnat", "forwarding 'dnat' is unknown; use nat or ipip" },
		{ "''", "forwarding '' is unknown; use nat or ipip" },
		{ "[ nat ]", "forwarding must be nat or ipip, not a list" },
	};

	expect_refusals("groups:\n- name: web\n  forwarding: %s\n", "line 3: group 'web': ", cases,
			ARRAY_SIZE(cases));
}

Test(group_refusal, names_every_forwarding_there_is)
{
	char available[64] = "";

	for (enum forwarding i = FORWARDING_NONE + 1; i < FORWARDING_COUNT; i++) {
		strcat(available, *available ? " or " : "");
		strcat(available, forwarding_name(i));
	}
	cr_assert_str_eq(available, "nat or ipip");
}

Test(group_refusal, of_health_checks)
{
	static const struct refusal cases[] = {
		{ "protocol: http", "protocol http is not available yet; use tcp or none" },
		{ "protocol: https", "protocol https is not available yet; use tcp or none" },
		{ "protocol: udp", "protocol 'udp' is unknown; use tcp or none" },
		{ "protocol: ~", "protocol must be tcp or none, not null" },
		{ "port: 0", "port 0 is not in 1-65535" },
		{ "port: 65536", "port 65536 is not in 1-65535" },
		{ "port: traffic_port",
		  "port 'traffic_port' is not a port in 1-65535 or traffic-port" },
		{ "port: 80-90", "port '80-90' is not a port in 1-65535 or traffic-port" },
		{ "port: true", "port must be a port in 1-65535 or traffic-port, not true" },
		{ "interval: 99ms", "interval 99ms is not in 100ms-300000ms" },
		{ "interval: 301s", "interval 301s is not in 100ms-300s" },
		{ "interval: 301", "interval 301s is not in 100ms-300s" },
		{ "interval: 0", "interval 0s is not in 100ms-300s" },
		{ "interval: 6m", "interval 6m is not in 100ms-5m" },
		{ "interval: 1h", "interval 1h is not in 100ms-5m" },
		{ "timeout: 99ms", "timeout 99ms is not in 100ms-300000ms" },
		{ "timeout: 300001ms", "timeout 300001ms is not in 100ms-300000ms" },
		{ "interval: -5", "interval '-5' is not " DURATION_RULE },
		{ "interval: 1.5s", "interval '1.5s' is not " DURATION_RULE },
		{ "interval: 10 s", "interval '10 s' is not " DURATION_RULE },
		{ "interval: 10S", "interval '10S' is not " DURATION_RULE },
		{ "interval: 1d", "interval '1d' is not " DURATION_RULE },
		{ "interval: s", "interval 's' is not " DURATION_RULE },
		{ "interval: ''", "interval '' is not " DURATION_RULE },
		{ "interval: 99999999999999999999s",
		  "interval '99999999999999999999s' is not " DURATION_RULE },
		{ "interval: 9999999999999999999h",
		  "interval '9999999999999999999h' is not " DURATION_RULE },
		{ "interval: 0.5", "interval must be " DURATION_RULE ", not a fraction" },
		{ "interval: []", "interval must be " DURATION_RULE ", not a list" },
		{ "healthy_threshold: 0", "healthy_threshold 0 is not in 1-10" },
		{ "healthy_threshold: 11", "healthy_threshold 11 is not in 1-10" },
		{ "unhealthy_threshold: 0", "unhealthy_threshold 0 is not in 1-10" },
		{ "unhealthy_threshold: 11", "unhealthy_threshold 11 is not in 1-10" },
		{ "unhealthy_threshold: 257", "unhealthy_threshold 257 is not in 1-10" },
		{ "unhealthy_threshold: few",
		  "unhealthy_threshold 'few' is not a whole number in 1-10" },
	};

	expect_refusals("groups:\n- name: web\n  health_check:\n    %s\n",
			"line 4: group 'web': health_check: ", cases, ARRAY_SIZE(cases));
}

Test(group_refusal, of_deregistration_delays)
{
	static const struct refusal cases[] = {
		{ "3601s", "deregistration_delay 3601s is not in 0s-3600s" },
		{ "2h", "deregistration_delay 2h is not in 0h-1h" },
		{ "61m", "deregistration_delay 61m is not in 0m-60m" },
		{ "3600001ms", "deregistration_delay 3600001ms is not in 0ms-3600000ms" },
		{ "500ms", "deregistration_delay 500ms is not a whole number of seconds" },
		{ "soon", "deregistration_delay 'soon' is not " DURATION_RULE },
	};

	expect_refusals("groups:\n- name: web\n  deregistration_delay: %s\n",
			"line 3: group 'web': ", cases, ARRAY_SIZE(cases));
}

Test(group_refusal, of_idle_timeouts)
{
	static const struct refusal cases[] = {
		{ "59s", "idle_timeout 59s is not in 60s-6000s" },
		{ "59", "idle_timeout 59s is not in 60s-6000s" },
		{ "0", "idle_timeout 0s is not in 60s-6000s" },
		{ "6001s", "idle_timeout 6001s is not in 60s-6000s" },
		{ "101m", "idle_timeout 101m is not in 1m-100m" },
		{ "59999ms", "idle_timeout 59999ms is not in 60000ms-6000000ms" },
		{ "60500ms", "idle_timeout 60500ms is not a whole number of seconds" },
		{ "true", "idle_timeout must be " DURATION_RULE ", not true" },
	};

	expect_refusals("groups:\n- name: web\n  idle_timeout: %s\n",
			"line 3: group 'web': ", cases, ARRAY_SIZE(cases));
}

Test(group_refusal, of_unhealthy_draining_intervals)
{
	static const struct refusal cases[] = {
		{ "360001s", "unhealthy_draining_interval 360001s is not in 0s-360000s" },
		{ "101h", "unhealthy_draining_interval 101h is not in 0h-100h" },
		{ "-1", "unhealthy_draining_interval '-1' is not " DURATION_RULE },
		{ "1ms", "unhealthy_draining_interval 1ms is not a whole number of seconds" },
		{ "false", "unhealthy_draining_interval must be " DURATION_RULE ", not false" },
	};

	expect_refusals("groups:\n- name: web\n  unhealthy_draining_interval: %s\n",
			"line 3: group 'web': ", cases, ARRAY_SIZE(cases));
}

Test(group_refusal, of_slow_starts)
{
	static const struct refusal cases[] = {
		{ "901s", "slow_start 901s is not in 0s-900s" },
		{ "16m", "slow_start 16m is not in 0m-15m" },
		{ "-1s", "slow_start '-1s' is not " DURATION_RULE },
		{ "1500ms", "slow_start 1500ms is not a whole number of seconds" },
	};

	expect_refusals("groups:\n- name: web\n  slow_start: %s\n",
			"line 3: group 'web': ", cases, ARRAY_SIZE(cases));
}

Test(group_refusal, of_terminations)
{
	static const struct refusal cases[] = {
		{ "yes", "connection_termination 'yes' is not true or false" },
		{ "'true'", "connection_termination 'true' is not true or false" },
		{ "''", "connection_termination '' is not true or false" },
		{ "1", "connection_termination must be true or false, not a number" },
		{ "~", "connection_termination must be true or false, not null" },
		{ "[ true ]", "connection_termination must be true or false, not a list" },
	};

	expect_refusals("groups:\n- name: web\n  connection_termination: %s\n",
			"line 3: group 'web': ", cases, ARRAY_SIZE(cases));
	expect_refusals("groups:\n- name: web\n  unhealthy_connection_termination: %s\n",
			"line 3: group 'web': unhealthy_", cases, ARRAY_SIZE(cases));
}

Test(group_refusal, of_tunnel_sources)
{
	static const struct refusal cases[] = {
		{ "eth0", "tunnel_source 'eth0'" ADDRESS_RULE },
		{ "[ 10.0.0.1, 10.0.0.2 ]",
		  "tunnel_source has two IPv4 addresses; it takes one IPv4 and one IPv6 address" },
		{ "[ 'fd00::1', 'fd00::2', 10.0.0.1 ]",
		  "tunnel_source has two IPv6 addresses; it takes one IPv4 and one IPv6 address" },
		{ "'::'", "tunnel_source :: is the unspecified address" },
		{ "{ v4: 10.0.0.1 }",
		  "tunnel_source must be an address such as 192.0.2.10 or 2001:db8::10, not an object" },
	};

	expect_refusals("groups:\n- name: web\n  tunnel_source: %s\n",
			"line 3: group 'web': ", cases, ARRAY_SIZE(cases));
	expect_refusal(
		"groups:\n- name: web\n  tunnel_source:\n  - 10.0.0.1\n  - 1\n",
		"line 5: group 'web': tunnel_source must be an address such as 192.0.2.10 or "
		"2001:db8::10, not a number");
}

Test(group_refusal, of_targets)
{
	static const struct refusal cases[] = {
		{ "address: 10.0.0.11, port: 70000",
		  "target 10.0.0.11: port 70000 is not in 1-65535" },
		{ "address: 10.0.0.11, port: 0", "target 10.0.0.11: port 0 is not in 1-65535" },
		{ "address: 10.0.0.11, port: any",
		  "target 10.0.0.11: port 'any' is not a whole number in 1-65535" },
		{ "address: 'fd00::11', port: 80, weight: 1000",
		  "target [fd00::11]:80: weight 1000 is not in 0-999" },
		{ "address: 10.0.0.11, port: 80, weight: -1",
		  "target 10.0.0.11:80: weight -1 is not in 0-999" },
		{ "address: 10.0.0.11, port: 80, weight: 010",
		  "target 10.0.0.11:80: weight '010' is not a whole number in 0-999" },
		{ "address: 10.0.0.11, port: 80, weight: 65537",
		  "target 10.0.0.11:80: weight 65537 is not in 0-999" },
		{ "address: here, port: 80", "target here: address 'here'" ADDRESS_RULE },
		{ "address: 7, port: 80",
		  "target #1: address must be an address such as 192.0.2.10 or 2001:db8::10, not a number" },
	};

	expect_refusals("groups:\n- name: web\n  targets:\n  - { %s }\n",
			"line 4: group 'web': ", cases, ARRAY_SIZE(cases));
}
