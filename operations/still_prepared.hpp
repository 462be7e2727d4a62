// Whether what was prepared before the pause still fits the fenced source.
#pragma once

#include <string>

#include "engine/run/step_context.hpp"
#include "operations/prepared_rest.hpp"

namespace pgconvoy {

// What was kept beside the definitions. Error conflict, retryable, when another host has them: the step before is done again.
Result<PreparedRest> rest_of_definitions(StepContext& context, const std::string& definitions);

// Compares the source's schema with that of the preparation of the step's instance. True: nothing at all was written to its
// catalogues since; false: it was, and comes to the same. Error conflict, retryable, when the schema is another: it is prepared
// again, behind the page. Ends with the pause.
Task<Result<bool>> still_as_prepared(StepContext& context, std::string new_server, Session& source);

}  // namespace pgconvoy
