# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Sluice: an XDP layer-4 load balancer.
#
#   make             build build/sluiced and build/sluicectl (deps installed before, see deps)
#   make demo        install what is missing, build, and watch the whole thing work
#   make test        install what is missing, build, and run every test (root)
#   make test-unit   pure parts, under ASan and UBSan     make test-packet   packets through the program
#   make test-kernel maps, links, routes of this kernel   make test-e2e      real daemon, servers, clients
#   make test-long   exact affinity alone, many more random histories than test plays; HISTORIES=1000 SEED=1
#   make check       house rules                         make fuzz          SECONDS=60 each (clang)
#   make deps        install the Debian packages that building and testing need
#   make install     PREFIX=/usr/local: programs, unit file, completion, man pages
#   make clean       remove build/
#
# V=1 shows the commands. SAN=1 builds with ASan and UBSan below build/san/.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:

# ---- settings ----------------------------------------------------------------------------------
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PREFIX ?= /usr/local
DESTDIR ?=
OPTIMIZE ?= -O2
B ?= build$(if $(SAN),/san)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
TRIPLET := $(shell $(CC) -dumpmachine 2>/dev/null)

CFLAGS ?= -g
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes
ALL_CFLAGS = -std=gnu11 $(OPTIMIZE) $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE -DSLUICE_VERSION='"$(VERSION)"' \
	-Iinclude -Iuserspace -I$(B) $(if $(SAN),-fsanitize=address -fsanitize=undefined -fno-omit-frame-pointer) -MMD -MP
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Werror -Iinclude -Ibpf \
	-idirafter /usr/include/$(TRIPLET) -MMD -MP
LIBS := -lbpf -lmnl -levent -lyaml -lcurl -ljansson
CTL_LIBS := -lcurl -ljansson

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# ---- sources -----------------------------------------------------------------------------------
LIB_SRC := $(filter-out userspace/ctl/%,$(wildcard userspace/*/*.c))
CTL_SRC := $(wildcard userspace/ctl/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
PACKET_SRC := $(wildcard tests/packet/test_*.c)
KERNEL_SRC := $(wildcard tests/kernel/test_*.c)
TOOLS := $(notdir $(patsubst %/,%,$(wildcard tests/e2e/tools/*/)))
SUPPORT_SRC := $(filter-out %.bpf.c,$(wildcard tests/support/*.c))
HOST_SRC := $(wildcard tests/support/*.bpf.c)

obj = $(patsubst %.c,$(B)/%.o,$(1))
HOST_PROGRAMS := $(call obj,$(HOST_SRC))
LIB := $(B)/libsluice.a
CTL := $(B)/libsluicectl.a
SUPPORT := $(B)/libsupport.a
SKELETON := $(B)/sluice.skel.h
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(UNIT_SRC))
PACKET_TESTS := $(patsubst %.c,$(B)/%,$(PACKET_SRC))
KERNEL_TESTS := $(patsubst %.c,$(B)/%,$(KERNEL_SRC))

.PHONY: all host-programs tools
all: $(B)/sluiced $(B)/sluicectl
host-programs: $(HOST_PROGRAMS)
tools: $(TOOLS:%=$(B)/tests/e2e/%)

# ---- rules -------------------------------------------------------------------------------------
$(B)/sluice.bpf.o: bpf/sluice.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(SKELETON): $(B)/sluice.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name sluice_bpf > $@

$(HOST_PROGRAMS): $(B)/%.o: %.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/%.o: %.c | $(SKELETON)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter tests/%,$<),-Itests/support -Ibpf) -c $< -o $@

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

# Beside the other archive, so that the tests reach ctl and nothing of the daemon does.
$(CTL): $(call obj,$(CTL_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(SUPPORT): $(call obj,$(SUPPORT_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/sluiced: $(B)/userspace/sluiced.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $^ $(LIBS) -o $@

$(B)/sluicectl: $(B)/userspace/sluicectl.o $(CTL) $(call obj,$(wildcard userspace/base/*.c))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $^ $(CTL_LIBS) -o $@

# Each folder of tests/e2e/tools is a program of that name.
define tool
$(B)/tests/e2e/$(1): $(call obj,$(wildcard tests/e2e/tools/$(1)/*.c)) $(SUPPORT) $(LIB)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$^ $$(LIBS) -o $$@
endef
$(foreach name,$(TOOLS),$(eval $(call tool,$(name))))

LONG_TESTS := $(B)/tests/unit/test_history $(B)/tests/packet/test_affinity_histories

# Stand-ins in SUPPORT come before what they stand in for; the kernel tests and test_affinity_histories
# get the real thing (-u names what their support needs of it and they themselves do not).
$(KERNEL_TESTS): REAL = -Wl,-u,dataplane_apply $(LIB)
$(B)/tests/packet/test_affinity_histories: REAL = -Wl,-u,dataplane_recall,-u,dataplane_remembers $(LIB)
$(UNIT_TESTS) $(PACKET_TESTS) $(KERNEL_TESTS): %: %.o $(SUPPORT) $(CTL) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(REAL) $(filter-out $<,$^) -lcriterion $(LIBS) -lm -o $@

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- tests -------------------------------------------------------------------------------------
# A leak does not fail a Criterion test by itself, so tests/run-criterion looks for sanitizer reports.
SECONDS ?= 60
HISTORIES ?= 1000
.PHONY: fuzz deps demo test test-unit test-packet test-e2e test-kernel check run-unit run-packet run-kernel
.PHONY: test-long run-long
deps:
	$(Q)scripts/install-deps.sh

demo: deps
	$(Q)$(MAKE) all
	$(Q)scripts/demo.sh

test: deps
	$(Q)mkdir -p build && rm -f build/tally
	$(Q)$(MAKE) check
	$(Q)for kind in unit packet kernel e2e; do \
		TALLY=$(CURDIR)/build/tally $(MAKE) test-$$kind || failed=1; done; \
	awk '{p += $$1; f += $$2; s += $$3} END {print p " passed, " f " failed, " s " skipped"}' build/tally; \
	[ -z "$$failed" ]

run-unit: $(UNIT_TESTS)
	$(Q)tests/run-criterion $^

run-packet: $(PACKET_TESTS)
	$(Q)tests/run-criterion $^

run-kernel: $(KERNEL_TESTS)
	$(Q)tests/run-criterion $^

run-long: $(LONG_TESTS)
	$(Q)HISTORIES=$(HISTORIES) tests/run-criterion $^

test-unit:
	$(Q)$(MAKE) SAN=1 run-unit

test-packet:
	$(Q)$(MAKE) SAN=1 run-packet

test-kernel:
	$(Q)$(MAKE) SAN=1 run-kernel

test-long:
	$(Q)$(MAKE) SAN=1 run-long

test-e2e:
	$(Q)$(MAKE) all
	$(Q)$(MAKE) SAN=1 all host-programs tools
	$(Q)tests/e2e/run

fuzz:
	$(Q)for name in yaml decode; do tests/fuzz/run $$name $(SECONDS) || exit 1; done

check:
	$(Q)for rule in tests/check/*.sh; do $$rule || exit 1; done

# ---- install -----------------------------------------------------------------------------------
.PHONY: install clean help
install: all
	install -D -m 755 build/sluiced $(DESTDIR)$(PREFIX)/sbin/sluiced
	install -D -m 755 build/sluicectl $(DESTDIR)$(PREFIX)/bin/sluicectl
	install -D -m 644 docs/sluiced.8 $(DESTDIR)$(PREFIX)/share/man/man8/sluiced.8
	install -D -m 644 docs/sluicectl.8 $(DESTDIR)$(PREFIX)/share/man/man8/sluicectl.8
	install -D -m 644 scripts/sluicectl.bash-completion \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sluicectl
	install -d $(DESTDIR)/etc/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' scripts/sluice.service > $(DESTDIR)/etc/systemd/system/sluice.service
	[ -e $(DESTDIR)/etc/default/sluice ] || \
		install -D -m 644 scripts/sluice.default $(DESTDIR)/etc/default/sluice

clean:
	rm -rf build

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile
