#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "cli/application.hpp"
#include "cli/commands.hpp"
#include "cli/run_alive.hpp"
#include "cli/stop_signals.hpp"
#include "cli/web_actions.hpp"
#include "engine/core/host.hpp"
#include "engine/report/metrics.hpp"
#include "engine/report/text.hpp"
#include "engine/web/assets.hpp"
#include "engine/web/server.hpp"

namespace pgconvoy::cli {
namespace {

struct ServeOptions {
  std::string listen = "127.0.0.1";
  std::uint16_t port = 8015;
  std::vector<std::string> hosts;
  bool beyond_loopback = false, read_only = false;
};

bool is_loopback(const std::string& address) {
  boost::system::error_code code;
  const auto ip = asio::ip::make_address(address, code);
  return code || ip.is_loopback();  // what is no address is refused later, with a better word
}

// Of the run that was started last, as `pgconvoy metrics` prints it.
Result<std::string> metrics_of_latest(const GlobalOptions& globals, Journal& journal) {
  TRY(const std::int64_t run, find_run(journal, ""));
  TRY(auto input, report::read_metrics(journal, run, std::chrono::system_clock::now()));
  input.alive = input.brief.run.state == RunState::running && is_alive(globals, journal, run);
  return report::metrics_text(input);
}

std::string address_text(const std::string& listen, std::uint16_t port) {
  return listen.find(':') == std::string::npos ? fmt::format("{}:{}", listen, port) : fmt::format("[{}]:{}", listen, port);
}

void say_where(const GlobalOptions& globals, const ServeOptions& options, std::uint16_t port, const web::AccessToken& token) {
  const std::string url = fmt::format("http://{}/", address_text(options.listen, port));
  if (!globals.output.text()) {
    json document{{"version", 1}, {"kind", "serving"}, {"url", url}, {"port", port}, {"token", nullptr}};
    if (!options.read_only) document["token"] = token.value().reveal();
    write_json(globals.output, document);
    return;
  }
  if (options.read_only) {
    write_out(fmt::format("{}\nnothing can be changed there (--read-only). Ctrl-C ends it; runs go on without it\n", url));
    return;
  }
  write_out(fmt::format("{}#token={}\nwithout what stands behind # it only shows, nothing can be changed. Ctrl-C ends it; runs go on without it\n", url,
                        token.value().reveal()));
}

int serve(const GlobalOptions& globals, const ServeOptions& options) {
  const Output& output = globals.output;
  if (!is_loopback(options.listen) && !options.beyond_loopback)
    return fail(output, Error(ErrorKind::usage, fmt::format("{} can be reached from other machines, and what is sent there is not encrypted", report::shown(options.listen)),
                              "ssh -L 8015:127.0.0.1:8015 HOST brings the page to your machine; --beyond-loopback listens there all the same"));
  auto journal = open_journal(globals, OpenMode::read_only);
  if (!journal) return fail(output, journal.error());
  Application application(globals.seams);
  auto documents = std::make_shared<web::Documents>(*std::move(journal), globals.journal_option(),
                                                    [globals](std::int64_t run) { return is_alive(globals, run); });
  web::SiteParts parts;
  parts.documents = documents;
  if (options.read_only) parts.token = web::AccessToken(Secret());  // none is right
  parts.names.others.insert(options.hosts.begin(), options.hosts.end());
  parts.names.others.insert(options.listen);
  parts.journal = report::shown(globals.journal_uri());
  parts.host = this_host();
  parts.metrics = [globals](Journal& opened) { return metrics_of_latest(globals, opened); };
  const auto actions = std::make_shared<WebActions>("/proc/self/exe", globals.journal_uri());
  parts.carry_out = [actions](web::Wish wish) { return actions->carry_out(std::move(wish)); };
  const web::AccessToken token = parts.token;
  const auto site = std::make_shared<const web::Site>(application.pool(), std::move(parts));
  auto server = web::Server::listen(application.loop(), application.pool(), options.listen, options.port, web::ServerLimits(), site, documents);
  if (!server) return fail(output, server.error());
  if (!is_loopback(options.listen))
    print_error(output, Error(ErrorKind::usage, fmt::format("WARNING: {} can be reached from other machines. Whoever can see the traffic can read the token, "
                                                            "and lead your runs with it", report::shown(options.listen))));
  StopSignals signals(application.loop(), [&] { (*server)->stop(); }, [&] { application.loop().stop(); });
  say_where(globals, options, (*server)->port(), token);
  auto serving = web::Server::serve(*server);
  auto served = application.wait(std::move(serving));
  return served ? kSuccess : fail(output, served.error());
}

}  // namespace

void add_serve(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("serve", "A web page on this machine: how runs go, live, and the levers that lead them");
  auto options = std::make_shared<ServeOptions>();
  command->add_option("--listen", options->listen, "IP address; others than loopback need --beyond-loopback")->type_name("ADDRESS")->capture_default_str();
  command->add_option("--port", options->port, "0: any that is free")->type_name("N")->capture_default_str();
  command->add_option("--allow-host", options->hosts, "A name that the page is asked by besides localhost: of a proxy before it")->type_name("NAME");
  command->add_flag("--beyond-loopback", options->beyond_loopback, "Listen where other machines can reach it, without encryption");
  command->add_flag("--read-only", options->read_only, "No token: nothing can be changed through it");
  add_globals(*command, invocation.globals);
  command->footer("Examples:\n  pgconvoy serve\n  pgconvoy serve --port 9000 --read-only\n  ssh -L 8015:127.0.0.1:8015 HOST pgconvoy serve --journal /srv/pgconvoy/journal.db\n"
                  "Open the address that it prints. Who has no token sees everything and can change nothing.");
  command->callback([&invocation, options] { invocation.action = [&invocation, options] { return serve(invocation.globals, *options); }; });
}

}  // namespace pgconvoy::cli
