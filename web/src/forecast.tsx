// What was foretold against what it took: a dot for each target that is done.
import { JSX } from "preact";
import { ForecastDocument, get, Row } from "./api";
import { duration, plural } from "./format";
import { Panel, Problem, useFetched } from "./parts";
import { useStore } from "./store";

const kSide = 420;
const kEdge = 48;

interface Dot {
  foretold: number;
  actual: number;
  within: boolean;
}

function dotsOf(rows: Row[], paused: boolean): Dot[] {
  const dots: Dot[] = [];
  for (const row of rows) {
    if (row.state !== "succeeded") continue;
    const [start, end] = paused ? [row.paused_at, row.resumed_at] : [row.started, row.ended];
    const foretold = paused ? row.pause : row.foretold;
    const p90 = paused ? row.pause_p90 : row.foretold_p90;
    if (start === null || end === null || foretold <= 0) continue;
    const actual = (end - start) / 1000;
    if (actual > 0) dots.push({ foretold, actual, within: p90 <= 0 || actual <= p90 });
  }
  return dots;
}

// Times as one says them.
const kTimes = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 43200, 86400];

function tickOf(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600 ? `${seconds / 60} min` : `${seconds / 3600} h`;
}

function Plot({ dots, label }: { dots: Dot[]; label: string }): JSX.Element {
  if (dots.length === 0) return <p class="note">Nothing of it is done yet.</p>;
  const all = dots.flatMap((dot) => [dot.foretold, dot.actual]);
  const low = Math.log10(Math.min(...all.slice(0, 1), all.reduce((a, b) => Math.min(a, b)))) - 0.1;
  const high = Math.log10(all.reduce((a, b) => Math.max(a, b))) + 0.1;
  const place = (value: number) => kEdge + ((Math.log10(value) - low) / Math.max(high - low, 0.2)) * (kSide - kEdge - 12);
  const seen = kTimes.filter((time) => Math.log10(time) >= low && Math.log10(time) <= high);
  // Where there are many, every second or third: labels have their room.
  const apart = Math.ceil(seen.length / 6);
  const ticks = seen.filter((_, index) => index % apart === 0);
  const within = dots.filter((dot) => dot.within).length;
  return (
    <svg viewBox={`0 0 ${kSide} ${kSide}`} class="plot" role="img" aria-label={`${label}: ${within} of ${dots.length} within what was foretold for 9 of 10`}>
      {ticks.map((tick) => (
        <g key={tick} class="grid">
          <line x1={place(tick)} x2={place(tick)} y1={12} y2={kSide - kEdge} />
          <line x1={kEdge} x2={kSide - 12} y1={kSide - place(tick)} y2={kSide - place(tick)} />
          <text x={place(tick)} y={kSide - kEdge + 16} text-anchor="middle">
            {tickOf(tick)}
          </text>
          <text x={kEdge - 6} y={kSide - place(tick) + 4} text-anchor="end">
            {tickOf(tick)}
          </text>
        </g>
      ))}
      <line class="even" x1={kEdge} y1={kSide - kEdge} x2={kSide - 12} y2={12} />
      {dots.slice(0, 8000).map((dot, index) =>
        dot.within ? (
          <circle key={index} class="dot" cx={place(dot.foretold)} cy={kSide - place(dot.actual)} r={3} />
        ) : (
          <path key={index} class="cross" d={`M${place(dot.foretold) - 3} ${kSide - place(dot.actual) - 3}l6 6m0 -6l-6 6`} />
        ),
      )}
      <text x={kSide / 2} y={kSide - 8} text-anchor="middle">
        foretold
      </text>
      <text x={14} y={kSide / 2} text-anchor="middle" transform={`rotate(-90 14 ${kSide / 2})`}>
        took
      </text>
    </svg>
  );
}

function sentence(grade: { targets: number; bias: number; median_absolute_error: number; within_p90: number }, what: string): string {
  const percent = Math.abs(grade.bias * 100).toFixed(0);
  return `${plural(grade.targets, what)}: half of them took ${percent} % ${grade.bias >= 0 ? "longer" : "less"} than foretold or more; ${(100 * grade.within_p90).toFixed(0)} % were within what 9 of 10 should keep to.`;
}

export function ForecastPage(): JSX.Element {
  const store = useStore();
  const { value, problem } = useFetched<ForecastDocument>(() => get(`runs/${store.runId}/forecast`), [store.runId, store.run?.totals.succeeded]);
  const whole = value?.grade?.run;
  return (
    <>
      {problem && <Problem problem={problem} />}
      {value?.grade && (
        <Panel title="How good it was">
          <p>{sentence(value.grade.targets, "target")}</p>
          {value.grade.pauses.targets > 0 && <p>{sentence(value.grade.pauses, "pause")}</p>}
          {whole && whole.actual !== null && whole.foretold !== null && (
            <p>
              The run as a whole took {duration(whole.actual)}; {duration(whole.foretold)} were foretold, at most {duration(whole.foretold_p90)}.
            </p>
          )}
        </Panel>
      )}
      {value?.rest?.seconds && (
        <Panel title="What is left">
          <p>
            About {duration(value.rest.seconds.p50)} to go, 9 of 10 times within {duration(value.rest.seconds.p90)}
            {value.rest.pace && value.rest.pace.targets > 0 ? `; so far targets took ${Math.exp(value.rest.pace.shift).toFixed(2)} of what was foretold` : ""}.
          </p>
        </Panel>
      )}
      {value && !value.foretold && <p class="note">Nothing was foretold of this run.</p>}
      <div class="columns">
        <Panel title="Whole targets" note="● within 9 of 10, × longer; below the line: quicker than foretold">
          <Plot dots={dotsOf(store.rows, false)} label="duration of targets" />
        </Panel>
        <Panel title="Pauses">
          <Plot dots={dotsOf(store.rows, true)} label="pauses" />
        </Panel>
      </div>
    </>
  );
}
