// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "place.h"

static const char *const end_names[TALK_ENDS] = {
	[TALK_RESET] = "reset",
	[TALK_CLOSED] = "closed",
	[TALK_WRONG] = "wrong",
	[TALK_SILENT] = "silent",
};

static const char *server_name(const struct servers *servers, unsigned server)
{
	return server ? servers->name[server - 1] : "nobody";
}

static uint16_t source_port(const struct talk *talk)
{
	struct sockaddr_in6 sa = { 0 };
	socklen_t length = sizeof(sa);

	getsockname(talk->fd, (struct sockaddr *)&sa, &length);
	return ntohs(sa.sin6_port); /* at the same place in IPv4 */
}

/* The beginning of a line: which flow. False if there were enough lines. */
static bool begin_line(struct report *report, const struct talk *talk, const char *what,
		       uint32_t number, const struct servers *servers, unsigned server)
{
	char place[ENDPOINT_TEXT_SIZE], clock[16];
	struct timespec now;
	struct tm tm;

	if (report->lines++ >= LINES_MAX)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(clock, sizeof(clock), "%T", &tm);
	printf("%s.%03ld %s%s %u port %u > %s on %s: ", clock, now.tv_nsec / 1000000, what,
	       place_protocol(talk->place), number, source_port(talk),
	       endpoint_format(&talk->place->addr, talk->place->port, place),
	       server_name(servers, server));
	return true;
}

void report_move(struct report *report, const struct talk *talk, uint32_t number,
		 const struct servers *servers, unsigned before)
{
	report->moved++;
	if (begin_line(report, talk, "", number, servers, before))
		printf("moved to %s\n", server_name(servers, talk->server));
}

static void end_line(struct report *report, const struct talk *talk, const char *what,
		     uint32_t number, const struct servers *servers, enum talk_end end,
		     uint64_t now)
{
	if (!begin_line(report, talk, what, number, servers, talk->server))
		return;
	printf("%s %.1f s after its begin", end_names[end], (double)(now - talk->opened_ms) / 1e3);
	if (talk->answered)
		printf(", %.1f s after its last answer", (double)(now - talk->answered_ms) / 1e3);
	printf("\n");
}

void report_end(struct report *report, const struct talk *talk, uint32_t number,
		const struct servers *servers, enum talk_end end, uint64_t now)
{
	report->ends[end]++;
	end_line(report, talk, "", number, servers, end, now);
}

void report_fresh_end(struct report *report, const struct talk *talk, uint32_t number,
		      const struct servers *servers, enum talk_end end, uint64_t now)
{
	report->fresh_failed++;
	end_line(report, talk, "fresh ", number, servers, end, now);
}

static void print_on(const struct talk *talks, unsigned count, const struct servers *servers,
		     FILE *out)
{
	unsigned on[SERVERS_MAX + 1][2] = { 0 };
	const char *comma = "";

	for (unsigned i = 0; i < count; i++)
		if (talks[i].fd >= 0)
			on[talks[i].server][talks[i].place->protocol == IPPROTO_UDP]++;
	for (unsigned i = 1; i <= servers->count; i++) {
		if (!on[i][0] && !on[i][1])
			continue;
		fprintf(out, "%s\"%s\":{\"tcp\":%u,\"udp\":%u}", comma, server_name(servers, i),
			on[i][0], on[i][1]);
		comma = ",";
	}
}

void report_print(const struct report *report, const struct talk *talks, unsigned count,
		  const struct servers *servers, FILE *out)
{
	unsigned alive = 0;

	for (unsigned i = 0; i < count; i++)
		alive += talks[i].fd >= 0 && talks[i].answered;
	fprintf(out, "{\"opened\":%u,\"alive\":%u,\"moved\":%u", report->opened, alive,
		report->moved);
	for (int end = TALK_RESET; end < TALK_ENDS; end++)
		fprintf(out, ",\"%s\":%u", end_names[end], report->ends[end]);
	fprintf(out, ",\"fresh\":%u,\"fresh_failed\":%u,\"on\":{", report->fresh,
		report->fresh_failed);
	print_on(talks, count, servers, out);
	fprintf(out, "}}\n");
}

int report_write(const struct report *report, const struct talk *talks, unsigned count,
		 const struct servers *servers, const char *path)
{
	char temporary[4096];
	FILE *out;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	out = fopen(temporary, "we");
	if (!out)
		return -errno;
	report_print(report, talks, count, servers, out);
	if (fclose(out) || rename(temporary, path))
		return -errno;
	return 0;
}
