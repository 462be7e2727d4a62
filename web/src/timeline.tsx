// When each target began, was paused, and ended: a bar for each, in the order in which they began.
import { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Row } from "./api";
import { clock, duration, moment, pauseOf, plural, secondsOf, shownOf } from "./format";
import { Rows } from "./parts";
import { Route } from "./route";
import { useClock, useStore } from "./store";
import { chosen, FilterBar, useFilter } from "./targets";

const kSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

// Round times, about six of them; on a phone as many as can be read.
function ticksOf(from: number, to: number): number[] {
  const span = (to - from) / 1000;
  const most = Math.max(2, Math.min(6, (document.documentElement.clientWidth - 160) / 76));
  const step = (kSteps.find((each) => span / each <= most) ?? 86400 * Math.ceil(span / 86400 / most)) * 1000;
  const ticks: number[] = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) ticks.push(time);
  return ticks;
}

function said(row: Row, now: number): string {
  const paused = pauseOf(row, now);
  return `${row.id}: ${shownOf(row).label}, began ${moment(row.started)}, ${duration(secondsOf(row, now))}${paused === null ? "" : `, paused for ${duration(paused)}`}`;
}

export function Timeline({ route }: { route: Route }): JSX.Element {
  const store = useStore();
  const running = store.run?.run.state === "running";
  const now = useClock(running);
  const [filter, change] = useFilter(route);
  const [whole, setWhole] = useState(false);
  const [view, setView] = useState<[number, number]>([0, 40]);
  // Of a run that goes on the newest come first: they are what is looked at.
  const begun = useMemo(() => {
    const sorted = chosen(store.rows, filter).filter((row) => row.started !== null).sort((a, b) => (a.started as number) - (b.started as number));
    return running ? sorted.reverse() : sorted;
  }, [store.version, store.rows, filter, running]);
  const all = store.rows.filter((row) => row.started !== null);
  const latest = all.reduce((most, row) => Math.max(most, row.ended ?? row.resumed_at ?? row.started ?? 0), 0);
  const endOf = (row: Row) => row.ended ?? (running ? now : latest);
  // In a night of thousands each bar would be a dot: unless asked otherwise, the axis is that of the rows in view.
  const measured = whole || begun.length === 0 ? all : begun.slice(view[0], Math.max(view[1], view[0] + 1));
  const from = (measured.length ? measured : all).reduce((least, row) => Math.min(least, row.started as number), Infinity);
  const to = measured.reduce((most, row) => Math.max(most, endOf(row)), from + 1000);
  const begin = all.reduce((least, row) => Math.min(least, row.started as number), Infinity);
  if (!Number.isFinite(from)) return <p class="note">Nothing has begun yet.</p>;
  const place = (time: number) => `${Math.max(0, Math.min(100, (100 * (time - from)) / (to - from)))}%`;
  const width = (start: number, end: number) => `${Math.max(0.15, Math.min((100 * (end - start)) / (to - from), 100 - (100 * (start - from)) / (to - from)))}%`;
  const ticks = ticksOf(from, to);
  return (
    <>
      <FilterBar rows={store.rows} filter={filter} change={change} found={begun.length} />
      <p class="note">
        {plural(begun.length, "target")} begun since {moment(begin)}, {running ? "the newest" : "the first"} on top. A light bar is the work, the striped part in it the pause of the
        application.{" "}
        <label>
          <input type="checkbox" checked={whole} onChange={(event) => setWhole(event.currentTarget.checked)} /> axis of the whole run
        </label>
      </p>
      <div class="gantt">
        <div class="axis" aria-hidden="true">
          <div class="place">
            {ticks.map((tick) => (
              <span key={tick} style={{ left: place(tick) }}>
                {clock(tick)}
              </span>
            ))}
          </div>
        </div>
        <Rows
          items={begun}
          height={24}
          label="timeline of targets"
          className="fill-page"
          keyOf={(row) => row.number}
          seen={(first, last) => setView([first, last])}
          draw={(row) => {
            const end = endOf(row);
            const shown = shownOf(row);
            const pausedTo = row.resumed_at ?? end;
            return (
              <a class="span" href={`#/${store.runId}/target/${row.number}`} title={said(row, now)} aria-label={said(row, now)}>
                <span class="name">
                  <span class={`sign ${shown.mood}-text`} aria-hidden="true">
                    {shown.sign}
                  </span>{" "}
                  {row.id}
                </span>
                <span class="place">
                  <span class={`work ${shown.mood}`} style={{ left: place(row.started as number), width: width(row.started as number, end) }} />
                  {row.paused_at !== null && pausedTo > row.paused_at && (
                    <span class={`pause ${shown.mood}`} style={{ left: place(row.paused_at), width: width(row.paused_at, pausedTo) }} />
                  )}
                </span>
              </a>
            );
          }}
        />
      </div>
    </>
  );
}
