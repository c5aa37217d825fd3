// Network and disk counters.
#include <algorithm>
#include <boost/json/array.hpp>
#include <string>

#include "advance_parts.h"
#include "wave.h"
#include "whole_numbers.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;

constexpr double kBytesPerPacket = 500;
constexpr double kBytesPerDiskOperation = 4096;

double rate_or(const json::object* rates, std::string_view key, double otherwise) {
  const json::value* found = rates ? rates->if_contains(key) : nullptr;
  if (!found || !found->is_number()) return otherwise;
  const auto rate = found->to_number<double>();
  return rate > 0 && rate < 1e10 ? rate : otherwise;  // after a reset the agent sends about 1.8e19
}

Wave network_wave(double bytes_per_second, double phase) {
  return {.mean = bytes_per_second, .swing = bytes_per_second / 3, .phase = phase};
}

// One direction ("rx" or "tx") of every interface. The interfaces share `rate`, which does not
// depend on the container: in awsvpc mode every container repeats the task's one interface.
void advance_direction(json::object& networks, const std::string& direction, const Wave& rate,
                       double elapsed_s) {
  const double bytes = rate.total(elapsed_s) / static_cast<double>(networks.size());
  for (auto& [name, value] : networks) {
    json::object* counters = value.if_object();
    if (!counters) continue;
    grow(*counters, direction + "_bytes", bytes);
    grow(*counters, direction + "_packets", bytes / kBytesPerPacket);
  }
}

// In the precision of a 32-bit number, as the agent has it.
void set_rate(json::object& rates, const std::string& direction, const Wave& rate,
              const Frame& frame) {
  json::value* value = rates.if_contains(direction + "_bytes_per_sec");
  if (!value || !frame.previous) return;
  const double window_s = seconds(frame.elapsed - *frame.previous);
  const double bytes = rate.total(seconds(frame.elapsed)) - rate.total(seconds(*frame.previous));
  *value = static_cast<double>(static_cast<float>(bytes / window_s));
}

struct DiskOperations {
  double reads = 0;
  double writes = 0;
};

double operations_of(std::string_view op, const DiskOperations& done) {
  std::string word(op);
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (word == "read" || word == "sync") return done.reads;
  if (word == "write" || word == "async") return done.writes;
  return word == "total" ? done.reads + done.writes : 0;
}

void advance_list(json::object& disk, std::string_view key, const DiskOperations& done,
                  double per_operation) {
  json::value* list = disk.if_contains(key);
  if (!list || !list->is_array()) return;
  for (json::value& element : list->get_array()) {
    json::object* row = element.if_object();
    const json::value* op = row ? row->if_contains("op") : nullptr;
    if (!op || !op->is_string()) continue;
    const double growth = operations_of(op->get_string(), done) * per_operation;
    if (!row->contains("value") && growth > 0) (*row)["value"] = 0U;  // a zero may be left out
    grow(*row, "value", growth);
  }
}

}  // namespace

void advance_networks(json::object& stats, const Frame& frame) {
  json::object* networks = object_at(stats, "networks");
  json::object* rates = object_at(stats, "network_rate_stats");
  if (!networks || networks->empty()) return;
  const Wave rx = network_wave(rate_or(rates, "rx_bytes_per_sec", 8000), 0);
  const Wave tx = network_wave(rate_or(rates, "tx_bytes_per_sec", 12000), 1);
  const double elapsed_s = seconds(frame.elapsed);
  advance_direction(*networks, "rx", rx, elapsed_s);
  advance_direction(*networks, "tx", tx, elapsed_s);
  if (!rates) return;
  set_rate(*rates, "rx", rx, frame);
  set_rate(*rates, "tx", tx, frame);
}

void advance_disk(json::object& stats, std::size_t index, const Frame& frame) {
  const double elapsed_s = seconds(frame.elapsed);
  const double busy = static_cast<double>(index % 3) + 1;
  const DiskOperations done{.reads = std::floor(0.5 * busy * elapsed_s),
                            .writes = std::floor(2 * busy * elapsed_s)};
  if (json::object* disk = object_at(stats, "blkio_stats")) {
    advance_list(*disk, "io_service_bytes_recursive", done, kBytesPerDiskOperation);
    advance_list(*disk, "io_serviced_recursive", done, 1);
  }
  if (json::object* windows = object_at(stats, "storage_stats")) {
    grow(*windows, "read_count_normalized", done.reads);
    grow(*windows, "read_size_bytes", done.reads * kBytesPerDiskOperation);
    grow(*windows, "write_count_normalized", done.writes);
    grow(*windows, "write_size_bytes", done.writes * kBytesPerDiskOperation);
  }
}

}  // namespace ecs_exporter::mock
