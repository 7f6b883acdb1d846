#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whatever keeps sluiced from starting is one clear sentence, and nothing stays behind.
. tests/support/e2e.sh

lab_up 0
# Only what it says on stderr.
# shellcheck disable=SC2069
sluiced() {
	lab_in gateway "$LAB_BUILD/sluiced" --state-dir "$LAB_DIR/state" --socket "$LAB_DIR/sluice.sock" \
		--pin-dir "$LAB_DIR/bpf/sluice" "$@" 2>&1 >/dev/null
}
refused() { # STATUS SENTENCE OPTION...
	local status=$1 sentence=$2 got output
	shift 2
	output=$(sluiced "$@") && got=0 || got=$?
	expect "status of sluiced $*" "$status" "$got"
	expect "sentence of sluiced $*" "sluiced: $sentence" "$(tail -1 <<<"$output")"
	expect "XDP programs after sluiced $*" "" "$(lab_in gateway ip link show | grep prog/xdp || :)"
	expect "pins after sluiced $*" "" "$(pins)"
}

refused 2 "--interface is missing; try sluiced --help"
refused 2 "--xdp-mode 'fast' is not auto, native or generic; try sluiced --help" --interface eth0 --xdp-mode fast
refused 2 "--log-level 'loud' is not error, warning, info or debug; try sluiced --help" --log-level loud
refused 2 "unexpected argument 'eth1'; try sluiced --help" --interface eth0 eth1
refused 2 "--check needs --config FILE; try sluiced --help" --check
refused 1 "there is no interface 'eth9'; \`ip link\` lists them" --interface eth0,eth9
refused 1 "interface 'lo' is not an Ethernet interface" --interface lo
refused 1 "pin directory /tmp/nowhere/pins: /tmp/nowhere: No such file or directory" \
	--interface eth0 --pin-dir /tmp/nowhere/pins
refused 1 "pin directory $LAB_DIR/pins: no bpffs is mounted at $LAB_DIR; mount it with \`mount -t bpf bpf $LAB_DIR\`" \
	--interface eth0 --pin-dir "$LAB_DIR/pins"

refused 1 "pin directory $LAB_DIR/bpf is a whole bpffs, which others use too: give a directory in it, such as $LAB_DIR/bpf/sluice" \
	--interface eth0 --pin-dir "$LAB_DIR/bpf"
refused 1 "interface 'eth0' is named twice" --interface eth0,eth1,eth0

cat >"$LAB_DIR/bad.yaml" <<CONFIG
groups:
  - name: web
    colour: blue
CONFIG
sentence="$LAB_DIR/bad.yaml: line 3: group 'web': unknown key 'colour'"
output=$(sluiced --check --config "$LAB_DIR/bad.yaml") && fail "--check took a bad file"
case $output in "sluiced: $sentence"*) ;; *) expect "--check" "sluiced: $sentence..." "$output" ;; esac
output=$(sluiced --interface eth0 --config "$LAB_DIR/bad.yaml") && fail "sluiced took a bad file"
case $output in "sluiced: $sentence"*) ;; *) expect "--config" "sluiced: $sentence..." "$output" ;; esac
expect "pins" "" "$(pins)"

echo '{ "broken' >"$LAB_DIR/state/state.json"
output=$(sluiced --interface eth0) && fail "sluiced took a broken state file"
case $output in *"$LAB_DIR/state/state.json"*) ;; *) fail "the sentence does not name the state file: $output" ;; esac
rm -r "$LAB_DIR/state"

# A user without privileges.
output=$(lab_in gateway setpriv --bounding-set=-all --inh-caps=-all \
	"$LAB_BUILD/sluiced" --interface eth0 --state-dir "$LAB_DIR/state" --socket "$LAB_DIR/sluice.sock" \
	--pin-dir "$LAB_DIR/bpf/sluice" 2>&1 >/dev/null) && fail "sluiced runs without capabilities"
expect "without capabilities" "sluiced: not allowed to load BPF programs: run as root (or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)" \
	"$(tail -1 <<<"$output")"
rm -rf "$LAB_DIR/state"

# The privileges that the unit file leaves it are enough.
caps=$(sed -n 's/^CapabilityBoundingSet=//p' scripts/sluice.service | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
lab_spawn gateway sluiced setpriv --bounding-set="-all,$caps" --inh-caps=-all --no-new-privs \
	"$LAB_BUILD/sluiced" --interface eth0,eth1 --state-dir "$LAB_DIR/state" \
	--socket "$LAB_DIR/sluice.sock" --pin-dir "$LAB_DIR/bpf/sluice"
lab_until 20 grep -q 'daemon: ready' "$LAB_DIR/sluiced.log" || fail "$(cat "$LAB_DIR/sluiced.log")"
lab_ctl group add web >/dev/null
lab_ctl target add web 192.0.2.2:80 >/dev/null
lab_ctl listener add web --address $LAB_VIP4 --protocol tcp --port 80 --group web >/dev/null
until_is 10 resolved bash -c \
	"$LAB_BUILD/sluicectl --socket $LAB_DIR/sluice.sock --output json target list web | jq -r '.targets[0].next_hop.state'"
lab_ctl detach >/dev/null
until_is 10 "" pins
rm -rf "$LAB_DIR/state"

# One state directory, one daemon, and so for the socket and the pins.
lab_sluiced "$LAB_BUILD"
output=$(lab_in gateway "$LAB_BUILD/sluiced" --interface eth1 --state-dir "$LAB_DIR/state" \
	--socket "$LAB_DIR/other.sock" --pin-dir "$LAB_DIR/bpf/other" 2>&1 >/dev/null) && fail "two daemons, one state"
expect "a second daemon" "sluiced: another sluiced is running with the state directory $LAB_DIR/state" "$output"
output=$(lab_in gateway "$LAB_BUILD/sluiced" --interface eth1 --state-dir "$LAB_DIR/state2" \
	--socket "$LAB_DIR/sluice.sock" --pin-dir "$LAB_DIR/bpf/other" 2>&1 >/dev/null) && fail "two daemons, one socket"
case $output in *"another sluiced is serving on $LAB_DIR/sluice.sock"*) ;; *) fail "$output" ;; esac
output=$(lab_in gateway "$LAB_BUILD/sluiced" --interface eth1 --state-dir "$LAB_DIR/state2" \
	--socket "$LAB_DIR/other.sock" --pin-dir "$LAB_DIR/bpf/sluice" 2>&1 >/dev/null) && fail "two daemons, one set of pins"
expect "a third daemon" "sluiced: another sluiced is running with the pin directory $LAB_DIR/bpf/sluice" "$output"
lab_ctl version >/dev/null || fail "the first daemon was disturbed"

# The client without a daemon.
lab_kill sluiced
output=$(lab_ctl status 2>&1) && fail "status without a daemon"
case $output in "sluicectl: sluiced is not running: no socket at $LAB_DIR/sluice.sock"*) ;; *) fail "$output" ;; esac
