#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# ipip, IPv4 and IPv6, TCP and UDP: the target unwraps the packet, owns the VIP and answers the client.
# A packet that does not fit with its outer header is dropped and counted.
. tests/support/e2e.sh

lab_up 2
for i in 1 2; do
	lab_xdp target$i eth0 decap
	lab_address target$i lo $LAB_VIP4/32 $LAB_VIP6/128
done
ipip_start
expect_answers "target1 target2"
expect "replies that passed the gateway as nat replies" 0 "$(counter replied)"

head -c 1470 /dev/zero >"$LAB_DIR/datagram"
lab_in client bash -c "cat $LAB_DIR/datagram >/dev/udp/$LAB_VIP4/53"
until_is 5 1 counter too_big
