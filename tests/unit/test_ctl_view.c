// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ctl/view.c and ctl/targets.c: the daemon's objects as tables, blocks and lines of change. */
#include "ctl/view.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "capture.h"
#include "ctl/targets.h"

static struct capture capture;

static void open_capture(void)
{
	capture_open(&capture);
}

static void close_capture(void)
{
	capture_close(&capture);
}

TestSuite(view, .init = open_capture, .fini = close_capture);

static json_t *parse(const char *text)
{
	json_t *tree = json_loads(text, 0, NULL);

	cr_assert_not_null(tree);
	return tree;
}

Test(view, any_value_fits_on_one_line)
{
	static const struct {
		const char *json;
		const char *text;
	} cases[] = {
		{ "[\"web\"]", "web" },
		{ "[80]", "80" },
		{ "[0.5]", "0.5" },
		{ "[true]", "yes" },
		{ "[false]", "no" },
		{ "[null]", "-" },
		{ "[\"\"]", "-" },
		{ "[{}]", "-" },
		{ "[[]]", "-" },
		{ "[{\"blue\": 90, \"green\": 10}]", "blue=90,green=10" },
		{ "[[\"192.0.2.1\", \"fd00::1\"]]", "192.0.2.1,fd00::1" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		json_auto_t *array = parse(cases[i].json);
		_cleanup_free_ char *text = view_value(json_array_get(array, 0));

		cr_expect_str_eq(text, cases[i].text);
	}
}

Test(view, an_object_is_a_line_a_key_in_its_order)
{
	json_auto_t *object = parse("{\"name\": \"web\", \"fails_open\": false, \"targets\": [1],"
				    " \"packets\": 1234567, \"bytes\": 1048576, \"port\": 12345}");

	cr_assert_eq(view_object(object, "targets", &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "Name        web\n"
						 "Fails open  no\n"
						 "Packets     1.23M\n"
						 "Bytes       1.00MiB\n"
						 "Port        12345\n");
}

Test(view, a_list_is_a_row_an_object_and_missing_keys_are_dashes)
{
	static const struct view_column columns[] = {
		{ "NAME", "name", view_cell_value, false },
		{ "WEIGHT", "weight", view_cell_value, true },
		{ "PACKETS", "packets", view_cell_count, true },
	};
	json_auto_t *array = parse("[{\"name\": \"a\", \"weight\": 7, \"packets\": 99999},"
				   " {\"name\": \"b\"}]");

	cr_assert_eq(view_list(array, columns, 3, "nothing", &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "NAME  WEIGHT  PACKETS\n"
						 "a          7     100k\n"
						 "b          -        0\n");
}

Test(view, an_empty_list_says_what_there_is_none_of)
{
	json_auto_t *array = json_array();

	cr_assert_eq(view_list(array, NULL, 0, "no listeners", &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "no listeners\n");
}

Test(view, changes_are_a_line_each)
{
	json_auto_t *reply = parse(
		"{\"changes\": ["
		" {\"change\": \"add\", \"object\": \"target\", \"name\": \"web 10.0.0.11:8080\","
		"  \"detail\": \"\"},"
		" {\"change\": \"change\", \"object\": \"group\", \"name\": \"web\","
		"  \"detail\": \"interval 10s -> 5s\"},"
		" {\"change\": \"remove\", \"object\": \"listener\", \"name\": \"old\"},"
		" {\"change\": \"change\", \"object\": \"hash_secret\", \"name\": \"\"}]}");

	cr_assert_eq(view_changes(reply, &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "+ target web 10.0.0.11:8080\n"
						 "~ group web: interval 10s -> 5s\n"
						 "- listener old\n"
						 "~ hash_secret\n");
}

Test(view, no_change_is_said)
{
	json_auto_t *reply = parse("{\"changes\": []}");

	cr_assert_eq(view_changes(reply, &capture.output), 0);
	cr_expect_str_eq(capture_text(&capture), "no changes\n");
}

static const char targets[] =
	"[{\"group\": \"web\", \"address\": \"10.0.0.11\", \"port\": 8080, \"weight\": 1,"
	"  \"state\": \"healthy\", \"reason\": \"\", \"in_service\": true,"
	"  \"next_hop\": {\"state\": \"resolved\"}, \"packets\": 12345, \"flows\": 7,"
	"  \"tracked_flows\": 0},"
	" {\"group\": \"web\", \"address\": \"fd00::11\", \"port\": 80, \"weight\": 10,"
	"  \"state\": \"draining\", \"reason\": \"Target.DeregistrationInProgress\","
	"  \"in_service\": false, \"next_hop\": {\"state\": \"no_route\"}, \"packets\": 0,"
	"  \"flows\": 0, \"tracked_flows\": 12345, \"drain_seconds_left\": 290},"
	" {\"group\": \"web\", \"address\": \"10.0.0.12\", \"port\": 8080, \"weight\": 1,"
	"  \"state\": \"unhealthy.draining\", \"reason\": \"Target.Timeout\","
	"  \"in_service\": false, \"next_hop\": {\"state\": \"resolved\"}, \"packets\": 0,"
	"  \"flows\": 0, \"tracked_flows\": 3, \"drain_seconds_left\": 0},"
	" {\"group\": \"web\", \"address\": \"10.0.0.13\", \"port\": 8080, \"weight\": 1,"
	"  \"state\": \"unused\", \"reason\": \"Target.NotRegistered\","
	"  \"in_service\": false, \"next_hop\": {\"state\": \"resolved\"}, \"packets\": 0,"
	"  \"flows\": 0, \"tracked_flows\": 1}]";

Test(view, targets_show_endpoint_health_next_hop_and_what_is_left_of_the_drain)
{
	json_auto_t *array = parse(targets);

	cr_assert_eq(targets_print(array, true, &capture.output), 0);
	cr_expect_str_eq(
		capture_text(&capture),
		"GROUP  TARGET          WEIGHT  STATE               REASON                           "
		"IN SERVICE  NEXT HOP  PACKETS  FLOWS  TRACKED  DRAINED IN\n"
		"web    10.0.0.11:8080       1  healthy             -                                "
		"yes         resolved    12.3k      7        0           -\n"
		"web    [fd00::11]:80       10  draining            Target.DeregistrationInProgress  "
		"no          no_route        0      0    12.3k      4m 50s\n"
		"web    10.0.0.12:8080       1  unhealthy.draining  Target.Timeout                   "
		"no          resolved        0      0        3          0s\n"
		"web    10.0.0.13:8080       1  unused              Target.NotRegistered             "
		"no          resolved        0      0        1           -\n");
}

Test(view, targets_of_one_group_need_no_group_column)
{
	json_auto_t *array = parse(targets);

	cr_assert_eq(targets_print(array, false, &capture.output), 0);
	cr_expect_eq(strncmp(capture_text(&capture), "TARGET ", 7), 0);
}
