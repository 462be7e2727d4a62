#include "engine/report/step_pages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/plan/verification.hpp"
#include "engine/plan/way.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

// How far a target is, by the steps before.
struct Progressed {
  bool in_place = false;  // the runbook moves nothing
  bool page_on = false, fenced = false, pivoted = false, page_off = false;
};

std::string state_in_place(const Progressed& so_far, const std::string& operation) {
  if (so_far.page_off) return "The page is off, the application runs.";
  if (so_far.page_on || operation == "page_on") return "The page is on, or coming on; the application is stopped, or being stopped or started. Its database is open, where it always was.";
  return "The application goes on; its database is open, where it always was.";
}

std::string state_during(const Progressed& so_far, const std::string& operation, bool pivots) {
  if (so_far.in_place) return state_in_place(so_far, operation);
  if (so_far.page_off) return "The page is off, the application runs on the new database and its users write to it. The old one is fenced under another name.";
  if (so_far.pivoted) return "The page is on, the application was started on the new database. The old one is fenced: nobody but pgconvoy reaches it.";
  if (pivots) return "The page is on. Until the pivot is journaled the old database is the live one, fenced; from then on the new one is.";
  if (so_far.fenced || operation == "fence_source")
    return "The page is on, the application is stopped. The old database is the live one and holds every write; it is fenced, or being fenced: clients of the old URL get "
           "\"database does not exist\".";
  if (so_far.page_on || operation == "page_on") return "The page is on, or coming on; the application is stopped, or being stopped. The old database is the live one, under its own name.";
  return "The application goes on on the old database and notices nothing.";
}

std::string done_about_it(const Progressed& so_far, bool pivots) {
  if (so_far.in_place)
    return fmt::format("It is tried again where the error may pass; else all steps are taken back, the last first{}. What can't be taken back makes the target stuck.",
                       so_far.page_on ? ": the application is started as it was, the page goes off last" : "");
  if (so_far.page_off) return "It is tried again where the error may pass. The application is not stopped for it: the target is stuck until somebody finishes it.";
  if (so_far.pivoted)
    return "The application is stopped, the new database fenced and compared with the old one. Equal: everything is taken back, the application starts on the old database, the page "
           "goes off last. Different, since something was written: the target is stuck, and the page stays on.";
  if (pivots) return "Before the pivot is journaled: everything is taken back. After it: as below, the new database is compared first.";
  if (so_far.page_on) return "It is tried again where the error may pass; else all steps are taken back, the last first: the fence is lifted, the application started, the page goes off last.";
  return "It is tried again where the error may pass; else what was made on the new server is removed. The application was never paused.";
}

std::string way_out_of(const Progressed& so_far, bool pivots) {
  if (so_far.in_place)
    return "Mend the cause (`pgconvoy report RUN` names it with a remedy), then `pgconvoy retry RUN TARGET`. Of a stuck target `pgconvoy status RUN TARGET` shows how to go on; "
           "`pgconvoy resolve` records what only you know of a step.";
  if (so_far.page_off) return "`pgconvoy status RUN TARGET` says what is left; `pgconvoy retry RUN TARGET` finishes it.";
  if (so_far.pivoted || pivots)
    return "Of a stuck target `pgconvoy status RUN TARGET` shows both databases and the ways on: `pgconvoy retry RUN TARGET` goes forward on the new database, `pgconvoy rollback RUN "
           "TARGET --accept-data-loss` goes back without what was written since.";
  return "Mend the cause (`pgconvoy report RUN` names it with a remedy), then `pgconvoy retry RUN TARGET`. When an undo failed too, the target is stuck behind its page and "
         "`pgconvoy status RUN TARGET` shows how to go on; `pgconvoy resolve` records what only you know of a step.";
}

class StepPages {
 public:
  StepPages(const OperationRegistry& operations, bool in_place) : operations_(operations) { so_far_.in_place = in_place; }

  void add(const std::vector<RunbookNode>& nodes, const std::string& bracket_name) {
    for (const RunbookNode& node : nodes) {
      const Bracket* const bracket = operations_.find_bracket(node.name);
      if (bracket == nullptr) {
        add_step(node.name, bracket_name);
        continue;
      }
      for (const std::string& name : bracket->opening) add_step(name, bracket->name);
      add(node.children, bracket->name);
      for (const std::string& name : bracket->closing) add_step(name, bracket->name);
    }
  }

  std::vector<StepPage> pages;

 private:
  void add_step(const std::string& name, const std::string& bracket) {
    const Operation* const operation = operations_.find(name);
    if (operation == nullptr) return;
    const bool pivots = operation->pivots();
    StepPage page{name, bracket, operation->summary(), state_during(so_far_, name, pivots), done_about_it(so_far_, pivots), way_out_of(so_far_, pivots), {}};
    if (name == kLateVerification) {
      page.what = "Only with `verify=snapshot`. " + page.what;
      page.then = "Where the snapshot is lost, rows stay verified by counts, and the old database is kept until `pgconvoy accept`. A difference is not tried again: the target is stuck, "
                  "its application goes on, nothing is taken back by itself, and the run begins nothing more.";
      page.way_out = "Of a difference: see which rows it names, put them right in the new database (the old one is complete under its fenced name), then `pgconvoy accept RUN TARGET "
                     "--reason TEXT` and `pgconvoy retry RUN TARGET`; or `pgconvoy rollback RUN TARGET --accept-data-loss` goes back without what was written since. Of anything else: "
                     "`pgconvoy retry RUN TARGET`.";
    }
    for (const char* way : {kThroughput, kShortPause})
      if (operation->applies(way, json::object())) page.ways.push_back(way);
    if (page.ways.size() == 2) page.ways.clear();
    pages.push_back(std::move(page));
    so_far_.page_on = so_far_.page_on || name == "page_on";
    so_far_.fenced = so_far_.fenced || name == "fence_source";
    so_far_.pivoted = so_far_.pivoted || pivots;
    so_far_.page_off = so_far_.page_off || name == "page_off";
  }

  const OperationRegistry& operations_;
  Progressed so_far_;
};

// A bracket of it opens with the fence: it moves databases, or rehearses that.
bool fences(const std::vector<RunbookNode>& nodes, const OperationRegistry& operations) {
  return std::any_of(nodes.begin(), nodes.end(), [&](const RunbookNode& node) {
    const Bracket* const bracket = operations.find_bracket(node.name);
    if (bracket == nullptr) return false;
    const auto opens_with = [bracket](const char* name) { return std::find(bracket->opening.begin(), bracket->opening.end(), name) != bracket->opening.end(); };
    return opens_with("fence_source") || opens_with("hold_snapshot") || fences(node.children, operations);
  });
}

std::string only_of(const StepPage& page) { return page.ways.empty() ? "" : fmt::format("Only with `--way {}`. ", fmt::join(page.ways, ", ")); }

}  // namespace

std::vector<StepPage> step_pages(const Runbook& runbook, const OperationRegistry& operations) {
  StepPages steps(operations, !fences(runbook.operations, operations));
  steps.add(runbook.operations, "");
  return std::move(steps.pages);
}

std::string step_pages_text(const Runbook& runbook, const std::vector<StepPage>& pages, const Style& style, std::size_t width) {
  const std::size_t limit = width == 0 ? 100000 : width;
  std::string text = fmt::format("{}: what happens when it fails at a step\n", style.bold(runbook.name));
  const auto plain = [](std::string words) {
    std::erase(words, '`');
    return words;
  };
  for (const StepPage& page : pages) {
    text += fmt::format("\n{}{}\n  {}\n", style.name(page.operation), page.bracket.empty() ? "" : style.dim("  in " + page.bracket), wrapped(plain(only_of(page) + page.what), limit, 2));
    for (const auto& [label, words] : {std::pair{"state", &page.now}, {"then", &page.then}, {"you", &page.way_out}})
      text += fmt::format("  {} {}\n", style.dim(padded(label, 6)), wrapped(plain(*words), limit, 9));
  }
  return text;
}

std::string step_pages_markdown(const Runbook& runbook, const std::vector<StepPage>& pages) {
  std::string text = fmt::format("# When a move fails at a step\n\nEach step of {}, in its order: what the target's state is then, what pgconvoy does about it by itself, and what is left to you. This page is written by\n"
                                 "`pgconvoy runbook explain {} --output markdown`. How to read a failure: [when-it-fails.md](when-it-fails.md).\n",
                                 runbook.name, runbook.name);
  for (const StepPage& page : pages)
    text += fmt::format("\n## {}\n\n{}{}\n\n**State** {}\n\n**Then** {}\n\n**You** {}\n", page.operation, only_of(page), page.what, wrapped(page.now, 140, 0), wrapped(page.then, 140, 0),
                        wrapped(page.way_out, 140, 0));
  return text;
}

}  // namespace pgconvoy::report
