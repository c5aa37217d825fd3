// The user's words, checked.
#include "metrics_config.h"

#include <algorithm>

#include "profile.h"
#include "quote.h"
#include "tables.h"

namespace ecs_exporter {
namespace {

// What Prometheus itself looks for on the series of a histogram or a summary.
constexpr std::array<std::string_view, 2> kReserved = {"le", "quantile"};

LabelNames task_labels_to_choose() { return kTaskLabelNames.first(kTaskLabelsToChoose); }

bool is_label_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) && !name.starts_with("__") &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string docker_label_name(std::string_view key, bool snake_case) {
  std::string name = "label_";
  for (const char c : key) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (snake_case && upper) {
      if (name.back() != '_') name += '_';
      name += static_cast<char>(c - 'A' + 'a');
    } else {
      name += plain ? c : '_';
    }
  }
  return name;
}

// ---- choices ----

std::unexpected<Error> usage(std::string message) {
  return std::unexpected(Error{ErrorKind::kUsage, std::move(message)});
}

std::string group_names() {
  std::string names;
  for (const Group& group : kGroups) names += (names.empty() ? "" : ", ") + std::string(group.name);
  return names;
}

Result<Groups> groups_of(const std::vector<std::string>& words, std::string_view source) {
  Groups groups = 0;
  for (const std::string& word : words) {
    if (word == "all") {
      groups = (1U << kGroups.size()) - 1;
      continue;
    }
    const auto* const found = std::ranges::find(kGroups, word, &Group::name);
    if (found == kGroups.end()) {
      return usage(std::string(source) + ": " + excerpt(word) +
                   " is not a group: " + group_names() + " or all");
    }
    groups |= 1U << static_cast<unsigned>(found - kGroups.begin());
  }
  return groups;
}

Groups default_groups() {
  Groups groups = 0;
  for (std::size_t i = 0; i < kGroups.size(); ++i) groups |= kGroups[i].by_default ? 1U << i : 0U;
  return groups;
}

Result<std::vector<MetricsConfig::TaskLabel>> task_labels_of(const MetricsChoices& choices) {
  std::vector<MetricsConfig::TaskLabel> labels;
  const auto add = [&](std::size_t index) {
    labels.push_back({styled(kTaskLabelNames[index], choices.snake_case), index});
  };
  if (choices.task_labels.empty()) {
    for (std::size_t i = 0; i < kTaskLabelsByDefault; ++i) add(i);
    return labels;
  }
  if (choices.task_labels == std::vector<std::string>{"none"}) return labels;
  for (const std::string& word : choices.task_labels) {
    const LabelNames known = task_labels_to_choose();
    const auto found = std::ranges::find(known, word, &LabelName::camel);
    if (found == known.end()) {
      std::string names;
      for (const LabelName& name : known) names += std::string(name.camel) + ", ";
      return usage("--labels.task: " + excerpt(word) + " is not a label of the task: " + names +
                   "or none alone");
    }
    add(static_cast<std::size_t>(found - known.begin()));
  }
  return labels;
}

struct Known {
  std::string_view name;
  std::string of;
};

// The labels that the metrics have of themselves, whichever groups are on.
std::vector<Known> labels_of_metrics(const MetricsConfig& config) {
  std::vector<Known> known;
  const auto add = [&](LabelNames names, std::string_view of) {
    for (const LabelName& name : names) {
      known.push_back({styled(name, config.snake_case), std::string(of)});
    }
  };
  if (config.ecs_exporter_profile) {
    add(profile_label_names(), "a label of the profile");
    add(self_label_names(), "a label of the exporter");
  } else {
    add(task_labels_to_choose(), "a label of the task");
    add(all_label_names(), "a label of the exporter");
  }
  for (const std::string_view name : kReserved) {
    known.push_back({name, "a label of histograms and summaries"});
  }
  return known;
}

// No two labels that can meet on a series may have the same name.
Result<void> check_names(const MetricsConfig& config) {
  std::vector<Known> known = labels_of_metrics(config);
  const auto add = [&](std::string_view name, const std::string& of) -> Result<void> {
    const auto found = std::ranges::find(known, name, &Known::name);
    if (found != known.end()) {
      return usage(of + " makes the label " + std::string(name) + ", which is also " + found->of);
    }
    known.push_back({name, of});
    return {};
  };
  for (const auto& [name, key] : config.docker_labels) {
    if (auto ok = add(name, "--labels.docker: " + excerpt(key)); !ok) return ok;
  }
  for (const auto& [name, value] : config.static_labels) {
    if (!is_label_name(name)) {
      return usage("--labels.static: " + excerpt(name) + " is not a label name");
    }
    if (auto ok = add(name, "--labels.static: " + excerpt(name)); !ok) return ok;
  }
  for (std::size_t i = 0; i < config.task_labels.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (config.task_labels[i].index == config.task_labels[j].index) {
        return usage("--labels.task: " + std::string(config.task_labels[i].name) +
                     " stands there twice");
      }
    }
  }
  return {};
}

Result<std::optional<Pattern>> pattern_of(const std::string& expression, std::string_view source) {
  if (expression.empty()) return std::nullopt;
  auto pattern = Pattern::compile(expression);
  if (!pattern) return usage(std::string(source) + ": " + pattern.error().message);
  return *pattern;
}

}  // namespace

std::string_view styled(const LabelName& name, bool snake_case) {
  return snake_case ? name.snake : name.camel;
}

bool is_printed(const MetricsConfig& config, const Container& container) {
  return is_app(container) && (!config.include || config.include->matches(container.name)) &&
         (!config.exclude || !config.exclude->matches(container.name));
}

Result<MetricsConfig> make_metrics_config(const MetricsChoices& given) {
  MetricsChoices choices = given;
  if (choices.ecs_exporter_profile) {
    if (!choices.task_labels.empty() || !choices.docker_labels.empty()) {
      return usage(
          "--metrics.profile: ecs_exporter has labels of its own, so --labels.task and "
          "--labels.docker do not go with it");
    }
    choices.task_labels = {"none"};
    choices.snake_case = true;
  }
  MetricsConfig config{.snake_case = choices.snake_case,
                       .ecs_exporter_profile = choices.ecs_exporter_profile,
                       .stats = choices.stats};
  const auto groups = groups_of(choices.groups, "--metrics.groups");
  if (!groups) return std::unexpected(groups.error());
  config.groups = bit(kCore) | (choices.groups.empty() ? default_groups() : *groups);

  auto task_labels = task_labels_of(choices);
  if (!task_labels) return std::unexpected(task_labels.error());
  config.task_labels = std::move(*task_labels);
  for (const std::string& key : choices.docker_labels) {
    config.docker_labels.push_back({docker_label_name(key, choices.snake_case), key});
  }
  for (const auto& [name, value] : choices.static_labels) {
    config.static_labels.push_back({name, value});
  }
  if (auto ok = check_names(config); !ok) return std::unexpected(ok.error());

  auto include = pattern_of(choices.include_containers, "--containers.include");
  if (!include) return std::unexpected(include.error());
  config.include = std::move(*include);
  auto exclude = pattern_of(choices.exclude_containers, "--containers.exclude");
  if (!exclude) return std::unexpected(exclude.error());
  config.exclude = std::move(*exclude);
  return config;
}

Result<MetricsFilter> make_metrics_filter(const MetricsConfig& config,
                                          const std::vector<std::string>& collect,
                                          const std::vector<std::string>& exclude,
                                          std::vector<std::string> names) {
  MetricsFilter filter{.names = std::move(names)};
  if (!collect.empty() && !exclude.empty()) {
    return usage("collect[] and exclude[] do not go together");
  }
  const auto collected = groups_of(collect, "collect[]");
  if (!collected) return std::unexpected(collected.error());
  const auto excluded = groups_of(exclude, "exclude[]");
  if (!excluded) return std::unexpected(excluded.error());
  if ((*excluded & bit(kCore)) != 0) return usage("exclude[]: core is always on");
  if (!collect.empty()) filter.groups = *collected;
  if (!exclude.empty()) filter.groups = config.groups & ~*excluded;
  return filter;
}

}  // namespace ecs_exporter
