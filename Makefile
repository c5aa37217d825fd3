# Verbs only: what is built, and how, stands in CMakeLists.txt and CMakePresets.json.

# Programs that only tests use, unpacked by scripts/setup.
export TOOLS ?= $(HOME)/.cache/ecs-task-metadata-exporter
export PATH := $(PATH):$(TOOLS)/usr/bin

.PHONY: help setup setup-build setup-fuzz bench-programs run build release test check e2e golden bench fleet limits fuzz lint format clean \
  release-arm64 setup-arm64 image deb coverage asan valgrind tsan clang test-begins run-begins

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-13s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing for all of these verbs (Debian 12 and 13)
	@scripts/setup build test page

setup-build:
	@scripts/setup build

run: run-begins release ## Run the exporter on a mock endpoint, until Ctrl-C (PORT: where it listens)
	@scripts/run

run-begins:
	@echo "run: builds the exporter and a mock of the endpoint, then runs both: about 3 minutes from nothing"

build: setup build/dev/build.ninja ## Build programs and tests with sanitizers, in build/dev
	cmake --build --preset dev

release: setup-build build/release/build.ninja ## Build the two programs as they are shipped, in build/release
	cmake --build --preset release

build/%/build.ninja: CMakePresets.json
	cmake --preset $*

test: test-begins build release ## Run every test, then lint
	scripts/test
	scripts/lint

test-begins:
	@echo "test: sets up, builds with sanitizers and as released, runs all tests, then lint: from nothing"
	@echo "test: about 25 minutes on two processors, of which the builds take 10 and lint 7"

check: build ## Run the unit and golden tests
	ctest --preset dev -L unit

e2e: export EXPORTER = build/release/ecs-task-metadata-exporter
e2e: export MOCK = build/release/ecs-metadata-mock
e2e: setup release ## Run the end-to-end test on the release programs (PART=tls.Https: only that)
	python3 tests/e2e_test.py $(PART)

golden: build ## Rewrite the golden files and docs/metrics.md from what the code prints now
	UPDATE_GOLDEN=1 build/dev/unit_tests --gtest_brief=1 --gtest_filter='Golden*:Catalogue.IsTheDocument'

bench: release bench-programs ## Measure the release, print a table (OPTIONS="--only cpu,memory --quick")
	bench/bench.py $(OPTIONS)

fleet: release bench-programs ## Scrape N exporters at once with a real Prometheus (N=1000)
	bench/fleet.py $(or $(N),1000)

bench-programs:
	@scripts/setup build test bench
	cmake --preset release -DEXPORTER_BENCH=ON
	cmake --build --preset release --target bench

limits: export EXPORTER = build/release/ecs-task-metadata-exporter
limits: export MOCK = build/release/ecs-metadata-mock
limits: build release ## Look for growth over SCRAPES (100000) and a day's, then for SECONDS (60) in 6 MiB, and under attack
	tests/limits.py growth $(or $(SCRAPES),100000)
	tests/limits.py day 5760 $(SEED)
	tests/limits.py memory $(or $(SECONDS),60)
	tests/limits.py hostile $(or $(SECONDS),60)

coverage: setup build/coverage/build.ninja ## Count the lines and branches that the tests reach, in build/coverage/html
	@scripts/setup coverage
	cmake --build --preset coverage
	scripts/coverage

asan: build ## Run the end-to-end test with AddressSanitizer and UndefinedBehaviorSanitizer
	scripts/e2e_under asan

valgrind: setup build/coverage/build.ninja ## Run parts of the end-to-end test under valgrind
	@scripts/setup valgrind
	cmake --build --preset coverage --target ecs-task-metadata-exporter ecs-metadata-mock
	scripts/e2e_under valgrind

tsan: setup build/tsan/build.ninja ## Run what has a second thread with ThreadSanitizer
	cmake --build --preset tsan --target unit_tests ecs-task-metadata-exporter ecs-metadata-mock
	TSAN_OPTIONS=halt_on_error=1 build/tsan/unit_tests --gtest_brief=1 \
	  --gtest_filter='Serve*:Fetch*:Scraper*:HttpServer*:BasicAuth*:Log*'
	scripts/e2e_under tsan

clang: setup setup-fuzz build/clang/build.ninja ## Build programs and tests with clang, run the unit tests
	cmake --build --preset clang
	ctest --preset clang -L unit

fuzz: setup-fuzz build/fuzz/build.ninja ## Run each fuzz target for TIME seconds (60), or only TARGET
	cmake --build --preset fuzz --target fuzzers
	scripts/fuzz $(or $(TIME),60) $(TARGET)

setup-fuzz:
	@scripts/setup build fuzz

lint: setup build/dev/build.ninja ## Check the format, clang-tidy, shellcheck
	scripts/lint

format: setup ## Format the C++ in place
	clang-format-19 -i $(wildcard $(foreach folder,src mock tests bench fuzz,$(folder)/*.h $(folder)/*.cc))

# What a release has: ARCHITECTURE=FOLDER.
ARCHITECTURES ?= amd64=build/release arm64=build/release-arm64
packed = release $(if $(findstring arm64=,$(ARCHITECTURES)),release-arm64)
checksums = cd build/dist && rm -f SHA256SUMS && sha256sum * >SHA256SUMS
as_root := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=MOCK,EXPORTER)

release-arm64: release setup-arm64 build/release-arm64/build.ninja ## Build the same for arm64, try it in an emulator
	cmake --build --preset release-arm64
	EXPORTER=scripts/emulated MOCK=build/release/ecs-metadata-mock \
	  python3 tests/e2e_test.py e2e_recorded e2e_command_line e2e_endpoints e2e_http \
	  e2e_tls.Https e2e_tls.ClientCertificates e2e_tls.Passwords e2e_tls.HealthcheckCommand

setup-arm64:
	@scripts/setup build arm64

image: $(packed) ## Pack both into one image, build/dist/image.tar, and run it as a container does
	@scripts/setup image
	packaging/image $(ARCHITECTURES)
	$(checksums)
	MOCK=build/release/ecs-metadata-mock $(as_root) tests/image_test.py $(ARCHITECTURES)

deb: $(packed) ## Make .deb packages, tarballs and bills of materials of both, in build/dist
	@scripts/setup deb
	packaging/packages $(ARCHITECTURES)
	$(checksums)
	tests/packages_test.py $(ARCHITECTURES)

clean: ## Remove what was built
	rm -rf build
