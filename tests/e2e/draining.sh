#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What becomes of the flows of a target that leaves, one attribute after the other, as the clients see
# it: deregistration_delay with and without connection_termination, return, remove --now, weight 0,
# unhealthy_connection_termination and unhealthy_draining_interval. TCP and UDP, IPv4 and IPv6.
. tests/support/e2e.sh

TCP=("tcp:$LAB_VIP4:80" "tcp:[$LAB_VIP6]:80")
UDP=("udp:$LAB_VIP4:80" "udp:[$LAB_VIP6]:80")

config() {
	local check="{ port: 9100, interval: $((200 * LAB_PATIENCE))ms, timeout: $((200 * LAB_PATIENCE))ms, unhealthy_threshold: 5 }"
	cat <<-CONFIG
		listeners:
		  - { name: web, address: $LAB_VIP4, protocol: tcp, port: 80, group: web }
		  - { name: web6, address: "$LAB_VIP6", protocol: tcp, port: 80, group: web6 }
		  - { name: dns, address: $LAB_VIP4, protocol: udp, port: 80, group: web }
		  - { name: dns6, address: "$LAB_VIP6", protocol: udp, port: 80, group: web6 }
		  - { name: short, address: $LAB_VIP4, protocol: tcp, port: 81, group: short }
		groups:
		  - { name: web, health_check: $check, targets: [$(printf '{ address: 10.0.0.1%s, port: 9000 },' 1 2 3)] }
		  - { name: web6, health_check: $check, targets: [$(printf '{ address: "fd00::1%s", port: 9000 },' 1 2 3)] }
		  - name: short
		    health_check: $check
		    idle_timeout: 60s
		    deregistration_delay: 1s
		    targets: [{ address: 10.0.0.11, port: 9001 }, { address: 10.0.0.12, port: 9001 }]
	CONFIG
}
check_answers() { # N: what the health checks ask, apart from what the flows talk to
	lab_spawn "target$1" "check$1" "$FLOWS" serve "target$1" 9100
	lab_until 10 grep -q ready "$LAB_DIR/check$1.log"
}

# set_both OPTION...: of both groups.
set_both() {
	lab_ctl group set web "$@" >/dev/null
	lab_ctl group set web6 "$@" >/dev/null
}
# target_one VERB OPTION...: of target 1 in both groups.
target_one() {
	lab_ctl target "$1" web 10.0.0.11:9000 "${@:2}" >/dev/null
	lab_ctl target "$1" web6 '[fd00::11]:9000' "${@:2}" >/dev/null
}
# "STATE REASON" of target 1, of both groups if it differs; "gone".
state_one() {
	lab_ctl --output json target list | jq -r '[.targets[] | select(.group | startswith("web")) |
		select(.address | IN("10.0.0.11", "fd00::11")) | "\(.state) \(.reason)"] | unique | join(", ")' |
		sed 's/^$/gone/; s/ $//'
}
seconds_left() {
	lab_ctl --output json target list | jq -c '[.targets[] | .drain_seconds_left | select(.)]'
}
tracked_one() {
	lab_ctl --output json target list | jq '[.targets[] | select(.group | startswith("web")) |
		select(.address | IN("10.0.0.11", "fd00::11")) | .tracked_flows] | add'
}

# begin WHAT: 120 flows on all three targets; on_one_tcp and on_one_udp are those on target 1.
begin() {
	echo "$1"
	until_is 20 healthy state_one
	hold flows --tcp 60 --udp 60 "${TCP[@]}" "${UDP[@]}"
	until_is 20 120 held flows .alive
	read -r on_one_tcp on_one_udp <<<"$(held_on flows target1)"
	if [ "$on_one_tcp" = 0 ] || [ "$on_one_udp" = 0 ]; then fail "target 1 has no flows"; fi
}
# All flows are where they were, and those on target 1 get answers from it still.
all_stay() {
	release flows
	nothing_moved flows 120
	expect "flows on target 1" "$on_one_tcp $on_one_udp" "$(held_on flows target1)"
}
# The connections to target 1 are reset, by the target that gets their next packet; its UDP flows go on
# elsewhere; all others stay.
those_of_one_end() {
	until_is 20 "$((120 - on_one_tcp)) $on_one_udp $on_one_tcp" what_became flows
	release flows
	expect "at the end" "$((120 - on_one_tcp)) $on_one_udp $on_one_tcp" "$(what_became flows)"
	expect "flows on target 1" "0 0" "$(held_on flows target1)"
}
new_flows_go_to() { # TARGETS
	expect "targets of new TCP flows" "$1" "$(who_answers 100 "${TCP[@]}")"
	expect "targets of new UDP flows" "$1" "$(who_answers 100 "${UDP[@]}")"
}

lab_up 3
for i in 1 2 3; do serve $i 9000 9001 && check_answers $i; done
lab_sluiced "$LAB_BUILD"
config | apply
until_is 20 0 not_healthy
lab_ctl target remove short 10.0.0.11:9001 >/dev/null

begin "A target drains: its flows stay, new ones go elsewhere. It returns, and they still stay."
target_one remove
expect "state" "draining Target.DeregistrationInProgress" "$(state_one)"
case $(seconds_left) in *29[0-9]*29[0-9]* | *300*300*) ;; *) fail "seconds left: $(seconds_left)" ;; esac
until_is 10 $((on_one_tcp + on_one_udp)) tracked_one
lab_ctl target list web | grep -qE '^web +10.0.0.11:9000 .* +(4m 5[0-9]s|5m)$' ||
	fail "the table does not show the time left: $(lab_ctl target list web)"
new_flows_go_to "target2 target3"
target_one add
until_is 20 healthy state_one
new_flows_go_to "target1 target2 target3"
all_stay

begin "deregistration_delay is over without connection_termination: the target is unused, its flows stay."
set_both --deregistration-delay 1s
target_one remove
until_is 20 "unused Target.NotRegistered" state_one
expect "seconds left" "[]" "$(seconds_left)"
new_flows_go_to "target2 target3"
until_is 20 "$on_one_tcp $on_one_udp" held_on flows target1
expect "state, for as long as there are flows" "unused Target.NotRegistered" "$(state_one)"
echo "... remove --now ends them."
target_one remove --now
expect "state" gone "$(state_one)"
those_of_one_end
target_one add

begin "deregistration_delay is over with connection_termination: the target is gone, its flows end."
set_both --deregistration-delay $((3 * LAB_PATIENCE))s --connection-termination true
target_one remove
expect "state" "draining Target.DeregistrationInProgress" "$(state_one)"
expect "while it drains" "120 0 0" "$(what_became flows)"
until_is 20 gone state_one
those_of_one_end
target_one add

begin "remove --now of a target in service: its flows end."
target_one remove --now
those_of_one_end
target_one add

begin "Weight 0: its flows stay, new ones go elsewhere."
target_one set --weight 0
new_flows_go_to "target2 target3"
expect "state" healthy "$(state_one)"
all_stay
target_one set --weight 1

begin "An unhealthy target: its flows end."
lab_kill check1
until_is 20 "unhealthy Target.FailedHealthChecks" state_one
those_of_one_end
new_flows_go_to "target2 target3"
check_answers 1

begin "unhealthy_connection_termination false: its flows stay."
set_both --unhealthy-connection-termination false
lab_kill check1
until_is 20 "unhealthy Target.FailedHealthChecks" state_one
new_flows_go_to "target2 target3"
all_stay
check_answers 1

begin "unhealthy_draining_interval: until it is over its flows stay, also if it recovers."
set_both --unhealthy-draining-interval 300s
lab_kill check1
until_is 20 "unhealthy.draining Target.FailedHealthChecks" state_one
case $(seconds_left) in *29[0-9]*29[0-9]* | *300*300*) ;; *) fail "seconds left: $(seconds_left)" ;; esac
new_flows_go_to "target2 target3"
check_answers 1
until_is 20 healthy state_one
new_flows_go_to "target1 target2 target3"
all_stay

begin "... when it is over they end."
set_both --unhealthy-draining-interval $((3 * LAB_PATIENCE))s
lab_kill check1
until_is 20 "unhealthy.draining Target.FailedHealthChecks" state_one
expect "while it drains" "120 0 0" "$(what_became flows)"
until_is 20 "unhealthy Target.FailedHealthChecks" state_one
those_of_one_end
check_answers 1

# Nothing was on it, so it goes when no flow can be left: after the idle timeout.
until_is 90 "10.0.0.12:healthy" target_states short
