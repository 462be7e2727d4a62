#include "cli/target_event.hpp"

namespace pgconvoy::cli {

Event target_event(const TargetRecord& target, EventKind kind, json data) {
  Event event;
  event.run = target.run;
  event.target = target.number;
  event.epoch = target.epoch;
  event.kind = kind;
  event.at = std::chrono::system_clock::now();
  event.data = std::move(data);
  return event;
}

}  // namespace pgconvoy::cli
