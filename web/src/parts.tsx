// Small parts that several pages share.
import { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, Failure } from "./api";
import { Shown } from "./format";

export function StateMark({ state }: { state: Shown }): JSX.Element {
  return (
    <span class={`mark ${state.mood}`}>
      <span class="sign" aria-hidden="true">
        {state.sign}
      </span>{" "}
      {state.label}
    </span>
  );
}

export function Panel({ title, children, note }: { title: string; children: ComponentChildren; note?: ComponentChildren }): JSX.Element {
  return (
    <section class="panel">
      <h2>
        {title}
        {note !== undefined && <span class="note"> {note}</span>}
      </h2>
      {children}
    </section>
  );
}

export function Problem({ problem }: { problem: ApiError }): JSX.Element {
  return (
    <div class="problem" role="alert">
      <strong>{problem.message}</strong>
      {problem.remedy && <div>{problem.remedy}</div>}
    </div>
  );
}

export function FailureText({ failure }: { failure: Failure }): JSX.Element {
  return (
    <div class="failure">
      <div>{failure.message}</div>
      <div class="note">
        {[failure.server, failure.sqlstate && `SQLSTATE ${failure.sqlstate}`].filter(Boolean).join(", ")}
      </div>
      {failure.remedy && <div>What helps: {failure.remedy}</div>}
    </div>
  );
}

// The program's texts may say in a word before a command what it is for ("back:    pgconvoy rollback ..."): that is not copied.
export function Command({ text: said }: { text: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const [, label, text] = /^([a-z ]+):\s+(pgconvoy .*)$/s.exec(said) ?? ["", "", said];
  return (
    <div class="command">
      {label && <span class="note">{label}</span>}
      <code>{text}</code>
      <button
        type="button"
        class="small"
        aria-label={`copy ${text}`}
        onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
      >
        {copied ? "copied" : "copy"}
      </button>
    </div>
  );
}

// Something that is read once, and again when `again` changes.
export function useFetched<T>(read: () => Promise<T>, again: unknown[]): { value: T | null; problem: ApiError | null } {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const turn = useRef(0);
  useEffect(() => {
    const own = ++turn.current;
    read().then(
      (got) => {
        if (own !== turn.current) return;
        setValue(got);
        setProblem(null);
      },
      (error: ApiError) => own === turn.current && setProblem(error),
    );
  }, again);
  return { value, problem };
}

interface RowsProps<T> {
  items: T[];
  height: number; // px of one row
  label: string;
  className?: string;
  keyOf: (item: T) => string | number;
  draw: (item: T, index: number) => ComponentChildren;
  seen?: (first: number, last: number) => void; // which can be seen, after each change
}

// A list of which only what can be seen is in the document, so that thousands of rows cost as much as fifty.
export function Rows<T>({ items, height, label, className, keyOf, draw, seen }: RowsProps<T>): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [view, setView] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setView(element.clientHeight || 600);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top / height) - 8);
  const last = Math.min(items.length, Math.ceil((top + view) / height) + 8);
  const firstSeen = Math.min(items.length, Math.floor(top / height));
  const lastSeen = Math.min(items.length, Math.ceil((top + view) / height));
  useEffect(() => seen?.(firstSeen, lastSeen), [firstSeen, lastSeen, items.length]);
  return (
    <div
      ref={box}
      class={`rows ${className ?? ""}`}
      role="region"
      aria-label={label}
      tabIndex={0}
      onScroll={(event) => setTop((event.currentTarget as HTMLElement).scrollTop)}
    >
      <div role="list" style={{ height: `${Math.max(1, items.length) * height}px`, position: "relative" }}>
        {items.slice(first, last).map((item, offset) => (
          <div
            role="listitem"
            key={keyOf(item)}
            aria-setsize={items.length}
            aria-posinset={first + offset + 1}
            class="row"
            style={{ position: "absolute", top: `${(first + offset) * height}px`, height: `${height}px`, left: "0", right: "0" }}
          >
            {draw(item, first + offset)}
          </div>
        ))}
      </div>
    </div>
  );
}

// A bar with its figure beside it; `share` from 0 to 1.
export function Bar({ share, mood }: { share: number; mood: string }): JSX.Element {
  return (
    <div class="bar" aria-hidden="true">
      <div class={`fill ${mood}`} style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
    </div>
  );
}
