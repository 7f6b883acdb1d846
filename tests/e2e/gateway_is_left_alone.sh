#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Everything that is not for a listener works as without Sluice: the gateway's own services, ping,
# routing through it, and clients that talk to a nat target directly while others use the listener.
. tests/support/e2e.sh

nat_lab 2
# The gateway serves something on the listener's address too, on another port.
lab_host_nginx() {
	sed "s/listen .*8080;/&/; s/target1/gateway/; s/nginx1/own/g" "$LAB_DIR/nginx1/conf" >"$LAB_DIR/own.conf"
	lab_spawn gateway own nginx -c "$LAB_DIR/own.conf" -e stderr
}
mkdir -p "$LAB_DIR/own"
lab_host_nginx
for url in http://192.0.2.1:8080/ http://$LAB_VIP4:8080/ "http://[2001:db8::1]:8080/" "http://[$LAB_VIP6]:8080/"; do
	until_is 10 gateway lab_in client curl -s --max-time 2 "$url"
done
for address in 192.0.2.1 $LAB_VIP4 10.0.0.11 2001:db8::1 $LAB_VIP6 fd00::11; do
	lab_in client ping -q -c 1 -W 2 "$address" >/dev/null || fail "ping $address"
done

# Direct: from one client port the target, from another the listener, both alive at once.
for i in 1 2; do
	expect "target $i directly" target$i "$(http_answers -4 http://10.0.0.1$i:8080/ 10)"
	expect "target $i directly over IPv6" target$i "$(http_answers -6 "http://[fd00::1$i]:8080/" 10)"
	expect "DNS of target $i directly" target$i "$(dns_answers 10.0.0.1$i 5)"
	expect "DNS of target $i directly over IPv6" target$i "$(dns_answers fd00::1$i 5)"
done
expect "the listener meanwhile" "target1 target2" "$(http_answers -4 http://$LAB_VIP4/ 40)"
expect "the IPv6 listener meanwhile" "target1 target2" "$(http_answers -6 "http://[$LAB_VIP6]/" 40)"
[ "$(counter reply_direct)" -gt 0 ] || fail "no direct reply was counted"

# The gateway as a client of its targets, beyond health checks.
expect "gateway to target" target1 "$(lab_in gateway curl -s --max-time 2 http://10.0.0.11:8080/)"
expect "gateway to target over IPv6" target1 "$(lab_in gateway curl -s --max-time 2 "http://[fd00::11]:8080/")"
