// The seams between pgconvoy and the world: what a caller puts in front of sessions, programs, platforms and the
// journal, and what a site adds of its own. pgconvoy itself puts nothing there; tests put faults, examples/custom-operation
// an operation.
#pragma once

#include <functional>
#include <memory>

#include "engine/core/process.hpp"
#include "engine/facts/condition.hpp"
#include "engine/journal/journal.hpp"
#include "engine/platform/platform.hpp"
#include "engine/postgres/session.hpp"
#include "engine/run/operation.hpp"

namespace pgconvoy::cli {

// Takes the real one and returns what is used in its place; an unset one leaves it as it is.
template <class T>
using Seam = std::function<std::unique_ptr<T>(std::unique_ptr<T>)>;

struct Seams {
  Seam<SessionFactory> sessions;
  Seam<ProcessLauncher> processes;
  Seam<AppController> controller;  // of each kind
  Seam<PoolerController> pooler;   // of each kind
  Seam<Provisioner> provisioner;   // by SQL, and of each server with a program
  Seam<Journal> journal;
  // Called once pgconvoy's own are registered: operations and conditions that runbook files may name, too.
  std::function<void(OperationRegistry&, ConditionRegistry&)> site;
};

template <class T>
std::unique_ptr<T> through(const Seam<T>& seam, std::unique_ptr<T> real) {
  return seam ? seam(std::move(real)) : std::move(real);
}

}  // namespace pgconvoy::cli
