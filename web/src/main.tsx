import { JSX, render } from "preact";
import { useEffect } from "preact/hooks";
import { get, Run, RunLine, takeTokenFromAddress } from "./api";
import { Controls } from "./controls";
import { ForecastPage } from "./forecast";
import { count, moment, plural, words } from "./format";
import { Log } from "./log";
import { Overview } from "./overview";
import { Problem, useFetched } from "./parts";
import { PlanPage } from "./plan";
import { useRoute } from "./route";
import { store, useStore } from "./store";
import { TargetPage } from "./target";
import { Targets } from "./targets";
import { Timeline } from "./timeline";
import "./style.css";

const kPages = [
  ["overview", "Overview"],
  ["targets", "Targets"],
  ["timeline", "Timeline"],
  ["log", "Log"],
  ["plan", "Plan"],
  ["forecast", "Forecast"],
] as const;

function stateOf(run: Run): { text: string; mood: string } {
  const { state, intent, alive, ended } = run.run;
  if (state === "running" && !alive) return { text: "! interrupted: no process is at work on it", mood: "bad" };
  if (state === "running" && intent === "pause") return { text: "▸ running, told to pause: nothing new starts", mood: "warn" };
  if (state === "running" && intent === "cancel") return { text: "▸ running, told to cancel: nothing new starts", mood: "warn" };
  if (state === "running" && run.waits_for_approval) return { text: `◆ wave ${run.rollout.wave} is done, the next one waits for you`, mood: "warn" };
  if (state === "running") return { text: `▸ running${run.backward ? " backwards" : ""}`, mood: "busy" };
  if (state === "succeeded") return { text: "✓ succeeded", mood: "good" };
  if (state === "finished_with_failures") return { text: "× finished, with failures", mood: "bad" };
  return { text: `${state === "planned" ? "·" : "–"} ${words(state)}${ended ? "" : ""}`, mood: state === "halted" ? "warn" : "idle" };
}

function Connection(): JSX.Element {
  const { connection, run } = useStore();
  if (connection === "live") return <span class="note">{run?.run.state === "running" ? "live" : "up to date"}</span>;
  // What has just been read is not old.
  if (connection === "opening") return <span class="note">reading …</span>;
  return (
    <span class={connection === "lost" ? "bad-text" : "warn-text"} role="status">
      {connection === "lost" ? "! connection lost: what you see is old" : "… connecting again: what you see may be old"}
    </span>
  );
}

function Head({ page }: { page: string }): JSX.Element | null {
  const { run, runId, session } = useStore();
  if (!run) return null;
  const state = stateOf(run);
  return (
    <header>
      <div class="title">
        <a class="home" href="#/" aria-label="pgconvoy, all runs">
          pgconvoy
        </a>
        <h1>
          {run.run.rehearsal ? "rehearsal " : ""}
          {run.run.id}
        </h1>
        <span class={`${state.mood}-text state`} role="status">
          {state.text}
        </span>
        <Connection />
        <Controls />
      </div>
      <p class="note under">
        {run.run.runbook}
        {run.run.started ? `, started ${moment(run.run.started)}` : `, planned ${moment(run.run.created)}`}
        {run.rollout.waves > 1 ? `, wave ${run.rollout.wave} of ${run.rollout.waves}` : ""}
        {session ? `, ${session.journal} on ${session.host}` : ""}
        {session && !session.may_change ? ". Without the token: only to look at" : ""}
      </p>
      <nav aria-label="pages">
        {kPages.map(([key, label]) => (
          <a key={key} href={`#/${runId}/${key}`} aria-current={page === key ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
    </header>
  );
}

function AllRuns(): JSX.Element {
  const { value, problem } = useFetched<{ runs: RunLine[] }>(() => get("runs"), []);
  const { session } = useStore();
  if (problem) return <Problem problem={problem} />;
  return (
    <>
      <header>
        <div class="title">
          <h1>pgconvoy</h1>
          <span class="note">{session ? `${session.journal} on ${session.host}` : ""}</span>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <section class="panel">
          <h2>Runs</h2>
          {value && value.runs.length === 0 && <p class="note">The journal holds no run yet.</p>}
          <ul class="runs">
            {(value?.runs ?? []).map((run) => {
              const all = Object.values(run.targets).reduce((sum, each) => sum + each, 0);
              return (
                <li key={run.id}>
                  <a href={`#/${run.id}/overview`}>
                    <strong>{run.id}</strong> {words(run.state)}
                  </a>{" "}
                  {count(run.targets.succeeded ?? 0)} of {plural(all, "target")}
                  <span class="note">
                    {" "}
                    {run.runbook}, {moment(run.created)}
                  </span>
                </li>
              );
            })}
          </ul>
        </section>
      </main>
    </>
  );
}

function Body({ page, argument }: { page: string; argument: string }): JSX.Element | null {
  const route = useRoute();
  switch (page) {
    case "targets":
      return <Targets key={location.hash} route={route} />;
    case "timeline":
      return <Timeline route={route} />;
    case "log":
      return <Log />;
    case "plan":
      return <PlanPage />;
    case "forecast":
      return <ForecastPage />;
    case "target":
      return <TargetPage key={argument} number={Number(argument)} />;
    default:
      return <Overview />;
  }
}

function App(): JSX.Element {
  const route = useRoute();
  const { run, problem } = useStore();
  useEffect(() => {
    if (route.run) void store.open(route.run);
  }, [route.run]);
  useEffect(() => {
    document.title = `${route.run ? `${route.run} ${route.page} · ` : ""}pgconvoy`;
  }, [route.run, route.page]);
  if (!route.run) return <AllRuns />;
  if (!run) return <main id="main">{problem ? <Problem problem={problem} /> : <p class="note">reading the journal …</p>}</main>;
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        to the content
      </a>
      <Head page={route.page} />
      {problem && <Problem problem={problem} />}
      <main id="main" tabIndex={-1}>
        <Body page={route.page} argument={route.argument} />
      </main>
    </>
  );
}

// Who opens the page wants the run of tonight: the one under way, else the newest.
async function begin(): Promise<void> {
  takeTokenFromAddress();
  await store.start();
  if (location.hash === "" || location.hash === "#" || (location.hash === "#/" && sessionStorage.getItem("pgconvoy-seen") === null)) {
    try {
      const { runs } = await get<{ runs: RunLine[] }>("runs");
      const chosen = runs.find((each) => each.state === "running") ?? runs.find((each) => each.state === "halted") ?? runs[0];
      if (chosen) history.replaceState(null, "", `${location.pathname}#/${chosen.id}/overview`);
    } catch {
      // The page says it.
    }
  }
  sessionStorage.setItem("pgconvoy-seen", "1");
  render(<App />, document.getElementById("page") as HTMLElement);
}

void begin();
