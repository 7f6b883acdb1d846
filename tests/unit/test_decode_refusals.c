// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* model/decode*.c: what a configuration file as a whole and its listeners can get wrong. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "decode_text.h"
#include "model/decode.h"
#include "model/model.h"
#include "refusal.h"

Test(refusal, of_keys_and_shapes)
{
	static const struct refusal cases[] = {
		{ "- a\n",
		  "expected an object with the keys hash_secret, listeners, groups, not a list" },
		{ "80\n",
		  "expected an object with the keys hash_secret, listeners, groups, not a number" },
		{ "listeners: []\nlisteneers: []\n",
		  "line 2: unknown key 'listeneers'; the keys are hash_secret, listeners, groups" },
		{ "'': 1\n",
		  "line 1: unknown key ''; the keys are hash_secret, listeners, groups" },
		{ "\"a\\nb\\e[1mgr\\u00fcn\": 1\n",
		  "line 1: unknown key 'a?b?[1mgr?n'; the keys are "
		  "hash_secret, listeners, groups" },
		{ "listeners: { name: a }\n", "line 1: listeners must be a list, not an object" },
		{ "\ngroups:\n", "line 2: groups must be a list, not null" },
		{ "groups: none\n", "line 1: groups must be a list, not a string" },
		{ "listeners:\n- web\n",
		  "line 2: listener #1: expected an object with the keys " LISTENER_KEYS
		  ", not a string" },
		{ "groups:\n- name: a\n- 1.5\n",
		  "line 3: group #2: expected an object with the keys " GROUP_KEYS
		  ", not a fraction" },
		{ "groups:\n- name: a\n-\n",
		  "line 3: group #2: expected an object with the keys " GROUP_KEYS ", not null" },
		{ "listeners:\n- name: web\n  adress: 192.0.2.10\n",
		  "line 3: listener 'web': unknown key 'adress'; the keys are " LISTENER_KEYS },
		{ "groups:\n- name: web\n  weight: 1\n",
		  "line 3: group 'web': unknown key 'weight'; the keys are " GROUP_KEYS },
		{ "groups:\n- name: web\n  health_check:\n    intervall: 1s\n",
		  "line 4: group 'web': health_check: unknown key 'intervall'; the keys are " CHECK_KEYS },
		{ "groups:\n- name: web\n  health_check: tcp\n",
		  "line 3: group 'web': health_check: expected an object with the keys " CHECK_KEYS
		  ", not a string" },
		{ "groups:\n- name: web\n  targets:\n",
		  "line 3: group 'web': targets must be a list, not null" },
		{ "groups:\n- name: web\n  targets:\n  - 10.0.0.11:80\n",
		  "line 4: group 'web': target #1: expected an object with the keys address, port, weight, "
		  "not a string" },
		{ "groups:\n- name: web\n  targets:\n  - address: 10.0.0.11\n    port: 80\n    wait: 1\n",
		  "line 6: group 'web': target 10.0.0.11:80: unknown key 'wait'; the keys are address, port, "
		  "weight" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_refusal(cases[i].yaml, cases[i].sentence);
}

Test(refusal, of_missing_keys)
{
	static const struct refusal cases[] = {
		{ "listeners:\n- {}\n", "line 2: listener #1: the key 'name' is missing" },
		{ "listeners:\n- { name: web }\n",
		  "line 2: listener 'web': the key 'address' is missing" },
		{ "listeners:\n- { name: web, address: 192.0.2.10 }\n",
		  "line 2: listener 'web': the key 'port' is missing" },
		{ "listeners:\n- name: web\n  address: 192.0.2.10\n  port: 80\n",
		  "line 2: listener 'web': the key 'group' (or 'groups') is missing" },
		{ "groups:\n- forwarding: nat\n", "line 2: group #1: the key 'name' is missing" },
		{ "groups:\n- name: web\n  targets:\n  - port: 80\n",
		  "line 4: group 'web': target #1: the key 'address' is missing" },
		{ "groups:\n- name: web\n  targets:\n  - address: fd00::11\n",
		  "line 4: group 'web': target fd00::11: the key 'port' is missing" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_refusal(cases[i].yaml, cases[i].sentence);
}

Test(refusal, of_what_is_there_twice)
{
	static const struct refusal cases[] = {
		{ "listeners:\n"
		  "- { name: web, address: 192.0.2.10, port: 80, group: a }\n"
		  "- { name: alt, address: 192.0.2.10, port: 81, group: a }\n"
		  "- { name: web, address: 192.0.2.11, port: 82, group: a }\n",
		  "line 4: listener 'web' is there twice; the first is in line 2" },
		{ "groups:\n- name: b\n- name: a\n- name: b\n",
		  "line 4: group 'b' is there twice; the first is in line 2" },
		{ "groups:\n- name: a\n  targets:\n"
		  "  - { address: 10.0.0.11, port: 80 }\n"
		  "  - { address: 10.0.0.11, port: 81 }\n"
		  "  - { address: 10.0.0.11, port: 80, weight: 5 }\n",
		  "line 6: group 'a': target 10.0.0.11:80 is there twice; the first is in line 4" },
		{ "groups:\n- name: a\n  targets:\n"
		  "  - { address: 'fd00:0::11', port: 80 }\n"
		  "  - { address: 'fd00::0011', port: 80 }\n",
		  "line 5: group 'a': target [fd00::11]:80 is there twice; the first is in line 4" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_refusal(cases[i].yaml, cases[i].sentence);
}

Test(refusal, of_names)
{
	static const struct refusal cases[] = {
		{ "80", "group #1: name must be a string, not a number" },
		{ "[ a ]", "group #1: name must be a string, not a list" },
		{ "true", "group #1: name must be a string, not true" },
		{ "", "group #1: name must be a string, not null" },
		{ "''", "group #1: name ''" NAME_RULE },
		{ "a b", "group 'a b': name 'a b'" NAME_RULE },
		{ "-a", "group '-a': name '-a'" NAME_RULE },
		{ ".a", "group '.a': name '.a'" NAME_RULE },
		{ "a/b", "group 'a/b': name 'a/b'" NAME_RULE },
		{ "gr\xc3\xbc"
		  "n",
		  "group 'gr?n': name 'gr?n'" NAME_RULE },
		{ N63 "n", "group '" N63 "n': name '" N63 "n'" NAME_RULE },
		{ N63 "nn", "group '" N63 "n...': name '" N63 "n...'" NAME_RULE },
	};

	expect_refusals("groups:\n- name: %s\n", "line 2: ", cases, ARRAY_SIZE(cases));
}

Test(refusal, of_addresses)
{
	static const struct refusal cases[] = {
		{ "10.0.0.300", "address '10.0.0.300'" ADDRESS_RULE },
		{ "10.0.0", "address '10.0.0'" ADDRESS_RULE },
		{ "10.0.0.1/24", "address '10.0.0.1/24'" ADDRESS_RULE },
		{ "10.0.0.1:80", "address '10.0.0.1:80'" ADDRESS_RULE },
		{ "2001:db8:::1", "address '2001:db8:::1'" ADDRESS_RULE },
		{ "fe80::1%eth0", "address 'fe80::1%eth0'" ADDRESS_RULE },
		{ "example.com", "address 'example.com'" ADDRESS_RULE },
		{ "''", "address ''" ADDRESS_RULE },
		{ N63 N63, "address '" N63 "n...'" ADDRESS_RULE },
		{ "10",
		  "address must be an address such as 192.0.2.10 or 2001:db8::10, not a number" },
		{ "1.5",
		  "address must be an address such as 192.0.2.10 or 2001:db8::10, not a fraction" },
		{ "{}",
		  "address must be an address such as 192.0.2.10 or 2001:db8::10, not an object" },
	};

	expect_refusals("listeners:\n- name: web\n  address: %s\n",
			"line 3: listener 'web': ", cases, ARRAY_SIZE(cases));
}

Test(refusal, of_listener_ports)
{
	static const struct refusal cases[] = {
		{ "0", "port 0 is not in 1-65535" },
		{ "65536", "port 65536 is not in 1-65535" },
		{ "-80", "port -80 is not in 1-65535" },
		{ "18446744073709551617", "port '18446744073709551617'" PORT_RULE },
		{ "080", "port '080'" PORT_RULE },
		{ "http", "port 'http'" PORT_RULE },
		{ "ANY", "port 'ANY'" PORT_RULE },
		{ "''", "port ''" PORT_RULE },
		{ "0-80", "port '0-80'" PORT_RULE },
		{ "80-65536", "port '80-65536'" PORT_RULE },
		{ "80-", "port '80-'" PORT_RULE },
		{ "'-80'", "port '-80'" PORT_RULE },
		{ "80-90-100", "port '80-90-100'" PORT_RULE },
		{ "80 - 90", "port '80 - 90'" PORT_RULE },
		{ "any-80", "port 'any-80'" PORT_RULE },
		{ "80,81", "port '80,81'" PORT_RULE },
		{ "90-80", "port range 90-80 ends before it begins" },
		{ "1.5",
		  "port must be a port in 1-65535, a range such as 8000-8100 or any, not a fraction" },
		{ "[ 80, 81 ]",
		  "port must be a port in 1-65535, a range such as 8000-8100 or any, not a list" },
	};

	expect_refusals("listeners:\n- name: web\n  port: %s\n", "line 3: listener 'web': ", cases,
			ARRAY_SIZE(cases));
}

Test(refusal, of_protocols)
{
	static const struct refusal cases[] = {
		{ "sctp", "protocol 'sctp' is unknown; use tcp or udp" },
		{ "TCP", "protocol 'TCP' is unknown; use tcp or udp" },
		{ "6", "protocol must be tcp or udp, not a number" },
	};

	expect_refusals("listeners:\n- name: web\n  protocol: %s\n",
			"line 3: listener 'web': ", cases, ARRAY_SIZE(cases));
}

Test(refusal, of_affinities)
{
	static const struct refusal cases[] = {
		{ "sticky", "affinity 'sticky' is unknown; use auto, tracked or hash" },
		{ "Auto", "affinity 'Auto' is unknown; use auto, tracked or hash" },
		{ "''", "affinity '' is unknown; use auto, tracked or hash" },
		{ "true", "affinity must be auto, tracked or hash, not true" },
		{ "~", "affinity must be auto, tracked or hash, not null" },
	};

	expect_refusals("listeners:\n- name: web\n  affinity: %s\n",
			"line 3: listener 'web': ", cases, ARRAY_SIZE(cases));
}

Test(refusal, names_every_affinity_there_is)
{
	char available[64] = "";

	for (enum affinity i = AFFINITY_AUTO; i < AFFINITY_COUNT; i++) {
		strcat(available, i == AFFINITY_AUTO ? "" : i < AFFINITY_COUNT - 1 ? ", " : " or ");
		strcat(available, affinity_name(i));
	}
	cr_assert_str_eq(available, "auto, tracked or hash");
}

Test(refusal, of_routings)
{
	static const struct refusal cases[] = {
		{ "group: a, groups: { a: 1 }",
		  "group and groups exclude each other: give one of them" },
		{ "group: [ a ]", "group must be a string, not a list" },
		{ "group: 'a b'", "group 'a b'" NAME_RULE },
		{ "groups: a",
		  "groups must be an object such as { blue: 90, green: 10 }, not a string" },
		{ "groups: [ a ]",
		  "groups must be an object such as { blue: 90, green: 10 }, not a list" },
		{ "groups: {}", "groups must name 1-8 groups, not 0" },
		{ "groups: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1 }",
		  "groups must name 1-8 groups, not 9" },
		{ "groups: { 'a b': 1 }", "group 'a b'" NAME_RULE },
		{ "groups: { a: 1000 }", "group 'a': weight 1000 is not in 0-999" },
		{ "groups: { a: -1 }", "group 'a': weight -1 is not in 0-999" },
		{ "groups: { a: all }", "group 'a': weight 'all' is not a whole number in 0-999" },
		{ "groups: { a: 0.5 }",
		  "group 'a': weight must be a whole number in 0-999, not a fraction" },
		{ "groups: { a: }", "group 'a': weight must be a whole number in 0-999, not null" },
	};

	expect_refusals("listeners:\n- { name: web, address: 192.0.2.10, port: 80, %s }\n",
			"line 2: listener 'web': ", cases, ARRAY_SIZE(cases));
	expect_refusal("listeners:\n- name: web\n  groups:\n    a: 1\n    b: 1000\n",
		       "line 5: listener 'web': group 'b': weight 1000 is not in 0-999");
}

Test(refusal, of_secrets_does_not_show_them)
{
	static const struct refusal cases[] = {
		{ "secret", "hash_secret must be 32 hexadecimal digits" },
		{ "0123456789abcdef0123456789abcde", "hash_secret must be 32 hexadecimal digits" },
		{ "0123456789abcdef0123456789abcdef0",
		  "hash_secret must be 32 hexadecimal digits" },
		{ "0123456789abcdef0123456789abcdeg", "hash_secret must be 32 hexadecimal digits" },
		{ "'00000000000000000000000000000000'", "hash_secret must not be all zeros" },
		{ "12", "hash_secret must be 32 hexadecimal digits in quotes, not a number" },
		{ "1234567890123456789012345678e100",
		  "hash_secret must be 32 hexadecimal digits in quotes, not a fraction" },
	};

	expect_refusals("hash_secret: %s\n", "line 1: ", cases, ARRAY_SIZE(cases));
}

Test(refusal, without_lines_names_the_object_alone)
{
	static const struct refusal cases[] = {
		{ "{\"port\": 80}",
		  "unknown key 'port'; the keys are hash_secret, listeners, groups" },
		{ "{\"groups\": [{\"name\": \"web\", \"targets\": [{\"address\": \"10.0.0.11\", \"port\": 0}]}]}",
		  "group 'web': target 10.0.0.11: port 0 is not in 1-65535" },
		{ "{\"groups\": [{\"name\": \"web\"}, {\"name\": \"web\"}]}",
		  "group 'web' is there twice" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_auto_t *tree = json_loads(cases[i].yaml, 0, NULL);
		struct model *model = NULL;
		struct err err;

		cr_expect_eq(decode_model(tree, NULL, &model, &err), -EINVAL);
		cr_expect_str_eq(err.text, cases[i].sentence);
	}
}

Test(refusal, needs_no_err)
{
	struct model *model = NULL;

	cr_assert_eq(
		decode_text("groups:\n- name: web\n  health_check: { port: 0 }\n", &model, NULL),
		-EINVAL);
}
