#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What sluicectl can not do ends with one sentence that names the thing and says what would be right, and
# changes nothing: status 1 if the daemon or the file system refuses it, 2 if it is no command.
. tests/support/e2e.sh

lab_up 0
lab_sluiced "$LAB_BUILD"
apply <<CONFIG
listeners:
  - { name: web, address: 192.0.2.10, port: 80, group: web }
  - { name: web6, address: "2001:db8::10", port: 80, group: web6 }
  - { name: media, address: 192.0.2.10, protocol: udp, port: 8000-8099, group: tunnel }
groups:
  - { name: web, targets: [{ address: 10.0.0.11, port: 8080 }] }
  - { name: web6, targets: [{ address: "fd00::11", port: 8080 }] }
  - { name: tunnel, forwarding: ipip, targets: [{ address: 10.0.0.13, port: 53 }] }
CONFIG

transcript "$(cat <<'TRANSCRIPT'
$ sluicectl listener add web --address 192.0.2.10 --port 81 --group web
sluicectl: listener 'web' exists already
[1]
$ sluicectl listener add more --address 192.0.2.10 --port 80 --group web
sluicectl: listeners 'more' and 'web' both have 192.0.2.10 tcp port 80
[1]
$ sluicectl listener add more --address 192.0.2.11 --port 80 --group web
sluicectl: listeners 'more' and 'web' both send to target 10.0.0.11:8080 by nat: its replies could belong to either; give them different target ports, or use ipip
[1]
$ sluicectl listener add more --address 192.0.2.11 --port 80 --group nowhere
sluicectl: listener 'more': there is no group 'nowhere'
[1]
$ sluicectl listener add more --address 192.0.2.11 --port 80
sluicectl: listener 'more': the key 'group' (or 'groups') is missing
[1]
$ sluicectl listener add more --address 192.0.2.11 --port 80 --group web --groups tunnel=1
sluicectl: listener 'more': group and groups exclude each other: give one of them
[1]
$ sluicectl listener add more --address 192.0.2.11 --port 80 --groups tunnel=1000
sluicectl: listener 'more': group 'tunnel': weight 1000 is not in 0-999
[1]
$ sluicectl listener add more --address 192.0.2.300 --port 80 --group web
sluicectl: listener 'more': address '192.0.2.300' is not an IPv4 or IPv6 address such as 192.0.2.10 or 2001:db8::10
[1]
$ sluicectl listener add more --address 127.0.0.1 --port 80 --group tunnel
sluicectl: listener 'more': 127.0.0.1 is a loopback address
[1]
$ sluicectl listener add more --address fe80::1 --port 80 --group web6
sluicectl: listener 'more': fe80::1 is a link-local address, which means nothing without an interface
[1]
$ sluicectl listener add more --address 2001:db8::11 --port 80 --group web
sluicectl: listener 'more' is IPv6 but target 10.0.0.11:8080 of group 'web' is IPv4
[1]
$ sluicectl listener add more --address 192.0.2.11 --port 70000 --group web
sluicectl: listener 'more': port 70000 is not in 1-65535
[1]
$ sluicectl listener add more --address 192.0.2.11 --port 90-80 --group web
sluicectl: listener 'more': port range 90-80 ends before it begins
[1]
$ sluicectl listener add more --address 192.0.2.11 --port http --group web
sluicectl: listener 'more': port 'http' is not a port in 1-65535, a range such as 8000-8100 or any
[1]
$ sluicectl listener add more --address 192.0.2.11 --port 80 --protocol sctp --group web
sluicectl: listener 'more': protocol 'sctp' is unknown; use tcp or udp
[1]
$ sluicectl listener add more --address 192.0.2.10 --port 8050-8150 --protocol udp --group tunnel
sluicectl: listeners 'media' (192.0.2.10 udp port 8000-8099) and 'more' (port 8050-8150) overlap in part: let one lie within the other, or keep them apart
[1]
$ sluicectl listener add 'two words' --address 192.0.2.11 --port 80 --group tunnel
sluicectl: listener 'two words': name 'two words' must be 1-63 of the characters a-z A-Z 0-9 . _ - and not start with . or -
[1]
$ sluicectl listener add .. --address 192.0.2.11 --port 80 --group tunnel
sluicectl: listener '..': name '..' must be 1-63 of the characters a-z A-Z 0-9 . _ - and not start with . or -
[1]
$ sluicectl listener set web --affinity sticky
sluicectl: listener 'web': affinity 'sticky' is unknown; use auto, tracked or hash
[1]
$ sluicectl listener set web --port 0
sluicectl: listener 'web': port 0 is not in 1-65535
[1]
$ sluicectl listener set web --address 2001:db8::10
sluicectl: listener 'web' is IPv6 but target 10.0.0.11:8080 of group 'web' is IPv4
[1]
$ sluicectl listener set nowhere --port 80
sluicectl: there is no listener 'nowhere'
[1]
$ sluicectl listener remove nowhere
sluicectl: there is no listener 'nowhere'
[1]
$ sluicectl listener remove ../groups/web
sluicectl: there is no listener '../groups/web'
[1]
$ sluicectl listener show nowhere
sluicectl: there is no listener 'nowhere'
[1]
$ sluicectl group add web
sluicectl: group 'web' exists already
[1]
$ sluicectl group add more --forwarding snat
sluicectl: group 'more': forwarding snat is not available yet; use nat or ipip
[1]
$ sluicectl group add more --forwarding teleport
sluicectl: group 'more': forwarding 'teleport' is unknown; use nat or ipip
[1]
$ sluicectl group add more --health-check protocol=http
sluicectl: group 'more': health_check: protocol http is not available yet; use tcp or none
[1]
$ sluicectl group add more --health-check colour=blue
sluicectl: group 'more': health_check: unknown key 'colour'; the keys are protocol, port, interval, timeout, healthy_threshold, unhealthy_threshold
[1]
$ sluicectl group add more --health-check interval=1ms
sluicectl: group 'more': health_check: interval 1ms is not in 100ms-300000ms
[1]
$ sluicectl group add more --health-check timeout=20s
sluicectl: group 'more': the health check's timeout (20000 ms) is longer than its interval (10000 ms)
[1]
$ sluicectl group add more --health-check healthy_threshold=11
sluicectl: group 'more': health_check: healthy_threshold 11 is not in 1-10
[1]
$ sluicectl group add more --deregistration-delay soon
sluicectl: group 'more': deregistration_delay 'soon' is not a duration such as 500ms, 10s, 5m, 1h or a number of seconds
[1]
$ sluicectl group add more --idle-timeout 59s
sluicectl: group 'more': idle_timeout 59s is not in 60s-6000s
[1]
$ sluicectl group add more --slow-start 901
sluicectl: group 'more': slow_start 901s is not in 0s-900s
[1]
$ sluicectl group set web --connection-termination yes
sluicectl: group 'web': connection_termination 'yes' is not true or false
[1]
$ sluicectl group set web --unhealthy-draining-interval 60s
sluicectl: group 'web': unhealthy_draining_interval is 60s, but unhealthy_connection_termination is true: set that to false, or the interval to 0s
[1]
$ sluicectl group add more --tunnel-source fd00::1,fd00::2
sluicectl: group 'more': tunnel_source has two IPv6 addresses; it takes one IPv4 and one IPv6 address
[1]
$ sluicectl group set tunnel --forwarding nat --tunnel-source 300.1.2.3
sluicectl: group 'tunnel': tunnel_source '300.1.2.3' is not an IPv4 or IPv6 address such as 192.0.2.10 or 2001:db8::10
[1]
$ sluicectl group set nowhere --forwarding ipip
sluicectl: there is no group 'nowhere'
[1]
$ sluicectl group remove web
sluicectl: group 'web' is used by listener 'web'; give that another group, or remove it, first
[1]
$ sluicectl group remove nowhere
sluicectl: there is no group 'nowhere'
[1]
$ sluicectl group show nowhere
sluicectl: there is no group 'nowhere'
[1]
$ sluicectl target add web 10.0.0.11:8080
sluicectl: group 'web' has target 10.0.0.11:8080 already
[1]
$ sluicectl target add web 10.0.0.11:0
sluicectl: port '0' is not a number in 1-65535
[1]
$ sluicectl target add web 10.0.0.11
sluicectl: '10.0.0.11' is not ADDRESS:PORT such as 10.0.0.11:8080 or [fd00::11]:8080
[1]
$ sluicectl target add web6 fd00::12
sluicectl: 'fd00::12' is not ADDRESS:PORT such as 10.0.0.11:8080 or [fd00::11]:8080
[1]
$ sluicectl target add web '[fd00::12]:8080'
sluicectl: listener 'web' is IPv4 but target [fd00::12]:8080 of group 'web' is IPv6
[1]
$ sluicectl target add web 192.0.2.10:80
sluicectl: target 192.0.2.10:80 of group 'web' is itself a listener: 'web'
[1]
$ sluicectl target add web 10.0.0.12:8080 --weight 1000
sluicectl: target 10.0.0.12:8080: weight 1000 is not in 0-999
[1]
$ sluicectl target add nowhere 10.0.0.12:8080
sluicectl: there is no group 'nowhere'
[1]
$ sluicectl target set web 10.0.0.12:8080 --weight 1
sluicectl: group 'web' has no target 10.0.0.12:8080
[1]
$ sluicectl target remove web 10.0.0.12:8080 --now
sluicectl: group 'web' has no target 10.0.0.12:8080
[1]
$ sluicectl target remove nowhere 10.0.0.12:8080
sluicectl: there is no group 'nowhere'
[1]
$ sluicectl target list nowhere
sluicectl: there is no group 'nowhere'
[1]
$ sluicectl apply -f /nowhere
sluicectl: cannot open /nowhere: No such file or directory
[1]
$ sluicectl apply -f /dev
sluicectl: cannot read /dev: Is a directory
[1]
$ sluicectl apply -f /dev/null
sluicectl: /dev/null is empty: to remove everything, apply 'listeners: []'
[1]
$ printf 'listeners: [' | sluicectl apply -f -
sluicectl: line 1: did not find expected node content while parsing a flow node
[1]
$ printf 'listeners: {}' | sluicectl apply -f -
sluicectl: line 1: listeners must be a list, not an object
[1]
$ printf 'groups:\n- name: web\n- name: web' | sluicectl apply -f -
sluicectl: line 3: group 'web' is there twice; the first is in line 2
[1]
$ printf 'groups:\n- name: web\n  targets:\n  - address: 10.0.0.1\n' | sluicectl apply -f -
sluicectl: line 4: group 'web': target 10.0.0.1: the key 'port' is missing
[1]
$ printf 'groups:\n- name: web\n  colour: blue\n' | sluicectl apply -f - --dry-run
sluicectl: line 3: group 'web': unknown key 'colour'; the keys are name, forwarding, health_check, idle_timeout, deregistration_delay, connection_termination, unhealthy_connection_termination, unhealthy_draining_interval, slow_start, tunnel_source, targets
[1]
$ printf 'a: &a [x, x]\nb: [*a, *a]\n' | sluicectl apply -f -
sluicectl: line 1: anchors such as &a are not supported
[1]
$ printf 'hash_secret: 0123\n' | sluicectl apply -f -
sluicectl: line 1: hash_secret must be 32 hexadecimal digits
[1]
$ head -c 16777217 /dev/zero | sluicectl apply -f -
sluicectl: standard input is too large: a configuration has at most 16 MiB
[1]
TRANSCRIPT
)"

transcript "$(cat <<'TRANSCRIPT'
$ sluicectl nonsense
sluicectl: unknown command 'nonsense': it is one of status, apply, export, listener, group, target, metrics, detach, version, help, words
[2]
$ sluicectl listener
sluicectl: listener needs a verb: one of add, set, remove, show, list
[2]
$ sluicectl listener paint web
sluicectl: listener: unknown verb 'paint': it is one of add, set, remove, show, list
[2]
$ sluicectl listener list web
sluicectl: listener list: unexpected argument 'web'
usage: sluicectl listener list
[2]
$ sluicectl listener remove
sluicectl: listener remove: LISTENER is missing
usage: sluicectl listener remove LISTENER
[2]
$ sluicectl target add web
sluicectl: target add: ADDR:PORT is missing
usage: sluicectl target add GROUP ADDR:PORT [--weight WEIGHT]
[2]
$ sluicectl target add web 10.0.0.12:80 10.0.0.13:80
sluicectl: target add: unexpected argument '10.0.0.13:80'
usage: sluicectl target add GROUP ADDR:PORT [--weight WEIGHT]
[2]
$ sluicectl target add web 10.0.0.12:80 --weight
sluicectl: target add: --weight needs a value: WEIGHT
usage: sluicectl target add GROUP ADDR:PORT [--weight WEIGHT]
[2]
$ sluicectl target add web 10.0.0.12:80 --weight 1 --weight 2
sluicectl: target add: --weight is given twice
usage: sluicectl target add GROUP ADDR:PORT [--weight WEIGHT]
[2]
$ sluicectl target add web 10.0.0.12:80 --colour blue
sluicectl: target add: unknown option '--colour': it is one of --weight, --socket, --output, --help
usage: sluicectl target add GROUP ADDR:PORT [--weight WEIGHT]
[2]
$ sluicectl target add web ''
sluicectl: target add: ADDR:PORT is empty
usage: sluicectl target add GROUP ADDR:PORT [--weight WEIGHT]
[2]
$ sluicectl target set web 10.0.0.11:8080
sluicectl: target set: nothing to set: give one or more of --weight
usage: sluicectl target set GROUP ADDR:PORT [--weight WEIGHT]
[2]
$ sluicectl apply
sluicectl: apply: --file FILE is missing
usage: sluicectl apply -f FILE [--dry-run]
[2]
$ sluicectl apply -f - --dry-run=1
sluicectl: apply: --dry-run takes no value
usage: sluicectl apply -f FILE [--dry-run]
[2]
$ sluicectl --output xml status
sluicectl: --output is table or json, not 'xml'
usage: sluicectl status
[2]
TRANSCRIPT
)"
