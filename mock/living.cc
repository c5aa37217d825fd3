// Documents to answers.
#include "living.h"

#include <boost/json/array.hpp>

#include "json_text.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;

std::string_view docker_id(const json::object& container) {
  const json::value* id = container.if_contains("DockerId");
  return id && id->is_string() ? std::string_view(id->get_string()) : std::string_view();
}

// The container of `id`, and for an id of version 3 or 4, which is only opaque text, the first one
// if it is nobody's. Null if there is none.
const json::object* container_of(const json::object& task, const Route& route) {
  const json::value* list = task.if_contains("Containers");
  if (!list || !list->is_array()) return nullptr;
  const json::object* first = nullptr;
  for (const json::value& element : list->get_array()) {
    const json::object* container = element.if_object();
    if (!container) continue;
    if (docker_id(*container) == route.id) return container;
    if (!first) first = container;
  }
  return route.version == EndpointVersion::kV2 ? nullptr : first;
}

Answer unknown_container(const Route& route, std::string_view text) {
  const unsigned status = route.version == EndpointVersion::kV4 ? 500 : 400;
  return error_answer(status, std::string(text) + std::string(route.id));
}

Answer task_answer(const json::object& task, const Route& route) {
  const json::value shaped = shaped_task(task, route.version);
  if (route.whole_task) return {.body = compact_text(shaped)};
  const json::object* container = container_of(shaped.get_object(), route);
  if (!container) return unknown_container(route, "Unable to generate metadata for container ");
  return {.body = compact_text(*container)};
}

Answer stats_answer(const json::object& stats, const Route& route, std::string_view id) {
  const json::value shaped = shaped_stats(stats, route.version);
  if (route.whole_task) return {.body = compact_text(shaped)};
  const json::value* sample = shaped.get_object().if_contains(id);
  const json::object* numbers = sample ? sample->if_object() : nullptr;
  if (!numbers || numbers->empty()) {
    return unknown_container(route, "Unable to get container stats for: ");
  }
  return {.body = compact_text(*numbers)};
}

// The id under which the stats have the container that `route` means.
std::string stats_key(TaskSource& source, const Route& route) {
  const auto document = source.task();
  if (!document) return std::string(route.id);
  const auto& task = document->object;
  const json::object* container = task ? container_of(*task, route) : nullptr;
  return std::string(container ? docker_id(*container) : route.id);
}

}  // namespace

Answer living_answer(TaskSource& source, const Route& route) {
  const bool for_stats = route.subject == Subject::kStats;
  const auto document = for_stats ? source.stats() : source.task();
  if (!document) {
    return error_answer(500, for_stats ? "failed to get stats" : "failed to get task metadata");
  }
  const auto& verbatim = document->verbatim;
  const auto& object = document->object;
  if (!object || (verbatim && route.whole_task)) return {.body = verbatim.value_or("")};
  if (!for_stats) return task_answer(*object, route);
  return stats_answer(*object, route, route.whole_task ? "" : stats_key(source, route));
}

}  // namespace ecs_exporter::mock
