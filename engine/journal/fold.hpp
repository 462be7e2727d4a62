// The rest of the fold: what events mean for obligations and backups. apply() for runs and targets is declared
// in event.hpp; all of them are pure and give "" or why the event can't follow the state it meets.
#pragma once

#include <optional>
#include <string>

#include "engine/journal/event.hpp"
#include "engine/journal/journal.hpp"

namespace pgconvoy {

bool is_about_obligation(EventKind kind);

// The id of the obligation that an obligation_* event is about; "" when the data have none.
std::string obligation_id(const Event& event);

// `known` is the obligation of that id, if there is one, and becomes what it is afterwards.
std::string apply(std::optional<Obligation>& known, const Event& event);

// The backup that a step_succeeded reports in its outcome, if it does. `target_id` is left to the caller.
std::optional<BackupRecord> backup_made(const Event& event);

// The file whose backups an obligation_done says are gone; `obligation` is the one it is about.
std::optional<std::string> backup_file_deleted(const Obligation& obligation, const Event& event);

}  // namespace pgconvoy
