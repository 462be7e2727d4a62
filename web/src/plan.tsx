// What was planned: how much, in which steps, what was found before, how long it would take.
import { JSX } from "preact";
import { get, Plan } from "./api";
import { bytes, count, duration, moment, operationOf, plural, words } from "./format";
import { Bar, Panel, Problem, useFetched } from "./parts";
import { useStore } from "./store";

function Clients({ plan }: { plan: Plan }): JSX.Element {
  if (plan.clients.length === 0)
    return <p class="note">The checks of this run found no client that can't log in to the new servers. pgconvoy scan IMAGE … counts the libraries of images.</p>;
  const most = Math.max(...plan.clients.map((each) => each.targets));
  return (
    <ul class="histogram" aria-label="targets by client library">
      {plan.clients.map((each) => (
        <li key={each.cause + each.severity}>
          <span>{each.cause}</span>
          <Bar share={each.targets / most} mood={each.severity === "block" ? "bad" : each.severity === "warn" ? "warn" : "idle"} />
          <span>
            {plural(each.targets, "target")}, {each.severity === "block" ? "blocks" : each.severity === "warn" ? "warning" : "note"}
          </span>
        </li>
      ))}
    </ul>
  );
}

export function PlanPage(): JSX.Element {
  const store = useStore();
  const { value: plan, problem } = useFetched<Plan>(() => get(`runs/${store.runId}/plan`), [store.runId]);
  if (problem) return <Problem problem={problem} />;
  if (!plan) return <p class="note">reading …</p>;
  const forecast = plan.forecast;
  const longest = Math.max(...plan.steps.map((step) => step.seconds), 0.001);
  const mark: Record<string, [string, string]> = { block: ["! blocks", "bad"], warn: ["▲ warning", "warn"], info: ["· note", "idle"] };
  return (
    <>
      <dl class="facts">
        <dt>runbook</dt>
        <dd>
          {plan.runbook} <span class="note break">{plan.runbook_digest}</span>
        </dd>
        <dt>fleet</dt>
        <dd>
          {plan.fleet_file} <span class="note break">{plan.fleet_digest}</span>
        </dd>
        <dt>planned</dt>
        <dd>
          {moment(plan.created)}
          {plan.continues ? `, goes on from ${plan.continues}` : ""}
        </dd>
        <dt>to move</dt>
        <dd>
          {plural(plan.totals.targets, "target")}, {plural(plan.totals.databases, "database")}, {bytes(plan.totals.bytes)}
          {plan.totals.blocked > 0 && <span class="bad-text">; {plural(plan.totals.blocked, "target")} blocked, never paused</span>}
        </dd>
        <dt>foretold</dt>
        <dd>
          {forecast?.seconds ? `about ${duration(forecast.seconds.p50)}, 9 of 10 times within ${duration(forecast.seconds.p90)}` : duration(plan.totals.seconds)}
        </dd>
        <dt>longest pause</dt>
        <dd>
          about {duration(plan.totals.longest_pause_seconds)}, 9 of 10 times within {duration(plan.totals.longest_pause_p90)}
        </dd>
        {forecast?.learnt_from && (
          <>
            <dt>estimates from</dt>
            <dd>{forecast.learnt_from.targets ? `${plural(forecast.learnt_from.targets, "target")} of ${plural(forecast.learnt_from.runs, "run")} before` : "what was shipped: no run before to learn from"}</dd>
          </>
        )}
      </dl>
      {forecast?.regions && Object.keys(forecast.regions).length > 0 && (
        <Panel title="Forecast by region">
          <ul class="histogram">
            {Object.entries(forecast.regions).map(([region, each]) => (
              <li key={region}>
                <span>{region}</span>
                <Bar share={each.seconds.p90 / Math.max(...Object.values(forecast.regions ?? {}).map((one) => one.seconds.p90))} mood="busy" />
                <span>
                  {plural(each.targets, "target")}, {duration(each.seconds.p50)} to {duration(each.seconds.p90)}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="Steps" note="of the first target, in the order of the runbook">
        <ol class="histogram">
          {plan.steps.map((step) => (
            <li key={step.path}>
              <span>
                {step.while_paused && <span class="warn-text">◐ </span>}
                {operationOf(step.path)}
              </span>
              <Bar share={step.seconds / longest} mood={step.while_paused ? "warn" : "busy"} />
              <span>
                {duration(step.seconds)}
                {step.while_paused ? ", paused" : ""}
              </span>
            </li>
          ))}
        </ol>
      </Panel>
      <Panel title="Findings" note="before anything was paused, by cause">
        {plan.causes.length === 0 && <p class="note">The checks had nothing to say.</p>}
        <ul class="findings">
          {plan.causes.slice(0, 60).map((each) => (
            <li key={each.condition + each.severity + each.cause + each.why}>
              <span class={`${(mark[each.severity] ?? ["", "idle"])[1]}-text`}>{(mark[each.severity] ?? [each.severity])[0]}</span>{" "}
              <strong>{each.cause || words(each.condition)}</strong>: {plural(each.targets, "target")}
              <div class="note">{each.why}</div>
              {each.remedy && <div>What helps: {each.remedy}</div>}
              <details>
                <summary>which</summary>
                {each.ids.join(", ")}
                {each.targets > each.ids.length ? ` and ${count(each.targets - each.ids.length)} more` : ""}
              </details>
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title="Client libraries" note="as the checks saw them">
        <Clients plan={plan} />
      </Panel>
      <Panel title="Limits as planned">
        <dl class="facts">
          {plan.options.map((each) => (
            <>
              <dt key={each.name}>{each.name}</dt>
              <dd>
                {each.value} <span class="note">{each.summary}</span>
              </dd>
            </>
          ))}
        </dl>
      </Panel>
    </>
  );
}
