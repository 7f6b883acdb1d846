#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Real clients reach all targets by nat, over IPv4 and IPv6, TCP and UDP; the target sees the client's
# address; every packet is counted.
. tests/support/e2e.sh

nat_lab 3
expect_answers "target1 target2 target3" 60

listener() { lab_ctl --output json listener show "$1" | jq -r ".$2"; }
expect "flows of web" 60 "$(listener web flows)"
expect "flows of web6" 60 "$(listener web6 flows)"
[ "$(listener dns packets)" -ge 60 ] || fail "dns counted $(listener dns packets) packets"
expect "flows of web's targets" 60 \
	"$(lab_ctl --output json target list web | jq '[.targets[].flows] | add')"
for reason in no_target stale_target no_next_hop ttl_expired too_big no_headroom; do
	expect "packets dropped with $reason" 0 "$(counter $reason)"
done
