#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every verb of sluicectl that changes or shows the configuration: IPv4 and IPv6, TCP and UDP, one port,
# ranges and any. What was accepted is exported, applies again without a change, and is still there
# after a restart.
. tests/support/e2e.sh

lab_up 0
lab_sluiced "$LAB_BUILD"

cat >"$LAB_DIR/start.yaml" <<CONFIG
hash_secret: 00112233445566778899aabbccddeeff
listeners:
  - { name: web, address: 192.0.2.10, port: 80, group: web }
groups:
  - { name: web, health_check: { interval: 300s }, targets: [{ address: 10.0.0.11, port: 8080 }] }
CONFIG
transcript "$(cat <<'TRANSCRIPT'
$ sed 's/.*hash_secret.*//' "$LAB_DIR/start.yaml" | sluicectl apply -f - --dry-run
+ group web: health_check interval 300s
+ target web 10.0.0.11:8080
+ listener web: address 192.0.2.10, protocol tcp, port 80, groups web
3 changes would be applied
$ sluicectl listener list
no listeners
$ sluicectl group list
no groups
$ sluicectl target list
no targets
$ sluicectl apply -f "$LAB_DIR/start.yaml"
~ hash_secret
+ group web: health_check interval 300s
+ target web 10.0.0.11:8080
+ listener web: address 192.0.2.10, protocol tcp, port 80, groups web
4 changes applied
$ sluicectl apply -f "$LAB_DIR/start.yaml"
no changes
$ sluicectl group add web6 --health-check interval=5m,timeout=1s,healthy_threshold=2,unhealthy_threshold=4,port=8081 --deregistration-delay 60s --idle-timeout 1h --connection-termination true --unhealthy-connection-termination false --unhealthy-draining-interval 10m --slow-start 30s
+ group web6: idle_timeout 3600s, deregistration_delay 60s, connection_termination true, unhealthy_connection_termination false, unhealthy_draining_interval 600s, slow_start 30s, health_check port 8081, health_check interval 300s, health_check timeout 1s, health_check healthy_threshold 2, health_check unhealthy_threshold 4
$ sluicectl group add tunnel --forwarding ipip --health-check protocol=none --tunnel-source 192.0.2.1,2001:db8::1
+ group tunnel: forwarding ipip, tunnel_source 192.0.2.1,2001:db8::1, health_check protocol none
$ sluicectl group add tunnel6 --forwarding ipip --health-check protocol=none
+ group tunnel6: forwarding ipip, health_check protocol none
$ sluicectl target add web 10.0.0.12:8080 --weight 3
+ target web 10.0.0.12:8080: weight 3
$ sluicectl target add web6 '[fd00:0::011]:8080'
+ target web6 [fd00::11]:8080
$ sluicectl target add tunnel 10.0.0.13:53
+ target tunnel 10.0.0.13:53
$ sluicectl target add tunnel6 [fd00::13]:53
+ target tunnel6 [fd00::13]:53
$ sluicectl listener add web6 --address 2001:db8::10 --protocol tcp --port 80 --group web6
+ listener web6: address 2001:db8::10, protocol tcp, port 80, groups web6
$ sluicectl listener add dns --address 192.0.2.10 --protocol udp --port 53 --group tunnel
+ listener dns: address 192.0.2.10, protocol udp, port 53, groups tunnel
$ sluicectl listener add dns6 --address 2001:db8::10 --protocol udp --port 53 --group tunnel6
+ listener dns6: address 2001:db8::10, protocol udp, port 53, groups tunnel6
$ sluicectl listener add media --address 192.0.2.10 --protocol udp --port 8000-8099 --group tunnel
+ listener media: address 192.0.2.10, protocol udp, port 8000-8099, groups tunnel
$ sluicectl listener add media6 --address 2001:db8::10 --port 8000-8099 --group tunnel6
+ listener media6: address 2001:db8::10, protocol tcp, port 8000-8099, groups tunnel6
$ sluicectl listener add all --address 192.0.2.11 --port any --group tunnel
+ listener all: address 192.0.2.11, protocol tcp, port any, groups tunnel
$ sluicectl listener add all6 --address 2001:db8::11 --protocol udp --port any --groups tunnel6=9 --affinity hash
+ listener all6: address 2001:db8::11, protocol udp, port any, affinity hash, groups tunnel6=9
$ sluicectl listener add one --address 192.0.2.11 --port 22 --group tunnel
+ listener one: address 192.0.2.11, protocol tcp, port 22, groups tunnel
$ sluicectl listener list
NAME    ADDRESS            PORT  PROTOCOL  GROUPS     PACKETS  BYTES  FLOWS
all     192.0.2.11          any  tcp       tunnel           0     0B      0
all6    2001:db8::11        any  udp       tunnel6=9        0     0B      0
dns     192.0.2.10           53  udp       tunnel           0     0B      0
dns6    2001:db8::10         53  udp       tunnel6          0     0B      0
media   192.0.2.10    8000-8099  udp       tunnel           0     0B      0
media6  2001:db8::10  8000-8099  tcp       tunnel6          0     0B      0
one     192.0.2.11           22  tcp       tunnel           0     0B      0
web     192.0.2.10           80  tcp       web              0     0B      0
web6    2001:db8::10         80  tcp       web6             0     0B      0
$ sluicectl listener show all6
Name      all6
Address   2001:db8::11
Protocol  udp
Port      any
Affinity  hash
Groups    tunnel6=9
Packets   0
Bytes     0B
Flows     0
$ sluicectl group list
NAME     FORWARDING  HEALTH CHECK         HEALTHY  FAILS OPEN
tunnel   ipip        none                     1/1  no
tunnel6  ipip        none                     1/1  no
web      nat         tcp every 300s           0/2  no
web6     nat         tcp:8081 every 300s      0/1  no
$ sluicectl group show web
Name                              web
Forwarding                        nat
Health check                      port=traffic-port,protocol=tcp,interval=300s,timeout=2s,healthy_threshold=3,unhealthy_threshold=3
Idle timeout                      350s
Deregistration delay              300s
Connection termination            no
Unhealthy connection termination  yes
Unhealthy draining interval       0s
Slow start                        0s
Tunnel source                     -
In use                            yes
Fails open                        no

TARGET          WEIGHT  STATE    REASON                     IN SERVICE  NEXT HOP      PACKETS  FLOWS  TRACKED  DRAINED IN
10.0.0.11:8080       1  initial  Elb.InitialHealthChecking  no          no_neighbour        0      0        0           -
10.0.0.12:8080       3  initial  Elb.InitialHealthChecking  no          no_neighbour        0      0        0           -
$ sluicectl target list
GROUP    TARGET           WEIGHT  STATE        REASON                      IN SERVICE  NEXT HOP      PACKETS  FLOWS  TRACKED  DRAINED IN
tunnel   10.0.0.13:53          1  unavailable  Target.HealthCheckDisabled  yes         no_neighbour        0      0        0           -
tunnel6  [fd00::13]:53         1  unavailable  Target.HealthCheckDisabled  yes         no_neighbour        0      0        0           -
web      10.0.0.11:8080        1  initial      Elb.InitialHealthChecking   no          no_neighbour        0      0        0           -
web      10.0.0.12:8080        3  initial      Elb.InitialHealthChecking   no          no_neighbour        0      0        0           -
web6     [fd00::11]:8080       1  initial      Elb.InitialHealthChecking   no          no_neighbour        0      0        0           -
$ sluicectl export
hash_secret: 00112233445566778899aabbccddeeff
listeners:
- name: all
  address: 192.0.2.11
  protocol: tcp
  port: any
  group: tunnel
- name: all6
  address: 2001:db8::11
  protocol: udp
  port: any
  affinity: hash
  groups:
    tunnel6: 9
- name: dns
  address: 192.0.2.10
  protocol: udp
  port: 53
  group: tunnel
- name: dns6
  address: 2001:db8::10
  protocol: udp
  port: 53
  group: tunnel6
- name: media
  address: 192.0.2.10
  protocol: udp
  port: 8000-8099
  group: tunnel
- name: media6
  address: 2001:db8::10
  protocol: tcp
  port: 8000-8099
  group: tunnel6
- name: one
  address: 192.0.2.11
  protocol: tcp
  port: 22
  group: tunnel
- name: web
  address: 192.0.2.10
  protocol: tcp
  port: 80
  group: web
- name: web6
  address: 2001:db8::10
  protocol: tcp
  port: 80
  group: web6
groups:
- name: tunnel
  forwarding: ipip
  health_check:
    protocol: none
  tunnel_source:
  - 192.0.2.1
  - 2001:db8::1
  targets:
  - address: 10.0.0.13
    port: 53
- name: tunnel6
  forwarding: ipip
  health_check:
    protocol: none
  targets:
  - address: fd00::13
    port: 53
- name: web
  health_check:
    interval: 300s
  targets:
  - address: 10.0.0.11
    port: 8080
  - address: 10.0.0.12
    port: 8080
    weight: 3
- name: web6
  health_check:
    port: 8081
    interval: 300s
    timeout: 1s
    healthy_threshold: 2
    unhealthy_threshold: 4
  idle_timeout: 3600s
  deregistration_delay: 60s
  connection_termination: true
  unhealthy_connection_termination: false
  unhealthy_draining_interval: 600s
  slow_start: 30s
  targets:
  - address: fd00::11
    port: 8080
TRANSCRIPT
)"

lab_ctl export >"$LAB_DIR/export.yaml"
lab_ctl --output json export >"$LAB_DIR/export.json"
expect "the export, applied" "no changes" "$(lab_ctl apply -f "$LAB_DIR/export.yaml")"
expect "the export in JSON, applied" "no changes" "$(lab_ctl apply -f "$LAB_DIR/export.json")"
for signal in TERM KILL; do
	lab_kill sluiced $signal
	lab_sluiced "$LAB_BUILD"
	expect "the export after SIG$signal" "$(cat "$LAB_DIR/export.yaml")" "$(lab_ctl export)"
done
lab_ctl apply -f - <<<'listeners: []' >/dev/null
expect "everything removed" "hash_secret: 00112233445566778899aabbccddeeff
listeners: []
groups: []" "$(lab_ctl export)"
lab_ctl apply -f "$LAB_DIR/export.yaml" >/dev/null
expect "the export after it was applied to nothing" "$(cat "$LAB_DIR/export.yaml")" "$(lab_ctl export)"

transcript "$(cat <<'TRANSCRIPT'
$ sluicectl listener set web --port 8000-8099 --group tunnel
~ listener web: port 80 -> 8000-8099, groups web -> tunnel
$ sluicectl listener set web --address 192.0.2.10 --protocol tcp --port 80 --groups web=5
~ listener web: port 8000-8099 -> 80, groups tunnel -> web=5
$ sluicectl listener set web --group web
~ listener web: groups web=5 -> web
$ sluicectl listener set media6 --address 2001:0db8::12 --port any
~ listener media6: address 2001:db8::10 -> 2001:db8::12, port 8000-8099 -> any
$ sluicectl listener set web --groups web=90,tunnel=10
~ listener web: groups web -> tunnel=10,web=90
$ sluicectl listener set web --group web --affinity tracked
~ listener web: affinity auto -> tracked, groups tunnel=10,web=90 -> web
$ sluicectl listener set web --affinity auto
~ listener web: affinity tracked -> auto
$ sluicectl listener set one --protocol udp
~ listener one: protocol tcp -> udp
$ sluicectl listener set web --port 80 --group web
no changes
$ sluicectl listener remove all6
- listener all6
$ sluicectl group set web --health-check timeout=3s --deregistration-delay 0
~ group web: deregistration_delay 300s -> 0s, health_check timeout 2s -> 3s
$ sluicectl group set web6 --unhealthy-draining-interval 0 --unhealthy-connection-termination true --slow-start 0s
~ group web6: unhealthy_connection_termination false -> true, unhealthy_draining_interval 600s -> 0s, slow_start 30s -> 0s
$ sluicectl group set tunnel --tunnel-source ''
~ group tunnel: tunnel_source 192.0.2.1,2001:db8::1 -> auto
$ sluicectl group set tunnel6 --forwarding nat
~ group tunnel6: forwarding ipip -> nat
$ sluicectl target set web 10.0.0.12:8080 --weight 0
~ target web 10.0.0.12:8080: weight 3 -> 0
$ sluicectl target remove web 10.0.0.12:8080
- target web 10.0.0.12:8080
$ sluicectl target list web
GROUP  TARGET          WEIGHT  STATE    REASON                     IN SERVICE  NEXT HOP      PACKETS  FLOWS  TRACKED  DRAINED IN
web    10.0.0.11:8080       1  initial  Elb.InitialHealthChecking  no          no_neighbour        0      0        0           -
$ sluicectl target remove web6 [fd00::11]:8080
- target web6 [fd00::11]:8080
$ sluicectl target list web6
no targets
$ sluicectl target remove tunnel6 [fd00::13]:53
- target tunnel6 [fd00::13]:53
$ sluicectl target list tunnel6 | sed 's/ 4m 5[0-9]s$/ 5m/; s/  *5m$/ 5m/'
GROUP    TARGET         WEIGHT  STATE     REASON                           IN SERVICE  NEXT HOP      PACKETS  FLOWS  TRACKED  DRAINED IN
tunnel6  [fd00::13]:53       1  draining  Target.DeregistrationInProgress  no          no_neighbour        0      0        0 5m
$ sluicectl target add tunnel6 [fd00::13]:53 --weight 2
+ target tunnel6 [fd00::13]:53: weight 2
$ sluicectl target remove tunnel6 [fd00::13]:53
- target tunnel6 [fd00::13]:53
$ sluicectl target remove tunnel6 [fd00::13]:53 --now
no longer draining, gone at once
$ sluicectl target list tunnel6
no targets
$ sluicectl listener remove web6
- listener web6
$ sluicectl group remove web6
- group web6
$ sluicectl --output json listener remove dns6 | jq -c .
{"changes":[{"change":"remove","object":"listener","name":"dns6","detail":""}]}
$ sluicectl --output json target add web 10.0.0.14:80 --weight 7 | jq -c .
{"changes":[{"change":"add","object":"target","name":"web 10.0.0.14:80","detail":"weight 7"}]}
$ sluicectl --output json listener show media6 | jq -c .
{"name":"media6","address":"2001:db8::12","protocol":"tcp","port":"any","affinity":"auto","group":"tunnel6","packets":0,"bytes":0,"flows":0}
$ sluicectl --output json target list web | jq -c '.targets[0]'
{"group":"web","address":"10.0.0.11","port":8080,"weight":1,"state":"initial","reason":"Elb.InitialHealthChecking","in_service":false,"next_hop":{"state":"no_neighbour"},"packets":0,"bytes":0,"flows":0,"tracked_flows":0}
TRANSCRIPT
)"

# Every reading command gives JSON.
for command in status version export "listener list" "listener show all" "group list" "group show web" \
	"target list" "target list web"; do
	# shellcheck disable=SC2086 # words on purpose
	lab_ctl --output json $command | jq -e 'type == "object"' >/dev/null || fail "$command is not JSON"
done
