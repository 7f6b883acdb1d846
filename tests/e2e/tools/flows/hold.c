// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One process with one epoll. Every TICK_MS a part of the flows speaks, so that in a second each of
 * them has spoken, and they do not speak all at once.
 */
#include "hold.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "report.h"
#include "talk.h"

enum {
	TICK_MS = 10,
	ROUND_TICKS = 1000 / TICK_MS,
	OPENED_A_TICK = 20,
	PATIENCE_MS = 20000, /* after which a flow that gets no answer is over */
	STATUS_TICKS = 25,
	QUIET_SHARE = 8, /* each eighth flow */
	FRESH_MAX = 256,
	/* Their TCP connections come from few ports, so that 5-tuples are used again and again. */
	FRESH_PORT = 10000,
	EVENTS_MAX = 256,
};

struct hold {
	const struct hold_options *options;
	int epoll;
	unsigned count, opening; /* flows to hold; those below opening have been opened */
	unsigned next_turn, next_fresh;
	uint64_t tick;
	uint64_t last_round_ms; /* when it began; 0: not yet */
	struct report report;
	struct servers servers;
	struct talk fresh[FRESH_MAX];
	struct talk talks[];
};

static volatile sig_atomic_t is_over;

static void end_it(int signal)
{
	(void)signal;
	is_over = 1;
}

static bool is_fresh(const struct hold *hold, const struct talk *talk)
{
	return talk >= hold->fresh && talk < hold->fresh + FRESH_MAX;
}

static uint32_t number_of(const struct hold *hold, const struct talk *talk)
{
	return (uint32_t)(talk - (is_fresh(hold, talk) ? hold->fresh : hold->talks));
}

/* A TCP connection asks as soon as it is there. */
static int watch(const struct hold *hold, struct talk *talk, int operation, bool is_connecting)
{
	struct epoll_event event = { .events = EPOLLIN | (is_connecting ? EPOLLOUT : 0),
				     .data.ptr = talk };

	return epoll_ctl(hold->epoll, operation, talk->fd, &event) ? -errno : 0;
}

static void end_talk(struct hold *hold, struct talk *talk, enum talk_end end, uint64_t now)
{
	if (is_fresh(hold, talk) && end != TALK_GOES_ON)
		report_fresh_end(&hold->report, talk, number_of(hold, talk), &hold->servers, end,
				 now);
	else if (end != TALK_GOES_ON)
		report_end(&hold->report, talk, number_of(hold, talk), &hold->servers, end, now);
	talk_close(talk);
}

static void say(struct hold *hold, struct talk *talk, uint64_t now)
{
	enum talk_end end = talk_ask(talk, now);

	if (end != TALK_GOES_ON)
		end_talk(hold, talk, end, now);
}

static void open_talk(struct hold *hold, struct talk *talk, const struct place *place,
		      uint16_t port, uint64_t now)
{
	bool is_tcp = place->protocol == IPPROTO_TCP;
	int r = talk_open(talk, place, port, now);

	r = r ?: watch(hold, talk, EPOLL_CTL_ADD, is_tcp);
	if (r) {
		printf("a flow could not be opened: %s\n", strerror(-r));
		hold->report.ends[TALK_RESET]++;
		talk_close(talk);
	} else if (!is_tcp) {
		say(hold, talk, now);
	}
}

/* The n-th place of a protocol, counted around. */
static const struct place *find_place(const struct hold *hold, uint8_t protocol, unsigned n)
{
	const struct hold_options *options = hold->options;
	unsigned matching = 0;

	for (size_t i = 0; i < options->place_count; i++)
		matching += options->places[i].protocol == protocol;
	if (!matching)
		return NULL;
	n %= matching;
	for (size_t i = 0;; i++)
		if (options->places[i].protocol == protocol && !n--)
			return &options->places[i];
}

/* How many are to be open by now. */
static unsigned due_flows(const struct hold *hold)
{
	uint64_t ticks = hold->options->over_s * (uint64_t)ROUND_TICKS;

	return hold->tick >= ticks ? hold->count : (unsigned)(hold->count * hold->tick / ticks);
}

static void open_some(struct hold *hold, uint64_t now)
{
	unsigned due = due_flows(hold);

	for (int left = OPENED_A_TICK; left && hold->opening < due; left--) {
		unsigned n = hold->opening++;
		bool is_tcp = n < hold->options->tcp;
		const struct place *place = find_place(hold, is_tcp ? IPPROTO_TCP : IPPROTO_UDP, n);
		uint16_t port = hold->options->port ? (uint16_t)(hold->options->port + n) : 0;

		open_talk(hold, &hold->talks[n], place, port, now);
	}
}

static void open_fresh(struct hold *hold, uint64_t now)
{
	unsigned n = hold->next_fresh++;
	struct talk *talk = &hold->fresh[n % FRESH_MAX];
	const struct place *place = &hold->options->places[n % hold->options->place_count];
	uint16_t port = place->protocol == IPPROTO_TCP ? FRESH_PORT + n % FRESH_MAX : 0;

	if (talk->fd < 0)
		open_talk(hold, talk, place, port, now);
}

static bool is_quiet(const struct hold *hold, const struct talk *talk, uint64_t now)
{
	return hold->options->quiet_s && !hold->last_round_ms &&
	       number_of(hold, talk) % QUIET_SHARE == 0 &&
	       now - talk->asked_ms < hold->options->quiet_s * 1000U;
}

static void take_turn(struct hold *hold, struct talk *talk, uint64_t now)
{
	uint64_t since = talk->asked ? talk->asked_ms : talk->opened_ms;
	bool waits = !talk->asked || talk_waits(talk);

	if (talk->fd < 0)
		return;
	if (waits && now - since > PATIENCE_MS)
		end_talk(hold, talk, TALK_SILENT, now);
	else if (waits ? talk->place->protocol == IPPROTO_UDP : !is_quiet(hold, talk, now))
		say(hold, talk, now);
}

/* Turns number `tick` of ROUND_TICKS of `count` things: from ... up to. */
static unsigned turns_until(unsigned count, uint64_t tick)
{
	return (unsigned)(count * tick / ROUND_TICKS);
}

static void tick(struct hold *hold, uint64_t now)
{
	uint64_t in_round = hold->tick++ % ROUND_TICKS;
	bool is_busy = hold->opening == hold->count && !hold->last_round_ms;
	unsigned fresh = is_busy ? hold->options->fresh : 0;

	open_some(hold, now);
	for (unsigned i = turns_until(hold->count, in_round);
	     i < turns_until(hold->count, in_round + 1); i++)
		take_turn(hold, &hold->talks[i], now);
	for (unsigned i = turns_until(fresh, in_round); i < turns_until(fresh, in_round + 1); i++)
		open_fresh(hold, now);
	if (!in_round)
		for (unsigned i = 0; i < FRESH_MAX; i++)
			take_turn(hold, &hold->fresh[i], now);
	if (hold->options->status && in_round % STATUS_TICKS == 0)
		report_write(&hold->report, hold->talks, hold->count, &hold->servers,
			     hold->options->status);
}

static void hear(struct hold *hold, struct talk *talk, uint64_t now)
{
	unsigned before = talk->server;
	enum talk_end end = talk_hear(talk, &hold->servers, now);

	if (end != TALK_GOES_ON) {
		end_talk(hold, talk, end, now);
	} else if (is_fresh(hold, talk) && talk->answered) {
		hold->report.fresh++;
		end_talk(hold, talk, TALK_GOES_ON, now);
	} else if (!before && talk->server) {
		hold->report.opened++;
	} else if (before != talk->server) {
		report_move(&hold->report, talk, number_of(hold, talk), &hold->servers, before);
	}
}

static void handle(struct hold *hold, const struct epoll_event *event, uint64_t now)
{
	struct talk *talk = event->data.ptr;

	if (event->events & ~EPOLLOUT) {
		hear(hold, talk, now);
	} else {
		watch(hold, talk, EPOLL_CTL_MOD, false);
		say(hold, talk, now);
	}
}

/* Whether the next tick is due; until then it handles what comes in. */
static bool wait_for_tick(struct hold *hold, uint64_t due)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t now = monotonic_ms();
	int ready = epoll_wait(hold->epoll, events, EVENTS_MAX, now < due ? (int)(due - now) : 0);

	now = monotonic_ms();
	for (int i = 0; i < ready; i++)
		handle(hold, &events[i], now);
	return now >= due;
}

/* Each flow was answered a question of now or later, or is over. */
static bool all_answered(const struct hold *hold, uint64_t since)
{
	for (unsigned i = 0; i < hold->count; i++) {
		const struct talk *talk = &hold->talks[i];
		bool is_answered = talk->answered && !talk_waits(talk) && talk->asked_ms >= since;

		if (i >= hold->opening || (talk->fd >= 0 && !is_answered))
			return false;
	}
	return true;
}

static void run_until(struct hold *hold, bool (*is_enough)(const struct hold *hold))
{
	uint64_t due = monotonic_ms();

	while (!is_enough(hold)) {
		if (!wait_for_tick(hold, due))
			continue;
		tick(hold, monotonic_ms());
		due += TICK_MS;
	}
}

static bool time_is_over(const struct hold *hold)
{
	uint64_t ticks = hold->options->seconds * (uint64_t)ROUND_TICKS;

	return is_over || (ticks && hold->tick >= ticks);
}

static bool first_round_is_over(const struct hold *hold)
{
	return is_over || all_answered(hold, 0);
}

static bool last_round_is_over(const struct hold *hold)
{
	return all_answered(hold, hold->last_round_ms);
}

static void hold_free(struct hold **hold)
{
	for (unsigned i = 0; *hold && i < (*hold)->count; i++)
		talk_close(&(*hold)->talks[i]);
	if (*hold && (*hold)->epoll >= 0)
		close((*hold)->epoll);
	free(*hold);
}

static struct hold *hold_new(const struct hold_options *options, struct err *err)
{
	unsigned count = options->tcp + options->udp;
	_cleanup_(hold_free) struct hold *hold =
		calloc(1, sizeof(*hold) + count * sizeof(hold->talks[0]));

	if (!hold) {
		err_set(err, ENOMEM, "%u flows are too many", count);
		return NULL;
	}
	hold->options = options;
	hold->count = count;
	for (unsigned i = 0; i < count; i++)
		hold->talks[i].fd = -1;
	for (unsigned i = 0; i < FRESH_MAX; i++)
		hold->fresh[i].fd = -1;
	hold->epoll = epoll_create1(EPOLL_CLOEXEC);
	if ((options->tcp && !find_place(hold, IPPROTO_TCP, 0)) ||
	    (options->udp && !find_place(hold, IPPROTO_UDP, 0))) {
		err_set(err, EINVAL, "there is no place for flows of one protocol");
		return NULL;
	}
	signal(SIGTERM, end_it);
	signal(SIGINT, end_it);
	return take_ptr(hold);
}

int hold(const struct hold_options *options, struct err *err)
{
	_cleanup_(hold_free) struct hold *hold = hold_new(options, err);

	if (!hold)
		return -err->code;
	run_until(hold, time_is_over);
	hold->last_round_ms = monotonic_ms();
	run_until(hold, last_round_is_over);
	report_print(&hold->report, hold->talks, hold->count, &hold->servers, stdout);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

int ask(const struct hold_options *options, struct err *err)
{
	_cleanup_(hold_free) struct hold *hold = hold_new(options, err);
	struct servers *servers;
	unsigned failed = 0;

	if (!hold)
		return -err->code;
	hold->report.lines = LINES_MAX; /* names only */
	run_until(hold, first_round_is_over);
	for (unsigned i = 0; i < hold->count; i++)
		failed += !hold->talks[i].answered;
	servers = &hold->servers;
	qsort(servers->name, servers->count, SERVER_NAME_SIZE, compare_names);
	for (unsigned i = 0; i < servers->count; i++)
		printf("%s%s", i ? " " : "", servers->name[i]);
	printf("%s\n", !failed ? "" : servers->count ? " failed" : "failed");
	return 0;
}
