# `make help` lists what there is.

INPUT ?=
OUTPUT ?= target/demo/restored.mp4
PYTHON ?= python3
CARGO ?= cargo

# The runtime that scripts/setup.py unpacks; the plugin looks for it beside itself.
RUNTIME := .deps/onnxruntime/lib/libonnxruntime.so
# Trainer builds link to libtorch. In a folder of their own they never replace a plugin that does not.
TRAINER_DIR := target/trainer

.PHONY: help demo plugin trainer features test lint deny docs bench bench-gpu bench-detect systems seed-004 \
	test-farm

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
	@echo "make test      everything that is checked: formatting, lints, all tests"
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
