// The API of `pgconvoy serve`, as docs/openapi.json describes it.

export type TargetState = "pending" | "running" | "succeeded" | "skipped" | "rolling_back" | "rolled_back" | "stuck";

export interface Row {
  number: number;
  id: string;
  region: string;
  state: TargetState;
  asked: boolean;
  started: number | null;
  ended: number | null;
  paused_at: number | null;
  resumed_at: number | null;
  step: string;
  bytes: number;
  foretold: number;
  foretold_p90: number;
  pause: number;
  pause_p90: number;
  cause: string;
  reason: string;
}

export interface Entry {
  sequence: number;
  at: string;
  target: number;
  target_id: string;
  kind: string;
  step: string;
  attempt: number;
  text: string;
}

export interface Session {
  program: string;
  journal: string;
  host: string;
  may_change: boolean;
  now: number;
}

export interface RunLine {
  id: string;
  state: string;
  runbook: string;
  created: string;
  targets: Record<string, number>;
}

export interface Failure {
  kind: string;
  message: string;
  server?: string;
  sqlstate?: string;
  remedy?: string;
}

export interface Spread {
  p10?: number;
  p50: number;
  p90: number;
}

export interface Forecast {
  draws?: number;
  targets?: Spread | number;
  seconds?: Spread;
  regions?: Record<string, { targets: number; seconds: Spread }>;
  windows?: { region: string; open: string; close: string; finished: Spread; left: Spread; late: Spread }[];
  targets_in_flight?: Spread;
  bytes_in_flight?: Spread;
  learnt_from?: { targets: number; runs: number };
  pace?: { shift: number; targets: number };
  warnings?: string[];
}

export interface Setting {
  name: string;
  value: string;
  form: string;
  summary: string;
}

export interface Run {
  run: {
    id: string;
    state: string;
    intent: string;
    runbook: string;
    runbook_digest: string;
    created: string;
    started: string;
    ended: string;
    rehearsal: boolean;
    alive: boolean;
    parameters: Record<string, unknown>;
  };
  totals: { targets: number; succeeded: number; failed: number; undone: number; skipped: number; left: number; seconds: number | null; paused_seconds_median: number | null; paused_seconds_longest: number | null; bytes: number; verified_rows: number };
  rollout: { wave: number; waves: number; first: number; last: number; wave_ended: boolean; soak_until: string; needs_approval?: boolean; waits: { why: string; what: string; text: string; targets: number; until: string }[] };
  rest: Forecast | null;
  hand_overs: { target: string; environment: string; new_urls: string[]; confirmed: boolean; command: string }[];
  commands: string[];
  sequence: number;
  wave_ends: number[];
  backward: boolean;
  waits_for_approval: boolean;
  settings: Setting[];
}

export interface Finding {
  severity: string;
  condition: string;
  object: string;
  evidence: string;
  why: string;
  remedy: string;
  mendable?: boolean;
}

export interface Step {
  path: string;
  operation: string;
  subject: string;
  state: string;
  is_open: boolean;
  attempts: number;
  started: string;
  ended: string;
  error: Failure | null;
  known: string;
  by_hand: string[];
  probe: { verdict: string; detail: string; at: string } | null;
  resolved: { as: string; reason: string; by: string } | null;
}

export interface Target {
  target: {
    number: number;
    id: string;
    region: string;
    state: TargetState;
    bytes: number;
    paused_seconds: number | null;
    is_paused: boolean;
    seconds: number | null;
    step: string;
    reason: string;
    error: Failure | null;
    first_step: string;
    first_error: Failure | null;
    live_database: string;
    page: string;
    pivoted: boolean;
    old_url: string[];
    commands: string[];
    fenced: { server: string; database: string; fenced_name: string }[];
    state_now?: string;
    old_database_dropped: boolean;
    waits_for_pause: boolean;
    verification?: { mode: string; outcome: string };
  };
  steps: Step[];
  plan: {
    placements: Record<string, { source_server: string; target_server: string; because?: string }>;
    findings: Finding[];
    bytes: number;
    seconds: number;
    seconds_p90: number | null;
    paused_seconds: number;
    paused_p90: number | null;
    way: string;
    way_because: string;
    verification: string;
    verification_because: string;
    early_because: string;
    environments: string[];
    instances: string[];
  };
  verification: { step: string; instance: string; tables: number | null; rows: number | null; bytes: number | null; objects: number | null; large_objects: number | null; each: Record<string, unknown>[] }[];
  backups: { instance: string; server: string; database: string; file: string; bytes: number; sha256: string; created: string; state: string; expires: string; host: string }[];
  obligations: { id: string; kind: string; state: string; due: string; waits_for: string; server: string; database: string; fenced_name: string }[];
}

export interface Plan {
  run: string;
  created: string;
  runbook: string;
  runbook_digest: string;
  fleet_digest: string | null;
  fleet_file: string | null;
  continues: string | null;
  forecast: Forecast | null;
  options: Setting[];
  totals: { targets: number; databases: number; blocked: number; bytes: number; seconds: number; longest_pause_seconds: number; longest_pause_p90: number; ways: Record<string, number> };
  steps: { path: string; operation: string; seconds: number; while_paused: boolean }[];
  causes: { condition: string; severity: string; cause: string; why: string; remedy: string; targets: number; ids: string[] }[];
  clients: { cause: string; severity: string; targets: number }[];
}

export interface Grade {
  targets: { targets: number; bias: number; median_absolute_error: number; within_p90: number };
  pauses: { targets: number; bias: number; median_absolute_error: number; within_p90: number };
  run: { foretold: number | null; foretold_p90: number | null; actual: number | null };
}

export interface ForecastDocument {
  grade: Grade | null;
  rest: Forecast | null;
  foretold: Forecast | null;
}

export class ApiError extends Error {
  constructor(message: string, readonly remedy: string, readonly status: number) {
    super(message);
  }
}

// The token stands behind the # of the address that was printed: browsers don't send it, and it isn't kept in the history.
const kToken = "pgconvoy-token";

export function takeTokenFromAddress(): void {
  const given = /^#token=([A-Za-z0-9_-]+)/.exec(location.hash);
  if (!given) return;
  sessionStorage.setItem(kToken, given[1]);
  history.replaceState(null, "", location.pathname + "#/");
}

function headers(): Record<string, string> {
  const token = sessionStorage.getItem(kToken);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function answerOf(response: Response): Promise<unknown> {
  const text = await response.text();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new ApiError(`the server answered ${response.status} with something that is no JSON`, "", response.status);
  }
  if (response.ok) return document;
  const error = (document as { error?: Failure }).error;
  throw new ApiError(error?.message ?? `the server answered ${response.status}`, error?.remedy ?? "", response.status);
}

export async function get<T>(path: string): Promise<T> {
  return (await answerOf(await fetch(`/api/v1/${path}`, { headers: headers() }))) as T;
}

export interface ActionAnswer {
  goes_on: number | null;
  said: Record<string, unknown> | null;
}

export async function act(path: string, body: Record<string, unknown>): Promise<ActionAnswer> {
  const response = await fetch(`/api/v1/${path}`, {
    method: "POST",
    headers: { ...headers(), "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await answerOf(response)) as ActionAnswer;
}
