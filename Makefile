# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Sluice: an XDP layer-4 load balancer.
#
#   make             build build/sluiced and build/sluicectl (deps installed before, see deps)
#   make demo        install what is missing, build, and watch the whole thing work
#   make test        install what is missing, build, and run every test (root)
#   make test-unit   pure parts, under ASan and UBSan     make test-packet   packets through the program
#   make test-e2e    real daemon, servers and clients     make check         format and house rules
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
TRIPLET := $(shell $(CC) -dumpmachine)

CFLAGS ?= -g
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes
ALL_CFLAGS = -std=gnu11 $(OPTIMIZE) $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE -DSLUICE_VERSION='"$(VERSION)"' \
	-Iinclude -Iuserspace -I$(B) $(if $(SAN),-fsanitize=address,undefined -fno-omit-frame-pointer) -MMD -MP
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Werror -Iinclude -Ibpf \
	-idirafter /usr/include/$(TRIPLET) -MMD -MP
LIBS := -lbpf -lmnl -levent -lyaml -lcurl -ljansson
CTL_LIBS := -lcurl -ljansson

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# ---- sources -----------------------------------------------------------------------------------
LIB_SRC := $(filter-out userspace/ctl/%,$(wildcard userspace/*/*.c))
CTL_SRC := $(wildcard userspace/base/*.c userspace/ctl/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
PACKET_SRC := $(wildcard tests/packet/test_*.c)
SUPPORT_SRC := $(wildcard tests/support/*.c)

obj = $(patsubst %.c,$(B)/%.o,$(1))
LIB := $(B)/libsluice.a
SUPPORT := $(B)/libsupport.a
SKELETON := $(B)/sluice.skel.h
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(UNIT_SRC))
PACKET_TESTS := $(patsubst %.c,$(B)/%,$(PACKET_SRC))

.PHONY: all
all: $(B)/sluiced $(B)/sluicectl

# ---- rules -------------------------------------------------------------------------------------
$(B)/sluice.bpf.o: bpf/sluice.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(SKELETON): $(B)/sluice.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name sluice_bpf > $@

$(B)/%.o: %.c | $(SKELETON)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter tests/%,$<),-Itests/support -Ibpf) -c $< -o $@

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(SUPPORT): $(call obj,$(SUPPORT_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/sluiced: $(B)/userspace/sluiced.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $^ $(LIBS) -o $@

$(B)/sluicectl: $(B)/userspace/sluicectl.o $(call obj,$(CTL_SRC))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $^ $(CTL_LIBS) -o $@

$(UNIT_TESTS) $(PACKET_TESTS): %: %.o $(SUPPORT) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $^ -lcriterion $(LIBS) -lm -o $@

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- tests -------------------------------------------------------------------------------------
# A leak does not fail a Criterion test by itself, so tests/run-criterion looks for sanitizer reports.
.PHONY: deps demo test test-unit test-packet test-e2e check run-unit run-packet
deps:
	$(Q)scripts/install-deps.sh

demo: deps
	$(Q)$(MAKE) all
	$(Q)scripts/demo.sh

test: deps
	$(Q)$(MAKE) check
	$(Q)$(MAKE) test-unit
	$(Q)$(MAKE) test-packet
	$(Q)$(MAKE) test-e2e
	@echo "all tests passed"

run-unit: $(UNIT_TESTS)
	$(Q)tests/run-criterion $^

run-packet: $(PACKET_TESTS)
	$(Q)tests/run-criterion $^

test-unit:
	$(Q)$(MAKE) SAN=1 run-unit

test-packet:
	$(Q)$(MAKE) SAN=1 run-packet

test-e2e:
	$(Q)$(MAKE) all
	$(Q)$(MAKE) SAN=1 all
	$(Q)tests/e2e/run

check:
	$(Q)for rule in tests/check/*.sh; do $$rule || exit 1; done

# ---- install -----------------------------------------------------------------------------------
.PHONY: install clean help
install: all
	install -D -m 755 build/sluiced $(DESTDIR)$(PREFIX)/sbin/sluiced
	install -D -m 755 build/sluicectl $(DESTDIR)$(PREFIX)/bin/sluicectl

clean:
	rm -rf build

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile
