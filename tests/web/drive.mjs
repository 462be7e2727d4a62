// Opens the page of `pgconvoy serve` in Debian's Chromium, headless, and does with it what an operator would.
//
//   node tests/web/drive.mjs SCENARIO OPTIONS
//
// OPTIONS is JSON: url (with the token behind #), chromium, shots (a directory for pictures; left out: none), and what the scenario
// needs. Prints what was seen as one JSON object, the last line; whatever isn't as it should be ends it with exit code 1.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [scenario, text] = process.argv.slice(2);
const options = JSON.parse(text);
const base = options.url.split("#")[0];
const kPatience = options.patience ?? 20000;
const kPages = ["overview", "targets", "timeline", "log", "plan", "forecast"];
const seen = {};

const browser = await chromium.launch({ executablePath: options.chromium, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });

// A window whose mistakes are ours: errors of scripts, and what the content security policy stopped.
async function open(url, settings = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings });
  const page = await context.newPage();
  page.setDefaultTimeout(kPatience);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (401|409|404)/.test(message.text())) wrong.push(message.text());
  });
  await page.goto(url);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  return { context, page, wrong };
}

async function shot(page, name) {
  if (options.shots) await page.screenshot({ path: `${options.shots}/${name}.png` });
}

// The page of that name, once it shows something of its own.
async function turnTo(page, name) {
  await page.getByRole("navigation", { name: "pages" }).getByRole("link", { name: new RegExp(`^${name}$`, "i") }).click();
  await page.locator("#main :is(table, canvas, .rows, .log, .facts, .plot, .note)").first().waitFor();
}

async function confirm(page, button, { says, fill }) {
  await page.getByRole("button", { name: button, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  for (const each of says) assert.match(await dialog.innerText(), each);
  if (fill) await fill(dialog);
  await dialog.locator("button[type=submit]").click();
  await dialog.waitFor({ state: "detached" });
}

// Findings of axe that keep somebody from using the page.
async function examine(page, name) {
  // The library is put in by the debugger's protocol: the page's own policy stays as it is.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: axe });
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const all = result.violations.map((each) => `${name}: ${each.impact}: ${each.id}: ${each.nodes.length} times, ${each.nodes[0].html.slice(0, 160)}: ${each.nodes[0].failureSummary?.split("\n")[1] ?? ""}`);
  seen.axe = (seen.axe ?? []).concat(all);
  return result.violations.filter((each) => each.impact === "serious" || each.impact === "critical").map((each) => all[result.violations.indexOf(each)]);
}

async function examineAll(address, run, target, { pages = kPages, schemes = ["light", "dark"] } = {}) {
  const serious = [];
  let examined = 0;
  for (const colorScheme of schemes) {
    const { context, page } = await open(address, { colorScheme });
    for (const name of [...pages, `target/${target}`]) {
      await page.goto(`${base}#/${run}/${name}`);
      await page.locator("#main :is(table, canvas, .rows, .log, .facts, .plot)").first().waitFor();
      await page.waitForTimeout(150);
      serious.push(...(await examine(page, `${colorScheme} ${name}`)));
      examined += 1;
      await shot(page, `${name.replace("/", "-")}-${colorScheme}`);
    }
    await context.close();
  }
  seen.examined = examined;
  assert.deepEqual(serious, []);
}

const scenarios = {
  // A run in waves that waits for its operator: approve, pause, resume, and look at everything when it is done.
  async migration() {
    const { page, wrong } = await open(options.url);
    assert.equal(new URL(page.url()).hash.includes("token"), false, "the token stays in the address");
    await page.getByText("the next one waits for you").waitFor();
    await shot(page, "waits");

    // Somebody without the token sees the same, and has no lever.
    const other = await open(base);
    await other.page.getByText("Without the token: only to look at").waitFor();
    assert.equal(await other.page.getByRole("group", { name: "lead the run" }).getByRole("button").count(), 0);
    const refused = await other.page.evaluate(async () => (await fetch("/api/v1/runs/r1/actions/cancel", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })).status);
    assert.equal(refused, 401);
    assert.deepEqual(other.wrong, []);

    // What the dialog is left by changes nothing.
    await page.getByRole("button", { name: "Cancel …" }).click();
    await page.getByRole("dialog").getByText("A cancelled run is not resumed").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });

    await confirm(page, "Limits …", { says: [/in flight goes on/], fill: async (dialog) => dialog.getByLabel(/^concurrency /).fill("3") });
    await page.getByText("Limits of r1: done").waitFor();
    await confirm(page, "Approve wave", { says: [/Wave 2 of 2 may begin/, /numbers 2 to/], fill: async (dialog) => dialog.getByLabel(/Reason/).fill("looks fine") });
    await page.getByRole("heading", { name: /^In flight/ }).waitFor();
    await confirm(page, "Pause", { says: [/Nothing new will start/] });
    await page.getByText(/told to pause|halted/).first().waitFor();
    await page.getByText("– halted").waitFor();
    await shot(page, "halted");
    const before = await page.locator(".figure").first().innerText();
    await confirm(page, "Resume", { says: [/new process/] });
    await page.locator(".figure", { hasText: "100 %" }).first().waitFor({ timeout: 60000 });
    await page.getByText(/✓ succeeded/).first().waitFor();
    seen.halted_at = before;
    seen.ended_at = await page.locator(".figure").first().innerText();
    const commands = await page.locator(".command code").allInnerTexts();
    assert.equal(new Set(commands).size, commands.length, `a command stands there twice: ${commands}`);
    // The other window was told, too, without anybody touching it.
    await other.page.locator(".figure", { hasText: "100 %" }).first().waitFor();
    await other.context.close();

    // By the keyboard: from the page of targets to one of them.
    await turnTo(page, "Targets");
    await page.getByRole("searchbox").fill(options.target);
    await page.getByText(/^1 of \d+ targets/).waitFor();
    await page.getByRole("region", { name: "targets" }).focus();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), options.target);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: options.target }).waitFor();
    for (const each of await page.locator(".command code").allInnerTexts()) assert.match(each, /^pgconvoy /, "what is copied is a command");
    const main = await page.locator("#main").innerText();
    for (const each of [/verify restored services/, /✓ done/, /sha256 [0-9a-f]{64}/, /may be dropped from \d{4}-\d\d-\d\d/, /foretold/]) assert.match(main, each);
    seen.verified_rows = Number((await page.getByRole("region", { name: "verification" }).locator("tbody td").nth(1).innerText()).replace(/,/g, ""));
    await turnTo(page, "Timeline");
    seen.bars = await page.locator(".gantt .work").count();
    await turnTo(page, "Log");
    await page.getByRole("searchbox").fill("the application starts on the new database");
    await page.waitForTimeout(100);
    seen.pivots = await page.locator(".entry").count();
    await page.getByRole("searchbox").fill("");
    await page.locator(".entry").nth(20).waitFor();
    await turnTo(page, "Plan");
    await page.getByRole("heading", { name: "Client libraries" }).waitFor();
    await turnTo(page, "Forecast");
    await page.locator(".plot").first().waitFor();
    seen.dots = await page.locator(".plot").first().locator(".dot, .cross").count();
    assert.deepEqual(wrong, []);
    await examineAll(options.url, "r1", 1, options.full ? {} : { schemes: ["light"], pages: ["overview", "plan"] });
  },
};

// A fleet of thousands in the middle of its night.
async function fleet() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(kPatience);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  const begun = Date.now();
  await page.goto(options.url);
  await page.locator("canvas").first().waitFor();
  seen.map_after_ms = Date.now() - begun;
  seen.first_paint_ms = await page.evaluate(() => Math.round(performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1));
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const measure = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name) => metrics.find((each) => each.name === name).value;
    return { heap_mb: Math.round(of("JSHeapUsedSize") / 1e5) / 10, nodes: of("Nodes") };
  };
  seen.overview = await measure();
  const figure = page.locator(".figure .value").first();
  const first = await figure.innerText();
  // Live: the count goes up by itself.
  await page.waitForFunction((was) => document.querySelector(".figure .value").textContent !== was, first);
  // How long one frame takes at worst while events come in.
  seen.longest_task_ms = await page.evaluate(
    () =>
      new Promise((done) => {
        let longest = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => (longest = Math.max(longest, Math.round(entry.duration))))).observe({ entryTypes: ["longtask"] });
        setTimeout(() => done(longest), 4000);
      }),
  );
  for (const name of ["Targets", "Timeline", "Log"]) {
    const clicked = Date.now();
    await turnTo(page, name);
    seen[`${name.toLowerCase()}_ms`] = Date.now() - clicked;
  }
  await turnTo(page, "Timeline");
  const rows = page.getByRole("region", { name: "timeline of targets" });
  await rows.evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  await page.waitForTimeout(200);
  seen.bars_in_document = await page.locator(".gantt .work").count();
  await shot(page, "fleet-timeline");
  seen.after = await measure();
  await turnTo(page, "Overview");
  await page.waitForTimeout(300);
  await shot(page, "fleet-overview");
  await turnTo(page, "Targets");
  await page.getByLabel("state").selectOption("stuck");
  await page.waitForTimeout(200);
  await shot(page, "fleet-stuck");
  seen.stuck = Number((await page.locator(".filter .note").innerText()).split(" ")[0]);
  await page.goto(`${base}#/r1/target/${options.stuck ?? 1164}`);
  await page.getByRole("heading", { name: "Steps" }).waitFor();
  await shot(page, "fleet-target-stuck");
  for (const name of ["plan", "forecast"]) {
    await page.goto(`${base}#/r1/${name}`);
    await page.locator("#main :is(.facts, .plot)").first().waitFor();
    await page.waitForTimeout(300);
    await shot(page, `fleet-${name}`);
  }
  assert.deepEqual(wrong, []);
  await context.close();

  // On a phone nothing is wider than the screen.
  const phone = await open(options.url, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2, colorScheme: "dark" });
  for (const name of kPages) {
    await phone.page.goto(`${base}#/r1/${name}`);
    await phone.page.locator("#main :is(canvas, .rows, .log, .facts, .plot)").first().waitFor();
    await phone.page.waitForTimeout(200);
    const width = await phone.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 390, `${name} is ${width} wide`);
    await shot(phone.page, `phone-${name}`);
  }
  await phone.context.close();
  await examineAll(options.url, "r1", options.stuck ?? 1164);
}
scenarios.fleet = fleet;

try {
  await scenarios[scenario]();
  console.log(JSON.stringify(seen));
} catch (error) {
  console.error(error.stack ?? String(error));
  console.log(JSON.stringify(seen));
  process.exitCode = 1;
} finally {
  await browser.close();
}
