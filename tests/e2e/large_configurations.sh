#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 10,000 listeners with a target each, then 10 listeners with 1,000 targets each: IPv4 and IPv6, TCP and
# UDP in turns. Both apply, packets go where they should, single changes work, health checks keep up,
# and a restart takes it all over. Says how long things take.
. tests/support/e2e.sh
LAB_BUILD=${LAB_BUILD%/san}	# the times are those of the optimised build

# table LISTENERS TARGETS: a line for each target of each listener: number of the listener, its address,
# protocol and port, the target's address and port. No two listeners and no two targets share an address.
table() {
	awk -v listeners="$1" -v targets="$2" '
	function address(v4, v6, is_v6, n) {
		return sprintf(is_v6 ? v6 "%d:%d" : v4 "%d.%d", n / 250 + 1, n % 250 + 1)
	}
	BEGIN {
		for (i = 0; i < listeners; i++)
			for (j = 0; j < targets; j++) {
				is_v6 = i % 2
				is_udp = int(i / 2) % 2
				print i, address("198.18.", "2001:db8:18::", is_v6, i), is_udp ? "udp 53" : "tcp 80",
					address("10.1.", "fd01::", is_v6, i * targets + j), is_udp ? 53 : 8080
			}
	}'
}
# config TABLE CHECK: the configuration, with listener and group N named after the number. Targets do not
# drain: the second configuration gives them to other listeners.
config() {
	awk -v check="$2" '
	NR == 1 { print "listeners:"; last = "none" }
	NR == FNR && $1 != last {
		last = $1
		printf "  - { name: l%d, address: \"%s\", protocol: %s, port: %d, group: g%d }\n", $1, $2, $3, $4, $1
	}
	NR == FNR { next }
	FNR == 1 { print "groups:"; last = "none" }
	$1 != last { last = $1; printf "  - name: g%d\n    health_check: { %s }\n    deregistration_delay: 0s\n    connection_termination: true\n    targets:\n", $1, check }
	{ printf "      - { address: \"%s\", port: %d }\n", $5, $6 }' "$1" "$1"
}
# ask: reads lines of a table; asks each listener: its number, and who it was that answered.
ask() {
	local i address protocol
	while read -r i address protocol _; do
		case $protocol-$address in
		udp-*) echo "$i $(lab_in client dig +short +time=5 +tries=1 "@$address" whoami TXT | tr -d '"')" ;;
		tcp-*:*) echo "$i $(lab_in client curl -s --max-time 5 "http://[$address]/")" ;;
		tcp-*) echo "$i $(lab_in client curl -s --max-time 5 "http://$address/")" ;;
		esac
	done
}
timed() { # WHAT COMMAND...
	local what=$1 start
	start=$(date +%s%N)
	shift
	"$@" >/dev/null || fail "$what"
	echo "note: $what: $((($(date +%s%N) - start) / 1000000)) ms"
}
show_size() {
	echo "note: $1: the daemon uses $(awk '/VmRSS/ {print int($2 / 1024)}' \
		"/proc/$(cat "$LAB_DIR/sluiced.pid")/status") MiB"
}
cpu_ms() { awk '{ print ($14 + $15) * 10 }' "/proc/$(cat "$LAB_DIR/sluiced.pid")/stat"; }
# How many connections the gateway has begun; every health check is one.
# shellcheck disable=SC2016 # a field of awk
connections() { lab_in gateway awk '/^Tcp: [0-9]/ { print $6 }' /proc/net/snmp; }
has_begun() { [ "$(connections)" -ge "$1" ]; }
show_load() { # ROUNDS of 10,000 health checks
	local start cpu
	start=$(date +%s%N)
	cpu=$(cpu_ms)
	lab_until 60 has_begun $(($(connections) + $1 * 10000)) || fail "health checks do not keep up"
	echo "note: 10,000 health checks every 5 s: the daemon takes" \
		"$((($(cpu_ms) - cpu) * 100000000 / ($(date +%s%N) - start))) % of a CPU"
}
# How many targets packets can not be sent to yet.
unresolved() {
	lab_ctl --output json target list | jq '[.targets[] | select(.next_hop.state != "resolved")] | length'
}
traffic_of_listeners() {
	lab_ctl --output json listener list | jq -r '.listeners[] | select(.packets > 0) |
		"\(.name[1:]) \(.packets) \(.flows)"' | sort -n
}
traffic_of_groups() {
	lab_ctl --output json target list | jq -r '[.targets[] | select(.packets > 0)] | group_by(.group)[] |
		"\(.[0].group[1:]) \(map(.packets) | add) \(map(.flows) | add)"' | sort -n
}
flows_of_targets() {
	lab_ctl --output json target list | jq -r '.targets[] | select(.flows > 0) |
		"\(.flows) \(.group[1:]) \(.address) \(.port)"' | sort
}
# in_a_row COUNT: a line of a table as often.
in_a_row() { awk -v count="$1" '{ for (i = 0; i < count; i++) print }'; }

# Target 1 has all the addresses; nginx says at which of them it was asked.
lab_up 1
lab_in gateway ip route add 10.1.0.0/16 via 10.0.0.11
lab_in gateway ip route add fd01::/64 via fd00::11
lab_in target1 ip route add local 10.1.0.0/16 dev lo
lab_in target1 ip route add local fd01::/64 dev lo
lab_sysctl target1 net.ipv6.ip_nonlocal_bind=1	# else dnsmasq can not answer from them
# shellcheck disable=SC2016 # variables of nginx
lab_nginx 1 8080 '$server_addr $server_port'
lab_dns 1
lab_sluiced "$LAB_BUILD"

table 10000 1 >"$LAB_DIR/many"
config "$LAB_DIR/many" "protocol: none" >"$LAB_DIR/many.yaml"
timed "apply of 10,000 listeners x 1 target" lab_ctl apply -f "$LAB_DIR/many.yaml"
show_size "10,000 listeners"
expect "the same again" "no changes" "$(lab_ctl apply -f "$LAB_DIR/many.yaml")"
until_is 20 0 unresolved
awk 'NR % 249 == 1' "$LAB_DIR/many" >"$LAB_DIR/sample"
expect "who answered" "$(awk '{ print $1, $3 == "tcp" ? $5 " " $6 : "target1" }' "$LAB_DIR/sample")" \
	"$(ask <"$LAB_DIR/sample")"
expect "listeners with traffic" "$(cut -d' ' -f1 "$LAB_DIR/sample")" "$(traffic_of_listeners | cut -d' ' -f1)"
expect "their targets' traffic" "$(traffic_of_listeners)" "$(traffic_of_groups)"
timed "one target add beside 10,000" lab_ctl target add g0 10.1.200.1:8080
until_is 20 0 unresolved
expect "the two targets of the first listener" "0 10.1.1.1 8080
0 10.1.200.1 8080" "$(head -1 "$LAB_DIR/many" | in_a_row 20 | ask | sort -u)"
timed "one target remove --now beside 10,000" lab_ctl target remove g0 10.1.200.1:8080 --now
expect "the first listener again" "0 10.1.1.1 8080" "$(head -1 "$LAB_DIR/many" | in_a_row 20 | ask | sort -u)"
timed "one listener set among 10,000" lab_ctl listener set l4 --port 81
timed "one scrape of the metrics" lab_ctl metrics

config "$LAB_DIR/many" "interval: 5s, port: 8080" >"$LAB_DIR/many.yaml"
timed "apply of a health check for 10,000 targets" lab_ctl apply -f "$LAB_DIR/many.yaml"
lab_until 60 prints 0 not_healthy || fail "not all targets are healthy"
show_load 2
lab_kill sluiced
timed "restart with 10,000 listeners" lab_sluiced "$LAB_BUILD"
expect "after the restart" "no changes" "$(lab_ctl apply -f "$LAB_DIR/many.yaml")"
expect "who answers after the restart" \
	"$(awk '{ print $1, $3 == "tcp" ? $5 " " $6 : "target1" }' "$LAB_DIR/sample")" "$(ask <"$LAB_DIR/sample")"
timed "apply of nothing" lab_ctl apply -f - <<<"listeners: []"

table 10 1000 >"$LAB_DIR/wide"
config "$LAB_DIR/wide" "interval: 5s, port: 8080" >"$LAB_DIR/wide.yaml"
timed "apply of 10 listeners x 1,000 targets with health checks" lab_ctl apply -f "$LAB_DIR/wide.yaml"
timed "then until all of them are healthy" lab_until 60 prints 0 not_healthy
lab_ctl apply -f - <<<"listeners: []" >/dev/null

config "$LAB_DIR/wide" "protocol: none" >"$LAB_DIR/wide.yaml"
timed "apply of 10 listeners x 1,000 targets" lab_ctl apply -f "$LAB_DIR/wide.yaml"
show_size "10 x 1,000"
expect "the same again" "no changes" "$(lab_ctl apply -f "$LAB_DIR/wide.yaml")"
until_is 20 0 unresolved
awk 'NR % 1000 == 1' "$LAB_DIR/wide" | in_a_row 20 | ask >"$LAB_DIR/answers"
expect "who answered, and who was sent to" "$(flows_of_targets)" \
	"$(grep -v target1 "$LAB_DIR/answers" | sort | uniq -c | sed 's/^ *//' | sort)"
expect "answers by UDP" 80 "$(grep -c target1 "$LAB_DIR/answers")"
expect "traffic of the groups" "$(traffic_of_listeners)" "$(traffic_of_groups)"
[ "$(flows_of_targets | wc -l)" -gt 100 ] || fail "120 connections went to few targets"
timed "one target add beside 1,000" lab_ctl target add g0 10.1.200.1:8080 --weight 999
until_is 20 0 unresolved
head -1 "$LAB_DIR/wide" | in_a_row 20 | ask | grep -q '^0 10.1.200.1 8080$' || fail "no flow for the new target"
timed "one target remove --now beside 1,000" lab_ctl target remove g0 10.1.200.1:8080 --now
head -1 "$LAB_DIR/wide" | in_a_row 20 | ask | grep '^0 10.1.200.1 8080$' && fail "flows for a target that is gone"
expect "packets dropped" "" "$(lab_ctl --output json status |
	jq -r '.reasons[] | select(.action == "drop" and .packets > 0) | "\(.reason) \(.packets)"')"
