// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Flows through a load balancer, thousands of them, and who answers them:
 *
 *     flows serve NAME PORT...               answers with its name, over TCP and UDP
 *     flows hold [OPTION...] PLACE...        holds flows open and says which moved or broke
 *     flows ask [OPTION...] PLACE...         says who answers
 *
 * PLACE is tcp:192.0.2.10:80 or udp:[2001:db8::10]:53. Options: --tcp N and --udp N flows, --over
 * SECONDS to open them one after the other, --port N for the source ports N, N + 1, ..., --fresh N
 * short ones a second, --quiet SECONDS for every eighth flow to speak only so often (else each
 * speaks every second), --seconds N, --status FILE for the summary so far.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "hold.h"
#include "serve.h"

enum { PLACES_MAX = 32, PORTS_MAX = 256, EXIT_USAGE = 2 };

static int usage(void)
{
	fprintf(stderr, "usage: flows serve NAME PORT... | hold|ask [OPTION...] PLACE...\n");
	return EXIT_USAGE;
}

static int complain(const struct err *err)
{
	fprintf(stderr, "flows: %s\n", err->text);
	return EXIT_FAILURE;
}

static int run_serve(int count, char **words)
{
	uint16_t ports[PORTS_MAX];
	struct err err = { 0 };
	uint64_t port;

	if (count < 2 || count - 1 > PORTS_MAX)
		return usage();
	for (int i = 1; i < count; i++) {
		if (number_parse(words[i], "port", 1, UINT16_MAX, &port, &err))
			return complain(&err);
		ports[i - 1] = (uint16_t)port;
	}
	serve(words[0], ports, (size_t)count - 1, &err);
	return complain(&err);
}

/* False: an option that there is not. */
static bool parse_options(int argc, char **argv, struct hold_options *options)
{
	unsigned *const numbers[] = { &options->tcp,	 &options->udp,	   &options->fresh,
				      &options->quiet_s, &options->over_s, &options->port,
				      &options->seconds };
	static const struct option names[] = {
		{ "tcp", required_argument, NULL, 0 },
		{ "udp", required_argument, NULL, 1 },
		{ "fresh", required_argument, NULL, 2 },
		{ "quiet", required_argument, NULL, 3 },
		{ "over", required_argument, NULL, 4 },
		{ "port", required_argument, NULL, 5 },
		{ "seconds", required_argument, NULL, 6 },
		{ "status", required_argument, NULL, 7 },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		if (option == 7)
			options->status = optarg;
		else if (option < (int)ARRAY_SIZE(numbers))
			*numbers[option] = (unsigned)strtoul(optarg, NULL, 10);
		else
			return false;
	}
	return true;
}

static int run_client(int argc, char **argv)
{
	bool asks = !strcmp(argv[0], "ask");
	struct hold_options options = { 0 };
	struct place places[PLACES_MAX];
	struct err err = { 0 };

	if (!parse_options(argc, argv, &options) || optind == argc)
		return usage();
	for (; optind < argc && options.place_count < PLACES_MAX; optind++)
		if (place_parse(argv[optind], &places[options.place_count++], &err))
			return complain(&err);
	options.places = places;
	return (asks ? ask : hold)(&options, &err) ? complain(&err) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct rlimit files;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (argc > 2 && !strcmp(argv[1], "serve"))
		return run_serve(argc - 2, argv + 2);
	if (argc > 2 && (!strcmp(argv[1], "hold") || !strcmp(argv[1], "ask")))
		return run_client(argc - 1, argv + 1);
	return usage();
}
