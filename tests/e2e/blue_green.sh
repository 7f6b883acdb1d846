#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Listeners move from one group to another, in steps and back again, while connections are alive: new
# ones follow the weights, those that are there stay, TCP and UDP, IPv4 and IPv6. So they do when the
# old group is removed: its targets drain in it until --now ends them, and a group of that name takes
# up what still drains.
. tests/support/e2e.sh

TCP=("tcp:$LAB_VIP4:80" "tcp:[$LAB_VIP6]:80")
UDP=("udp:$LAB_VIP4:80" "udp:[$LAB_VIP6]:80")

targets() { # PREFIX HOST...
	printf "{ address: \"$1%s\", port: 9000 }," "${@:2}"
}
config() {
	local check="{ interval: 1s, timeout: 1s, healthy_threshold: 1, unhealthy_threshold: 10 }"
	cat <<-CONFIG
		listeners:
		  - { name: web, address: $LAB_VIP4, protocol: tcp, port: 80, group: blue }
		  - { name: dns, address: $LAB_VIP4, protocol: udp, port: 80, group: blue }
		  - { name: web6, address: "$LAB_VIP6", protocol: tcp, port: 80, group: blue6 }
		  - { name: dns6, address: "$LAB_VIP6", protocol: udp, port: 80, group: blue6 }
		groups:
		  - { name: blue, deregistration_delay: 1s, health_check: $check, targets: [$(targets 10.0.0.1 1 2)] }
		  - { name: green, deregistration_delay: 1s, health_check: $check, targets: [$(targets 10.0.0.1 3 4)] }
		  - { name: blue6, deregistration_delay: 1s, health_check: $check, targets: [$(targets fd00::1 1 2)] }
		  - { name: green6, deregistration_delay: 1s, health_check: $check, targets: [$(targets fd00::1 3 4)] }
	CONFIG
}

# all_listeners BLUE GREEN: the weights of the two groups.
all_listeners() {
	lab_ctl listener set web --groups "blue=$1,green=$2" >/dev/null
	lab_ctl listener set dns --groups "blue=$1,green=$2" >/dev/null
	lab_ctl listener set web6 --groups "blue6=$1,green6=$2" >/dev/null
	lab_ctl listener set dns6 --groups "blue6=$1,green6=$2" >/dev/null
	until_is 20 0 not_healthy
}
both_groups() { # VERB NAME
	lab_ctl group "$1" "$2" >/dev/null
	lab_ctl group "$1" "${2}6" >/dev/null
}
new_flows_go_to() { # TARGETS
	expect "targets of new TCP flows" "$1" "$(who_answers 400 "${TCP[@]}")"
	expect "targets of new UDP flows" "$1" "$(who_answers 400 "${UDP[@]}")"
}
nothing_happened() {
	expect "the first flows" "150 0 0" "$(what_became first)"
	expect "the later flows" "150 0 0" "$(what_became later)"
}
groups() { # "blue:removed green"
	lab_ctl --output json group list |
		jq -r '[.groups[] | .name + (if .removed then ":removed" else "" end)] | join(" ")'
}

lab_up 4
for i in 1 2 3 4; do serve $i 9000; done
lab_sluiced "$LAB_BUILD"
config | apply
until_is 20 4 not_healthy # the green ones: nobody sends to them yet
hold first --tcp 100 --udp 50 "${TCP[@]}" "${UDP[@]}"
until_is 20 150 held first .alive
expect "where the first flows are" "100 50" "$(held_on first target1 target2)"

all_listeners 90 10
new_flows_go_to "target1 target2 target3 target4"
all_listeners 0 1
new_flows_go_to "target3 target4"
hold later --tcp 100 --udp 50 "${TCP[@]}" "${UDP[@]}"
until_is 20 150 held later .alive
expect "where the later flows are" "100 50" "$(held_on later target3 target4)"

all_listeners 1 0
new_flows_go_to "target1 target2"
lab_kill sluiced KILL
lab_sluiced "$LAB_BUILD"
all_listeners 1 100
nothing_happened
for name in web:green dns:green web6:green6 dns6:green6; do
	lab_ctl listener set "${name%:*}" --group "${name#*:}" >/dev/null
done
new_flows_go_to "target3 target4"

both_groups remove blue
expect "groups" "blue:removed blue6:removed green green6" "$(groups)"
until_is 20 "10.0.0.11:unused 10.0.0.12:unused" target_states blue
until_is 20 "fd00::11:unused fd00::12:unused" target_states blue6
expect "what is exported" "2" "$(lab_ctl export | grep -c deregistration_delay)"
expect "a removed group" "sluicectl: there is no group 'blue' any more, only targets of it that drain" \
	"$(lab_ctl group set blue --slow-start 1s 2>&1 || :)"
nothing_happened
expect "where the first flows are" "100 50" "$(held_on first target1 target2)"

# One of its targets ends: TCP is reset, UDP goes on elsewhere. The other one comes back.
read -r tcp udp <<<"$(held_on first target1)"
lab_ctl target remove blue 10.0.0.11:9000 --now >/dev/null
lab_ctl target remove blue6 '[fd00::11]:9000' --now >/dev/null
until_is 20 "$((150 - tcp)) $udp $tcp" what_became first
expect "what drains" "10.0.0.12:unused" "$(target_states blue)"
both_groups add blue
lab_ctl target add blue 10.0.0.12:9000 >/dev/null
lab_ctl target add blue6 '[fd00::12]:9000' >/dev/null
expect "groups" "blue blue6 green green6" "$(groups)"
all_listeners 1 1
new_flows_go_to "target2 target3 target4"

release first
release later
expect "the first flows at the end" "$((150 - tcp)) $udp $tcp" "$(what_became first)"
expect "those of target 2" "$((100 - tcp))" "$(held_on first target2 | sed 's/ .*//')"
nothing_moved later 150
