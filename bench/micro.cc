// The steps of a scrape, each alone, on recorded replies: no sockets, no endpoint.
// `bench-micro --benchmark_filter=Parse` and the like choose.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "exposition.h"
#include "metrics.h"
#include "metrics_config.h"
#include "parse.h"
#include "scrape.h"

namespace {

namespace fs = std::filesystem;
using namespace ecs_exporter;

struct Case {
  std::string name;
  std::string task;
  std::string stats;
};

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Case> cases() {
  std::vector<Case> found;
  for (const auto& entry : fs::directory_iterator(TESTDATA_DIR)) {
    const fs::path& folder = entry.path();
    if (!fs::exists(folder / "task.json") || !fs::exists(folder / "stats.json")) continue;
    found.push_back({folder.filename().string(), read_file(folder / "task.json"),
                     read_file(folder / "stats.json")});
  }
  std::ranges::sort(found, {}, &Case::name);
  return found;
}

const MetricsConfig& config() {
  static const MetricsConfig config = *make_metrics_config({});
  return config;
}

Snapshot snapshot_of(const Case& from) {
  return *Interpreter(config()).interpret({.task = from.task, .stats = from.stats}).snapshot;
}

std::string text_of(const Case& from) {
  return exposition(collect(snapshot_of(from), config()), ExpositionFormat::kText);
}

// Runs `step`, and counts the bytes that it reads or writes.
template <class Step>
void measure(benchmark::State& state, std::size_t bytes, Step step) {
  for (auto _ : state) {
    auto result = step();
    benchmark::DoNotOptimize(result);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(bytes));
}

void add_steps(const Case& of) {
  const auto add = [&](const char* step, auto body) {
    benchmark::RegisterBenchmark((std::string(step) + "/" + of.name).c_str(), body)
        ->Unit(benchmark::kMicrosecond);
  };
  add("Parse", [of](benchmark::State& state) {
    measure(state, of.task.size() + of.stats.size(), [&] {
      auto task = parse_task(of.task);
      auto stats = parse_stats(of.stats);
      if (task && stats) join(task->task, std::move(stats->samples));
      return task;
    });
  });
  add("Collect", [of](benchmark::State& state) {
    const Snapshot snapshot = snapshot_of(of);
    measure(state, text_of(of).size(), [&] { return collect(snapshot, config()); });
  });
  const auto add_print = [&](const char* step, ExpositionFormat format) {
    add(step, [of, format](benchmark::State& state) {
      const Snapshot snapshot = snapshot_of(of);
      const Families families = collect(snapshot, config());
      measure(state, text_of(of).size(), [&] { return exposition(families, format); });
    });
  };
  add_print("Print", ExpositionFormat::kText);
  add_print("PrintOpenMetrics", ExpositionFormat::kOpenMetrics);
  add("PrintGzip", [of](benchmark::State& state) {
    const Snapshot snapshot = snapshot_of(of);
    const Families families = collect(snapshot, config());
    measure(state, text_of(of).size(), [&] {
      Exposition out(ExpositionFormat::kText, true);
      out.add(families);
      return out.finish();
    });
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Case> all = cases();
  if (all.empty()) {
    std::fprintf(stderr, "no recorded replies in %s\n", TESTDATA_DIR);
    return EXIT_FAILURE;
  }
  for (const Case& each : all) add_steps(each);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return EXIT_FAILURE;
  benchmark::RunSpecifiedBenchmarks();
}
