/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Listening sockets: the API's Unix socket and the TCP address for metrics. */
#pragma once

struct err;

/*
 * A non-blocking listening socket, or -errno. The socket file has mode 0660; the file of a daemon
 * that is gone is replaced, that of a living one and anything that is not a socket is left alone.
 */
int listen_unix(const char *path, struct err *err);

/* address is "127.0.0.1:9700" or "[::1]:9700". */
int listen_tcp(const char *address, struct err *err);
