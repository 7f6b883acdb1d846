#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# nat between two VLANs, each a VLAN device of the gateway, with XDP on the devices below them. Once
# with the tags in the frames, once with the tags beside them, where the program can not see them.
. tests/support/e2e.sh

lab_up 2
lab_vlans 50 100
for end in client:eth0 gateway:eth0 gateway:eth1 switch:uplink; do
	lab_in ${end%:*} ethtool -K ${end#*:} rxvlan off txvlan off >/dev/null
done
nat_start 2
expect_answers "target1 target2"
[ "$(counter replied)" -ge 160 ] || fail "$(counter replied) replies were rewritten by the program"
