// Every target as a line, to be filtered; of thousands only those in view are in the document.
import { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Row } from "./api";
import { bytes, count, duration, keyOf, pauseOf, plural, secondsOf, shownOf, shownStates } from "./format";
import { Rows, StateMark } from "./parts";
import { Route } from "./route";
import { useClock, useStore } from "./store";

export interface Filter {
  state: string;
  region: string;
  text: string;
}

export function useFilter(route: Route): [Filter, (change: Partial<Filter>) => void] {
  const [filter, setFilter] = useState<Filter>({ state: route.query.get("state") ?? "", region: route.query.get("region") ?? "", text: route.query.get("text") ?? "" });
  return [filter, (change) => setFilter((before) => ({ ...before, ...change }))];
}

export function chosen(rows: Row[], filter: Filter): Row[] {
  const text = filter.text.trim().toLowerCase();
  return rows.filter(
    (row) =>
      (!filter.state || keyOf(row.state, row.asked) === filter.state) &&
      (!filter.region || row.region === filter.region) &&
      (!text || row.id.toLowerCase().includes(text) || row.cause.toLowerCase().includes(text) || row.reason.toLowerCase().includes(text)),
  );
}

export function FilterBar({ rows, filter, change, found }: { rows: Row[]; filter: Filter; change: (change: Partial<Filter>) => void; found: number }): JSX.Element {
  const regions = useMemo(() => [...new Set(rows.map((row) => row.region))].sort(), [rows.length]);
  return (
    <form class="filter" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        state{" "}
        <select value={filter.state} onChange={(event) => change({ state: event.currentTarget.value })}>
          <option value="">all</option>
          {shownStates.map((state) => (
            <option key={state.key} value={state.key}>
              {state.sign} {state.label}
            </option>
          ))}
        </select>
      </label>
      <label>
        region{" "}
        <select value={filter.region} onChange={(event) => change({ region: event.currentTarget.value })}>
          <option value="">all</option>
          {regions.map((region) => (
            <option key={region} value={region}>
              {region}
            </option>
          ))}
        </select>
      </label>
      <label>
        name or cause <input type="search" value={filter.text} onInput={(event) => change({ text: event.currentTarget.value })} />
      </label>
      <span class="note" role="status">
        {found === rows.length ? plural(found, "target") : `${count(found)} of ${plural(rows.length, "target")}`}
      </span>
    </form>
  );
}

export function Targets({ route }: { route: Route }): JSX.Element {
  const store = useStore();
  const now = useClock(store.run?.run.state === "running");
  const [filter, change] = useFilter(route);
  const found = useMemo(() => chosen(store.rows, filter), [store.version, store.rows, filter]);
  return (
    <>
      <FilterBar rows={store.rows} filter={filter} change={change} found={found.length} />
      <div class="line head" aria-hidden="true">
        <span>target</span>
        <span>state</span>
        <span class="number">size</span>
        <span class="number">paused</span>
        <span class="number">took</span>
        <span>why</span>
      </div>
      <Rows
        items={found}
        height={30}
        label="targets"
        className="fill-page"
        keyOf={(row) => row.number}
        draw={(row) => (
          <div class="line">
            <span class="name">
              <a href={`#/${store.runId}/target/${row.number}`}>{row.id}</a>
            </span>
            <span>
              <StateMark state={shownOf(row)} />
            </span>
            <span class="number">{row.bytes ? bytes(row.bytes) : ""}</span>
            <span class="number">{pauseOf(row, now) === null ? "" : duration(pauseOf(row, now))}</span>
            <span class="number">{secondsOf(row, now) === null ? "" : duration(secondsOf(row, now))}</span>
            <span class="why" title={row.reason}>
              {row.reason}
            </span>
          </div>
        )}
      />
      {found.length === 0 && <p class="note">No target is like that.</p>}
    </>
  );
}
