#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `make demo`: the main job, visibly. A client, a gateway with sluiced, three targets with nginx and a
# DNS server each, all in network namespaces of this machine; nothing of it stays.
set -eu
cd "$(dirname "$0")/.."
LAB=demo
. scripts/lab.sh

[ "$(id -u)" = 0 ] || { echo "the demo needs root: it makes network namespaces and loads an XDP program" >&2; exit 1; }
if [ -t 1 ]; then bold=$(tput bold 2>/dev/null || :) plain=$(tput sgr0 2>/dev/null || :); else bold="" plain=""; fi
step() { printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"; }
ctl() { printf '    $ sluicectl %s\n' "$*"; lab_ctl "$@" | sed 's/^/    /'; }
trap lab_down EXIT
trap 'echo "the demo failed at: $BASH_COMMAND" >&2' ERR
trap 'exit 130' INT TERM HUP

# spread TITLE COMMAND...: reads answers, a line each, and shows how often each came.
spread() {
	printf '    %-34s' "$1"
	sort | uniq -c | awk '{printf "%12s %3d", $2, $1; n += $1} END {printf "%14s\n", "total " n}'
}
http() { # FAMILY COUNT URL: one connection per request
	lab_in client bash -c "for i in \$(seq $2); do curl -s --max-time 2 $1 '$3' || echo failed; done"
}
dns() { # COUNT SERVER
	lab_in client bash -c "for i in \$(seq $1); do dig +short +time=2 +tries=1 @$2 whoami TXT || echo failed; done" | tr -d '"'
}
state_of() { lab_ctl --output json target list web | jq -r ".targets[] | select(.address == \"10.0.0.1$1\") | .state"; }
is_in_state() { [ "$(state_of "$1")" = "$2" ]; }
show_traffic() {
	http -4 300 "http://$LAB_VIP4/" | spread "300 connections to $LAB_VIP4"
	http -6 300 "http://[$LAB_VIP6]/" | spread "300 connections over IPv6"
	dns 60 $LAB_VIP4 | spread "60 DNS queries over UDP"
}

step "A client, a gateway and three targets, each in a network namespace of its own"
lab_up 3
for i in 1 2 3; do lab_nginx $i; lab_dns $i; done
echo "    client 192.0.2.2 -- gateway -- targets 10.0.0.11, .12, .13; nginx on port 8080, DNS on port 53"

step "sluiced on the gateway: loads the XDP program and attaches it to both interfaces"
lab_sluiced build
sed 's/^/    /' "$LAB_DIR/sluiced.log"

step "One file says what is wanted: listeners, groups, targets"
cat >"$LAB_DIR/demo.yaml" <<CONFIG
listeners:
  - { name: web,  address: $LAB_VIP4, protocol: tcp, port: 80, group: web }
  - { name: web6, address: "$LAB_VIP6", protocol: tcp, port: 80, group: web6 }
  - { name: dns,  address: $LAB_VIP4, protocol: udp, port: 53, group: dns }
groups:
  - name: web
    health_check: { interval: 500ms, timeout: 300ms, healthy_threshold: 2, unhealthy_threshold: 2 }
    targets:
      - { address: 10.0.0.11, port: 8080 }
      - { address: 10.0.0.12, port: 8080 }
      - { address: 10.0.0.13, port: 8080 }
  - name: web6
    targets:
      - { address: "fd00::11", port: 8080 }
      - { address: "fd00::12", port: 8080 }
      - { address: "fd00::13", port: 8080 }
  - name: dns
    targets:
      - { address: 10.0.0.11, port: 53 }
      - { address: 10.0.0.12, port: 53 }
      - { address: 10.0.0.13, port: 53 }
CONFIG
ctl apply -f "$LAB_DIR/demo.yaml"
for i in 1 2 3; do lab_until 10 is_in_state $i healthy; done
lab_until 10 lab_in client curl -sf --max-time 1 "http://[$LAB_VIP6]/"
lab_until 10 lab_in client dig +short +time=1 +tries=1 @$LAB_VIP4 whoami TXT

step "Real clients reach real servers; the hash of each connection picks the target"
show_traffic

step "Target 2 dies: its nginx is killed"
lab_kill nginx2 KILL
lab_until 10 is_in_state 2 unhealthy
ctl target list web
http -4 300 "http://$LAB_VIP4/" | spread "300 connections, none fails"

step "nginx is started again: two passed checks, and target 2 is back"
lab_nginx 2
lab_until 10 is_in_state 2 healthy
http -4 300 "http://$LAB_VIP4/" | spread "300 connections"

step "Target 3 is taken out for maintenance: it drains"
ctl target remove web 10.0.0.13:8080
ctl target list web

step "sluiced is killed with -9: the kernel goes on forwarding"
lab_kill sluiced KILL
http -4 100 "http://$LAB_VIP4/" | spread "100 connections without a daemon"
lab_sluiced build
echo "    and a new sluiced takes over where the old one was:"
grep -E 'took over|replaced' "$LAB_DIR/sluiced.log" | sed 's/^/    /'

step "What the operator sees"
sleep 1
ctl status

step "What Prometheus sees (a few lines of sluicectl metrics)"
lab_ctl metrics | grep -E '^sluice_(listener_packets_total|target_state|packets_total\{reason="(forwarded|replied)")' | sed 's/^/    /'

step "sluicectl detach takes everything off the interfaces"
ctl detach
printf '\n%sThat was it. Now your own gateway: README.md, "On a gateway host".%s\n' "$bold" "$plain"
