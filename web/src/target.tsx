// One target: where it stands, what was done, what is kept of it, and the ways on.
import { JSX } from "preact";
import { Entry, get, Step, Target } from "./api";
import { bytes, count, duration, moment, operationOf, shownOf, words } from "./format";
import { Line } from "./log";
import { ControlButton } from "./controls";
import { Command, FailureText, Panel, Problem, StateMark, useFetched } from "./parts";
import { useClock, useStore } from "./store";

const kSteps: Record<string, [string, string]> = {
  none: ["·", "to do"],
  started: ["▸", "under way"],
  succeeded: ["✓", "done"],
  failed: ["×", "failed"],
  unknown: ["?", "not known"],
  undo_started: ["↺", "being undone"],
  undone: ["↩", "undone"],
  undo_failed: ["!", "undo failed"],
  left_out: ["–", "left out by hand"],
};
const kMoods: Record<string, string> = { started: "busy", succeeded: "good", failed: "bad", unknown: "bad", undo_started: "warn", undo_failed: "bad", left_out: "warn" };

function took(step: Step, now: number): string {
  if (!step.started) return "";
  const end = step.ended ? Date.parse(step.ended) : now;
  if (!step.ended && step.state !== "started" && step.state !== "undo_started") return "";
  return duration((end - Date.parse(step.started)) / 1000);
}

function Steps({ steps, now }: { steps: Step[]; now: number }): JSX.Element {
  return (
    <div class="wide" tabIndex={0} role="region" aria-label="steps">
      <table>
        <thead>
          <tr>
            <th scope="col">step</th>
            <th scope="col">state</th>
            <th scope="col" class="number">
              tries
            </th>
            <th scope="col" class="number">
              took
            </th>
            <th scope="col">since</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => {
            const [sign, label] = kSteps[step.state] ?? ["?", words(step.state)];
            return (
              <>
                <tr key={step.path} class={step.state === "none" ? "faint" : ""}>
                  <th scope="row" title={step.path}>
                    {step.path.includes("/") ? "   " : ""}
                    {operationOf(step.path)}
                    {step.subject && <span class="note"> {step.subject}</span>}
                  </th>
                  <td class={`${kMoods[step.state] ?? "idle"}-text`}>
                    <span aria-hidden="true">{sign}</span> {label}
                  </td>
                  <td class="number">{step.attempts || ""}</td>
                  <td class="number">{took(step, now)}</td>
                  <td>{step.started ? moment(step.started) : ""}</td>
                </tr>
                {(step.error || step.known || step.probe || step.resolved) && step.state !== "succeeded" && (
                  <tr key={`${step.path} more`} class="more">
                    <td colSpan={5}>
                      {step.error && <FailureText failure={step.error} />}
                      {step.known && <div>{step.known}</div>}
                      {step.probe && (
                        <div>
                          probed: {step.probe.verdict} {step.probe.detail}
                        </div>
                      )}
                      {step.resolved && (
                        <div>
                          resolved as {step.resolved.as} by {step.resolved.by}: {step.resolved.reason}
                        </div>
                      )}
                      {step.by_hand.map((sql) => (
                        <Command key={sql} text={`${sql};`} />
                      ))}
                    </td>
                  </tr>
                )}
              </>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const MODES: Record<string, string> = {
  before: "every row is compared before the application is let in",
  snapshot: "rows are counted before the application is let in, and compared afterwards, in a snapshot of that moment",
  counts: "rows are counted before the application is let in",
};

function Mode({ document }: { document: Target }): JSX.Element | null {
  const { verification, verification_because: because } = document.plan;
  if (!verification) return null;
  const outcome = document.target.verification?.outcome;
  return (
    <>
      <p>
        <b>{verification}</b>: {MODES[verification] ?? "as its runbook says"}
        {because && <span class="note"> {because}</span>}
      </p>
      {verification !== "before" && <p class="note">{outcome ? `Afterwards: ${outcome}` : verification === "snapshot" ? "Nothing was compared afterwards yet." : ""}</p>}
    </>
  );
}

function Verification({ document }: { document: Target }): JSX.Element {
  return (
    <>
      <Mode document={document} />
      <Compared document={document} />
    </>
  );
}

function Compared({ document }: { document: Target }): JSX.Element {
  if (document.verification.length === 0) return <p class="note">Nothing was compared yet.</p>;
  return (
    <div class="wide" tabIndex={0} role="region" aria-label="verification">
      <table>
        <thead>
          <tr>
            <th scope="col">database</th>
            <th scope="col" class="number">tables</th>
            <th scope="col" class="number">rows</th>
            <th scope="col" class="number">bytes</th>
            <th scope="col" class="number">objects</th>
            <th scope="col" class="number">large objects</th>
          </tr>
        </thead>
        <tbody>
          {document.verification.map((each) => (
            <tr key={each.step}>
              <th scope="row">{each.instance}</th>
              <td class="number">{count(each.tables)}</td>
              <td class="number">{count(each.rows)}</td>
              <td class="number">{bytes(each.bytes)}</td>
              <td class="number">{count(each.objects)}</td>
              <td class="number">{count(each.large_objects)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {document.verification.map(
        (each) =>
          each.each.length > 0 && (
            <details key={each.step}>
              <summary>Each table of {each.instance}</summary>
              <table>
                <thead>
                  <tr>
                    {Object.keys(each.each[0]).map((key) => (
                      <th scope="col" key={key}>
                        {words(key)}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {each.each.map((line, index) => (
                    <tr key={index}>
                      {Object.keys(each.each[0]).map((key) => (
                        <td key={key}>{String(line[key] ?? "")}</td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </details>
          ),
      )}
    </div>
  );
}

function Kept({ document }: { document: Target }): JSX.Element {
  const drops = document.obligations.filter((each) => each.kind === "drop_source");
  return (
    <>
      {drops.length === 0 && document.target.fenced.length === 0 && <p class="note">There is no old database that is kept.</p>}
      <ul class="kept">
        {document.target.fenced.length > 0 &&
          drops.length === 0 &&
          document.target.fenced.map((each) => (
            <li key={each.fenced_name}>
              <strong>{each.database}</strong> on {each.server} is called <code>{each.fenced_name}</code> while it is fenced
            </li>
          ))}
        {drops.map((each) => (
          <li key={each.id}>
            <strong>{each.database}</strong> on {each.server}
            {each.state === "open" ? (
              <>
                , kept as <code>{each.fenced_name}</code>, may be dropped from {moment(each.due)} on
                {each.waits_for && <span class="note"> when {each.waits_for} is done</span>}
              </>
            ) : each.state === "done" ? (
              " was dropped"
            ) : (
              " stays: nothing is to be dropped"
            )}
          </li>
        ))}
      </ul>
      {document.target.old_url.map((line) => (
        <p key={line} class="note">
          {line}
        </p>
      ))}
    </>
  );
}

function Backups({ document }: { document: Target }): JSX.Element {
  if (document.backups.length === 0) return <p class="note">No backup was taken.</p>;
  return (
    <ul class="kept">
      {document.backups.map((each) => (
        <li key={each.file}>
          <strong>{each.database}</strong>, {bytes(each.bytes)}, {each.state}, taken {moment(each.created)}
          {each.expires && `, until ${moment(each.expires)}`}
          <div class="note break">
            {each.host && `${each.host}: `}
            {each.file}
            <br />
            sha256 {each.sha256}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Findings({ document }: { document: Target }): JSX.Element {
  const shown = document.plan.findings.filter((each) => each.severity !== "ok");
  if (shown.length === 0) return <p class="note">The checks had nothing to say.</p>;
  const sign: Record<string, string> = { block: "! blocks", warn: "▲ warning", info: "· note" };
  const mood: Record<string, string> = { block: "bad", warn: "warn", info: "idle" };
  return (
    <ul class="findings">
      {shown.map((each, index) => (
        <li key={index}>
          <span class={`${mood[each.severity] ?? "idle"}-text`}>{sign[each.severity] ?? each.severity}</span> <strong>{words(each.condition)}</strong>, {each.object}
          <div>{each.evidence}</div>
          {each.why && <div class="note">{each.why}</div>}
          {each.remedy && <div>What helps: {each.remedy}</div>}
        </li>
      ))}
    </ul>
  );
}

export function TargetPage({ number }: { number: number }): JSX.Element {
  const store = useStore();
  const row = store.rows[number - 1];
  // Read again when something of it was journaled.
  const mark = row ? [row.state, row.step, row.ended, row.resumed_at, row.paused_at].join() : "";
  const { value: document, problem } = useFetched<Target>(() => get(`runs/${store.runId}/targets/${number}`), [store.runId, number, mark]);
  const { value: log } = useFetched<{ events: Entry[] }>(() => get(`runs/${store.runId}/events?target=${number}&limit=300`), [store.runId, number, mark]);
  const now = useClock(row?.state === "running" || row?.state === "rolling_back");
  if (problem && !document) return <Problem problem={problem} />;
  if (!document || !row) return <p class="note">reading …</p>;
  const target = document.target;
  const moves = Object.entries(document.plan.placements);
  return (
    <>
      <div class="title">
        <h2>{target.id}</h2>
        <StateMark state={shownOf(row)} />
        <span class="note">
          number {number}, {target.region}
        </span>
        <span class="buttons">
          {row.state === "pending" && <ControlButton action="skip" target={row} />}
          {(row.state === "rolled_back" || row.state === "skipped" || row.state === "stuck") && <ControlButton action="retry" target={row} />}
        </span>
      </div>
      {(target.reason || target.error || target.state_now) && (
        <section class="panel unwell" aria-label="what went wrong">
          {target.first_error ? <FailureText failure={target.first_error} /> : target.error ? <FailureText failure={target.error} /> : <p>{target.reason}</p>}
          {target.step && <p class="note">at step {operationOf(target.step)}</p>}
          {target.first_error && target.error && (
            <>
              <p>Then its undo failed:</p>
              <FailureText failure={target.error} />
            </>
          )}
          {target.state_now && <p>{target.state_now}</p>}
        </section>
      )}
      <dl class="facts">
        <dt>maintenance page</dt>
        <dd class={target.is_paused ? "warn-text" : ""}>{target.page}</dd>
        <dt>live database</dt>
        <dd>
          {target.live_database}
          {target.pivoted ? "; the application was started on the new one" : ""}
        </dd>
        {moves.length > 0 && <dt>{moves.every(([, each]) => each.source_server === each.target_server) ? "where" : "moves"}</dt>}
        <dd hidden={moves.length === 0}>
          {moves.map(([instance, each]) => (
            <div key={instance}>
              {instance}: {each.source_server === each.target_server ? each.source_server : `${each.source_server} → ${each.target_server}`}
              {each.because && <span class="note"> {each.because}</span>}
            </div>
          ))}
        </dd>
        <dt>way</dt>
        <dd>
          {document.plan.way}
          {document.plan.way_because && <span class="note"> {document.plan.way_because}</span>}
        </dd>
        <dt>pause</dt>
        <dd>
          {target.waits_for_pause && <div class="warn-text">prepared, waits for its pause</div>}
          {duration(target.paused_seconds)}
          <span class="note">
            {" "}
            foretold {duration(document.plan.paused_seconds)}, 9 of 10 times within {duration(document.plan.paused_p90)}
          </span>
        </dd>
        <dt>in all</dt>
        <dd>
          {duration(target.seconds)}
          <span class="note">
            {" "}
            foretold {duration(document.plan.seconds)}, 9 of 10 times within {duration(document.plan.seconds_p90)}; {bytes(document.plan.bytes)}
          </span>
        </dd>
      </dl>
      {target.commands.length > 0 && (
        <Panel title="Ways on" note="to be typed, the most likely first">
          {target.commands.map((command) => (
            <Command key={command} text={command} />
          ))}
        </Panel>
      )}
      <Panel title="Steps">
        <Steps steps={document.steps} now={now} />
      </Panel>
      <div class="columns">
        <Panel title="Verification" note="old against new database">
          <Verification document={document} />
        </Panel>
        <Panel title="Old database">
          <Kept document={document} />
        </Panel>
        <Panel title="Backups">
          <Backups document={document} />
        </Panel>
        <Panel title="Findings" note="before the run">
          <Findings document={document} />
        </Panel>
      </div>
      <Panel title="Log">
        <ol class="log inline">{(log?.events ?? []).map((entry) => <Line key={entry.sequence} entry={entry} run={store.runId} named={false} />)}</ol>
      </Panel>
    </>
  );
}
