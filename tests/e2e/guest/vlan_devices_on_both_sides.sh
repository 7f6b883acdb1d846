#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# nat between two VLANs, each a VLAN device of the gateway above an interface with XDP. The tags may be
# in the frames, or beside them as drivers do that take them off; generic mode needs them in the frames.
. tests/support/e2e.sh

modprobe -q 8021q || :
lab_up 2
lab_vlans 50 100

nat_start 2
expect_answers "target1 target2" 10
forwarded=$(counter forwarded) replied=$(counter replied)
[ "$forwarded" -ge 40 ] || fail "$forwarded packets were forwarded"
[ "$replied" -ge 40 ] || fail "$replied replies were rewritten by the program"

for end in client:eth0 gateway:eth0 gateway:eth1 switch:uplink; do
	lab_in "${end%:*}" ethtool -K "${end#*:}" rxvlan off txvlan off >/dev/null
done
expect_answers "target1 target2" 10
[ "$(counter forwarded)" -ge $((2 * forwarded)) ] || fail "tags in the frames: not forwarded"
[ "$(counter replied)" -ge $((2 * replied)) ] || fail "tags in the frames: not replied"

lab_ctl detach >/dev/null
lab_sluiced "$LAB_BUILD" --xdp-mode generic
until_is 10 0 not_healthy
expect_answers "target1 target2" 10
[ "$(counter replied)" -ge 40 ] || fail "generic mode: not replied"
