# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A network of namespaces on this machine, for the demo and the end-to-end tests. To be sourced.
#
#     client --- eth0 gateway eth1 --- switch --- target1, target2, ...
#
# client    192.0.2.2      2001:db8::2       gateway eth0  192.0.2.1   2001:db8::1
# gateway   eth1 10.0.0.1  fd00::1           targets       10.0.0.1N   fd00::1N
# VIPs      192.0.2.10 and 2001:db8::10, on the gateway's eth0
#
# Set LAB to a short unique name first. Everything lives in $LAB_DIR and in namespaces $LAB-*;
# lab_down removes all of it, also what a run that was killed left behind. On a slow machine, such as
# an emulated one, LAB_PATIENCE=10 makes every timeout ten times as long.

LAB_PATIENCE=${LAB_PATIENCE:-1}
LAB_DIR=${TMPDIR:-/tmp}/sluice-$LAB
LAB_VIP4=192.0.2.10
LAB_VIP6=2001:db8::10

# lab_in HOST COMMAND...: runs a command there. Not `ip netns exec`, which hides the pins in /sys.
lab_in() {
	local host=$1
	shift
	nsenter --net="/run/netns/$LAB-$host" -- "$@"
}

# lab_spawn HOST NAME COMMAND...: starts a program in the background; its output goes to
# $LAB_DIR/NAME.log and its pid to $LAB_DIR/NAME.pid.
lab_spawn() {
	local host=$1 name=$2
	shift 2
	: >"$LAB_DIR/$name.log"	# at once: nobody may read what an earlier program of this name wrote
	nsenter --net="/run/netns/$LAB-$host" -- "$@" >"$LAB_DIR/$name.log" 2>&1 </dev/null &
	echo $! >"$LAB_DIR/$name.pid"
}

# lab_kill NAME [SIGNAL]: ends a program that lab_spawn started, and waits for it.
lab_kill() {
	local file=$LAB_DIR/$1.pid pid
	[ -s "$file" ] || return 0
	pid=$(cat "$file")
	kill -"${2:-TERM}" "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	rm -f "$file"
}

# lab_until SECONDS COMMAND...: repeats the command until it succeeds; fails after the deadline.
lab_until() {
	local deadline=$(($(date +%s%N) + $1 * LAB_PATIENCE * 1000000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt $deadline ] || return 1
		sleep 0.05
	done
}

lab_host() {
	ip netns add "$LAB-$1"
	lab_in "$1" ip link set lo up
}

# Ends of a veth that packets are sent from must finish their checksums, and receive through NAPI
# (gro), so that frames which XDP redirects to the other end arrive. A veth looks at its peer's gro
# when it is set up: first the features of both, then both up.
lab_cable() { # HOST DEVICE HOST DEVICE
	local off="tx off tso off gso off gro on"
	ip link add "$2" netns "$LAB-$1" type veth peer name "$4" netns "$LAB-$3"
	# shellcheck disable=SC2086 # several words on purpose
	lab_in "$1" ethtool -K "$2" $off >/dev/null
	# shellcheck disable=SC2086
	lab_in "$3" ethtool -K "$4" $off >/dev/null
	lab_in "$1" ip link set "$2" up
	lab_in "$3" ip link set "$4" up
}

lab_address() { # HOST DEVICE ADDRESS...
	local host=$1 device=$2 address
	shift 2
	for address in "$@"; do
		case $address in
		*:*) lab_in "$host" ip address add "$address" dev "$device" nodad ;;
		*) lab_in "$host" ip address add "$address" dev "$device" ;;
		esac
	done
}

lab_sysctl() { # HOST KEY=VALUE...
	local host=$1
	shift
	lab_in "$host" sysctl -qw "$@"
}

# lab_client_side CLIENT_DEVICE GATEWAY_DEVICE: the addresses of the network between the two.
lab_client_side() {
	lab_address client "$1" 192.0.2.2/24 2001:db8::2/64
	lab_address gateway "$2" 192.0.2.1/24 2001:db8::1/64 $LAB_VIP4/32 $LAB_VIP6/128
	lab_in client ip route replace default via 192.0.2.1
	lab_in client ip -6 route replace default via 2001:db8::1
}

# lab_target_side DEVICE: the gateway's addresses on the network of the targets. They answer with the
# VIP as the source (ipip), which a host takes for forged if it is an address of its own.
lab_target_side() {
	lab_address gateway "$1" 10.0.0.1/24 fd00::1/64
	lab_sysctl gateway "net.ipv4.conf.${1/./\/}.accept_local=1"
}

# lab_up TARGETS: the whole network, with that many targets.
lab_up() {
	local i
	lab_down
	mkdir -p "$LAB_DIR/bpf"
	mount -t bpf bpf "$LAB_DIR/bpf"
	for i in client gateway switch; do lab_host $i; done

	lab_cable client eth0 gateway eth0
	lab_client_side eth0 eth0
	lab_sysctl gateway net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

	lab_in switch ip link add br0 type bridge
	lab_in switch ip link set br0 up
	lab_cable gateway eth1 switch uplink
	lab_in switch ip link set uplink master br0
	lab_target_side eth1
	for i in $(seq "$1"); do
		lab_host "target$i"
		lab_cable "target$i" eth0 switch "port$i"
		lab_in switch ip link set "port$i" master br0
		lab_address "target$i" eth0 "10.0.0.1$i/24" "fd00::1$i/64"
		lab_in "target$i" ip route add default via 10.0.0.1
		lab_in "target$i" ip -6 route add default via fd00::1
	done
}

# lab_join_sides: the client moves behind the targets' switch, so that the gateway has all on eth1.
lab_join_sides() {
	lab_in client ip link del eth0
	lab_cable client eth0 switch portc
	lab_in switch ip link set portc master br0
	lab_client_side eth0 eth1
}

# lab_vlans CLIENTS TARGETS: the addresses of both sides move to VLAN devices, of eth0 on the client
# and the gateway, of eth1 on the gateway alone: to the targets the switch sends without a tag.
lab_vlans() {
	local port
	lab_in client ip address flush dev eth0 scope global
	lab_in gateway ip address flush dev eth0 scope global
	lab_in gateway ip address flush dev eth1 scope global
	lab_in client ip link add link eth0 name "eth0.$1" up type vlan id "$1"
	lab_in gateway ip link add link eth0 name "eth0.$1" up type vlan id "$1"
	lab_in gateway ip link add link eth1 name "eth1.$2" up type vlan id "$2"
	lab_client_side "eth0.$1" "eth0.$1"
	lab_target_side "eth1.$2"

	lab_in switch ip link set br0 type bridge vlan_filtering 1
	lab_in switch bridge vlan add vid "$2" dev uplink
	for port in $(lab_in switch ip -brief link show type veth | sed -n 's/^\(port[^@]*\).*/\1/p'); do
		lab_in switch bridge vlan add vid "$2" pvid untagged dev "$port"
	done
}

# lab_nginx N [PORT [TEXT]]: nginx on target N that answers every request with the text, else "targetN".
lab_nginx() {
	local name=nginx$1 port=${2:-8080} text=${3:-target$1}
	mkdir -p "$LAB_DIR/$name"
	cat >"$LAB_DIR/$name/conf" <<-CONF
		daemon off;
		master_process off;
		pid $LAB_DIR/$name/pid;
		error_log stderr warn;
		events { worker_connections 1024; }
		http {
			access_log off;
			client_body_temp_path $LAB_DIR/$name;
			proxy_temp_path $LAB_DIR/$name;
			fastcgi_temp_path $LAB_DIR/$name;
			uwsgi_temp_path $LAB_DIR/$name;
			scgi_temp_path $LAB_DIR/$name;
			server {
				listen 0.0.0.0:$port;
				listen [::]:$port;
				location / { return 200 "$text\n"; }
			}
		}
	CONF
	lab_spawn "target$1" "$name" nginx -c "$LAB_DIR/$name/conf" -e stderr
	lab_until 10 lab_in "target$1" curl -sf --max-time 1 "http://127.0.0.1:$port/"
}

# lab_dns N: a DNS server on target N whose TXT record `whoami.` is "targetN".
lab_dns() {
	lab_spawn "target$1" "dns$1" dnsmasq --keep-in-foreground --no-resolv --no-hosts --port=53 \
		--conf-file=/dev/null --pid-file= --user=root --txt-record="whoami,target$1"
	lab_until 10 lab_in "target$1" dig +short +time=1 +tries=1 @127.0.0.1 whoami TXT
}

# lab_sluiced BUILD_DIR [OPTION...]: the daemon on the gateway, with XDP on $LAB_INTERFACES.
lab_sluiced() {
	local build=$1
	shift
	lab_spawn gateway sluiced "$build/sluiced" --interface "${LAB_INTERFACES:-eth0,eth1}" \
		--state-dir "$LAB_DIR/state" \
		--socket "$LAB_DIR/sluice.sock" --pin-dir "$LAB_DIR/bpf/sluice" "$@"
	lab_until 20 grep -q 'daemon: ready' "$LAB_DIR/sluiced.log" || {
		cat "$LAB_DIR/sluiced.log" >&2
		return 1
	}
}

# lab_ctl ARGUMENT...: sluicectl of the build in $LAB_BUILD (default build).
lab_ctl() {
	"${LAB_BUILD:-build}/sluicectl" --socket "$LAB_DIR/sluice.sock" "$@"
}

# Ends every program, removes every namespace and file of this lab.
lab_down() {
	local file pid name
	for file in "$LAB_DIR"/*.pid; do
		[ -e "$file" ] || continue
		pid=$(cat "$file")
		# After a crash the number may belong to somebody else by now.
		[ "$(ip netns identify "$pid" 2>/dev/null)" != "" ] || continue
		kill -TERM "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	for name in $(ip netns list | awk '{print $1}' | grep "^$LAB-" || :); do
		ip netns pids "$name" | xargs -r kill -KILL 2>/dev/null || :
		ip netns del "$name"
	done
	if mountpoint -q "$LAB_DIR/bpf" 2>/dev/null; then
		find "$LAB_DIR/bpf" -mindepth 1 -type f -delete 2>/dev/null || :
		umount "$LAB_DIR/bpf"
	fi
	rm -rf "$LAB_DIR"
}
