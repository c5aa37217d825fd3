// Version 4 to 2 and 3.
#include "shape.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <initializer_list>
#include <utility>

#include "whole_numbers.h"

namespace ecs_exporter::mock {
namespace {

namespace json = boost::json;

void remove(json::object& object, std::initializer_list<json::string_view> keys) {
  for (const json::string_view key : keys) object.stable_erase(key);
}

bool has_text(const json::object& object, json::string_view key, json::string_view text) {
  const json::value* found = object.if_contains(key);
  return found && found->is_string() && found->get_string() == text;
}

json::array* array_at(json::object& object, json::string_view key) {
  json::value* found = object.if_contains(key);
  return found ? found->if_array() : nullptr;
}

void shape_networks(json::object& container, EndpointVersion version) {
  json::array* networks = array_at(container, "Networks");
  if (!networks) return;
  bool awsvpc = true;
  for (json::value& element : *networks) {
    json::object* network = element.if_object();
    if (!network) continue;
    awsvpc = awsvpc && has_text(*network, "NetworkMode", "awsvpc");
    remove(*network, {"AttachmentIndex", "MACAddress", "IPv4SubnetCIDRBlock", "IPv6SubnetCIDRBlock",
                      "DomainNameServers", "DomainNameSearchList", "PrivateDNSName",
                      "SubnetGatewayIpv4Address", "SubnetGatewayIpv6Address"});
  }
  if (version == EndpointVersion::kV2 && !awsvpc) remove(container, {"Networks"});
}

void shape_ports(json::object& container) {
  json::array* ports = array_at(container, "Ports");
  if (!ports) return;
  for (json::value& element : *ports) {
    if (json::object* port = element.if_object()) remove(*port, {"HostIp"});
  }
}

// A container whose image is there and which Docker does not know yet.
bool is_pulled_only(const json::value& value) {
  const json::object* container = value.if_object();
  return container && has_text(*container, "DockerId", "") &&
         has_text(*container, "DockerName", "");
}

}  // namespace

json::value shaped_task(json::object task, EndpointVersion version) {
  if (version == EndpointVersion::kV4) return task;
  remove(task, {"LaunchType", "Errors", "VPCID", "ServiceName", "FaultInjectionEnabled",
                "AvailabilityZoneID", "Group", "ClockDrift", "EphemeralStorageMetrics"});
  json::array* containers = array_at(task, "Containers");
  if (!containers) return task;
  containers->erase(std::remove_if(containers->begin(), containers->end(), is_pulled_only),
                    containers->end());
  for (json::value& element : *containers) {
    json::object* container = element.if_object();
    if (!container) continue;
    remove(*container, {"LogDriver", "LogOptions", "ContainerARN", "RestartCount", "Snapshotter"});
    shape_networks(*container, version);
    shape_ports(*container);
  }
  return task;
}

json::value shaped_stats(json::object stats, EndpointVersion version) {
  if (version == EndpointVersion::kV4) return stats;
  for (auto& [id, value] : stats) {
    json::object* container = value.if_object();
    if (!container) continue;
    remove(*container, {"network_rate_stats"});
    if (container->empty()) value = nullptr;
  }
  return stats;
}

}  // namespace ecs_exporter::mock
