// The levers. Each says what will happen before it does, and takes a reason for the journal.
import { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { act, ApiError, Row, Run } from "./api";
import { count, isPaused, plural } from "./format";
import { Problem } from "./parts";
import { Store, store, useStore } from "./store";

export type Action = "pause" | "resume" | "cancel" | "approve" | "set" | "skip" | "retry";

const kLabels: Record<Action, string> = { pause: "Pause", resume: "Resume", cancel: "Cancel …", approve: "Approve wave", set: "Limits …", skip: "Skip", retry: "Retry" };

function flying(state: Store): number {
  return state.rows.filter((row) => row.state === "running" || row.state === "rolling_back").length;
}

// What will happen, in sentences.
function consequences(action: Action, run: Run, target: Row | undefined, rollback: boolean): string[] {
  const inFlight = flying(store);
  const paused = store.rows.filter(isPaused).length;
  switch (action) {
    case "pause":
      return [
        inFlight ? `${plural(inFlight, "target")} in flight will finish${paused ? `, ${count(paused)} of them with their application paused now` : ""}.` : "Nothing is in flight.",
        "Nothing new will start.",
        "The process that carries the run out ends then. It is taken up again by Resume, or by pgconvoy resume.",
      ];
    case "resume":
      return [
        `A new process on ${store.session?.host ?? "this server's machine"} takes the run up: what was interrupted is looked at and finished or undone, then it goes on with what is left.`,
        "It goes on when this page is closed. It has the rights and the passwords that pgconvoy serve was started with.",
      ];
    case "cancel":
      return rollback
        ? [`${inFlight ? plural(inFlight, "target") + " in flight will be undone right now" : "Nothing is in flight"}; one whose application was started on its new database stays there and finishes.`, "What was moved stays moved. A cancelled run is not resumed."]
        : [`${inFlight ? plural(inFlight, "target") + " in flight will finish" : "Nothing is in flight"}. Nothing new will start.`, "What was moved stays moved. A cancelled run is not resumed."];
    case "approve": {
      const first = (run.wave_ends[run.rollout.wave - 1] ?? 0) + 1;
      const last = run.wave_ends[run.rollout.wave] ?? first;
      return [`Wave ${run.rollout.wave + 1} of ${run.rollout.waves} may begin: ${plural(last - first + 1, "target")}, numbers ${first} to ${last}.`];
    }
    case "set":
      return ["It holds from the next decision on, within a second. What is in flight goes on, also when a limit is lower now."];
    case "skip":
      return [`${target?.id ?? ""} will be left out of this run. Its application is not touched.`, "It is no failure, and can be taken up again by Retry."];
    case "retry":
      return [
        `${target?.id ?? ""} is begun again, whatever its wave or budget says. Its application will be paused.`,
        ...(target?.state === "stuck" ? ["It is stuck: what is open is probed first. Have you looked at why?"] : []),
        ...(run.run.alive ? [] : ["Nobody is at work on the run: a new process on the server's machine does it."]),
      ];
  }
}

function possible(action: Action, run: Run): boolean {
  const { state, intent, alive } = run.run;
  switch (action) {
    case "pause":
      return state === "running" && alive && intent === "none";
    case "resume":
      return state === "halted" || (state === "running" && !alive);
    case "cancel":
      return (state === "running" || state === "halted") && intent !== "cancel";
    case "approve":
      return run.waits_for_approval;
    case "set":
      return state === "running" || state === "halted" || state === "planned";
    default:
      return true;
  }
}

function Dialog({ action, target, close }: { action: Action; target?: Row; close: (said: string) => void }): JSX.Element {
  const { run, runId } = useStore();
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  const [rollback, setRollback] = useState(false);
  const [changes, setChanges] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  if (!run) return <></>;
  const name = target ? target.id : run.run.id;
  const title = `${kLabels[action].replace(" …", "")} ${action === "approve" ? run.rollout.wave + 1 : action === "set" ? `of ${name}` : name}`;
  const carryOut = async () => {
    setBusy(true);
    setProblem(null);
    const path = target ? `runs/${runId}/targets/${target.number}/actions/${action}` : `runs/${runId}/actions/${action}`;
    const body: Record<string, unknown> = action === "resume" ? {} : { reason };
    if (action === "cancel") body.rollback = rollback;
    if (action === "set") body.changes = changes;
    try {
      const answer = await act(path, body);
      void store.askRun();
      close(answer.goes_on ? `${title}: process ${answer.goes_on} is at it` : `${title}: done`);
    } catch (error) {
      setProblem(error as ApiError);
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onCancel={(event) => (event.preventDefault(), close(""))}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void carryOut();
        }}
      >
        <h2 id="dialog-title">{title}?</h2>
        <ul>
          {consequences(action, run, target, rollback).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        {action === "cancel" && (
          <label class="block">
            <input type="checkbox" checked={rollback} onChange={(event) => setRollback(event.currentTarget.checked)} /> undo what is in flight, right now
          </label>
        )}
        {action === "set" && (
          <div class="settings" tabIndex={0} role="region" aria-label="limits">
            {run.settings.map((each) => (
              <label key={each.name}>
                <span>
                  {each.name} <span class="note">{each.summary}</span>
                </span>
                <input
                  type="text"
                  value={changes[each.name] ?? each.value}
                  placeholder={each.form}
                  onInput={(event) => {
                    const value = event.currentTarget.value;
                    setChanges((before) => {
                      const after = { ...before };
                      if (value === each.value) delete after[each.name];
                      else after[each.name] = value;
                      return after;
                    });
                  }}
                />
              </label>
            ))}
          </div>
        )}
        {action !== "resume" && (
          <label class="block">
            Reason, kept in the journal
            <input type="text" value={reason} maxLength={200} onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
        )}
        {problem && <Problem problem={problem} />}
        <div class="buttons">
          <button type="button" onClick={() => close("")}>
            Leave it as it is
          </button>
          <button type="submit" class={action === "cancel" ? "danger" : "primary"} disabled={busy || (action === "set" && Object.keys(changes).length === 0)}>
            {busy ? "…" : action === "set" ? "Change" : title}
          </button>
        </div>
      </form>
    </dialog>
  );
}

export function ControlButton({ action, target }: { action: Action; target?: Row }): JSX.Element | null {
  const { session, run } = useStore();
  const [open, setOpen] = useState(false);
  const [said, setSaid] = useState("");
  if (!session?.may_change || !run) return null;
  const offered = possible(action, run);
  if (!offered && !said) return null;
  return (
    <>
      {offered && (
        <button type="button" class={action === "approve" ? "primary" : ""} onClick={() => setOpen(true)}>
          {kLabels[action]}
        </button>
      )}
      <span class="said" role="status">
        {said}
      </span>
      {open && (
        <Dialog
          action={action}
          target={target}
          close={(text) => {
            setOpen(false);
            setSaid(text);
            if (text) window.setTimeout(() => setSaid(""), 8000);
          }}
        />
      )}
    </>
  );
}

export function Controls(): JSX.Element {
  return (
    <div class="buttons controls" role="group" aria-label="lead the run">
      {(["approve", "pause", "resume", "set", "cancel"] as Action[]).map((action) => (
        <ControlButton key={action} action={action} />
      ))}
    </div>
  );
}
