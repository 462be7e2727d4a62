#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <mutex>
#include <set>

#include "cli/commands.hpp"
#include "cli/show_report.hpp"
#include "engine/clients/scan.hpp"
#include "engine/core/printable.hpp"
#include "engine/report/clients_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

struct ScanCommandOptions {
  std::vector<std::string> sources;
  std::string list, platform, ca_file, svg;
  int concurrency = 2;
};

Result<std::vector<std::string>> all_sources(const ScanCommandOptions& options) {
  std::vector<std::string> sources = options.sources;
  if (!options.list.empty()) {
    std::ifstream file;
    if (options.list != "-") file.open(options.list);
    std::istream& in = options.list == "-" ? std::cin : file;
    if (!in) return Error(ErrorKind::usage, fmt::format("cannot read {}", printable(options.list)));
    for (std::string line; std::getline(in, line);)
      if (const auto source = printable(line); !source.empty() && source[0] != '#') sources.push_back(source);
  }
  if (sources.empty()) return Error(ErrorKind::usage, "which images?", "FILE, DIRECTORY, registry://HOST/REPO:TAG or pid:N; --from FILE for a list");
  if (std::any_of(sources.begin(), sources.end(), carries_login))
    return Error(ErrorKind::usage, "a source with a user or a password in it is refused: others could see it",
                 "docker login writes ~/.docker/config.json, which is read; or PGCONVOY_REGISTRY_USER and PGCONVOY_REGISTRY_PASSWORD");
  if (std::count(sources.begin(), sources.end(), "-") > (options.list == "-" ? 0 : 1))
    return Error(ErrorKind::usage, "standard input can be read once only");
  return sources;
}

// One password is for one registry: it is not shown to another.
Result<void> check_registries(const std::vector<std::string>& sources, const ScanOptions& options) {
  std::set<std::string> registries;
  for (const auto& source : sources)
    if (auto registry = registry_of(source); !registry.empty()) registries.insert(std::move(registry));
  if (registries.size() > 1 && !options.registry_user.empty())
    return Error(ErrorKind::usage, "PGCONVOY_REGISTRY_USER is for one registry, and the sources name several",
                 "docker login for each of them; without the variable their logins are used");
  return {};
}

using ScanResult = Result<std::vector<ClientScan>>;

// Scans on several threads; results are handed out in the order of the sources, each as soon as those before it are there.
class ParallelScan {
 public:
  ParallelScan(const std::vector<std::string>& sources, const ScanOptions& options, int concurrency)
      : results_(sources.size()), pool_(static_cast<std::size_t>(std::clamp<int>(concurrency, 1, 64))) {
    for (std::size_t i = 0; i < sources.size(); ++i) boost::asio::post(pool_, [this, i, &sources, &options] { scan(i, sources[i], options); });
  }
  ~ParallelScan() { pool_.join(); }

  ScanResult take(std::size_t i) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return results_[i].has_value(); });
    ScanResult result = *std::move(results_[i]);
    results_[i] = ScanResult(std::vector<ClientScan>());
    return result;
  }

 private:
  void scan(std::size_t i, const std::string& source, const ScanOptions& options) {
    ScanResult result = std::vector<ClientScan>();
    try {
      result = scan_source(source, options);
    } catch (const std::exception& failure) {
      result = Error(ErrorKind::internal, fmt::format("this is a bug: {}", failure.what()));
    }
    const std::lock_guard lock(mutex_);
    results_[i] = std::move(result);
    ready_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<std::optional<ScanResult>> results_;
  boost::asio::thread_pool pool_;
};

json failure_json(const std::string& source, const Error& error) {
  return {{"source", source}, {"error", {{"kind", to_string(error.kind)}, {"message", error.message}, {"remedy", error.remedy}}}};
}

json one_line(const char* kind, json document) {
  document["version"] = 1;
  document["kind"] = kind;
  return document;
}

// Puts out what comes, and keeps the sums.
class ScanOutput {
 public:
  explicit ScanOutput(const Output& output) : output_(output), style_(output.style()) {}

  void take(const std::string& source, ScanResult result) {
    if (!result) {
      const json failure = failure_json(source, result.error());
      if (!first_error_) first_error_ = result.error();
      ++failures_;
      print_error(output_, std::move(result).error().within(printable(source)));
      if (output_.format == Format::jsonl) write_json(output_, one_line("scan_error", failure));
      if (output_.format == Format::json) errors_.push_back(failure);
      return;
    }
    for (const ClientScan& scan : *result) {
      histogram_.add(scan);
      if (output_.text() && (!output_.quiet || scan.verdict() == SpeaksScram::no))
        write_out(report::scan_text(scan, style_, text_width(), output_.verbose));
      json document = output_.text() ? json() : report::scan_json(scan);
      if (output_.format == Format::jsonl) write_json(output_, one_line("scanned", std::move(document)));
      if (output_.format == Format::json) scans_.push_back(std::move(document));
    }
  }

  void finish(std::size_t sources) {
    json totals{{"sources", sources},
                {"images", histogram_.images()},
                {"failed", failures_},
                {"cannot", histogram_.images(SpeaksScram::no)},
                {"unknown", histogram_.images(SpeaksScram::unknown)},
                {"can", histogram_.images(SpeaksScram::yes)}};
    if (!output_.text()) {
      json document{{"totals", std::move(totals)}, {"histogram", report::histogram_json(histogram_)}};
      if (output_.format == Format::json) {
        document["scans"] = scans_;
        document["errors"] = errors_;
      }
      write_json(output_, one_line("scan", std::move(document)));
    } else if (sources > 1 && !output_.quiet) {
      write_out("\n" + report::histogram_text(histogram_, style_, text_width()));
      write_out(fmt::format("{}: {} can't speak SCRAM, {} can't be told, {} can{}\n", report::count(static_cast<std::int64_t>(histogram_.images()), "image"),
                            histogram_.images(SpeaksScram::no), histogram_.images(SpeaksScram::unknown), histogram_.images(SpeaksScram::yes),
                            failures_ > 0 ? fmt::format("; {} could not be scanned", report::count(static_cast<std::int64_t>(failures_), "source")) : ""));
    }
  }

  int exit_code(std::size_t sources) const {
    if (histogram_.images(SpeaksScram::no) > 0) return kBlocked;
    if (failures_ == 0) return kSuccess;
    return sources == 1 ? exit_code_of(*first_error_) : kSomeFailed;
  }
  const report::ClientHistogram& histogram() const { return histogram_; }

 private:
  const Output& output_;
  report::Style style_;
  report::ClientHistogram histogram_;
  std::uint64_t failures_ = 0;
  std::optional<Error> first_error_;
  json scans_ = json::array(), errors_ = json::array();
};

Result<void> write_svg(const std::string& path, const std::string& svg) {
  std::ofstream file(path, std::ios::trunc);
  file << svg;
  file.close();
  if (!file) return Error(ErrorKind::io, fmt::format("cannot write {}", printable(path)));
  return {};
}

int scan(const GlobalOptions& globals, const ScanCommandOptions& given) {
  const auto sources = all_sources(given);
  if (!sources) return fail(globals.output, sources.error());
  ScanOptions options = scan_options_from_environment();
  options.platform = given.platform;
  if (!given.ca_file.empty()) options.ca_file = given.ca_file;
  options.cache = make_layer_cache();
  // A single image: its layers side by side instead.
  options.threads = sources->size() == 1 ? given.concurrency : 1;
  if (const auto fine = check_registries(*sources, options); !fine) return fail(globals.output, fine.error());
  ScanOutput output(globals.output);
  {
    ParallelScan running(*sources, options, given.concurrency);
    for (std::size_t i = 0; i < sources->size(); ++i) output.take((*sources)[i], running.take(i));
  }
  output.finish(sources->size());
  if (!given.svg.empty())
    if (const auto written = write_svg(given.svg, report::histogram_svg(output.histogram())); !written) return fail(globals.output, written.error());
  return output.exit_code(sources->size());
}

}  // namespace

void add_scan(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("scan", "Which clients of PostgreSQL images hold, and whether they speak SCRAM. Changes nothing");
  auto options = std::make_shared<ScanCommandOptions>();
  command->add_option("source", options->sources, "FILE (docker save, OCI, tar), DIRECTORY, OCI layout, registry://HOST/REPO:TAG, pid:N, or -")->type_name("SOURCE");
  command->add_option("--from", options->list, "More of them, one a line, # before a remark; - for standard input")->type_name("FILE");
  command->add_option("--platform", options->platform, "Which one of an image for several (default: linux/amd64)")->type_name("OS/ARCH");
  command->add_option("--concurrency", options->concurrency, "So many images at a time, or layers of a single one (default: 2)")->type_name("N")->check(CLI::Range(1, 64));
  command->add_option("--ca-file", options->ca_file, "Certificates to trust for registries (default: SSL_CERT_FILE, else the system's)")->type_name("FILE");
  command->add_option("--svg", options->svg, "Also draw the histogram of versions into this file")->type_name("FILE");
  add_globals(*command, invocation.globals);
  command->footer(
      "Examples:\n"
      "  docker save shop:1.4 | pgconvoy scan -\n"
      "  pgconvoy scan registry://registry.example.org/shop:1.4 pid:4711 /srv/app\n"
      "  pgconvoy scan --from images.txt --concurrency 4 --svg clients.svg -q\n"
      "Registries: logins of ~/.docker/config.json, else PGCONVOY_REGISTRY_USER and PGCONVOY_REGISTRY_PASSWORD.\n"
      "Exit codes: 0 nothing found that can't speak SCRAM, 4 something was, 1 some sources could not be scanned, 2 none could.");
  command->callback([&invocation, options] { invocation.action = [&invocation, options] { return scan(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
