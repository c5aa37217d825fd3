// Configurations of metrics for tests.
#pragma once

#include <gtest/gtest.h>

#include "metrics_config.h"

namespace ecs_exporter {

/// One that must be valid.
inline MetricsConfig configured(const MetricsChoices& choices) {
  auto config = make_metrics_config(choices);
  EXPECT_TRUE(config) << config.error().message;
  return *config;
}

/// What the specification has, and no more.
inline const MetricsConfig& core_config() {
  static const MetricsConfig config = configured({.groups = {"core"}});
  return config;
}

}  // namespace ecs_exporter
