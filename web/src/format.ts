// Figures and states as people read them.
import { Row, TargetState } from "./api";

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}

export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return "–";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toLocaleString("en-US");
}

export function clock(time: number | string | null): string {
  if (time === null || time === "") return "–";
  return new Date(time).toISOString().slice(11, 19);
}

export function moment(time: number | string | null | undefined): string {
  if (time === null || time === undefined || time === "") return "–";
  const text = new Date(time).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}

export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function words(name: string): string {
  return name.replace(/_/g, " ");
}

// The last operation of a step's path, without brackets and subject.
export function operationOf(path: string): string {
  return words((path.split("/").pop() ?? "").split("@")[0]);
}

// How a target stands, with a sign: colour is never the only thing that says so.
export type Mood = "good" | "bad" | "warn" | "busy" | "idle";
export interface Shown {
  key: string;
  label: string;
  sign: string;
  mood: Mood;
}

export const shownStates: Shown[] = [
  { key: "stuck", label: "stuck", sign: "!", mood: "bad" },
  { key: "failed", label: "failed, undone", sign: "×", mood: "bad" },
  { key: "undoing", label: "being undone", sign: "↺", mood: "warn" },
  { key: "running", label: "in flight", sign: "▸", mood: "busy" },
  { key: "skipped", label: "skipped", sign: "–", mood: "warn" },
  { key: "undone", label: "undone as asked", sign: "↩", mood: "idle" },
  { key: "succeeded", label: "succeeded", sign: "✓", mood: "good" },
  { key: "pending", label: "waiting", sign: "·", mood: "idle" },
];
const byKey = new Map(shownStates.map((state) => [state.key, state]));

export function keyOf(state: TargetState, asked: boolean): string {
  switch (state) {
    case "rolled_back":
      return asked ? "undone" : "failed";
    case "rolling_back":
      return "undoing";
    default:
      return state;
  }
}

export function shownOf(row: Row): Shown {
  return byKey.get(keyOf(row.state, row.asked)) as Shown;
}

export function shownByKey(key: string): Shown {
  return byKey.get(key) as Shown;
}

export function isPaused(row: Row): boolean {
  return row.paused_at !== null && row.resumed_at === null && (row.state === "running" || row.state === "rolling_back" || row.state === "stuck");
}

export function secondsOf(row: Row, now: number): number | null {
  if (row.started === null) return null;
  if (row.state === "running" || row.state === "rolling_back") return (now - row.started) / 1000;
  return row.ended === null ? null : (row.ended - row.started) / 1000;
}

export function pauseOf(row: Row, now: number): number | null {
  if (row.paused_at === null) return null;
  if (row.resumed_at !== null) return (row.resumed_at - row.paused_at) / 1000;
  return isPaused(row) ? (now - row.paused_at) / 1000 : null;
}
