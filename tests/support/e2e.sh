# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What every end-to-end test starts with: `. tests/support/e2e.sh`. The lab is named after the test, so
# that tests can run side by side and find what an earlier run of theirs left behind.
set -eu
LAB=$(basename "$0" .sh | cksum | cut -c1-6)
LAB_BUILD=${LAB_BUILD:-build/san}
. scripts/lab.sh
FLOWS=$LAB_BUILD/tests/e2e/flows

export ASAN_OPTIONS="log_path=$LAB_DIR.asan:detect_leaks=1"
export UBSAN_OPTIONS="log_path=$LAB_DIR.ubsan:print_stacktrace=1"

# Anything a sanitizer reported fails the test, whatever else happened.
finish() {
	local status=$? report
	trap - EXIT
	if [ $status != 0 ] && [ $status != 77 ] && [ -e "$LAB_DIR/sluiced.log" ]; then
		echo "--- sluiced.log"
		tail -50 "$LAB_DIR/sluiced.log"
	fi
	lab_down
	for report in "$LAB_DIR".*san.*; do
		[ -e "$report" ] || continue
		cat "$report"
		rm -f "$report"
		status=1
	done
	exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

fail() {
	echo "FAILED: $*"
	exit 1
}

# expect WHAT EXPECTED ACTUAL
expect() {
	[ "$2" = "$3" ] || fail "$1: expected
$2
but got
$3"
}

# until_is SECONDS EXPECTED COMMAND...: polls until the command prints that.
until_is() {
	local seconds=$1 expected=$2
	shift 2
	lab_until "$seconds" prints "$expected" "$@" || expect "$*" "$expected" "$("$@" 2>&1)"
}
prints() {
	local expected=$1
	shift
	[ "$("$@" 2>/dev/null)" = "$expected" ]
}

# transcript TEXT: runs the commands in it, the lines that begin with "$ ", and compares everything that
# they print, and a status that is not 0 as [N], with it. A command that fails must change nothing.
transcript() {
	local line status before after
	before=$(lab_ctl export)
	while read -r line; do
		case $line in '$ '*) ;; *) continue ;; esac
		echo "$line"
		status=0
		eval "${line#\$ }" 2>&1 </dev/null || status=$?
		after=$(lab_ctl export)
		[ $status = 0 ] || echo "[$status]"
		[ $status = 0 ] || [ "$before" = "$after" ] || echo "and it changed something"
		before=$after
	done <<<"$1" >"$LAB_DIR/transcript"
	diff -u --label expected --label actual - "$LAB_DIR/transcript" <<<"$1" || fail "transcript"
}
sluicectl() { lab_ctl "$@"; }

# lab_xdp HOST DEVICE PROGRAM: a program of tests/support on a host of the lab.
lab_xdp() { lab_in "$1" ip link set dev "$2" xdp obj "$LAB_BUILD/tests/support/$3.bpf.o" sec xdp; }

apply() { lab_ctl apply -f - >/dev/null; }

# target_states GROUP: "10.0.0.11:healthy 10.0.0.12:unhealthy"
target_states() {
	lab_ctl --output json target list "$1" |
		jq -r '[.targets[] | "\(.address):\(.state)"] | join(" ")'
}

# counter REASON: packets so far.
counter() {
	lab_ctl --output json status | jq ".reasons[] | select(.reason == \"$1\") | .packets"
}

# nat_config: groups web (10.0.0.1N:8080), web6 and dns with the targets given, checked quickly.
nat_config() {
	local i check="{ interval: $((200 * LAB_PATIENCE))ms, timeout: $((150 * LAB_PATIENCE))ms"
	check+=", healthy_threshold: 2, unhealthy_threshold: 2 }"
	cat <<-CONFIG
		listeners:
		  - { name: web,  address: $LAB_VIP4, protocol: tcp, port: 80, group: web }
		  - { name: web6, address: "$LAB_VIP6", protocol: tcp, port: 80, group: web6 }
		  - { name: dns,  address: $LAB_VIP4, protocol: udp, port: 53, group: dns }
		  - { name: dns6, address: "$LAB_VIP6", protocol: udp, port: 53, group: dns6 }
		groups:
		  - name: web
		    health_check: $check
		    deregistration_delay: ${DELAY:-300s}
		    targets: [$(for i in "$@"; do printf '{ address: 10.0.0.1%s, port: 8080 },' "$i"; done)]
		  - name: web6
		    health_check: $check
		    targets: [$(for i in "$@"; do printf '{ address: "fd00::1%s", port: 8080 },' "$i"; done)]
		  - name: dns
		    health_check: $check
		    targets: [$(for i in "$@"; do printf '{ address: 10.0.0.1%s, port: 53 },' "$i"; done)]
		  - name: dns6
		    health_check: $check
		    targets: [$(for i in "$@"; do printf '{ address: "fd00::1%s", port: 53 },' "$i"; done)]
	CONFIG
}

# nat_lab N: the network with N targets, all of it running.
nat_lab() {
	lab_up "$1"
	nat_start "$1"
}

# nat_start N [OPTION...]: N targets with nginx and DNS, sluiced, everything healthy.
nat_start() {
	local i targets=$1
	shift
	for i in $(seq "$targets"); do lab_nginx "$i" && lab_dns "$i"; done
	lab_sluiced "$LAB_BUILD" "$@"
	# shellcheck disable=SC2046 # one word each
	nat_config $(seq "$targets") | apply
	until_is 10 0 not_healthy
}
not_healthy() {
	lab_ctl --output json target list | jq '[.targets[] | select(.state != "healthy")] | length'
}

# ipip_start: targets 1 and 2, which unwrap packets and own the VIPs, with servers on the listeners'
# ports; sluiced, everything healthy.
ipip_start() {
	local i
	for i in 1 2; do lab_nginx $i 80 && lab_dns $i; done
	lab_sluiced "$LAB_BUILD"
	apply <<-CONFIG
		listeners:
		  - { name: web, address: $LAB_VIP4, protocol: tcp, port: 80, group: v4 }
		  - { name: web6, address: "$LAB_VIP6", protocol: tcp, port: 80, group: v6 }
		  - { name: dns, address: $LAB_VIP4, protocol: udp, port: 53, group: v4 }
		  - { name: dns6, address: "$LAB_VIP6", protocol: udp, port: 53, group: v6 }
		groups:
		  - { name: v4, forwarding: ipip, targets: [{ address: 10.0.0.11, port: 80 }, { address: 10.0.0.12, port: 80 }] }
		  - { name: v6, forwarding: ipip, targets: [{ address: "fd00::11", port: 80 }, { address: "fd00::12", port: 80 }] }
	CONFIG
	until_is 10 "10.0.0.11:healthy 10.0.0.12:healthy" target_states v4
	until_is 10 "fd00::11:healthy fd00::12:healthy" target_states v6
}

# Who answers COUNT requests, each on a connection of its own: "target1 target2", each once.
http_answers() { # FAMILY URL COUNT
	{ lab_in client curl -s "$1" --max-time $((2 * LAB_PATIENCE)) --fail-early -H 'Connection: close' \
		"$2?[1-$3]" || echo failed; } | sort -u | xargs
}
dns_answers() { # SERVER COUNT
	# shellcheck disable=SC2046 # one question each
	{ lab_in client dig +short +time=$((2 * LAB_PATIENCE)) +tries=1 "@$1" \
		$(for _ in $(seq "$2"); do echo whoami TXT; done) || echo failed; } | tr -d '"' | sort -u | xargs
}

# expect_answers "target1 target2" [COUNT]: of COUNT clients over IPv4 and IPv6, by TCP and UDP each.
expect_answers() {
	local count=${2:-40}
	expect "HTTP over IPv4" "$1" "$(http_answers -4 http://$LAB_VIP4/ "$count")"
	expect "HTTP over IPv6" "$1" "$(http_answers -6 "http://[$LAB_VIP6]/" "$count")"
	expect "DNS over IPv4" "$1" "$(dns_answers $LAB_VIP4 "$count")"
	expect "DNS over IPv6" "$1" "$(dns_answers $LAB_VIP6 "$count")"
}

# serve N PORT...: on target N, a server that answers with "targetN:PORT" over TCP and UDP.
serve() {
	local target=target$1
	shift
	lab_spawn "$target" "serve-$target" "$FLOWS" serve "$target" "$@"
	lab_until 10 grep -q ready "$LAB_DIR/serve-$target.log"
}

# hold NAME OPTION... PLACE...: from now on the client holds flows open, until `release NAME`; see
# tests/e2e/tools/flows/flows.c.
hold() {
	local name=$1
	shift
	rm -f "$LAB_DIR/$name.held"
	lab_spawn client "$name" "$FLOWS" hold --status "$LAB_DIR/$name.held" "$@"
	lab_until 10 test -e "$LAB_DIR/$name.held"
}

# held NAME JQ_FILTER: of what is known about them.
held() { jq -c "$2" "$LAB_DIR/$1.held"; }

# held_on NAME TARGET...: "TCP UDP", flows that these targets answer, on any port.
held_on() {
	local name=$1
	shift
	held "$name" "[.on | to_entries[] | select(.key | IN($(printf '"%s:9000",' "$@")\"\")) | .value] |
		\"\(map(.tcp) | add // 0) \(map(.udp) | add // 0)\"" | tr -d '"'
}

# Ends them; each was asked once more. $LAB_DIR/NAME.log has a line for each that something happened to.
release() {
	lab_kill "$1" TERM
	tail -1 "$LAB_DIR/$1.log" >"$LAB_DIR/$1.held"
}

# nothing_moved NAME COUNT: that many were opened, and all of them are still where they were.
nothing_moved() {
	expect "what became of the flows ($(head -20 "$LAB_DIR/$1.log" | grep -v '^{' || :))" \
		"$(jq -c -n "{ opened: $2, alive: $2, moved: 0, reset: 0, closed: 0, wrong: 0, silent: 0 }")" \
		"$(held "$1" 'del(.fresh, .fresh_failed, .on)')"
}

# what_became NAME: "ALIVE MOVED RESET", and how many ended otherwise if any did.
what_became() {
	held "$1" '"\(.alive) \(.moved) \(.reset)" + (.closed + .wrong + .silent | if . == 0 then "" else " \(.)" end)' |
		tr -d '"'
}

# who_answers COUNT PLACE...: so many new flows to these places, all of one protocol: the names of the
# targets, each once, without the ports. Each time from other ports, for UDP flows are not over at once.
who_answers() {
	local port=11000
	[ ! -e "$LAB_DIR/next-port" ] || port=$(cat "$LAB_DIR/next-port")
	echo $((port + $1)) >"$LAB_DIR/next-port"
	lab_in client "$FLOWS" ask --port "$port" "--${2%%:*}" "$@" |
		tr ' ' '\n' | sed 's/:.*//' | sort -u | xargs
}

# What is pinned on the lab's bpffs; the kernel's own two files are always there.
pins() { find "$LAB_DIR/bpf" -mindepth 1 ! -name '*.debug'; }
