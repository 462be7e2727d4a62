#include "engine/plan/rollout_record.hpp"

#include <algorithm>

#include "engine/plan/run_settings.hpp"

namespace pgconvoy {

RolloutRecord rollout_record(const json& planned, const std::vector<Event>& own, int targets) {
  RolloutRecord record;
  if (planned.is_object()) record.options = planned.get<RunOptions>();
  for (const Event& event : own) {
    const json& data = event.data;
    switch (event.kind) {
      case EventKind::run_started:
        record.backward = data.value("direction", "") == "backward";
        record.waits = json::array();
        record.ended = nullptr;
        if (data.contains("options")) record.options = data["options"].get<RunOptions>();
        break;
      case EventKind::run_ended:
        record.ended = data;
        break;
      case EventKind::run_waits:
        record.waits = data.at("waits");
        break;
      case EventKind::wave_opened:
        record.wave = data.at("wave").get<int>();
        record.wave_ended = false;
        record.soak_until.clear();
        break;
      case EventKind::wave_ended:
        record.wave_ended = data.at("wave") == record.wave;
        record.soak_until = data.value("soak_until", "");
        break;
      case EventKind::wave_approved:
        record.approved = std::max(record.approved, data.at("wave").get<int>());
        break;
      case EventKind::limits_set:
        for (const auto& [name, value] : data.at("changes").items())
          if (value.is_string()) (void)change(record.options, name, value.get<std::string>());
        break;
      default:
        break;
    }
  }
  record.wave_ends = {targets};
  if (!record.options.waves.empty()) record.wave_ends = pgconvoy::wave_ends(record.options.waves, targets).value_or(record.wave_ends);
  return record;
}

}  // namespace pgconvoy
