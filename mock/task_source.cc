// Files and the sample to documents.
#include "task_source.h"

#include <boost/json/parse.hpp>
#include <chrono>
#include <utility>

#include "file.h"
#include "sample.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;

Result<std::string> read(const std::string& path) {
  auto text = read_file(path, 64UZ * 1024 * 1024);
  if (!text) text.error().message.insert(0, "cannot read " + path + ": ");
  return text;
}

}  // namespace

TaskSource::TaskSource(const std::string& dir, bool frozen, const Log& log)
    : task_{.path = dir.empty() ? "" : dir + "/task.json", .text = kSampleTask},
      stats_{.path = dir.empty() ? "" : dir + "/stats.json", .text = kSampleStats},
      frozen_(frozen),
      log_(&log) {
  if (dir.empty() && !frozen) living_sample_ = sample_task_at(std::chrono::system_clock::now());
}

Result<TaskSource> TaskSource::open(const std::string& dir, bool frozen, const Log& log) {
  TaskSource source(dir, frozen, log);
  for (const Input* input : {&source.task_, &source.stats_}) {
    if (input->path.empty()) continue;
    if (const auto text = mock::read(input->path); !text) return std::unexpected(text.error());
  }
  return source;
}

Result<Document> TaskSource::read(Input& input) const {
  const bool is_file = !input.path.empty();
  Result<std::string> text = is_file ? mock::read(input.path) : std::string(input.text);
  if (!text) {
    log_->error(text.error().message);
    return std::unexpected(std::move(text.error()));
  }
  Document document;
  boost::system::error_code ec;
  json::value value = json::parse(*text, ec);
  if (!ec && value.is_object()) document.object = std::move(value.get_object());
  if (ec && !std::exchange(input.complained, true)) {
    log_->warn("a file is not valid JSON and is sent as it is",
               {{"file", input.path}, {"error", ec.message()}});
  }
  if (!ec) input.complained = false;
  if (!document.object || (is_file && frozen_)) document.verbatim = std::move(*text);
  return document;
}

Result<Document> TaskSource::task() {
  if (living_sample_) return Document{.object = living_sample_};
  return read(task_);
}

Result<Document> TaskSource::stats() {
  Result<Document> document = read(stats_);
  if (!document || frozen_) return document;
  auto& object = document->object;
  if (!object) return document;
  const Result<Document> metadata = task();
  const json::object nothing;
  const bool has_limits = metadata && metadata->object;
  object = advance(*object, has_limits ? *metadata->object : nothing, clock_.next());
  return document;
}

}  // namespace ecs_exporter::mock
