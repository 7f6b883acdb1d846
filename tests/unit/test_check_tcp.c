// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* health/check_tcp.c on real sockets: what each answer is reported as, and what is left behind. */
#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "health/check_tcp.h"
#include "loopback.h"

static const int families[] = { AF_INET, AF_INET6 };

/* One attempt as its starter sees it. */
struct probe {
	struct event_base *base;
	void *attempt;
	unsigned reports;
	enum check_result result;
	char detail[64];
	uint64_t started_ms, took_ms;
};

static void on_done(void *context, enum check_result result, const char *detail)
{
	struct probe *probe = context;

	probe->reports++;
	probe->result = result;
	probe->took_ms = monotonic_ms() - probe->started_ms;
	snprintf(probe->detail, sizeof(probe->detail), "%s", detail);
}

static int probe_start(struct probe *probe, const struct addr *addr, uint16_t port,
		       uint32_t timeout_ms)
{
	struct check_request request = {
		.base = probe->base,
		.addr = *addr,
		.port = port,
		.timeout_ms = timeout_ms,
		.done = on_done,
		.context = probe,
	};
	int r;

	probe->started_ms = monotonic_ms();
	r = check_tcp.start(&request, &probe->attempt);
	cr_assert_eq(probe->reports, 0, "done was called from within start");
	return r;
}

static bool is_reported(void *context)
{
	const struct probe *probe = context;

	return probe->reports > 0;
}

static void probe_finish(struct probe *probe)
{
	cr_assert(loop_until(probe->base, is_reported, probe));
	cr_assert_eq(probe->reports, 1);
}

/* Starts, waits and reports, on a loop of its own. */
static struct probe run(const struct addr *addr, uint16_t port, uint32_t timeout_ms)
{
	struct probe probe = { .base = event_base_new() };

	cr_assert_eq(probe_start(&probe, addr, port, timeout_ms), 0);
	probe_finish(&probe);
	event_base_free(probe.base);
	return probe;
}

static struct probe run_loopback(int family, uint16_t port, uint32_t timeout_ms)
{
	struct addr addr = loopback_addr(family);

	return run(&addr, port, timeout_ms);
}

Test(check_tcp, an_open_port_passes)
{
	for (size_t n = 0; n < ARRAY_SIZE(families); n++) {
		int family = families[n];
		uint16_t port = 0;
		int server = loopback_listen(family, &port);
		struct probe probe = run_loopback(family, port, 5000);

		cr_expect_eq(probe.result, CHECK_PASSED);
		cr_expect_str_eq(probe.detail, "connected");
		cr_expect_lt(probe.took_ms, 1000);
		close(server);
	}
}

Test(check_tcp, a_closed_port_fails_at_once)
{
	for (size_t n = 0; n < ARRAY_SIZE(families); n++) {
		int family = families[n];
		struct probe probe = run_loopback(family, loopback_closed_port(family), 5000);

		cr_expect_eq(probe.result, CHECK_FAILED);
		cr_expect_str_eq(probe.detail, "Connection refused");
		cr_expect_lt(probe.took_ms, 1000);
	}
}

Test(check_tcp, silence_times_out_when_the_timeout_says)
{
	for (size_t n = 0; n < ARRAY_SIZE(families); n++) {
		int family = families[n];
		uint16_t port = 0;
		int filler, server = loopback_listen_full(family, &port, &filler);
		struct probe probe = run_loopback(family, port, 200);

		cr_expect_eq(probe.result, CHECK_TIMED_OUT);
		cr_expect_str_eq(probe.detail, "timed out after 200ms");
		/* The loop counts in ticks of a coarse clock, up to 10 ms long. */
		cr_expect_geq(probe.took_ms, 190);
		cr_expect_lt(probe.took_ms, 1000);
		close(filler);
		close(server);
	}
}

static void set_sysctl(const char *path, const char *value)
{
	FILE *file = fopen(path, "we");

	cr_assert(file && fputs(value, file) >= 0 && !fclose(file), "%s", path);
}

/* After 3 s: the SYN and one more. */
Test(check_tcp, silence_that_the_kernel_gives_up_on_is_a_timeout_too)
{
	struct probe probe;
	uint16_t port = 0;
	int filler, server;

	if (!own_network())
		cr_skip("needs the privilege to make a network namespace");
	set_sysctl("/proc/sys/net/ipv4/tcp_syn_retries", "1");
	server = loopback_listen_full(AF_INET, &port, &filler);
	probe = run_loopback(AF_INET, port, 300000);
	cr_expect_eq(probe.result, CHECK_TIMED_OUT);
	cr_expect_str_eq(probe.detail, "Connection timed out");
	close(filler);
	close(server);
}

Test(check_tcp, a_missing_route_is_the_targets_failure)
{
	struct addr v4, v6;

	if (!own_network())
		cr_skip("needs the privilege to make a network namespace");
	cr_assert_not(addr_parse("192.0.2.1", &v4, NULL));
	cr_assert_not(addr_parse("2001:db8::1", &v6, NULL));
	for (int i = 0; i < 2; i++) {
		struct probe probe = run(i ? &v6 : &v4, 80, 5000);

		cr_expect_eq(probe.result, CHECK_FAILED);
		cr_expect_str_eq(probe.detail, "Network is unreachable");
		cr_expect_lt(probe.took_ms, 1000);
	}
}

Test(check_tcp, nothing_is_left_of_a_passed_check)
{
	unsigned descriptors = count_descriptors();

	for (size_t n = 0; n < ARRAY_SIZE(families); n++) {
		int family = families[n];
		uint16_t port = 0;
		int server = loopback_listen(family, &port);

		for (int i = 0; i < 100; i++)
			cr_assert_eq(run_loopback(family, port, 5000).result, CHECK_PASSED);
		cr_expect_eq(loopback_count_sockets_to(family, port), 0, "TIME_WAIT");
		cr_expect_eq(accept(server, NULL, NULL), -1, "the application saw a check");
		close(server);
	}
	cr_expect_eq(count_descriptors(), descriptors);
}

Test(check_tcp, nothing_is_left_of_a_failed_check)
{
	unsigned descriptors = count_descriptors(), sockets;
	int filler, server;
	uint16_t port = 0;

	/* In a table that others write to at the same time a socket can show up twice. */
	if (!own_network())
		cr_skip("needs the privilege to make a network namespace");
	server = loopback_listen_full(AF_INET, &port, &filler);
	sockets = loopback_count_sockets_to(AF_INET, port);
	cr_assert_eq(run_loopback(AF_INET, port, 10).result, CHECK_TIMED_OUT);
	cr_expect_eq(loopback_count_sockets_to(AF_INET, port), sockets);
	close(filler);
	close(server);
	cr_assert_eq(run_loopback(AF_INET, port, 1000).result, CHECK_FAILED);
	cr_expect_eq(count_descriptors(), descriptors);
}

Test(check_tcp, a_cancelled_check_is_silent_and_leaves_nothing)
{
	struct probe probe = { .base = event_base_new() };
	unsigned descriptors = count_descriptors();
	struct addr addr = loopback_addr(AF_INET);
	uint16_t port = 0;
	int filler, server;

	/* In flight, answered but not yet reported, and failed but not yet reported. */
	server = loopback_listen_full(AF_INET, &port, &filler);
	cr_assert_eq(probe_start(&probe, &addr, port, 10), 0);
	check_tcp.cancel(probe.attempt);
	close(filler);
	close(server);
	server = loopback_listen(AF_INET, &port);
	cr_assert_eq(probe_start(&probe, &addr, port, 10), 0);
	check_tcp.cancel(probe.attempt);
	close(server);
	cr_assert_eq(probe_start(&probe, &addr, port, 10), 0);
	check_tcp.cancel(probe.attempt);

	stall(20);
	event_base_loop(probe.base, EVLOOP_NONBLOCK);
	cr_expect_eq(probe.reports, 0);
	cr_expect_eq(count_descriptors(), descriptors);
	event_base_free(probe.base);
}

Test(check_tcp, an_answer_that_the_daemon_was_late_to_see_is_a_pass)
{
	struct probe probe = { .base = event_base_new() };
	struct addr addr = loopback_addr(AF_INET);
	uint16_t port = 0;
	int server = loopback_listen(AF_INET, &port);

	cr_assert_eq(probe_start(&probe, &addr, port, 50), 0);
	stall(100);
	probe_finish(&probe);
	cr_expect_eq(probe.result, CHECK_PASSED, "%s", probe.detail);
	close(server);
	event_base_free(probe.base);
}

Test(check_tcp, a_refusal_that_the_daemon_was_late_to_see_is_a_refusal)
{
	struct probe probe = { .base = event_base_new() };
	struct addr addr = loopback_addr(AF_INET);

	cr_assert_eq(probe_start(&probe, &addr, loopback_closed_port(AF_INET), 50), 0);
	stall(100);
	probe_finish(&probe);
	cr_expect_eq(probe.result, CHECK_FAILED);
	cr_expect_str_eq(probe.detail, "Connection refused");
	event_base_free(probe.base);
}

struct busy_start {
	struct probe *probe;
	uint16_t port;
};

static void stall_then_start(evutil_socket_t fd, short events, void *context)
{
	const struct busy_start *busy = context;
	struct addr addr = loopback_addr(AF_INET);

	(void)fd;
	(void)events;
	stall(150);
	cr_assert_eq(probe_start(busy->probe, &addr, busy->port, 100), 0);
}

Test(check_tcp, work_before_the_start_does_not_shorten_the_timeout)
{
	struct probe probe = { .base = event_base_new() };
	struct busy_start busy = { .probe = &probe };
	int filler, server = loopback_listen_full(AF_INET, &busy.port, &filler);

	event_base_once(probe.base, -1, EV_TIMEOUT, stall_then_start, &busy, NULL);
	probe_finish(&probe);
	cr_expect_eq(probe.result, CHECK_TIMED_OUT);
	cr_expect_geq(probe.took_ms, 90);
	close(filler);
	close(server);
	event_base_free(probe.base);
}

Test(check_tcp, a_lack_of_descriptors_is_our_own)
{
	struct probe probe = { .base = event_base_new() };
	struct addr addr = loopback_addr(AF_INET);
	struct rlimit limit, none;
	uint16_t port = 0;
	int server = loopback_listen(AF_INET, &port);

	cr_assert_not(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 0;
	cr_assert_not(setrlimit(RLIMIT_NOFILE, &none));
	cr_expect_eq(probe_start(&probe, &addr, port, 1000), -EMFILE);
	cr_assert_not(setrlimit(RLIMIT_NOFILE, &limit));
	cr_expect_null(probe.attempt);
	close(server);
	event_base_free(probe.base);
}

Test(check_tcp, a_lack_of_local_ports_is_our_own)
{
	struct probe first = { 0 }, second = { 0 };
	struct addr addr = loopback_addr(AF_INET);
	unsigned descriptors;
	uint16_t port = 80;
	int filler, server;

	if (!own_network())
		cr_skip("needs the privilege to make a network namespace");
	server = loopback_listen_full(AF_INET, &port, &filler);
	first.base = second.base = event_base_new();
	set_sysctl("/proc/sys/net/ipv4/ip_local_port_range", "40000 40000");
	cr_assert_eq(probe_start(&first, &addr, port, 1000), 0);
	descriptors = count_descriptors();
	cr_expect_eq(probe_start(&second, &addr, port, 1000), -EADDRNOTAVAIL);
	cr_expect_eq(count_descriptors(), descriptors);
	check_tcp.cancel(first.attempt);
	close(filler);
	close(server);
	event_base_free(first.base);
}
