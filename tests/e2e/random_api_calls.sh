#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A daemon under the sanitizers takes 1,000 random API calls, valid and invalid ones (SEED=N for others
# than always; what is asked of each answer: tools/random_requests/). It must be whole afterwards, end
# cleanly, leak nothing, and go on where it was.
. tests/support/e2e.sh

lab_up 1
lab_sluiced "$LAB_BUILD"
requests=$("$LAB_BUILD/tests/e2e/random_requests" "$LAB_DIR/sluice.sock" "${SEED:-1}" 1000) ||
	fail "$requests"
echo "note: ${requests##*$'\n'}"

lab_ctl export >"$LAB_DIR/export.yaml"
expect "the export, applied" "no changes" "$(lab_ctl apply -f "$LAB_DIR/export.yaml")"
jq -e . "$LAB_DIR/state/state.json" >/dev/null || fail "the state file is not JSON"
lab_ctl metrics | promtool check metrics || fail "the metrics"
for object in listener group; do
	# A removed group may be gone by the time it is asked for.
	for name in $(lab_ctl --output json $object list |
		jq -r ".${object}s[] | select(.removed | not).name"); do
		lab_ctl $object show "$name" >/dev/null || fail "$object show $name"
	done
done
lab_ctl target list >/dev/null
lab_ctl status >/dev/null

pid=$(cat "$LAB_DIR/sluiced.pid")
kill -TERM "$pid"
wait "$pid" || fail "sluiced ended with status $?"
lab_sluiced "$LAB_BUILD"
expect "the export after a restart" "$(cat "$LAB_DIR/export.yaml")" "$(lab_ctl export)"
