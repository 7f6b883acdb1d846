// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of commands: everything that sluicectl understands, and who does it. */
#include "ctl/command.h"

#include "ctl/cmd.h"
#include "ctl/value.h"

const struct option global_options[] = {
	[GLOBAL_SOCKET] = {
		.name = "socket", .value = "PATH",
		.help = "The daemon's socket; /run/sluice/sluice.sock unless given.",
	},
	[GLOBAL_OUTPUT] = {
		.name = "output", .value = "table|json",
		.help = "For people (the default) or for programs.",
	},
	[GLOBAL_HELP] = {
		.name = "help", .letter = 'h',
		.help = "Explain the command instead of running it.",
	},
	{ 0 },
};

static const struct option apply_options[] = {
	{ .name = "file", .letter = 'f', .needed = true, .value = "FILE",
	  .help = "The configuration in YAML; - is standard input." },
	{ .name = "dry-run", .help = "Show what would change and change nothing." },
	{ 0 },
};

static const struct option listener_options[] = {
	{ .name = "address", .needed = true, .value = "ADDR", .key = "address", .encode = value_text,
	  .help = "The address that clients connect to, IPv4 or IPv6." },
	{ .name = "port", .needed = true, .value = "PORT", .key = "port", .encode = value_number,
	  .help = "A port, a range such as 8000-8099, or any." },
	{ .name = "protocol", .value = "tcp|udp", .key = "protocol", .encode = value_text,
	  .help = "The protocol; tcp unless given." },
	{ .name = "group", .value = "GROUP", .key = "group", .encode = value_text,
	  .help = "The group that it sends to." },
	{ .name = "groups", .value = "GROUP=WEIGHT,...", .key = "groups", .encode = value_pairs,
	  .help = "Several groups, each with its share, such as blue=90,green=10." },
	{ .name = "affinity", .value = "auto|tracked|hash", .key = "affinity", .encode = value_text,
	  .help = "How flows are kept on their targets: auto (unless given) keeps all of them, tracked "
		  "records each one, hash keeps none through a change." },
	{ 0 },
};

static const struct option group_options[] = {
	{ .name = "forwarding", .value = "nat|ipip", .key = "forwarding", .encode = value_text,
	  .help = "How packets reach the targets; nat unless given." },
	{ .name = "health-check", .value = "KEY=VALUE,...", .key = "health_check",
	  .encode = value_pairs,
	  .help = "Any of protocol, port, interval, timeout, healthy_threshold and "
		  "unhealthy_threshold, such as interval=5s,timeout=1s." },
	{ .name = "idle-timeout", .value = "TIME", .key = "idle_timeout", .encode = value_number,
	  .help = "How long a TCP flow may be silent and is still the same, 60s to 6000s; 350s unless "
		  "given." },
	{ .name = "deregistration-delay", .value = "TIME", .key = "deregistration_delay",
	  .encode = value_number,
	  .help = "How long a removed target drains, 0s to 3600s; 300s unless given." },
	{ .name = "connection-termination", .value = "true|false", .key = "connection_termination",
	  .encode = value_bool,
	  .help = "Whether its flows end when that is over; false unless given: they stay." },
	{ .name = "unhealthy-connection-termination", .value = "true|false",
	  .key = "unhealthy_connection_termination", .encode = value_bool,
	  .help = "Whether the flows of a target end when it becomes unhealthy; true unless given." },
	{ .name = "unhealthy-draining-interval", .value = "TIME",
	  .key = "unhealthy_draining_interval", .encode = value_number,
	  .help = "If they do not, how long it keeps them, 1s to 360000s; 0s, unless given: as long as "
		  "they last." },
	{ .name = "slow-start", .value = "TIME", .key = "slow_start", .encode = value_number,
	  .help = "How long a target that comes into service takes to rise to its share, 0s to 900s; 0s "
		  "unless given." },
	{ .name = "tunnel-source", .value = "ADDR,...", .key = "tunnel_source",
	  .encode = value_list,
	  .help = "The outer source addresses of ipip, one for IPv4, one for IPv6, or both; empty: those "
		  "of the interfaces that the packets leave by." },
	{ 0 },
};

static const struct option target_options[] = {
	{ .name = "weight", .value = "WEIGHT", .key = "weight", .encode = value_number,
	  .help = "Its share beside the other targets, 0 to 999; 1 unless given." },
	{ 0 },
};

static const struct option target_remove_options[] = {
	{ .name = "now", .help = "Drop its flows at once instead of draining them." },
	{ 0 },
};

static const struct option detach_options[] = {
	{ .name = "pin-dir", .value = "DIR",
	  .help = "Where the pins are if no daemon runs; /sys/fs/bpf/sluice unless given." },
	{ 0 },
};

const struct command commands[] = {
	{ "status", NULL, "", "Show at a glance how it goes (what no command at all does)", NULL,
	  false, cmd_status },
	{ "apply", NULL, "", "Make the configuration equal to a file", apply_options, false,
	  cmd_apply },
	{ "export", NULL, "", "Print the file that would recreate the configuration", NULL, false,
	  cmd_export },
	{ "listener", "add", "NAME", "Take connections at an address and port", listener_options,
	  false, cmd_listener_add },
	{ "listener", "set", "LISTENER", "Change what is given of a listener", listener_options,
	  true, cmd_listener_set },
	{ "listener", "remove", "LISTENER", "Take none any more", NULL, false,
	  cmd_listener_remove },
	{ "listener", "show", "LISTENER", "Show one listener", NULL, false, cmd_listener_show },
	{ "listener", "list", "", "List the listeners with their traffic", NULL, false,
	  cmd_listener_list },
	{ "group", "add", "NAME", "Make a group of targets", group_options, false, cmd_group_add },
	{ "group", "set", "GROUP", "Change what is given of a group", group_options, true,
	  cmd_group_set },
	{ "group", "remove", "GROUP", "Remove a group that no listener uses", NULL, false,
	  cmd_group_remove },
	{ "group", "show", "GROUP", "Show one group and its targets", NULL, false,
	  cmd_group_show },
	{ "group", "list", "", "List the groups with the health of their targets", NULL, false,
	  cmd_group_list },
	{ "target", "add", "GROUP ADDR:PORT", "Add a target to a group, or take it back",
	  target_options, false, cmd_target_add },
	{ "target", "set", "GROUP ADDR:PORT", "Change the weight of a target", target_options, true,
	  cmd_target_set },
	{ "target", "remove", "GROUP ADDR:PORT", "Let a target drain and then forget it",
	  target_remove_options, false, cmd_target_remove },
	{ "target", "list", "[GROUP]", "List targets with health, next hop and traffic", NULL, false,
	  cmd_target_list },
	{ "metrics", NULL, "", "Print the metrics as Prometheus gets them", NULL, false,
	  cmd_metrics },
	{ "detach", NULL, "", "Take the program off every interface and stop the daemon",
	  detach_options, false, cmd_detach },
	{ "version", NULL, "", "Print the versions of sluicectl and sluiced", NULL, false,
	  cmd_version },
	{ "help", NULL, "[COMMAND] [VERB]", "Explain the commands, or one of them", NULL, false,
	  cmd_help },
	{ "words", NULL, "", "List commands, arguments and options for shell completion", NULL,
	  false, cmd_words },
	{ 0 },
};
