# `make help` lists what there is.

INPUT ?=
OUTPUT ?= target/demo/restored.mp4
PYTHON ?= python3
CARGO ?= cargo

# The runtime that scripts/setup.py unpacks; the plugin looks for it beside itself.
RUNTIME := .deps/onnxruntime/lib/libonnxruntime.so
# Tools of cargo that are not there already, for packages.
TOOLS := .deps/cargo
export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)
NOTICES := target/packages/notices.txt
# Where `make install` puts things: where this system's GStreamer looks for them.
PREFIX ?= $(shell pkg-config --variable=prefix gstreamer-1.0 2>/dev/null)
LIBDIR ?= $(shell pkg-config --variable=libdir gstreamer-1.0 2>/dev/null)
DESTDIR ?=
# Time for each kind of what strangers send, and the kinds.
MINUTES ?= 20
FUZZ ?= model description cues still caps structure detect
# Debian's releases that packages are tested in.
SUITES ?= bookworm trixie
# Trainer builds link to libtorch. In a folder of their own they never replace a plugin that does not.
TRAINER_DIR := target/trainer

.PHONY: help demo plugin trainer features test lint deny docs bench bench-gpu bench-detect systems seed-004 \
	cargo-deb cargo-c cargo-about cargo-fuzz fuzz soak pages deb wheel install uninstall test-install test-farm

help:
	@echo "make demo      pixelate the face in a clip and restore it: see target/demo"
	@echo "make demo INPUT=my.mp4 OUTPUT=out.mp4"
	@echo "               restore the faces of a clip of your own"
	@echo "make plugin    the GStreamer plugin and the program depixelate, in target/release"
	@echo "make trainer   the program depixelate-train, in $(TRAINER_DIR)/release"
	@echo "make features  a network for losses of trainings: see .deps/features"
	@echo "make bench     times of the detector beside a copy, of restoration beside the networks alone, of"
	@echo "               pipelines beside the same without the element; writes docs/performance.md's tables"
	@echo "make bench-gpu the same of an NVIDIA GPU; ORT_DYLIB_PATH names an ONNX Runtime with CUDA"
	@echo "make bench-detect FACES=DIR_OR_TAR"
	@echo "               how well mosaics are found, in scenes made of pictures"
	@echo "make systems FACES=DIR_OR_TAR"
	@echo "               train the small recipe of every system and compare them: see target/systems (hours)"
	@echo "make seed-004 PICTURES=DIR_OR_TAR"
	@echo "               generators of faces and restorers of blurred ones, from training to one page:"
	@echo "               see target/systems/index.html (hours; takes the trainings of make systems)"
	@echo "make test-farm one film on many machines: Open Job Description, Slurm, GNU parallel, each run here (minutes)"
	@echo "make deb       a package for Debian 12 and 13: see target/debian"
	@echo "make wheel     a package for Python: see target/packages"
	@echo "make install   program and plugin with a file for pkg-config, to PREFIX ($(PREFIX)) and LIBDIR"
	@echo "               ($(LIBDIR)) below DESTDIR; make uninstall takes them away"
	@echo "make test-install"
	@echo "               all of these in clean roots of Debian 12 and 13 (as root; downloads, and an hour)"
	@echo "make test      everything that is checked: formatting, lints, all tests"
	@echo "make soak      pipelines that are changed at random, for ten minutes or HOURS=8"
	@echo "make fuzz      what strangers send, changed at random: MINUTES (20) for each kind of it"
	@echo "make lint      formatting and lints alone"
	@echo "make docs      these documents as a site: see target/book"
	@echo "make deny      licences, sources and known faults of dependencies: see deny.toml"
	@echo
	@echo "Each first installs what it needs and does not find; scripts/setup.py --help tells what that is."

demo: export GST_PLUGIN_PATH =
ifeq ($(strip $(INPUT)),)
demo: plugin
	$(PYTHON) scripts/setup.py demo
	target/release/depixelate-demo
else
demo: plugin
	@mkdir -p "$$(dirname "$(OUTPUT)")"
	target/release/depixelate "$(INPUT)" "$(OUTPUT)"
endif

plugin:
	$(PYTHON) scripts/setup.py plugin
	$(CARGO) build --release --lib --bins
	@ln -sfn ../../$(RUNTIME) target/release/libonnxruntime.so

trainer:
	$(PYTHON) scripts/setup.py trainer
	$(CARGO) build --release --features trainer --bin depixelate-train --target-dir $(TRAINER_DIR)
	@ln -sfn ../../../$(RUNTIME) $(TRAINER_DIR)/release/libonnxruntime.so

features:
	$(PYTHON) scripts/setup.py features

bench:
	$(PYTHON) scripts/setup.py plugin
	ORT_DYLIB_PATH="$(CURDIR)/$(RUNTIME)" $(CARGO) bench --bench detect --bench restore
	ORT_DYLIB_PATH="$(CURDIR)/$(RUNTIME)" $(CARGO) bench --bench pipelines -- --write

bench-gpu:
	$(PYTHON) scripts/setup.py plugin
	$(CARGO) bench --bench pipelines -- --gpu

bench-detect: trainer
	$(TRAINER_DIR)/release/depixelate-train bench-detect --faces "$(FACES)"

systems: trainer
	scripts/systems.sh $(TRAINER_DIR)/release/depixelate-train "$(FACES)" target/systems

seed-004: trainer
	$(PYTHON) scripts/seed_004.py $(TRAINER_DIR)/release/depixelate-train "$(PICTURES)" target/systems

# Lints go first: they need no code to be generated and so fail the soonest.
test: lint
	$(CARGO) test
	$(CARGO) test --features trainer

test-farm: plugin
	for one in parallel openjd slurm; do \
		PROGRAM=target/release/depixelate farm/tests/$$one.sh || exit 1; \
	done

lint:
	$(PYTHON) scripts/setup.py test
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --all-targets --features trainer -- -D warnings

deny:
	@$(CARGO) deny --version >/dev/null 2>&1 || \
		{ echo "cargo-deny is missing; install it with: cargo install cargo-deny --locked"; exit 1; }
	$(CARGO) deny check

docs:
	@mdbook --version >/dev/null 2>&1 || \
		{ echo "mdbook is missing; install it with: cargo install mdbook --locked"; exit 1; }
	mdbook build

# Tools of cargo, unless they are there. Their versions are such as build with the oldest Rust that the project does.
cargo-deb: TOOL = cargo-deb@3.8.0
cargo-c: TOOL = cargo-c@0.10.21+cargo-0.95.0
cargo-about: TOOL = cargo-about@0.9.3 --features cli
cargo-fuzz: TOOL = cargo-fuzz@0.13.1
cargo-deb cargo-c cargo-about cargo-fuzz:
	@command -v $(patsubst cargo-c,cargo-cinstall,$@) >/dev/null || { \
		echo "installing $(TOOL) into $(TOOLS)"; \
		CARGO_PROFILE_RELEASE_OPT_LEVEL=1 $(CARGO) install --quiet --locked --root $(TOOLS) $(TOOL); }

soak:
	$(PYTHON) scripts/setup.py plugin
	ORT_DYLIB_PATH="$(CURDIR)/$(RUNTIME)" SOAK_SECONDS=$(if $(HOURS),$$(( $(HOURS) * 3600 )),600) \
		$(CARGO) test --test soak -- --nocapture

# Needs a nightly toolchain. What is found lies in fuzz/artifacts.
fuzz: cargo-fuzz
	$(PYTHON) scripts/setup.py plugin
	HOSTILE_CORPUS="$(CURDIR)/fuzz/corpus" $(CARGO) test --test hostile
	@for target in $(FUZZ); do \
		ORT_DYLIB_PATH="$(CURDIR)/$(RUNTIME)" $(CARGO) +nightly fuzz run $$target -- \
			-max_total_time=$$((60 * $(MINUTES))) -timeout=20 -rss_limit_mb=4096 || exit 1; \
	done

pages: plugin
	packaging/pages.sh target/release/depixelate target/packages/pages

# Of what is linked into the program and the plugin.
$(NOTICES): Cargo.lock packaging/about.toml packaging/notices.hbs | cargo-about
	@mkdir -p $(@D)
	$(CARGO) about generate --locked --config packaging/about.toml --output-file $@ packaging/notices.hbs

deb: pages $(NOTICES) cargo-deb
	rm -f target/debian/*.deb
	$(CARGO) deb --no-build

wheel: plugin $(NOTICES)
	PYTHON="$(PYTHON)" packaging/wheel.sh

install: pages $(NOTICES) cargo-c
	$(CARGO) cinstall --release --destdir="$(DESTDIR)" --prefix="$(PREFIX)" --libdir="$(LIBDIR)"
	packaging/install.sh add "$(DESTDIR)" "$(PREFIX)" "$(LIBDIR)"

uninstall:
	packaging/install.sh remove "$(DESTDIR)" "$(PREFIX)" "$(LIBDIR)"

# Each package, from a clean root to a restored clip.
test-install: INSTALLED := $(CURDIR)/target/packages/installed
test-install: deb wheel
	rm -rf "$(INSTALLED)"
	$(MAKE) install DESTDIR="$(INSTALLED)"
	for suite in $(SUITES); do \
		packaging/tests/deb.sh $$suite target/debian/*.deb && \
		packaging/tests/wheel.sh $$suite target/packages/*.whl && \
		packaging/tests/installed.sh $$suite "$(INSTALLED)" || exit 1; \
	done
	packaging/tests/container.sh target/debian/*.deb
