#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A target that is removed drains: no new flows, then unused while flows may be left, or gone if the
# group terminates connections. --now skips that; adding it back takes it into service again; applying
# a file drains what it leaves out; a restart and a full disk change nothing. (What becomes of the
# flows: draining.sh.)
. tests/support/e2e.sh

DELAY=2s nat_lab 3
# Flows that it will be remembered for, whatever its slots have been through so far.
expect "answers before" "target1 target2 target3" "$(http_answers -4 http://$LAB_VIP4/ 60)"
lab_ctl target remove web 10.0.0.11:8080 >/dev/null
expect "state" "draining Target.DeregistrationInProgress" \
	"$(lab_ctl --output json target list web | jq -r '.targets[0] | "\(.state) \(.reason)"')"
expect "answers while target 1 drains" "target2 target3" "$(http_answers -4 http://$LAB_VIP4/ 40)"
until_is 10 "10.0.0.11:unused 10.0.0.12:healthy 10.0.0.13:healthy" target_states web
expect "reason" Target.NotRegistered \
	"$(lab_ctl --output json target list web | jq -r '.targets[0].reason')"
expect "answers when it is unused" "target2 target3" "$(http_answers -4 http://$LAB_VIP4/ 40)"
lab_ctl target remove web 10.0.0.11:8080 --now >/dev/null
expect "after remove --now of an unused one" "10.0.0.12:healthy 10.0.0.13:healthy" "$(target_states web)"

lab_ctl target remove web 10.0.0.12:8080 --now >/dev/null
expect "after remove --now" "10.0.0.13:healthy" "$(target_states web)"
lab_ctl target add web 10.0.0.12:8080 >/dev/null
until_is 10 "10.0.0.12:healthy 10.0.0.13:healthy" target_states web

lab_ctl group set web --deregistration-delay 300s >/dev/null
DELAY=300s nat_config 3 | apply
expect "after apply without target 2" "10.0.0.12:draining 10.0.0.13:healthy" "$(target_states web)"
lab_ctl target add web 10.0.0.12:8080 >/dev/null
until_is 10 "10.0.0.12:healthy 10.0.0.13:healthy" target_states web

# The deadline survives a restart of the daemon.
lab_ctl group set web --deregistration-delay 3s --connection-termination true >/dev/null
lab_ctl target remove web 10.0.0.12:8080 >/dev/null
lab_kill sluiced KILL
lab_sluiced "$LAB_BUILD"
until_is 10 "10.0.0.13:healthy" target_states web

# A state file that can not be written for a while puts the end of the draining off, no more.
lab_ctl target add web 10.0.0.12:8080 >/dev/null
until_is 10 "10.0.0.12:healthy 10.0.0.13:healthy" target_states web
lab_ctl target remove web 10.0.0.12:8080 >/dev/null
mkdir "$LAB_DIR/state/state.json.new"
lab_until 10 grep -q "removing drained targets failed" "$LAB_DIR/sluiced.log" || fail "it was removed unsaved"
expect "while it can not be saved" "10.0.0.12:draining 10.0.0.13:healthy" "$(target_states web)"
rmdir "$LAB_DIR/state/state.json.new"
until_is 10 "10.0.0.13:healthy" target_states web
