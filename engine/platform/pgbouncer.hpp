// Poolers of kind pgbouncer: an admin console (PAUSE, RELOAD, RESUME, KILL, SHOW) and, on this host, the file that holds
// the aliases. Works with 1.18 (Debian 12) and later.
#pragma once

#include <memory>

#include "engine/core/task.hpp"
#include "engine/fleet/credentials.hpp"
#include "engine/platform/platform.hpp"

namespace pgconvoy {

// Who changes an alias writes its run and epoch below `.<config_file>.pgconvoy/<alias>` beside the file; a lower epoch of
// the same run is refused (conflict), and one pgconvoy at a time works on an alias, and on the file. Loop's thread only;
// files are read and written on the pool.
std::unique_ptr<PoolerController> make_pgbouncer_controller(asio::thread_pool& pool, SessionFactory& sessions,
                                                            Credentials& credentials);

}  // namespace pgconvoy
