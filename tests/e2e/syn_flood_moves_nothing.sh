#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# While slots are in transition a client floods the listeners with SYNs from made-up sources, as fast
# as it can, so that the flow table overflows all the time (131,072 entries). 1,000 established connections
# stay where they are, and what the table gave up were SYNs alone. New connections are answered: where
# nothing is in transition all of them, elsewhere those whose handshake is faster than the flood.
. tests/support/e2e.sh

FLOOD_SECONDS=20
PLACES=("tcp:$LAB_VIP4:80" "tcp:[$LAB_VIP6]:80")
CALM=("tcp:$LAB_VIP4:81" "tcp:[$LAB_VIP6]:81")

config() { # TARGET...
	local check="{ interval: 2s, timeout: 2s, healthy_threshold: 1, unhealthy_threshold: 10 }"
	cat <<-CONFIG
		listeners:
		  - { name: web, address: $LAB_VIP4, protocol: tcp, port: 80, group: web }
		  - { name: web6, address: "$LAB_VIP6", protocol: tcp, port: 80, group: web6 }
		  - { name: calm, address: $LAB_VIP4, protocol: tcp, port: 81, group: calm }
		  - { name: calm6, address: "$LAB_VIP6", protocol: tcp, port: 81, group: calm6 }
		groups:
		  - { name: web, health_check: $check, targets: [$(printf '{ address: 10.0.0.1%s, port: 9000 },' "$@")] }
		  - { name: web6, health_check: $check, targets: [$(printf '{ address: "fd00::1%s", port: 9000 },' "$@")] }
		  - { name: calm, health_check: $check, targets: [{ address: 10.0.0.12, port: 9001 }] }
		  - { name: calm6, health_check: $check, targets: [{ address: "fd00::12", port: 9001 }] }
	CONFIG
}
events() { # EVENT
	lab_ctl metrics | sed -n "s/^sluice_flow_table_events_total{event=\"$1\"} //p"
}

lab_up 4
for i in 1 2 3 4; do
	serve $i 9000 9001
	# What the targets answer to the flood goes nowhere.
	lab_in target$i ip route add blackhole 198.18.0.0/15
	lab_in target$i ip -6 route add blackhole 2001:db8:f::/48
done
lab_sluiced "$LAB_BUILD" --flow-buckets 16384
config 1 2 | apply
until_is 20 0 not_healthy
hold web --tcp 1000 --fresh 10 "${PLACES[@]}"
hold calm --fresh 10 "${CALM[@]}"
until_is 20 1000 held web .alive

# Targets 3 and 4 take half of the slots over, and target 1 leaves.
config 2 3 4 | apply
until_is 20 2 not_healthy
[ "$(lab_ctl --output json status | jq .slots.learning)" -gt 0 ] || fail "no slot is in transition"
mac=$(lab_in gateway ip -json link show eth0 | jq -r '.[0].address')
lab_spawn client flood "$LAB_BUILD/tests/e2e/flood" eth0 "$mac" $FLOOD_SECONDS "${PLACES[@]}" "${CALM[@]}"
lab_until $((FLOOD_SECONDS + 20)) grep -q SYNs "$LAB_DIR/flood.log"
release web
release calm

nothing_moved web 1000
expect "new connections that failed where nothing changes ($(head -20 "$LAB_DIR/calm.log"))" \
	0 "$(held calm .fresh_failed)"
expect "whether most new connections are answered elsewhere ($(head -20 "$LAB_DIR/web.log"))" \
	true "$(held web '.fresh > 4 * .fresh_failed')"
[ "$(events replaced_embryonic)" -gt 100000 ] || fail "the flood did not overflow the table"
expect "adopted and established flows that were given up" "0 0" \
	"$(events replaced_adopted) $(events replaced_established)"
echo "note: $(cat "$LAB_DIR/flood.log"); $(events replaced_embryonic) given up for others;" \
	"$(held web '"\(.fresh) new connections, \(.fresh_failed) lost to the flood"' | tr -d '"')"
