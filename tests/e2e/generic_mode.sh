#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# --xdp-mode generic: the kernel runs the program instead of the driver, with the same results.
. tests/support/e2e.sh

lab_up 2
lab_in gateway ethtool -K eth1 rxvlan off
nat_start 2 --xdp-mode generic
expect "modes" "eth0:generic eth1:generic" \
	"$(lab_ctl --output json status | jq -r '[.interfaces[] | "\(.name):\(.mode)"] | join(" ")')"
expect "generic programs" 2 "$(lab_in gateway ip link show | grep -c xdpgeneric)"
expect "interfaces whose driver takes VLAN tags off" "'eth0':" \
	"$(sed -n 's/^warning xdp: interface \(.*\) generic mode does not see VLAN tags.*/\1/p' "$LAB_DIR/sluiced.log")"
expect_answers "target1 target2"
[ "$(counter replied)" -ge 160 ] || fail "$(counter replied) replies were rewritten by the program"
