// What the mock answers from files and from its sample, in each version.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "json_text.h"
#include "living.h"
#include "sample.h"
#include "task_source.h"

namespace ecs_exporter::mock {
namespace {

// A folder with the two files, gone when it goes out of scope.
class TaskFolder {
 public:
  TaskFolder(const std::string& task, const std::string& stats) {
    std::string name = (std::filesystem::temp_directory_path() / "mock_test.XXXXXX").string();
    path_ = mkdtemp(name.data());
    write("task.json", task);
    write("stats.json", stats);
  }
  ~TaskFolder() { std::filesystem::remove_all(path_); }
  TaskFolder(const TaskFolder&) = delete;
  TaskFolder& operator=(const TaskFolder&) = delete;

  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path_ / file, std::ios::binary) << text;
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

class MockSource : public testing::Test {
 protected:
  Answer stats_of(const TaskFolder& folder, bool frozen) {
    auto source = TaskSource::open(folder.path(), frozen, log);
    EXPECT_TRUE(source);
    living_answer(*source, {.subject = Subject::kStats});
    return living_answer(*source, {.subject = Subject::kStats});
  }
  Log log{LogLevel::kError, LogFormat::kJson};
};

TEST_F(MockSource, AFrozenFileIsSentByteByByte) {
  const std::string text = "{ \"a\" : {\"read\":\"2026-02-01T10:00:00.500Z\"} }\n";
  const TaskFolder folder("{}", text);
  EXPECT_EQ(stats_of(folder, true).body, text);
  EXPECT_NE(stats_of(folder, false).body, text);
}

TEST_F(MockSource, TheFrozenSampleStaysTheSame) {
  auto source = TaskSource::open("", true, log);
  ASSERT_TRUE(source);
  const Route route{.subject = Subject::kStats};
  EXPECT_EQ(living_answer(*source, route).body, compact_text(boost::json::parse(kSampleStats)));
  EXPECT_EQ(living_answer(*source, route).body, compact_text(boost::json::parse(kSampleStats)));
}

TEST_F(MockSource, WhatIsNoJsonObjectIsSentByteByByte) {
  for (const std::string text : {"[ {} ]", "{\"cut", "\xFF", "", "\"text\" "}) {
    EXPECT_EQ(stats_of(TaskFolder("{}", text), false).body, text);
  }
}

TEST_F(MockSource, AFileIsReadAgainEachTime) {
  const TaskFolder folder(R"({"Family": "a"})", "{}");
  auto source = TaskSource::open(folder.path(), false, log);
  ASSERT_TRUE(source);
  EXPECT_EQ(living_answer(*source, {}).body, R"({"Family":"a"})");
  folder.write("task.json", R"({"Family": "b"})");
  EXPECT_EQ(living_answer(*source, {}).body, R"({"Family":"b"})");
}

TEST_F(MockSource, AMissingFileIsNamedAtTheStart) {
  const auto source = TaskSource::open("/nowhere", false, log);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message, "cannot read /nowhere/task.json: No such file or directory");
}

TEST_F(MockSource, OlderVersionsLackWhatIsNewInFour) {
  auto source = TaskSource::open("", true, log);
  ASSERT_TRUE(source);
  for (const EndpointVersion version : {EndpointVersion::kV2, EndpointVersion::kV3}) {
    const std::string task = living_answer(*source, {.version = version}).body;
    for (const char* key : {"LaunchType", "ClockDrift", "EphemeralStorageMetrics", "RestartCount",
                            "ContainerARN", "MACAddress"}) {
      EXPECT_FALSE(task.contains(key)) << key;
    }
    const std::string stats =
        living_answer(*source, {.version = version, .subject = Subject::kStats}).body;
    EXPECT_FALSE(stats.contains("network_rate_stats"));
    EXPECT_TRUE(stats.ends_with(":null}"));
  }
}

}  // namespace
}  // namespace ecs_exporter::mock
