#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Clients and targets on one link, and a gateway with one interface on it: whatever comes in leaves by
# the same interface. First nat, then ipip with targets that answer the clients without the gateway.
. tests/support/e2e.sh
LAB_INTERFACES=eth1

lab_up 2
lab_join_sides
lab_xdp switch uplink pass
# Or the gateway tells the targets that there is a shorter way to the clients.
lab_sysctl gateway net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth1.send_redirects=0
for i in 1 2; do
	lab_in target$i ping -q -c 2 -i 0.2 -W 5 192.0.2.2 >/dev/null || fail "target$i can not reach the client"
done
nat_start 2
expect_answers "target1 target2"
[ "$(counter replied)" -ge 160 ] || fail "$(counter replied) replies were rewritten by the program"
lab_ctl detach >/dev/null

for i in 1 2; do
	lab_kill nginx$i
	lab_kill dns$i
	lab_xdp target$i eth0 decap
	# Everybody on the link asks for the VIPs; only the gateway may answer.
	lab_sysctl target$i net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	lab_address target$i lo $LAB_VIP4/32 $LAB_VIP6/128
	lab_in target$i ip route add 192.0.2.0/24 dev eth0
	lab_in target$i ip -6 route add 2001:db8::/64 dev eth0
done
ipip_start
expect_answers "target1 target2"
expect "replies through the gateway" 0 "$(counter replied)"
