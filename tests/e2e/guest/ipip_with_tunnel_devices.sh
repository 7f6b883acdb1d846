#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ipip to targets that are set up by the very commands of README.md, section "What the target hosts
# need": the kernel's own tunnel devices unwrap the packets.
. tests/support/e2e.sh

# Every command of the section.
sed -n '/^### What the target hosts need/,/^##* Operate/s/^    //p' README.md >"${LAB_DIR}.commands"
trap 'rm -f "${LAB_DIR}.commands"; finish' EXIT
[ "$(wc -l <"${LAB_DIR}.commands")" -ge 9 ] || fail "the section of README.md is not to be found"

lab_up 2
for i in 1 2; do
	# Whatever strict host: the commands must be enough.
	lab_sysctl target$i net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1
	lab_in target$i bash -eu "${LAB_DIR}.commands"
done
ipip_start
expect_answers "target1 target2" 10
expect "replies that passed the gateway as nat replies" 0 "$(counter replied)"

# Packets of full size need a larger MTU between gateway and targets, as README.md says.
datagram() { lab_in client bash -c "head -c 1472 /dev/zero >/dev/udp/$LAB_VIP4/53"; }
datagram
until_is 10 1 counter too_big
lab_in gateway ip link set dev eth1 mtu 1540
lab_in switch ip link set dev uplink mtu 1540
for i in 1 2; do
	lab_in switch ip link set dev port$i mtu 1540
	lab_in target$i ip link set dev eth0 mtu 1540
done
mtu_of_next_hop() { lab_ctl --output json target list v4 | jq '.targets[0].next_hop.mtu'; }
until_is 10 1540 mtu_of_next_hop
forwarded=$(counter forwarded)
datagram
until_is 10 $((forwarded + 1)) counter forwarded
expect "packets too big" 1 "$(counter too_big)"
