// What is known of a run: a row for each target, the last events, the run's own document. Rows come once as a whole and then as they
// change; whoever shows them is told a few times a second at most, however many events there are.
import { useEffect, useReducer } from "preact/hooks";
import { ApiError, Entry, get, Row, Run, Session } from "./api";

const kTold = 250; // ms between two redraws
const kKept = 3000; // log entries
const kRunEvery = 5000; // ms; a run under way is asked for what is left of it

interface Targets {
  sequence: number;
  columns: (keyof Row)[];
  rows: unknown[][];
}

interface Changes {
  sequence: number;
  reset?: boolean;
  run_changed: boolean;
  events: Entry[];
  rows: unknown[][];
}

export type Connection = "opening" | "live" | "again" | "lost"; // again: it was there, and is being sought

export class Store {
  session: Session | null = null;
  skew = 0; // of the server's clock, ms
  runId = "";
  run: Run | null = null;
  rows: Row[] = []; // by number - 1
  entries: Entry[] = [];
  noOlder = false;
  connection: Connection = "opening";
  problem: ApiError | null = null;
  version = 0;

  private columns: (keyof Row)[] = [];
  private stream: EventSource | null = null;
  private listeners = new Set<() => void>();
  private timer = 0;
  private runTimer = 0;
  private askingRun = false;
  private runAgain = false;

  now(): number {
    return Date.now() + this.skew;
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(): void {
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.version += 1;
      this.listeners.forEach((listener) => listener());
    }, kTold);
  }

  private tellNow(): void {
    this.version += 1;
    this.listeners.forEach((listener) => listener());
  }

  async start(): Promise<void> {
    try {
      this.session = await get<Session>("session");
      this.skew = this.session.now - Date.now();
    } catch (error) {
      this.problem = error as ApiError;
    }
    this.tellNow();
  }

  async open(runId: string): Promise<void> {
    if (this.runId === runId) return;
    this.runId = runId;
    this.run = null;
    this.rows = [];
    this.entries = [];
    this.problem = null;
    this.connection = "opening";
    this.close();
    this.tellNow();
    await this.load(runId);
  }

  close(): void {
    this.stream?.close();
    this.stream = null;
    window.clearInterval(this.runTimer);
  }

  private async load(runId: string): Promise<void> {
    try {
      const [run, targets, log] = await Promise.all([
        get<Run>(`runs/${runId}`),
        get<Targets>(`runs/${runId}/targets`),
        get<{ events: Entry[] }>(`runs/${runId}/events?limit=300`),
      ]);
      if (this.runId !== runId) return;
      this.run = run;
      this.columns = targets.columns;
      this.rows = targets.rows.map((values) => this.rowOf(values));
      this.entries = log.events;
      this.noOlder = log.events.length < 300;
      this.problem = null;
      this.listenTo(runId, Math.min(targets.sequence, log.events.length ? log.events[log.events.length - 1].sequence : targets.sequence));
      this.runTimer = window.setInterval(() => this.run?.run.state === "running" && void this.askRun(), kRunEvery);
    } catch (error) {
      if (this.runId !== runId) return;
      this.problem = error as ApiError;
      this.connection = "lost";
      window.setTimeout(() => this.runId === runId && void this.load(runId), 3000);
    }
    this.tellNow();
  }

  private rowOf(values: unknown[]): Row {
    const row: Record<string, unknown> = {};
    this.columns.forEach((column, index) => (row[column] = values[index]));
    return row as unknown as Row;
  }

  private listenTo(runId: string, after: number): void {
    const stream = new EventSource(`/api/v1/runs/${runId}/stream?after=${after}`);
    this.stream = stream;
    stream.addEventListener("hello", () => this.connected("live"));
    stream.addEventListener("changes", (message) => this.take(JSON.parse((message as MessageEvent<string>).data) as Changes));
    stream.addEventListener("reset", () => {
      this.close();
      void this.load(runId);
    });
    stream.onerror = () => this.connected(stream.readyState === EventSource.CLOSED ? "lost" : "again");
    stream.onopen = () => this.connected("live");
  }

  private connected(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    this.changed();
  }

  private take(changes: Changes): void {
    this.connected("live");
    for (const values of changes.rows) {
      const row = this.rowOf(values);
      this.rows[row.number - 1] = row;
    }
    const last = this.entries.length ? this.entries[this.entries.length - 1].sequence : 0;
    const fresh = changes.events.filter((entry) => entry.sequence > last);
    if (fresh.length) {
      this.entries = this.entries.concat(fresh);
      if (this.entries.length > kKept) {
        this.entries = this.entries.slice(-kKept);
        this.noOlder = false;
      }
    }
    if (changes.run_changed) void this.askRun();
    this.changed();
  }

  async askRun(): Promise<void> {
    if (this.askingRun) {
      this.runAgain = true;
      return;
    }
    this.askingRun = true;
    try {
      const runId = this.runId;
      const run = await get<Run>(`runs/${runId}`);
      if (this.runId === runId) this.run = run;
      this.changed();
    } catch {
      // The stream says when the connection is lost.
    }
    this.askingRun = false;
    if (this.runAgain) {
      this.runAgain = false;
      window.setTimeout(() => void this.askRun(), 1000);
    }
  }

  async older(): Promise<void> {
    const first = this.entries.length ? this.entries[0].sequence : 0;
    const log = await get<{ events: Entry[] }>(`runs/${this.runId}/events?limit=500&before=${first}`);
    this.noOlder = log.events.length < 500;
    this.entries = log.events.concat(this.entries);
    this.tellNow();
  }
}

export const store = new Store();

export function useStore(): Store {
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  useEffect(() => store.listen(() => redraw()), []);
  return store;
}

// Redraws every second, for clocks.
export function useClock(active = true): number {
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  useEffect(() => {
    if (!active) return;
    const timer = window.setInterval(() => redraw(), 1000);
    return () => window.clearInterval(timer);
  }, [active]);
  return store.now();
}
