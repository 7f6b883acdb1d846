// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ctl/status.c: the page an operator looks at first. */
#include "ctl/status.h"

#include <criterion/criterion.h>
#include <string.h>

#include "capture.h"

static struct capture capture;

static void open_capture(void)
{
	capture_open(&capture);
}

static void close_capture(void)
{
	capture_close(&capture);
}

TestSuite(status, .init = open_capture, .fini = close_capture);

static const char *print(const char *text)
{
	json_auto_t *status = json_loads(text, 0, NULL);

	cr_assert_not_null(status);
	cr_assert_eq(status_print(status, &capture.output), 0);
	return capture_text(&capture);
}

#define QUIET \
	"\"version\": \"1.0\", \"abi\": 1, \"uptime_s\": 61.7, \"listeners\": 1, \"groups\": 1," \
	"\"interfaces\": [{\"name\": \"eth0\", \"mode\": \"native\", \"why\": \"\"}]," \
	"\"targets\": {\"healthy\": 2, \"unhealthy\": 0}, \"fails_open\": []," \
	"\"packets_per_second\": {\"forwarded\": 0, \"replied\": 0, \"passed\": 0, \"dropped\": 0}"

Test(status, a_quiet_gateway_is_a_short_page)
{
	cr_expect_str_eq(print("{" QUIET ", \"reasons\": ["
			       "{\"reason\": \"not_ip\", \"action\": \"pass\", \"packets\": 12,"
			       " \"per_second\": 0, \"help\": \"x\"},"
			       "{\"reason\": \"too_big\", \"action\": \"drop\", \"packets\": 0,"
			       " \"per_second\": 0, \"help\": \"x\"}]}"),
			 "sluiced 1.0, up 1m 1s\n"
			 "\n"
			 "Interfaces  eth0 native\n"
			 "Listeners   1\n"
			 "Groups      1\n"
			 "Targets     2: 2 healthy\n"
			 "Packets/s   0 forwarded, 0 replied, 0 passed, 0 dropped\n");
}

Test(status, trouble_is_named_with_its_cause)
{
	cr_expect_str_eq(
		print("{\"version\": \"1.0\", \"abi\": 1, \"uptime_s\": 273912, \"listeners\": 2,"
		      "\"groups\": 3, \"interfaces\": ["
		      " {\"name\": \"eth0\", \"mode\": \"native\", \"why\": \"\"},"
		      " {\"name\": \"eth1\", \"mode\": \"generic\", \"why\": \"not supported\"}],"
		      "\"targets\": {\"healthy\": 1, \"unhealthy\": 2},"
		      "\"fails_open\": [\"api\", \"web\"],"
		      "\"packets_per_second\": {\"forwarded\": 12345.6, \"replied\": 4.4,"
		      " \"passed\": 0.01, \"dropped\": 0.5},"
		      "\"reasons\": ["
		      " {\"reason\": \"forwarded\", \"action\": \"forward\","
		      "  \"packets\": 123456789, \"per_second\": 12345.6, \"help\": \"Normal.\"},"
		      " {\"reason\": \"no_target\", \"action\": \"drop\", \"packets\": 120,"
		      "  \"per_second\": 0.5, \"help\": \"The listener has no target.\"},"
		      " {\"reason\": \"too_big\", \"action\": \"drop\", \"packets\": 3,"
		      "  \"per_second\": 0, \"help\": \"Raise the MTU.\"}]}"),
		"sluiced 1.0, up 3d 4h\n"
		"\n"
		"Interfaces  eth0 native\n"
		"            eth1 generic: not supported\n"
		"Listeners   2\n"
		"Groups      3\n"
		"Targets     3: 1 healthy, 2 unhealthy\n"
		"Fails open  api,web (no target is healthy, so all of them get traffic)\n"
		"Packets/s   12.3k forwarded, 4.4 replied, <0.1 passed, 0.5 dropped\n"
		"\n"
		"REASON     ACTION   PACKETS  PER SECOND\n"
		"forwarded  forward     123M       12.3k\n"
		"no_target  drop         120         0.5\n"
		"    The listener has no target.\n"
		"too_big    drop           3           0\n"
		"    Raise the MTU.\n");
}

Test(status, what_is_ill_is_coloured_by_the_worst)
{
	capture.output.colour = true;
	print("{\"interfaces\": [{\"name\": \"eth0\", \"mode\": \"generic\"}],"
	      "\"targets\": {\"unhealthy\": 1, \"initial\": 1}, \"fails_open\": [\"web\"]}");
	cr_expect_not_null(strstr(capture.text, "\033[33meth0 generic\033[0m"));
	cr_expect_not_null(strstr(capture.text, "\033[31m2: 1 unhealthy, 1 initial\033[0m"));
	cr_expect_not_null(strstr(capture.text, "\033[31mweb (no target"));
}

Test(status, without_anything_it_still_prints)
{
	cr_expect_str_eq(print("{}"), "sluiced -, up 0s\n"
				      "\n"
				      "Interfaces  none\n"
				      "Listeners   0\n"
				      "Groups      0\n"
				      "Targets     0\n"
				      "Packets/s   0 forwarded, 0 replied, 0 passed, 0 dropped\n");
}

/* The line of this status that begins with this label, "" if there is none. */
static const char *line_of(const char *status, const char *label)
{
	static char line[256];
	const char *start;

	close_capture();
	open_capture();
	start = strstr(print(status), label);
	line[0] = '\0';
	if (start)
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(start, "\n"), start);
	return line;
}

Test(status, transitions_are_there_while_they_last)
{
	static const struct {
		const char *slots, *line;
	} rows[] = {
		{ "{\"stable\": 128, \"learning\": 0, \"tracking\": 0}", "" },
		{ "{\"stable\": 125, \"learning\": 3, \"tracking\": 0}",
		  "Transition  3 of 128 slots learning" },
		{ "{\"stable\": 0, \"learning\": 0, \"tracking\": 128}",
		  "Transition  128 of 128 slots tracking" },
		{ "{\"stable\": 120, \"learning\": 3, \"tracking\": 5}",
		  "Transition  3 of 128 slots learning, 5 tracking" },
	};
	char status[1024];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(status, sizeof(status), "{" QUIET ", \"slots\": %s}", rows[i].slots);
		cr_expect_str_eq(line_of(status, "Transition"), rows[i].line);
	}
}

Test(status, the_flow_table_is_there_while_it_holds_anything)
{
	cr_expect_str_eq(line_of("{" QUIET ", \"flow_table\": {\"capacity\": 2097152,"
				 " \"embryonic\": 0, \"adopted\": 0, \"established\": 0,"
				 " \"direct\": 0}}", "Flow table"), "");
	cr_expect_str_eq(line_of("{" QUIET ", \"flow_table\": {\"capacity\": 2097152,"
				 " \"embryonic\": 80, \"adopted\": 0, \"established\": 12345,"
				 " \"direct\": 20}}", "Flow table"),
			 "Flow table  12.4k of 2.10M: 12.3k established, 80 embryonic, 20 direct");
}
