// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sluiced: the command line of the daemon. */
#include <ctype.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "control/daemon.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, INTERFACES_MAX = 64 };

static const char usage[] =
	"usage: sluiced --interface IF[,IF...] [OPTION...]\n"
	"\n"
	"  --interface IF[,IF...]   interfaces that get the XDP program; packets leave only by these\n"
	"  --config FILE            apply this configuration at start\n"
	"  --xdp-mode MODE          auto (default), native or generic\n"
	"  --state-dir DIR          default /var/lib/sluice\n"
	"  --socket PATH            default /run/sluice/sluice.sock\n"
	"  --metrics ADDR:PORT      serve /metrics and read-only status there too\n"
	"  --pin-dir DIR            default /sys/fs/bpf/sluice\n"
	"  --flow-buckets N         size of the flow table, 64 bytes each; default 262144\n"
	"  --replace                start with new tables beside those of another version or size\n"
	"  --log-level LEVEL        error, warning, info (default) or debug\n"
	"  --check                  only check the file of --config, then exit\n"
	"  --version, --help\n";

struct command_line {
	struct daemon_options daemon;
	const char *interfaces[INTERFACES_MAX];
	bool check;
};

static int wrong_usage(const char *format, const char *what)
{
	fprintf(stderr, "sluiced: ");
	fprintf(stderr, format, what);
	fprintf(stderr, "; try sluiced --help\n");
	return EXIT_USAGE;
}

static int parse_mode(const char *text, enum xdp_mode *mode)
{
	static const char *const names[] = {
		[XDP_MODE_AUTO] = "auto",
		[XDP_MODE_NATIVE] = "native",
		[XDP_MODE_GENERIC] = "generic",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i])) {
			*mode = i;
			return 0;
		}
	}
	return wrong_usage("--xdp-mode '%s' is not auto, native or generic", text);
}

static int parse_buckets(const char *text, uint32_t *buckets)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	_Static_assert(FLOW_BUCKETS_MIN == 1024 && FLOW_BUCKETS_MAX == 16777216, "the sentence");
	if (!isdigit((unsigned char)*text) || *end || number < FLOW_BUCKETS_MIN ||
	    number > FLOW_BUCKETS_MAX || number & (number - 1))
		return wrong_usage("--flow-buckets '%s' is not a power of two from 1024 to 16777216",
				   text);
	*buckets = (uint32_t)number;
	return 0;
}

/* Cuts list into names in place. */
static int split_interfaces(struct command_line *line, char *list)
{
	struct dataplane_options *dataplane = &line->daemon.dataplane;
	char *rest = list, *name;

	dataplane->interfaces = line->interfaces;
	while ((name = strsep(&rest, ","))) {
		if (!*name)
			return wrong_usage("--interface: an empty name%s", "");
		if (dataplane->interface_count == INTERFACES_MAX)
			return wrong_usage("--interface '%s': too many", name);
		line->interfaces[dataplane->interface_count++] = name;
	}
	return 0;
}

static int parse_option(struct command_line *line, int option, char *value)
{
	enum log_level level;

	switch (option) {
	case 'i':
		return split_interfaces(line, value);
	case 'x':
		return parse_mode(value, &line->daemon.dataplane.mode);
	case 'c':
		line->daemon.config_path = value;
		return 0;
	case 's':
		line->daemon.state_dir = value;
		return 0;
	case 'S':
		line->daemon.socket_path = value;
		return 0;
	case 'm':
		line->daemon.metrics_address = value;
		return 0;
	case 'p':
		line->daemon.dataplane.pin_dir = value;
		return 0;
	case 'b':
		return parse_buckets(value, &line->daemon.dataplane.flow_buckets);
	case 'r':
		line->daemon.dataplane.replace = true;
		return 0;
	case 'k':
		line->check = true;
		return 0;
	case 'l':
		if (!log_level_parse(value, &level))
			return wrong_usage("--log-level '%s' is not error, warning, info or debug",
					   value);
		log_set_level(level);
		return 0;
	default:
		return EXIT_USAGE;
	}
}

static const struct option options[] = {
	{ "interface", required_argument, NULL, 'i' },
	{ "config", required_argument, NULL, 'c' },
	{ "xdp-mode", required_argument, NULL, 'x' },
	{ "state-dir", required_argument, NULL, 's' },
	{ "socket", required_argument, NULL, 'S' },
	{ "metrics", required_argument, NULL, 'm' },
	{ "pin-dir", required_argument, NULL, 'p' },
	{ "log-level", required_argument, NULL, 'l' },
	{ "flow-buckets", required_argument, NULL, 'b' },
	{ "replace", no_argument, NULL, 'r' },
	{ "check", no_argument, NULL, 'k' },
	{ "version", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int parse_command_line(int argc, char **argv, struct command_line *line)
{
	int option, r = 0;

	while (!r && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h' || option == 'v') {
			fputs(option == 'h' ? usage : "sluiced " SLUICE_VERSION "\n", stdout);
			exit(EXIT_SUCCESS);
		}
		r = parse_option(line, option, optarg);
	}
	if (!r && optind < argc)
		r = wrong_usage("unexpected argument '%s'", argv[optind]);
	if (!r && line->check && !line->daemon.config_path)
		r = wrong_usage("--check needs --config FILE%s", "");
	if (!r && !line->check && !line->daemon.dataplane.interface_count)
		r = wrong_usage("--interface is missing%s", "");
	return r;
}

int main(int argc, char **argv)
{
	struct command_line line = {
		.daemon = {
			.dataplane.pin_dir = "/sys/fs/bpf/sluice",
			.state_dir = "/var/lib/sluice",
			.socket_path = "/run/sluice/sluice.sock",
		},
	};
	struct err err = { 0 };
	int r = parse_command_line(argc, argv, &line);

	if (r)
		return r;
	if (line.check)
		r = daemon_check(line.daemon.config_path, &err);
	else
		r = daemon_run(&line.daemon, &err);
	if (r)
		fprintf(stderr, "sluiced: %s\n", err.text);
	else if (line.check)
		printf("%s is valid\n", line.daemon.config_path);
	return r ? EXIT_REFUSED : EXIT_SUCCESS;
}
