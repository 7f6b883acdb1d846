// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dataplane/attach.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "dataplane/link_pins.h"

static int check_ethernet(const char *interface, struct err *err)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		return err_set(err, errno, "interface '%s': %s", interface, strerror(errno));
	if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return err_set(err, EINVAL, "interface '%s' is not an Ethernet interface", interface);
	return 0;
}

int link_init(struct link *link, const char *interface, struct err *err)
{
	*link = (struct link){ .fd = -1 };
	if (strlen(interface) >= sizeof(link->attachment.name))
		return err_set(err, EINVAL, "interface '%s': the name is too long", interface);
	link->attachment.ifindex = if_nametoindex(interface);
	if (!link->attachment.ifindex)
		return err_set(err, ENODEV, "there is no interface '%s'; `ip link` lists them",
			       interface);
	strcpy(link->attachment.name, interface);
	return check_ethernet(interface, err);
}

void link_clean(struct link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

/* Generic or native, as the kernel says; for a link that somebody else attached. */
static enum xdp_mode mode_of(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (!bpf_xdp_query((int)ifindex, 0, &query) && query.attach_mode == XDP_ATTACHED_SKB)
		return XDP_MODE_GENERIC;
	return XDP_MODE_NATIVE;
}

static int create(const struct link *link, int program, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	int fd = bpf_link_create(program, (int)link->attachment.ifindex, BPF_XDP, &options);

	return fd < 0 ? -errno : fd;
}

static int explain(const struct link *link, int code, struct err *err)
{
	const char *name = link->attachment.name;
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if ((code == EBUSY || code == EEXIST) &&
	    !bpf_xdp_query((int)link->attachment.ifindex, 0, &query))
		return err_set(err, code,
			       "interface '%s' already runs another XDP program (id %u); "
			       "detach it first: `ip link set dev %s xdp off`",
			       name, query.prog_id, name);
	if (code == EOPNOTSUPP)
		return err_set(err, code,
			       "interface '%s': its driver has no native XDP; use --xdp-mode generic",
			       name);
	return err_set(err, code, "attaching to interface '%s' failed: %s", name, strerror(code));
}

static int attach_new(struct link *link, int program, enum xdp_mode mode, struct err *err)
{
	struct attachment *attachment = &link->attachment;
	int fd = -EOPNOTSUPP;

	if (mode != XDP_MODE_GENERIC)
		fd = create(link, program, XDP_FLAGS_DRV_MODE);
	attachment->mode = XDP_MODE_NATIVE;
	if (fd < 0 && mode != XDP_MODE_NATIVE && fd != -EBUSY && fd != -EEXIST) {
		if (mode == XDP_MODE_AUTO)
			snprintf(attachment->why, sizeof(attachment->why),
				 "native mode failed: %s",
				 fd == -EOPNOTSUPP ? "the driver has none" : strerror(-fd));
		attachment->mode = XDP_MODE_GENERIC;
		fd = create(link, program, XDP_FLAGS_SKB_MODE);
	}
	if (fd < 0)
		return explain(link, -fd, err);
	link->fd = fd;
	link->is_new = true;
	return 0;
}

static const char *mode_name(enum xdp_mode mode)
{
	return mode == XDP_MODE_GENERIC ? "generic" : "native";
}

/* Whether the driver takes VLAN tags out of the frames that come in. */
static bool strips_tags(const char *interface)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value features = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq request = { .ifr_data = (char *)&features };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	return fd >= 0 && !ioctl(fd, SIOCETHTOOL, &request) && features.data & ETH_FLAG_RXVLAN;
}

/*
 * A driver's native mode loses the tag of what the program sends on, which is right: the program
 * has put the new one into the frame. The generic mode sends it on with both.
 */
static void warn_generic(const char *interface)
{
	log_warning("xdp", "interface '%s': generic mode is several times slower than native",
		    interface);
	if (strips_tags(interface))
		log_warning("xdp",
			    "interface '%s': generic mode does not see VLAN tags that the driver takes "
			    "off; if there are VLANs on it: `ethtool -K %s rxvlan off`",
			    interface, interface);
}

static void log_attached(const struct link *link)
{
	const struct attachment *attachment = &link->attachment;

	log_info("xdp", "interface '%s': %s, %s mode%s%s", attachment->name,
		 link->is_new ? "attached" : "program replaced", mode_name(attachment->mode),
		 attachment->why[0] ? ": " : "", attachment->why);
	if (attachment->mode == XDP_MODE_GENERIC)
		warn_generic(attachment->name);
}

/* A link keeps the mode that it was attached in: to change it, it would have to end first. */
static int take_over(struct link *link, enum xdp_mode mode, struct err *err)
{
	struct attachment *attachment = &link->attachment;

	attachment->mode = mode_of(attachment->ifindex);
	if (mode != XDP_MODE_AUTO && mode != attachment->mode)
		return err_set(err, EBUSY,
			       "interface '%s' is attached in %s mode: for --xdp-mode %s run "
			       "`sluicectl detach` first, traffic is not balanced from then until "
			       "sluiced runs",
			       attachment->name, mode_name(attachment->mode), mode_name(mode));
	if (mode == XDP_MODE_AUTO && attachment->mode == XDP_MODE_GENERIC)
		strcpy(attachment->why, "so it was attached before this start");
	return 0;
}

int attach_link(struct link *link, int program, enum xdp_mode mode, const char *pin_dir,
		struct err *err)
{
	const struct attachment *attachment = &link->attachment;
	int r;

	link->fd = link_pins_find(pin_dir, attachment->ifindex);
	r = link->fd >= 0 ? take_over(link, mode, err) : attach_new(link, program, mode, err);
	if (r)
		return r;
	r = link_pins_add(pin_dir, attachment, link->fd);
	if (r)
		return err_set(err, -r, "pinning the link of interface '%s' in %s failed: %s",
			       attachment->name, pin_dir, strerror(-r));
	if (link->is_new)
		log_attached(link);
	return 0;
}

int replace_program(const struct link *link, int program, struct err *err)
{
	if (link->is_new)
		return 0;
	if (bpf_link_update(link->fd, program, NULL))
		return err_set(err, errno, "interface '%s': replacing the program failed: %s",
			       link->attachment.name, strerror(errno));
	log_attached(link);
	return 0;
}

void detach_link(struct link *link, const char *pin_dir)
{
	if (!link->is_new)
		return;
	link_pins_drop(pin_dir, &link->attachment);
	bpf_link_detach(link->fd);	/* the last reference alone would do it some time later */
	link_clean(link);
}
