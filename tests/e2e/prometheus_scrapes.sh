#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A real Prometheus scrapes --metrics, over IPv4 and IPv6, and answers questions about the traffic and
# the targets; promtool has nothing to say about the text. The same address serves the status and
# refuses everything else.
. tests/support/e2e.sh

query() { # PROMQL: LABEL=VALUE,... VALUE for each series, without the labels of the scrape itself
	lab_in gateway curl -sG --max-time 2 http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" |
		jq -r '.data.result[] | (.metric | del(.job, .__name__) | to_entries |
			map("\(.key)=\(.value)") | join(",")) + " " + .value[1]' | sed 's/^ //' | LC_ALL=C sort
}
requests() { # COUNT URL
	lab_in client bash -c "for i in \$(seq $1); do curl -s --max-time 2 -o /dev/null '$2'; done"
}
restart() { # METRICS_ADDRESS
	lab_kill sluiced
	lab_sluiced "$LAB_BUILD" --metrics "$1"
}
ask() { # "METHOD PATH": the answer, and its status
	lab_in gateway curl -s --max-time 2 -X "${1% *}" -w '%{http_code}' "http://127.0.0.1:9700${1#* }"
}
targets() { # STATE=COUNT,... by the status over TCP
	ask "GET /v1/status" | head -1 | jq -r '.targets | to_entries | map("\(.key)=\(.value)") | join(",")'
}

nat_lab 2
restart 127.0.0.1:9700
cat >"$LAB_DIR/prometheus.yml" <<CONFIG
scrape_configs:
  - job_name: sluice
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs: [{ targets: ["127.0.0.1:9700", "[::1]:9700"] }]
CONFIG
lab_spawn gateway prometheus prometheus --config.file="$LAB_DIR/prometheus.yml" \
	--storage.tsdb.path="$LAB_DIR/prometheus" --web.listen-address=127.0.0.1:9090
until_is 30 "instance=127.0.0.1:9700 1
instance=[::1]:9700 0" query up

requests 20 http://$LAB_VIP4/
requests 10 "http://[$LAB_VIP6]/"
until_is 10 "listener=web 20
listener=web6 10" query 'sum by (listener) (sluice_listener_flows_total) > 0'
until_is 10 30 query 'sum(sluice_target_flows_total)'
until_is 10 2 query 'count(sluice_target_flows_total{group="web"} > 0)'
until_is 10 0 query 'sum(sluice_packets_total{action="drop"})'
until_is 10 2 query 'count(rate(sluice_packets_total{action="forward"}[10s]) > 0)'

lab_kill nginx1 KILL
until_is 10 "state=healthy,target=10.0.0.12:8080 1
state=unhealthy,target=10.0.0.11:8080 1" query 'sum by (target, state) (sluice_target_state{group="web"})'
until_is 10 "target=10.0.0.12:8080 1" query 'sum by (target) (sluice_target_in_service{group="web"}) > 0'

expect "promtool" "" "$(lab_in gateway curl -s http://127.0.0.1:9700/metrics | promtool check metrics 2>&1)"

until_is 10 "healthy=6,unhealthy=2" targets
before=$(lab_ctl export)
refused='this address serves GET /metrics and GET /v1/status only'
for request in "GET /v1/config" "PUT /v1/config" "POST /v1/listeners" "DELETE /v1/groups/web" "POST /v1/detach"; do
	expect "$request" "{\"error\":\"$refused, not ${request#* }; the rest is on the Unix socket\"}
403" "$(ask "$request")"
done
expect "POST /metrics" '{"error":"/metrics does not take POST; it takes GET"}
405' "$(ask "POST /metrics")"
expect "the configuration" "$before" "$(lab_ctl export)"

restart '[::1]:9700'
until_is 10 "instance=127.0.0.1:9700 0
instance=[::1]:9700 1" query up
# The counters went on, and the scrape over IPv6 has them.
until_is 10 30 query 'sum(sluice_listener_flows_total)'
