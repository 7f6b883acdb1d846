// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "two_hosts.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "loopback.h"

enum { COMMAND_SIZE = 4096, OUTPUT_SIZE = 1 << 16 };

static pid_t peer = -1;

/* A process that does nothing but own the peer's namespace. */
static void start_peer(void)
{
	int ready[2];
	char byte;

	cr_assert_not(pipe(ready));
	peer = fork();
	cr_assert_geq(peer, 0);
	if (!peer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!own_network() || write(ready[1], "", 1) != 1)
			_exit(1);
		while (1)
			pause();
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static void run(const char *command)
{
	cr_assert_eq(system(command), 0, "failed: %s", command);
}

void on_host(const char *format, ...)
{
	char command[COMMAND_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	run(command);
}

void on_peer(const char *format, ...)
{
	char command[COMMAND_SIZE];
	va_list args;
	int used = snprintf(command, sizeof(command), "nsenter --net=/proc/%d/ns/net ", peer);

	va_start(args, format);
	vsnprintf(command + used, sizeof(command) - (size_t)used, format, args);
	va_end(args);
	run(command);
}

const char *host_says(const char *format, ...)
{
	static char output[OUTPUT_SIZE];
	char command[COMMAND_SIZE];
	va_list args;
	size_t length;
	FILE *pipe;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	pipe = popen(command, "re");
	cr_assert(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	cr_assert_eq(pclose(pipe), 0, "failed: %s", command);
	return output;
}

void hurry_probes(const char *device)
{
	for (int family = 4; family <= 6; family += 2)
		on_host("echo 20 >/proc/sys/net/ipv%d/neigh/%s/retrans_time_ms", family, device);
}

/* Duplicate address detection would leave an IPv6 host mute for its first second. */
static const char no_dad[] = "sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; "
			     "echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad'";

/* IPv6 stands still until the kernel has noticed the carrier, which it takes its time for. */
static const char until_up[] = "timeout 10 sh -c 'until ip -br link show %s | grep -q \" UP \" && "
			       "[ -z \"$(ip -6 addr show tentative)\" ]; do :; done'";

void two_hosts_open(void)
{
	if (!own_network())
		cr_skip("needs the privilege to make a network namespace");
	start_peer();
	on_host("%s", no_dad);
	on_peer("%s", no_dad);
	on_host("ip link add eth1 address " HOST_MAC " type veth peer name eth0 address " PEER_MAC
		" netns %d", peer);
	on_host("ip addr add 10.9.0.1/24 dev eth1 && ip addr add fd09::1/64 dev eth1 nodad && "
		"ip link set eth1 up");
	hurry_probes("eth1");
	for (int i = 11; i <= 254; i += 254 - 11) {
		on_peer("ip addr add 10.9.0.%d/24 dev eth0", i);
		on_peer("ip addr add fd09::%d/64 dev eth0 nodad", i);
	}
	on_peer("ip addr add fe80::254/64 dev eth0 nodad");
	on_peer("ip link set eth0 up");
	on_host(until_up, "eth1");
	on_peer(until_up, "eth0");
}

void parse_mac(const char *text, uint8_t out[6])
{
	cr_assert_eq(sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &out[0], &out[1], &out[2],
			    &out[3], &out[4], &out[5]), 6);
}
