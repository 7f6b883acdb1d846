// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A gateway's interfaces, routes and neighbours: see network.h. */
#include "network.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <net/if.h>

#include "base/cleanup.h"

const char *const network_gateway[2] = { "10.0.0.1", "2001:db8:a::1" };
const char *const network_near[2] = { "198.51.100.7", "2001:db8:c::7" };
const char *const network_unresolved[2] = { "198.51.100.8", "2001:db8:c::8" };
const char *const network_routed[2] = { "100.64.1.1", "2001:db8:100::1" };
const char *const network_tagged[2] = { "203.0.113.7", "2001:db8:d::7" };
const char *const network_narrow[2] = { "100.65.0.7", "2001:db8:e::7" };
const char *const network_dark[2] = { "100.66.0.7", "2001:db8:f::7" };
const char *const network_same[2] = { "10.0.0.99", "2001:db8:a::99" };
const char *const network_blackhole[2] = { "100.67.0.7", "2001:db8:103::7" };
const char *const network_nowhere[2] = { "100.68.0.7", "2001:db8:104::7" };

const struct mac network_peer_mac = { { 2, 0, 0, 0, 0x0c, 7 } };

static const char set_up[] =
	"set -e\n"
	"ip link set lo up\n"
	"for dev in in0 out0 narrow0 dark0 tagged0; do\n"
	"	ip link add $dev address 02:00:00:00:00:01 type veth peer name ${dev}p\n"
	"	ip link set $dev up; ip link set ${dev}p up\n"
	"done\n"
	"ip link set narrow0 mtu 1300\n"
	"addr() { ip addr add $2 dev $1; ip addr add $3 dev $1 nodad; }\n"
	"addr in0 10.0.0.1/24 2001:db8:a::1/64; addr out0 198.51.100.1/24 2001:db8:c::1/64\n"
	"addr tagged0 203.0.113.1/24 2001:db8:d::1/64\n"
	"addr narrow0 100.65.0.1/24 2001:db8:e::1/64; addr dark0 100.66.0.1/24 2001:db8:f::1/64\n"
	"neigh() {\n"
	"	for ip in $2 $3; do\n"
	"		ip neigh add $ip lladdr 02:00:00:00:0c:07 dev $1 nud permanent\n"
	"	done\n"
	"}\n"
	"neigh out0 198.51.100.7 2001:db8:c::7; neigh out0 198.51.100.254 2001:db8:c::254\n"
	"neigh tagged0 203.0.113.7 2001:db8:d::7; neigh narrow0 100.65.0.7 2001:db8:e::7\n"
	"neigh dark0 100.66.0.7 2001:db8:f::7; neigh in0 10.0.0.99 2001:db8:a::99\n"
	"ip route add 100.64.0.0/16 via 198.51.100.254; ip route add blackhole 100.67.0.0/16\n"
	"ip route add 2001:db8:100::/48 via 2001:db8:c::254\n"
	"ip route add blackhole 2001:db8:103::/48\n"
	"echo 1 >/proc/sys/net/ipv4/ip_forward\n"
	"echo 1 >/proc/sys/net/ipv6/conf/all/forwarding\n";

void network_set_up(struct program *program, struct network *out)
{
	const struct {
		const char *name;
		uint32_t *ifindex;
	} devices[] = { { "in0", &out->in }, { "out0", &out->out }, { "narrow0", &out->narrow } };
	struct link_entry tagged = { .vlan = htons(NETWORK_VLAN) };

	site_command(set_up);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		uint32_t ifindex = if_nametoindex(devices[i].name);
		struct link_entry untagged = { .ifindex = ifindex };

		cr_assert(ifindex, "no %s", devices[i].name);
		*devices[i].ifindex = ifindex;
		program_add_device(program, ifindex);
		program_set_link(program, ifindex, &untagged);
	}
	tagged.ifindex = out->out;
	program_set_link(program, if_nametoindex("tagged0"), &tagged);
	program->ingress = out->in;
}
