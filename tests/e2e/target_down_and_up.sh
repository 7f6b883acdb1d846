#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A target that dies leaves the ring and no connection fails from then on; it returns after its
# health checks pass. With all of them dead the group fails open, visibly.
. tests/support/e2e.sh

nat_lab 2
lab_kill nginx1 KILL
until_is 10 "10.0.0.11:unhealthy 10.0.0.12:healthy" target_states web
expect "reason" Target.FailedHealthChecks \
	"$(lab_ctl --output json target list web | jq -r '.targets[0].reason')"
expect "answers with target 1 dead" target2 "$(http_answers -4 http://$LAB_VIP4/ 40)"
until_is 10 "fd00::11:unhealthy fd00::12:healthy" target_states web6
expect "IPv6 answers with target 1 dead" target2 "$(http_answers -6 "http://[$LAB_VIP6]/" 40)"

lab_nginx 1
until_is 10 "10.0.0.11:healthy 10.0.0.12:healthy" target_states web
expect "answers with target 1 back" "target1 target2" "$(http_answers -4 http://$LAB_VIP4/ 40)"

lab_kill nginx1 KILL
lab_kill nginx2 KILL
until_is 10 "10.0.0.11:unhealthy 10.0.0.12:unhealthy" target_states web
until_is 5 '["web","web6"]' bash -c \
	"$LAB_BUILD/sluicectl --socket $LAB_DIR/sluice.sock --output json status | jq -c .fails_open"
lab_ctl status | grep -q "web" || fail "status does not name the group that fails open"
before=$(counter forwarded)
lab_in client curl -s --max-time 1 http://$LAB_VIP4/ && fail "nobody is there to answer"
[ "$(counter forwarded)" -gt "$before" ] || fail "a group that fails open forwards"
expect "packets dropped with no_target" 0 "$(counter no_target)"

# A host that does not answer at all: the reason is another one.
lab_nginx 2
until_is 10 "10.0.0.11:unhealthy 10.0.0.12:healthy" target_states web
lab_in target2 ip link set eth0 down
until_is 20 "Target.Timeout" bash -c \
	"$LAB_BUILD/sluicectl --socket $LAB_DIR/sluice.sock --output json target list web | jq -r '.targets[1].reason'"
