// What happens, line by line, as it happens.
import { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Entry } from "./api";
import { count } from "./format";
import { useStore } from "./store";

const kShown = 400; // lines in the document

export function moodOf(kind: string): { sign: string; mood: string } {
  if (kind === "step_failed" || kind === "undo_failed" || kind === "target_stuck") return { sign: "!", mood: "bad" };
  if (kind === "target_rolling_back" || kind === "target_rolled_back" || kind === "pause_over_budget" || kind === "app_unhealthy") return { sign: "×", mood: "bad" };
  if (kind === "undo_started" || kind === "step_undone" || kind === "target_skipped" || kind === "override_given") return { sign: "↺", mood: "warn" };
  if (kind === "target_succeeded" || kind === "run_ended") return { sign: "✓", mood: "good" };
  if (kind === "pivot") return { sign: "◆", mood: "busy" };
  return { sign: " ", mood: "idle" };
}

export function Line({ entry, run, named = true }: { entry: Entry; run: string; named?: boolean }): JSX.Element {
  const { sign, mood } = moodOf(entry.kind);
  return (
    <li class="entry">
      <time dateTime={entry.at}>{entry.at.slice(11, 19)}</time> <span class={`sign ${mood}-text`} aria-hidden="true">{sign}</span>{" "}
      {named && entry.target > 0 && <a href={`#/${run}/target/${entry.target}`}>{entry.target_id}</a>} <span class={mood === "idle" ? "" : `${mood}-text`}>{entry.text}</span>
    </li>
  );
}

export function Log(): JSX.Element {
  const store = useStore();
  const [text, setText] = useState("");
  const [onlyUnwell, setOnlyUnwell] = useState(false);
  const [follow, setFollow] = useState(true);
  const [waiting, setWaiting] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const found = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    return store.entries.filter(
      (entry) =>
        (!onlyUnwell || moodOf(entry.kind).mood === "bad" || moodOf(entry.kind).mood === "warn") &&
        (!wanted || entry.text.toLowerCase().includes(wanted) || entry.target_id.toLowerCase().includes(wanted)),
    );
  }, [store.version, store.entries, text, onlyUnwell]);
  const shown = found.slice(-kShown);
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [found.length, follow, store.version]);
  return (
    <>
      <form class="filter" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          text or target <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <label>
          <input type="checkbox" checked={onlyUnwell} onChange={(event) => setOnlyUnwell(event.currentTarget.checked)} /> only what went wrong
        </label>
        <label>
          <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} /> follow
        </label>
        {!store.noOlder && (
          <button
            type="button"
            disabled={waiting}
            onClick={() => {
              setFollow(false);
              setWaiting(true);
              void store.older().finally(() => setWaiting(false));
            }}
          >
            {waiting ? "reading …" : "older ones"}
          </button>
        )}
        <span class="note" role="status">
          {found.length > shown.length ? `the last ${shown.length} of ` : ""}
          {count(found.length)} lines read
        </span>
      </form>
      <div
        class="log fill-page"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label="log"
        onScroll={(event) => {
          const element = event.currentTarget;
          const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
          if (!atEnd && follow) setFollow(false);
        }}
      >
        <ol>
          {shown.map((entry) => (
            <Line key={entry.sequence} entry={entry} run={store.runId} />
          ))}
        </ol>
        {shown.length === 0 && <p class="note">Nothing like that was journaled.</p>}
      </div>
    </>
  );
}
