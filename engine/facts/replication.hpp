// Publications, subscriptions and unlogged tables of a database, and jobs of a server that run in its databases.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kReplicationPart = "replication";
inline constexpr const char* kScheduledJobsPart = "scheduled_jobs";

struct ReplicationFact {
  std::vector<std::string> publications;             // quoted names
  std::vector<std::string> disabled_subscriptions;   // quoted names; enabled ones are in DatabaseFacts
  std::vector<std::string> unlogged;                 // qualified names of tables and sequences, at most 50
  int unlogged_count = 0;
};
PGCONVOY_JSON(ReplicationFact);

// Of a database: a ReplicationFact, from pg_publication, pg_subscription and pg_class.relpersistence.
std::string replication_sql(int version);

struct ScheduledJobFact {
  std::string scheduler;  // pg_cron | pgAgent
  std::string job;        // its name, or its number; never what it runs
  std::string database;
};
PGCONVOY_JSON(ScheduledJobFact);

// Of a server: a list of ScheduledJobFact, at most 1000: cron.job and pgagent.pga_jobstep of the maintenance database, when
// they are plain tables of a superuser's, so that nothing that somebody else wrote is run.
std::string scheduled_jobs_sql(int version);

}  // namespace pgconvoy
