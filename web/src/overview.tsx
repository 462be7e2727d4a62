// How the run stands, at one look: what is done, what is left, what is wrong, by region.
import { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { Row, Run } from "./api";
import { count, duration, isPaused, keyOf, operationOf, pauseOf, plural, secondsOf, shownByKey, shownStates } from "./format";
import { RegionMap } from "./map";
import { Command, Panel, StateMark } from "./parts";
import { go } from "./route";
import { useClock, useStore } from "./store";

const kRecent = 15 * 60 * 1000; // what the rate is measured over

export function countStates(rows: Row[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const key = keyOf(row.state, row.asked);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

// Targets a minute, over the last quarter of an hour of work or what there was of it. Null: too little to say.
function rateOf(rows: Row[], run: Run, now: number): number | null {
  const end = run.run.ended ? Date.parse(run.run.ended) : now;
  const ends = rows.filter((row) => row.ended !== null && row.state !== "skipped").map((row) => row.ended as number);
  if (ends.length < 2) return null;
  const start = rows.reduce((least, row) => (row.started !== null && row.started < least ? row.started : least), end);
  const from = Math.max(start, end - kRecent);
  const recent = ends.filter((time) => time >= from).length;
  const minutes = (end - from) / 60000;
  return recent > 0 && minutes > 0.02 ? recent / minutes : null;
}

function Remaining({ run, rows, now }: { run: Run; rows: Row[]; now: number }): JSX.Element {
  const left = rows.filter((row) => row.state === "pending" || row.state === "running").length;
  const rate = rateOf(rows, run, now);
  if (run.run.ended) return <Figure label="took" value={duration(run.totals.seconds)} />;
  if (left === 0) return <Figure label="left to do" value="nothing" />;
  if (run.rest?.seconds) {
    return <Figure label="to go, about" value={duration(run.rest.seconds.p50)} note={`9 of 10 times within ${duration(run.rest.seconds.p90)}`} />;
  }
  if (rate && run.run.state === "running") return <Figure label="to go, at this rate" value={duration((left / rate) * 60)} note={`${plural(left, "target")} left`} />;
  return <Figure label="to go" value="not known yet" note={`${plural(left, "target")} left`} />;
}

function Figure({ label, value, note, mood }: { label: string; value: string; note?: string; mood?: string }): JSX.Element {
  return (
    <div class="figure">
      <div class="label">{label}</div>
      <div class={`value ${mood ?? ""}`}>{value}</div>
      <div class="note">{note ?? ""}</div>
    </div>
  );
}

function Figures({ run, rows, now }: { run: Run; rows: Row[]; now: number }): JSX.Element {
  const counts = countStates(rows);
  const failed = (counts.get("failed") ?? 0) + (counts.get("stuck") ?? 0);
  const flying = (counts.get("running") ?? 0) + (counts.get("undoing") ?? 0);
  const paused = rows.filter((row) => isPaused(row) && row.state !== "stuck");
  const stuck = rows.filter((row) => row.state === "stuck");
  const dark = stuck.filter(isPaused);
  const darkest = dark.reduce((most, row) => Math.max(most, pauseOf(row, now) ?? 0), 0);
  const longest = paused.reduce((most, row) => Math.max(most, pauseOf(row, now) ?? 0), 0);
  const rate = rateOf(rows, run, now);
  const done = counts.get("succeeded") ?? 0;
  return (
    <div class="figures">
      <Figure label="succeeded" value={count(done)} note={rows.length ? `of ${count(rows.length)}, ${((100 * done) / rows.length).toFixed(rows.length > 999 ? 1 : 0)} %` : ""} />
      <Figure
        label="failed"
        value={count(failed)}
        mood={failed ? "bad-text" : ""}
        note={stuck.length ? `${count(stuck.length)} stuck${dark.length ? `, page on for ${duration(darkest)}` : ""}: look there first` : failed ? "all back where they were" : ""}
      />
      <Figure label="in flight" value={count(flying)} note={paused.length ? `${count(paused.length)} paused, the longest for ${duration(longest)}` : flying ? "no application is paused" : ""} />
      <Remaining run={run} rows={rows} now={now} />
      <Figure label="rate" value={rate ? `${rate >= 10 ? Math.round(rate) : rate.toFixed(1)} a minute` : "–"} note={run.run.ended ? "at the end" : "last 15 minutes"} />
      <Figure label="pause of an application" value={duration(run.totals.paused_seconds_median)} note={run.totals.paused_seconds_longest === null ? "median" : `median; longest ${duration(run.totals.paused_seconds_longest)}`} />
    </div>
  );
}

function Share({ rows }: { rows: Row[] }): JSX.Element {
  const counts = countStates(rows);
  return (
    <div class="share" aria-hidden="true">
      {shownStates
        .filter((state) => counts.get(state.key))
        .map((state) => (
          <div key={state.key} class={`fill ${state.key === "pending" ? "waiting" : state.mood}`} style={{ flexGrow: counts.get(state.key) ?? 0 }} />
        ))}
    </div>
  );
}

function Regions({ rows, run }: { rows: Row[]; run: Run }): JSX.Element {
  const store = useStore();
  const regions = useMemo(() => {
    const found = new Map<string, Row[]>();
    for (const row of rows) {
      const list = found.get(row.region) ?? [];
      list.push(row);
      found.set(row.region, list);
    }
    return [...found].sort(([a], [b]) => a.localeCompare(b));
  }, [store.version, rows.length]);
  const used = countStates(rows);
  return (
    <Panel title="Regions" note={plural(regions.length, "region")}>
      <ul class="legend" aria-label="signs">
        {shownStates
          .filter((state) => used.get(state.key))
          .map((state) => (
            <li key={state.key}>
              <a href={`#/${store.runId}/targets?state=${state.key}`}>
                <StateMark state={state} /> {count(used.get(state.key) ?? 0)}
              </a>
            </li>
          ))}
      </ul>
      <div class="regions">
        {regions.map(([region, own]) => {
          const counts = countStates(own);
          const said = shownStates.filter((state) => counts.get(state.key)).map((state) => `${counts.get(state.key)} ${state.label}`);
          const rest = run.rest?.regions?.[region];
          return (
            <div class="region" key={region}>
              <h3>
                <a href={`#/${store.runId}/targets?region=${encodeURIComponent(region)}`}>{region}</a>{" "}
                <span class="note">
                  {count(counts.get("succeeded") ?? 0)} of {count(own.length)}
                  {rest && rest.targets > 0 && !run.run.ended ? `, about ${duration(rest.seconds.p50)} to go` : ""}
                </span>
              </h3>
              <Share rows={own} />
              <RegionMap rows={own} label={`${region}: ${said.join(", ")}`} open={(number) => go(`#/${store.runId}/target/${number}`)} />
            </div>
          );
        })}
      </div>
    </Panel>
  );
}

function Flying({ rows, now }: { rows: Row[]; now: number }): JSX.Element | null {
  const store = useStore();
  const flying = rows.filter((row) => row.state === "running" || row.state === "rolling_back");
  if (flying.length === 0) return null;
  flying.sort((a, b) => (pauseOf(b, now) ?? -1) - (pauseOf(a, now) ?? -1) || (a.started ?? 0) - (b.started ?? 0));
  const shown = flying.slice(0, 40);
  return (
    <Panel title="In flight" note={flying.length > shown.length ? `${shown.length} of ${flying.length}, the longest paused first` : undefined}>
      <div class="wide" tabIndex={0} role="region" aria-label="targets in flight">
        <table>
          <thead>
            <tr>
              <th scope="col">target</th>
              <th scope="col">step</th>
              <th scope="col" class="number">
                paused for
              </th>
              <th scope="col" class="number">
                foretold pause
              </th>
              <th scope="col" class="number">
                since start
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => {
              const paused = pauseOf(row, now);
              const late = isPaused(row) && row.pause_p90 > 0 && (paused ?? 0) > row.pause_p90;
              return (
                <tr key={row.number}>
                  <th scope="row">
                    <a href={`#/${store.runId}/target/${row.number}`}>{row.id}</a>
                  </th>
                  <td>
                    {row.state === "rolling_back" ? "↺ undo: " : ""}
                    {operationOf(row.step) || "begins"}
                  </td>
                  <td class={`number ${late ? "bad-text" : isPaused(row) ? "warn-text" : ""}`}>
                    {isPaused(row) ? `${duration(paused)}${late ? " !" : ""}` : paused === null ? "not paused" : `was ${duration(paused)}`}
                  </td>
                  <td class="number">{row.pause > 0 ? `${duration(row.pause)} to ${duration(row.pause_p90)}` : "–"}</td>
                  <td class="number">{duration(secondsOf(row, now))}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Failures({ rows }: { rows: Row[] }): JSX.Element | null {
  const store = useStore();
  const causes = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row.state, row.asked);
    if (key !== "failed" && key !== "stuck" && !(key === "skipped" && !row.asked)) continue;
    const label = `${key}\n${row.cause || "no reason was journaled"}`;
    causes.set(label, [...(causes.get(label) ?? []), row]);
  }
  if (causes.size === 0) return null;
  const weight = (label: string) => (label.startsWith("stuck") ? 0 : label.startsWith("failed") ? 1 : 2);
  const sorted = [...causes].sort(([a, left], [b, right]) => weight(a) - weight(b) || right.length - left.length);
  return (
    <Panel title="What went wrong" note="by cause">
      <ul class="causes">
        {sorted.slice(0, 30).map(([label, own]) => {
          const [key, cause] = label.split("\n");
          return (
            <li key={label}>
              <StateMark state={shownByKey(key)} /> <strong>{count(own.length)}</strong> <span class="cause">{cause}</span>
              <div class="members">
                {own.slice(0, 6).map((row) => (
                  <a key={row.number} href={`#/${store.runId}/target/${row.number}`}>
                    {row.id}
                  </a>
                ))}
                {own.length > 6 && <a href={`#/${store.runId}/targets?state=${key}&text=${encodeURIComponent("")}`}>and {count(own.length - 6)} more</a>}
              </div>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function Attention({ run }: { run: Run }): JSX.Element | null {
  const waits = run.rollout.waits ?? [];
  const hand = run.hand_overs.filter((each) => !each.confirmed);
  const warnings = run.rest?.warnings ?? [];
  // Each command once: that of a hand-over stands beside it.
  const beside = new Set(hand.map((each) => each.command));
  const commands = run.run.alive ? [] : run.commands.filter((command) => !beside.has(command));
  if (waits.length === 0 && hand.length === 0 && warnings.length === 0 && commands.length === 0) return null;
  return (
    <Panel title={run.run.ended ? "What is left to do" : "What it waits for, and what is yours to do"}>
      <ul class="attention">
        {waits.map((wait) => (
          <li key={wait.why + wait.what}>{wait.text}</li>
        ))}
        {warnings.map((warning) => (
          <li key={warning} class="warn-text">
            {warning}
          </li>
        ))}
        {hand.map((each) => (
          <li key={each.target + each.environment}>
            {each.environment} waits for its new address: {each.new_urls.join(", ")}
            <Command text={each.command} />
          </li>
        ))}
      </ul>
      {commands.map((command) => (
        <Command key={command} text={command} />
      ))}
    </Panel>
  );
}

export function Overview(): JSX.Element | null {
  const { run, rows } = useStore();
  const now = useClock(run?.run.state === "running");
  if (!run) return null;
  return (
    <>
      <Figures run={run} rows={rows} now={now} />
      <div class="columns">
        <Failures rows={rows} />
        <Attention run={run} />
      </div>
      <Regions rows={rows} run={run} />
      <Flying rows={rows} now={now} />
    </>
  );
}

