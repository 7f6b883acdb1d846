#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 2,000 TCP connections and 500 UDP flows, over IPv4 and IPv6, by nat and ipip, live through 200 random
# changes, and 1,250 more that are opened on the way: targets come, leave, return while they drain and
# change their weight, listeners move between groups, groups change, double and are removed, and the
# daemon is killed, also in the middle of a change, and started again, from another build of it each
# time. No flow moves, none breaks, and no new connection fails. SEED=N repeats a run's changes.
. tests/support/e2e.sh

CHANGES=200 SECONDS_MIN=85 HOSTS=8
SEED=${SEED:-$(date +%s)}
CHECK="{ interval: $((2 * LAB_PATIENCE))s, timeout: $((2 * LAB_PATIENCE))s, healthy_threshold: 1, unhealthy_threshold: 10 }"
PLACES=("tcp:$LAB_VIP4:80" "tcp:[$LAB_VIP6]:80" "tcp:$LAB_VIP4:90" "tcp:$LAB_VIP4:91" "tcp:[$LAB_VIP6]:90"
	"udp:$LAB_VIP4:80" "udp:[$LAB_VIP6]:80" "udp:$LAB_VIP4:90")

group() { # NAME FORWARDING PORT PREFIX HOST...
	local name=$1 forwarding=$2 port=$3 prefix=$4
	shift 4
	printf '  - { name: %s, forwarding: %s, health_check: %s, ' "$name" "$forwarding" "$CHECK"
	printf 'idle_timeout: 60s, deregistration_delay: 1s, targets: ['
	printf "{ address: \"$prefix%s\", port: $port }, " "$@"
	printf ']}\n'
}

# The whole configuration, with targets on these hosts.
base() { # HOST...
	cat <<-CONFIG
		listeners:
		  - { name: web, address: $LAB_VIP4, protocol: tcp, port: 80, group: blue }
		  - { name: web6, address: "$LAB_VIP6", protocol: tcp, port: 80, group: blue6 }
		  - { name: dns, address: $LAB_VIP4, protocol: udp, port: 80, group: green }
		  - { name: dns6, address: "$LAB_VIP6", protocol: udp, port: 80, group: green6 }
		  - { name: tun-a, address: $LAB_VIP4, protocol: tcp, port: 90, group: tun }
		  - { name: tun-b, address: $LAB_VIP4, protocol: tcp, port: 91, group: tunnel }
		  - { name: tun-u, address: $LAB_VIP4, protocol: udp, port: 90, group: tun }
		  - { name: tun6, address: "$LAB_VIP6", protocol: tcp, port: 90, group: tun6 }
		groups:
		$(group blue nat 9000 10.0.0.1 "$@")
		$(group green nat 9002 10.0.0.1 "$@")
		$(group blue6 nat 9000 fd00::1 "$@")
		$(group green6 nat 9002 fd00::1 "$@")
		$(group tun ipip 90 10.0.0.1 "$@")
		$(group tunnel ipip 91 10.0.0.1 "$@")
		$(group tun6 ipip 90 fd00::1 "$@")
	CONFIG
}

# The same without one of the groups of nat; its listeners go to the other one.
base_without() { # GROUP HOST...
	local gone=$1 other=blue${1#green}
	shift
	[ "$other" != "blue$gone" ] || other=green${gone#blue}
	base "$@" | sed "s/group: $gone /group: $other /; /name: $gone,/d"
}

pick() { picked=${!#}; [ $# = 1 ] || eval "picked=\${$((RANDOM % $# + 1))}"; }

# A random target that the group may have. Those on host 1 are always there, so that new connections have
# somewhere to go.
pick_target() { # GROUP
	local host=$((RANDOM % (HOSTS - 1) + 2)) port=90
	case $1 in
	blue*) port=$((9000 + RANDOM % 2)) ;;
	green*) port=$((9002 + RANDOM % 2)) ;;
	tunnel) port=91 ;;
	esac
	picked=10.0.0.1$host:$port
	case $1 in *6) picked=[fd00::1$host]:$port ;; esac
}

note() { echo "$(date +%T.%N | cut -c1-12) $*" >>"$LAB_DIR/changes"; }

# try ARGUMENT...: of sluicectl. That it is so already, or does not exist, is no failure.
try() {
	if lab_ctl "$@" >"$LAB_DIR/answer" 2>&1; then
		note "$*"
		made=$((made + 1))
	else
		note "$*: $(cat "$LAB_DIR/answer")"
		refused=$((refused + 1))
		grep -qE 'already|has no target|there is no group' "$LAB_DIR/answer" ||
			fail "sluicectl $*: $(cat "$LAB_DIR/answer")"
		return 1
	fi
}

start_daemon() {
	binary=$([ "$binary" = "$LAB_BUILD" ] && echo "${LAB_BUILD%/san}" || echo "$LAB_BUILD")
	note "start $binary/sluiced"
	lab_sluiced "$binary" || fail "sluiced does not start"
}

# A command is on its way while the daemon dies: sometimes before, in the midst of or after its work.
kill_during() { # ARGUMENT...
	local ctl
	lab_ctl "$@" >"$LAB_DIR/answer" 2>&1 &
	ctl=$!
	sleep 0.0$((RANDOM % 6))$((RANDOM % 10))
	lab_kill sluiced KILL
	wait $ctl || :
	note "killed during $*: $(head -1 "$LAB_DIR/answer")"
	killed=$((killed + 1))
	start_daemon
}

weights() { # GROUP GROUP
	pick "$1=1" "$2=1" "$1=90,$2=10" "$1=1,$2=1" "$1=0,$2=5" "$1=999,$2=1"
}

attribute() {
	pick "--deregistration-delay $((RANDOM % 3))s" "--idle-timeout $((60 + RANDOM % 60))s" \
		"--slow-start $((RANDOM % 5))s" "--connection-termination false" \
		"--unhealthy-connection-termination false" "--unhealthy-connection-termination true"
}

# shellcheck disable=SC2086 # $command is several words
change() {
	local kind=$((RANDOM % 24)) group target command
	pick blue green blue6 green6 tun tunnel tun6
	group=$picked
	pick_target "$group"
	target=$picked
	case $kind in
	[0-9])
		command="target remove $group $target"
		try target add $group $target --weight $((RANDOM % 5 + 1)) && return
		;;
	10 | 11)
		pick 0 0 1 20
		command="target set $group $target --weight $picked"
		;;
	1[2-4])
		pick "" 6
		group=$picked
		weights "blue$group" "green$group"
		command="--groups $picked"
		pick web dns
		command="listener set $picked$group $command"
		;;
	15 | 16)
		weights tun tunnel
		command="--groups $picked"
		pick tun-a tun-b tun-u
		command="listener set $picked $command"
		;;
	17 | 18)
		attribute
		command="group set $group $picked"
		;;
	19)
		pick "" "2 3" "4 5 6" "$(seq 2 $HOSTS)"
		base 1 $picked >"$LAB_DIR/base"
		command="apply -f $LAB_DIR/base"
		;;
	20)
		pick blue green blue6 green6
		base_without $picked 1 2 3 4 >"$LAB_DIR/base-without-$picked"
		command="apply -f $LAB_DIR/base-without-$picked"
		;;
	21)	# many at once, so that the ring grows
		for target in $(seq 2 $HOSTS); do
			pick_target $group
			try target add $group $picked || :
		done
		return
		;;
	*)
		pick add remove
		kill_during target $picked $group $target
		return
		;;
	esac
	if [ $((RANDOM % 12)) = 0 ]; then
		kill_during $command
	else
		try $command || :
	fi
}

echo "SEED=$SEED"
RANDOM=$SEED
made=0 refused=0 killed=0 binary=
lab_up $HOSTS
for i in $(seq $HOSTS); do
	lab_xdp "target$i" eth0 decap
	lab_address "target$i" lo $LAB_VIP4/32 $LAB_VIP6/128
	serve "$i" 9000 9001 9002 9003 90 91
done
start_daemon
# shellcheck disable=SC2046 # one word each
base $(seq $HOSTS) | apply
until_is 20 0 not_healthy

hold early --tcp 2000 --udp 500 --fresh 40 --quiet 40 "${PLACES[@]}"
until_is 20 2500 held early .alive
hold late --tcp 1000 --udp 250 --over 40 "${PLACES[@]}"
end=$((SECONDS + SECONDS_MIN))
while [ $made -lt $CHANGES ] || [ $SECONDS -lt $end ]; do
	change
	[ "$(held early .moved)$(held early .reset)$(held late .moved)$(held late .reset)" = 0000 ] || break
done
release early
release late
[ "$(held early .alive)$(held late .alive)" = 25001250 ] || tail -60 "$LAB_DIR/changes"
nothing_moved early 2500
nothing_moved late 1250
expect "new connections that failed ($(grep 'fresh ' "$LAB_DIR/early.log" | head -20 || :))" \
	0 "$(held early .fresh_failed)"
echo "note: seed $SEED: $made changes, $refused refused, killed $killed times, $(held early .fresh) new connections"
