/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The handlers behind the table of commands (ctl/commands.c): one each. */
#pragma once

#include "ctl/command.h"

command_fn cmd_apply, cmd_export;
command_fn cmd_listener_add, cmd_listener_set, cmd_listener_remove, cmd_listener_show,
	cmd_listener_list;
command_fn cmd_group_add, cmd_group_set, cmd_group_remove, cmd_group_show, cmd_group_list;
command_fn cmd_target_add, cmd_target_set, cmd_target_remove, cmd_target_list;
command_fn cmd_status, cmd_metrics, cmd_version;
command_fn cmd_detach;
command_fn cmd_help, cmd_words;
