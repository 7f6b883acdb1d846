#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A daemon of another version of the maps is refused, and traffic goes on as it did; with --replace it
# takes over. Neither a client that never stops asking nor a connection that never ends notices. The
# same for another size of the flow table.
. tests/support/e2e.sh

pinned() { bpftool -j map "$1" pinned "$LAB_DIR/bpf/sluice/$2" "${@:3}"; }
# The first 4 bytes of the map config, least significant first.
version() { pinned lookup config key 0 0 0 0 | jq -r '.value[0]'; }
set_version() {
	# shellcheck disable=SC2046 # one word a byte
	pinned update config key 0 0 0 0 value hex "$1" \
		$(pinned lookup config key 0 0 0 0 | jq -r '.value[1:][] | ltrimstr("0x")')
}
buckets() { pinned show flows | jq .max_entries; }
programs() { lab_in gateway ip -json link show | jq -c '[.[].xdp.prog.id // empty] | sort'; }

refused() { # STATUS SENTENCE OPTION...
	local status=$1 sentence=$2 got=0 output
	shift 2
	# shellcheck disable=SC2069 # only what it says on stderr
	output=$(lab_in gateway "$LAB_BUILD/sluiced" --interface eth0,eth1 --state-dir "$LAB_DIR/state" \
		--socket "$LAB_DIR/sluice.sock" --pin-dir "$LAB_DIR/bpf/sluice" "$@" 2>&1 >/dev/null) || got=$?
	expect "status of sluiced $*" "$status" "$got"
	expect "sentence of sluiced $*" "sluiced: $sentence" "$(tail -1 <<<"$output")"
}

# Twenty requests later none has failed, and the endless connection is still the first.
nothing_failed() {
	local enough=$(($(wc -l <"$LAB_DIR/asked") + 20))
	lab_until 20 bash -c "[ \$(wc -l <'$LAB_DIR/asked') -ge $enough ]" || fail "the client is stuck"
	expect "requests that failed" "" "$(cat "$LAB_DIR/asker.log")"
	lab_until 20 bash -c "[ \$(wc -l <'$LAB_DIR/endless.log') -gt $endless ]" || fail "no answers"
	endless=$(wc -l <"$LAB_DIR/endless.log")
	expect "new connections of the endless one" 1 "$(tr -d '\n' <"$LAB_DIR/endless.log" | sed 's/0*$//')"
}
endless=0

nat_lab 2
cat >"$LAB_DIR/ask" <<'ASK'
while [ -e "$1/asking" ]; do
	curl -s -o /dev/null --max-time 5 "http://$2/" || echo "failed: $?"
	echo asked >>"$1/asked"
done
ASK
touch "$LAB_DIR/asking" "$LAB_DIR/asked"
lab_spawn client asker bash "$LAB_DIR/ask" "$LAB_DIR" $LAB_VIP4
lab_spawn client endless stdbuf -oL curl -sS --fail-early --max-time 5 --rate 10/s -o /dev/null \
	-w '%{num_connects}\n' "http://$LAB_VIP4/?[1-100000]"
nothing_failed

# An older daemon's maps, then a newer one's.
own=$(version)
for step in -1 1; do
	lab_kill sluiced KILL
	other=$(printf %02x $((own + step)))
	set_version "$other"
	before=$(programs)
	refused 1 "$LAB_DIR/bpf/sluice holds maps of ABI version $((16#$other)), this sluiced has version $((own)): \`sluiced --replace\` takes over (flows in transition are forgotten, nothing else; no packet is lost)"
	expect "programs after the refusal" "$before" "$(programs)"
	expect "version after the refusal" "0x$other" "$(version)"
	nothing_failed

	lab_sluiced "$LAB_BUILD" --replace
	expect "states right after the start" "10.0.0.11:healthy 10.0.0.12:healthy" "$(target_states web)"
	expect "version after the start" "$own" "$(version)"
	[ "$(programs)" != "$before" ] || fail "the programs are the old ones"
	nothing_failed
	expect "pins that were to be renamed" "" "$(find "$LAB_DIR/bpf/sluice" -name 'new-*')"
done

# The next one is a daemon like any other, and a change reaches the packets.
lab_kill sluiced KILL
lab_sluiced "$LAB_BUILD"
nothing_failed
lab_ctl target add dns 10.0.0.12:5353 >/dev/null
lab_ctl target remove dns 10.0.0.12:5353 >/dev/null

# The size of the flow table.
expect "buckets" 262144 "$(buckets)"
lab_kill sluiced TERM
lab_sluiced "$LAB_BUILD" --flow-buckets 4096
grep -q "warning dataplane: --flow-buckets 4096: the flow table in $LAB_DIR/bpf/sluice has 262144 buckets and keeps them; a start with --replace changes that" \
	"$LAB_DIR/sluiced.log" || fail "no warning"
expect "buckets" 262144 "$(buckets)"
packets=$(lab_ctl --output json listener show web | jq .packets)
lab_kill sluiced TERM
lab_sluiced "$LAB_BUILD" --flow-buckets 4096 --replace
expect "buckets" 4096 "$(buckets)"
[ "$(lab_ctl --output json listener show web | jq .packets)" -ge "$packets" ] || fail "the counters did not survive"
nothing_failed
expect_answers "target1 target2"

lab_kill sluiced TERM
for size in 0 512 1000 4k 33554432 -4096 ""; do
	refused 2 "--flow-buckets '$size' is not a power of two from 1024 to 16777216; try sluiced --help" \
		--flow-buckets="$size"
done
nothing_failed
rm "$LAB_DIR/asking"
