#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# nat between two VLANs, each a VLAN device of the gateway above an interface with XDP. The tags may be
# in the frames, or beside them as drivers do that take them off; generic mode needs them in the frames.
. tests/support/e2e.sh

modprobe -q 8021q || :
lab_up 2
lab_vlans 50 100

# clients_are_served WHERE: by all targets, both ways through the program.
clients_are_served() {
	local forwarded replied
	forwarded=$(counter forwarded) replied=$(counter replied)
	expect_answers "target1 target2" 10
	[ "$(counter forwarded)" -ge $((forwarded + 40)) ] || fail "$1: requests went past the program"
	[ "$(counter replied)" -ge $((replied + 40)) ] || fail "$1: replies went past the program"
}

nat_start 2
clients_are_served "tags beside the frames"

for end in client:eth0 gateway:eth0 gateway:eth1 switch:uplink; do
	lab_in "${end%:*}" ethtool -K "${end#*:}" rxvlan off txvlan off >/dev/null
done
clients_are_served "tags in the frames"

lab_ctl detach >/dev/null
lab_sluiced "$LAB_BUILD" --xdp-mode generic
until_is 10 0 not_healthy
clients_are_served "generic mode"
