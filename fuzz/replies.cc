// The two replies, separated by a byte 0x1E: read, collected and printed each way, and what was
// printed read again. What must hold is said by `demand`.
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "demand.h"
#include "exposition_reader.h"
#include "json_zeros.h"
#include "metrics_config.h"
#include "scrape.h"

namespace ecs_exporter::fuzz {
namespace {

// A family that may say 0, and the members one of which must be 0 then.
struct Zero {
  std::string_view family;
  std::array<std::string_view, 3> keys;
};

// Where 0 is a difference, a truth value, or a count that begins there.
constexpr std::string_view kFree[] = {
    "ecs_container_exporter_up",
    "ecs_container_memory_limit_failures_total",
    "ecs_container_cpu_usage",
    "ecs_container_cpu_usage_cores",
    "ecs_container_mem_working_set_bytes",
    "ecs_container_running",
    "ecs_task_clock_synchronized",
    "ecs_task_fault_injection_enabled",
    "ecs_task_image_pull_duration_seconds",
};

// Where a member that is left out is a 0, if what stands around it is there.
constexpr std::string_view kOmitted[] = {
    "ecs_container_disk_read_bytes_total",
    "ecs_container_disk_written_bytes_total",
    "ecs_container_disk_reads_completed_total",
    "ecs_container_disk_writes_completed_total",
    "ecs_container_disk_stat_total",
    "ecs_container_disk_queued_requests",
    "ecs_container_cpu_user_seconds_total",
    "ecs_container_cpu_system_seconds_total",
    "ecs_container_mem_rss_bytes",
    "ecs_container_mem_cache_bytes",
    "ecs_container_mem_mapped_file_bytes",
    "ecs_container_mem_page_faults_total",
    "ecs_container_mem_major_page_faults_total",
    "ecs_container_mem_limit_hits_total",
    "ecs_container_memory_page_cache_size_bytes",
    "ecs_container_memory_anonymous_bytes",
    "ecs_container_memory_mapped_file_bytes",
    "ecs_container_memory_inactive_file_bytes",
    "ecs_container_memory_page_faults_total",
    "ecs_container_memory_major_page_faults_total",
};

constexpr Zero kZeros[] = {
    {"ecs_container_mem_usage_bytes", {"usage"}},
    {"ecs_container_mem_max_usage_bytes", {"max_usage", "usage"}},
    {"ecs_container_cpu_usage_seconds_total", {"total_usage"}},
    {"ecs_container_cpu_core_seconds_total", {"percpu_usage"}},
    {"ecs_container_cpu_throttling_periods_total", {"periods"}},
    {"ecs_container_cpu_throttled_periods_total", {"throttled_periods"}},
    {"ecs_container_cpu_throttled_seconds_total", {"throttled_time"}},
    {"ecs_task_host_cpus", {"online_cpus"}},
    {"ecs_task_host_cpu_seconds_total", {"system_cpu_usage"}},
    {"ecs_container_mem_swap_bytes", {"swap", "total_swap"}},
    {"ecs_container_exit_code", {"ExitCode"}},
    {"ecs_container_restarts_total", {"RestartCount"}},
    {"ecs_container_created_timestamp_seconds", {"CreatedAt"}},
    {"ecs_container_started_timestamp_seconds", {"StartedAt"}},
    {"ecs_container_finished_timestamp_seconds", {"FinishedAt"}},
    {"ecs_container_health_since_timestamp_seconds", {"statusSince"}},
    {"ecs_container_stats_timestamp_seconds", {"read"}},
    {"ecs_container_pids", {"current"}},
    {"ecs_task_ephemeral_storage_used_bytes", {"Utilized"}},
    {"ecs_task_ephemeral_storage_reserved_bytes", {"Reserved"}},
    {"ecs_task_ephemeral_storage_allocated_bytes", {"Reserved"}},
    {"ecs_task_image_pull_started_timestamp_seconds", {"PullStartedAt"}},
    {"ecs_task_image_pull_stopped_timestamp_seconds", {"PullStoppedAt"}},
    {"ecs_task_image_pull_start_timestamp_seconds", {"PullStartedAt"}},
    {"ecs_task_image_pull_stop_timestamp_seconds", {"PullStoppedAt"}},
    {"ecs_task_execution_stopped_timestamp_seconds", {"ExecutionStoppedAt"}},
    {"ecs_task_clock_error_bound_seconds", {"ClockErrorBound"}},
    {"ecs_task_clock_reference_timestamp_seconds", {"ReferenceTimestamp"}},
    {"ecs_container_memory_usage_bytes", {"usage"}},
    {"ecs_container_memory_anonymous_thp_bytes", {"total_rss_huge", "rss_huge", "anon_thp"}},
    {"ecs_container_memory_active_file_bytes", {"total_active_file", "active_file"}},
    {"ecs_container_memory_dirty_bytes", {"total_dirty", "dirty", "file_dirty"}},
    {"ecs_container_memory_writeback_bytes", {"total_writeback", "writeback", "file_writeback"}},
    {"ecs_container_memory_unevictable_bytes", {"total_unevictable", "unevictable"}},
    {"ecs_container_memory_shared_bytes", {"shmem"}},
    {"ecs_container_memory_kernel_stack_bytes", {"kernel_stack"}},
    {"ecs_container_memory_socket_bytes", {"sock"}},
    {"ecs_container_memory_slab_reclaimable_bytes", {"slab_reclaimable"}},
    {"ecs_container_memory_slab_unreclaimable_bytes", {"slab_unreclaimable"}},
    {"ecs_container_memory_max_usage_bytes", {"max_usage"}},
    {"ecs_container_memory_pages_scanned_total", {"pgscan"}},
    {"ecs_container_memory_pages_reclaimed_total", {"pgsteal"}},
};

// The counters of an interface, by the end of the family's name.
constexpr Zero kInterfaceZeros[] = {
    {"network_receive_bytes_total", {"rx_bytes"}},
    {"network_receive_packets_total", {"rx_packets"}},
    {"network_receive_errors_total", {"rx_errors"}},
    {"network_receive_packets_dropped_total", {"rx_dropped"}},
    {"network_transmit_bytes_total", {"tx_bytes"}},
    {"network_transmit_packets_total", {"tx_packets"}},
    {"network_transmit_errors_total", {"tx_errors"}},
    {"network_transmit_packets_dropped_total", {"tx_dropped"}},
};

using Keys = std::set<std::string, std::less<>>;

// True if a 0 of this series is one that the endpoint said.
bool is_said(std::string_view series, const Keys& zeros) {
  const std::string_view family = name_of(series);
  const auto said = [&](std::string_view key) { return !key.empty() && zeros.contains(key); };
  const auto is_family = [&](std::string_view other) { return other == family; };
  if (std::ranges::any_of(kFree, is_family) || std::ranges::any_of(kOmitted, is_family)) {
    return true;
  }
  if (family.starts_with("ecs_container_mem_stat_")) {
    std::string key = label_of(series, "Key") + label_of(series, "key");
    return said(key) || key.empty() || !std::ranges::all_of(key, [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
  }
  for (const Zero& zero : kZeros) {
    if (zero.family == family) return std::ranges::any_of(zero.keys, said);
  }
  for (const Zero& zero : kInterfaceZeros) {
    if (family.ends_with(zero.family)) return said(zero.keys[0]);
  }
  return false;
}

const std::vector<MetricsConfig>& configs() {
  static const std::vector<MetricsConfig> made = [] {
    std::vector<MetricsConfig> out;
    for (const MetricsChoices& choices :
         {MetricsChoices{.groups = {"all"}},
          MetricsChoices{.groups = {"all"},
                         .task_labels = {"TaskID", "ClusterName", "ServiceName", "LaunchType",
                                         "Region", "AccountID"},
                         .docker_labels = {"team", "com.amazonaws.ecs.cluster"},
                         .static_labels = {{"env", "a\"b\\c\nd"}},
                         .snake_case = true,
                         .exclude_containers = "log.*"},
          MetricsChoices{.groups = {"all"}, .ecs_exporter_profile = true}}) {
      auto config = make_metrics_config(choices);
      demand(config.has_value(), "a configuration is bad");
      out.push_back(std::move(*config));
    }
    return out;
  }();
  return made;
}

// What a reader makes of gzip that should unpack to so many bytes; "" for what is not gzip.
std::string unpacked(std::string_view gzip, std::size_t size) {
  static libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  std::string text(size, '\0');
  const auto result = libdeflate_gzip_decompress(decompressor, gzip.data(), gzip.size(),
                                                 text.data(), text.size(), nullptr);
  return result == LIBDEFLATE_SUCCESS ? text : "";
}

void check_printed(const Answer& answer, const Keys& zeros, std::size_t input_size) {
  const auto text = answer.body(ExpositionFormat::kText, false);
  const auto openmetrics = answer.body(ExpositionFormat::kOpenMetrics, false);
  demand(unpacked(*answer.body(ExpositionFormat::kText, true), text->size()) == *text,
         "gzip holds another text");
  demand(text->size() <= 24UZ * 1024 * 1024 + 16 * input_size, "too much was printed");
  const ReadExposition in_text = read_exposition(*text, ExpositionFormat::kText);
  const ReadExposition in_openmetrics =
      read_exposition(*openmetrics, ExpositionFormat::kOpenMetrics);
  demand(in_text.problem.empty(), "text", in_text.problem);
  demand(in_openmetrics.problem.empty(), "OpenMetrics", in_openmetrics.problem);
  demand(in_text.samples == in_openmetrics.samples, "the two formats differ");
  std::size_t ups = 0;
  for (const auto& [series, value] : in_text.samples) {
    if (name_of(series) == "ecs_container_exporter_up") {
      ++ups;
      demand(value == (answer.up() ? "1" : "0"), "up is wrong");
    }
    if (value == "0" || value == "-0") demand(is_said(series, zeros), "an invented zero", series);
  }
  demand(ups == 1, "up is not there once");
}

void check(const Replies& replies, std::size_t input_size) {
  Keys zeros = keys_of_zeros(*replies.task);
  zeros.merge(keys_of_zeros(*replies.stats));
  // One configuration for each input, for speed: an input of another size gets another.
  const MetricsConfig& config = configs()[input_size % configs().size()];
  Interpreter interpreter(config);
  const auto [snapshot, faults] = interpreter.interpret(replies);
  demand(snapshot->up == faults.empty(), "up does not follow from the faults");
  for (const auto& fault : faults) {
    const ErrorKind kind = fault.error.kind;
    demand(kind == ErrorKind::kJson || kind == ErrorKind::kShape || kind == ErrorKind::kTooLarge,
           "another kind of error", reason(kind));
    demand(!fault.error.message.empty() && fault.error.message.size() < 4096,
           "a message of no or any length", fault.error.message.substr(0, 100));
  }
  check_printed(Answer(snapshot, std::nullopt, config), zeros, input_size);
  // The same replies give the same bytes, also with what is remembered of the rounds before.
  const auto text = [&](std::shared_ptr<const Snapshot> of) {
    return *Answer(std::move(of), std::nullopt, config).body(ExpositionFormat::kText, false);
  };
  const std::string first = text(snapshot);
  demand(first == text(interpreter.interpret(replies).snapshot), "the second round differs");
  // Here nobody else has the snapshot, so the task in it is used again.
  Interpreter another(config);
  another.interpret(replies);
  another.interpret({.task = replies.task, .stats = *replies.stats + " "});
  demand(first == text(another.interpret(replies).snapshot), "a later round differs");
}

}  // namespace
}  // namespace ecs_exporter::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ecs_exporter::Replies;
  const std::string_view input = ecs_exporter::fuzz::text_of(data, size);
  const std::size_t separator = input.find('\x1E');
  const bool both = separator != std::string_view::npos;
  ecs_exporter::fuzz::check({.task = std::string(input.substr(0, separator)),
                             .stats = both ? std::string(input.substr(separator + 1)) : "{}"},
                            size);
  return 0;
}
