#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Traffic goes on while the daemon is stopped, killed and started again; the new one takes over
# programs, maps, health and counters. detach, with the daemon or without, restores the interfaces.
. tests/support/e2e.sh

programs() { lab_in gateway ip link show | grep -c 'prog/xdp' || :; }

nat_lab 2
# One client that never stops asking; every failure is a line.
cat >"$LAB_DIR/ask" <<'ASK'
while [ -e "$1/asking" ]; do
	curl -s -o /dev/null --max-time 5 "http://$2/" || echo "failed: $?"
	echo asked >>"$1/asked"
done
ASK
touch "$LAB_DIR/asking"
lab_spawn client asker bash "$LAB_DIR/ask" "$LAB_DIR" $LAB_VIP4
lab_until 10 test -s "$LAB_DIR/asked"

packets=$(lab_ctl --output json listener show web | jq .packets)
for signal in TERM KILL INT KILL; do
	lab_kill sluiced $signal
	expect "interfaces with the program after SIG$signal" 2 "$(programs)"
	expect "answers without a daemon" "target1 target2" "$(http_answers -4 http://$LAB_VIP4/ 20)"
	lab_sluiced "$LAB_BUILD"
	expect "states right after the start" "10.0.0.11:healthy 10.0.0.12:healthy" "$(target_states web)"
done
[ "$(lab_ctl --output json listener show web | jq .packets)" -gt "$packets" ] ||
	fail "the counters did not survive"

rm "$LAB_DIR/asking"
lab_until 10 bash -c "! kill -0 $(cat "$LAB_DIR/asker.pid")"
expect "requests that failed" "" "$(cat "$LAB_DIR/asker.log")"

lab_ctl detach >/dev/null
lab_until 10 bash -c "! kill -0 $(cat "$LAB_DIR/sluiced.pid")" || fail "sluiced goes on after detach"
expect "interfaces with the program after detach" 0 "$(programs)"
expect "pins after detach" "" "$(pins)"

lab_sluiced "$LAB_BUILD"
lab_kill sluiced TERM
expect "interfaces with the program after a new start" 2 "$(programs)"
lab_ctl detach --pin-dir "$LAB_DIR/bpf/sluice" >/dev/null
until_is 5 0 programs
lab_ctl detach --pin-dir "$LAB_DIR/bpf/sluice" >/dev/null || fail "nothing to detach is no error"

# What was configured is still there.
lab_sluiced "$LAB_BUILD"
until_is 10 "10.0.0.11:healthy 10.0.0.12:healthy" target_states web
expect "answers after it all" "target1 target2" "$(http_answers -4 http://$LAB_VIP4/ 20)"
