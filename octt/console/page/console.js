// Shows a run: the messages of octt/console/view.py, carried out. What comes from the run is text and only text.

import { begin, make, show, tell } from "./prompt.js";

const $ = (id) => document.getElementById(id);
const FRAMES = 600; // rows that are kept, more while somebody reads further up
const marks = { ok: "✓", fail: "✗", asked: "→", skipped: "–", info: "·" };
const envelope = /^\s*\[\s*\d\s*,\s*"[^"]*"\s*,\s*(?:"\w*"\s*,\s*)?/; // what stands before the payload
// What a reader cannot see, or what reorders what is seen (as octt/text.py has it), stays written as JSON writes it.
const invisible = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]/gu;
const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
const whom = { operator: "you", station: "the station", time: "time to pass" };

let run = {};
let rows = new Map();
let current = {};
let picked = ""; // a case that somebody looks at instead of the running one
let waiting = null;
let received = 0;
let stream = null;
let last = "";
let heard = Date.now();
let missed = 0;

const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false };
// A list that grows at its end: some lines at a time, since looking how far it is scrolled has the browser lay it out.
function growing(list, build, most, missed) {
  let waiting = [];
  let timer = 0;
  let follows = true; // until somebody scrolls up
  const toEnd = () => (list.scrollTop = list.scrollHeight);
  list.addEventListener("scroll", () => (follows = list.scrollTop + list.clientHeight > list.scrollHeight - 40));
  new ResizeObserver(() => follows && toEnd()).observe(list);
  function flush() {
    const kept = follows ? most : 4 * most;
    list.append(...waiting.slice(-kept).map(build));
    while (list.childElementCount > kept) list.firstElementChild.remove();
    if (follows) toEnd();
    else if (list.clientHeight) missed(waiting.length);
    [waiting, timer] = [[], 0];
  }
  return {
    add(data) {
      waiting.push(data);
      timer ||= setTimeout(flush, 80);
    },
    clear() {
      clearTimeout(timer);
      [waiting, timer] = [[], 0];
      list.replaceChildren();
    },
  };
}

const clock = (t) => new Date(t).toLocaleTimeString([], time);
const kind = (verdict) => `v-${(verdict || "").toLowerCase().replaceAll(" ", "-")}`;
const shownCase = () => picked || current.case || null;

// -- the station --------------------------------------------------------------------------------------------------

function station(data) {
  $("product").textContent = [data.vendor, data.model, data.firmware].filter(Boolean).join(" · ");
  const facts = [data.profile === null ? "" : `security profile ${data.profile}`, data.tls, data.remote, data.registration];
  if (data.offset !== null) facts.push(`clock ${data.offset > 0 ? "+" : ""}${data.offset} s`);
  $("link").className = data.connected ? "link" : "link off";
  $("link").replaceChildren(make("b", data.connected ? "connected" : "not connected"), ` ${facts.filter(Boolean).join(" · ")}`);
  $("connectors").replaceChildren(
    ...data.connectors.map((one) => {
      const line = make("li", `${one.number ? `Connector ${one.number}` : "Station"} `);
      if (/^[A-Za-z]+$/.test(one.status)) line.classList.add(one.status);
      line.append(make("b", one.status || "unknown"));
      if (one.transaction !== null) line.append(make("span", `transaction ${one.transaction} (${one.card}) `));
      if (one.meter) line.append(make("span", one.meter, "soft"));
      return line;
    }),
  );
}

// -- the plan -----------------------------------------------------------------------------------------------------

function plan(data) {
  rows = new Map(data.map((row) => [row.case, { ...row, line: null }]));
  $("rows").replaceChildren();
  let profile = null;
  for (const row of rows.values()) {
    if (row.profile !== profile) $("rows").append(make("h2", (profile = row.profile)));
    row.line = make("button");
    row.line.type = "button";
    row.line.addEventListener("click", () => pick(row.case));
    $("rows").append(row.line);
    draw(row);
  }
  sum();
}

function draw(row) {
  row.line.className = `row ${kind(row.verdict)}`;
  row.line.classList.toggle("now", row.case === current.case);
  row.line.classList.toggle("picked", row.case === picked);
  row.line.classList.toggle("off", row.applicable === false);
  row.line.title = [row.name, row.applicable === false ? row.reason : row.why, row.asked ? `asked ${row.asked} times` : ""].filter(Boolean).join("\n");
  const verdict = row.verdict || (row.applicable === false ? "not applicable" : "");
  row.line.replaceChildren(make("span", row.case), make("span", row.name), make("span", row.case === current.case ? "running" : verdict, verdict || row.case === current.case ? "chip" : ""));
}

function change(data) {
  const row = rows.get(data.case);
  if (!row) return;
  Object.assign(row, data);
  draw(row);
  sum();
  if (shownCase() === data.case) head();
}

function sum() {
  const chosen = [...rows.values()].filter((row) => row.applicable !== false && row.verdict !== "NOT APPLICABLE");
  const done = chosen.filter((row) => row.verdict);
  const counts = {};
  for (const row of done) counts[row.verdict] = (counts[row.verdict] ?? 0) + 1;
  const told = Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`);
  const left = chosen.length - done.length;
  const each = done.reduce((seconds, row) => seconds + row.seconds, 0) / (done.length || 1);
  const asked = [...rows.values()].reduce((count, row) => count + row.asked, 0);
  const times = run.ended || !left ? "" : `${left} left${done.length > 2 ? `, about ${Math.max(1, Math.round((left * each) / 60))} min` : ""}`;
  $("counts").textContent = [`${done.length} of ${chosen.length} done`, times, ...told, asked ? `asked ${asked} times` : ""].filter(Boolean).join(" · ");
  $("bar").replaceChildren(
    ...Object.entries(counts).map(([verdict, count]) => {
      const part = make("i", "", kind(verdict));
      part.style.flex = `0 0 ${(100 * count) / chosen.length}%`;
      return part;
    }),
  );
}

// -- the case -----------------------------------------------------------------------------------------------------

function running(data) {
  const before = rows.get(current.case);
  const after = rows.get(data.case);
  if (data.case && !picked) lines.clear();
  current = data;
  for (const row of [before, after]) if (row?.line) draw(row);
  if (after?.line && !picked) after.line.scrollIntoView({ block: "nearest" });
  head();
}

function head() {
  const row = rows.get(shownCase());
  const attempt = row?.attempts > 1 ? `attempt ${row.attempts}` : "";
  const verdict = row && row.case !== current.case ? row.verdict : "";
  $("place").textContent = row ? [row.case, row.profile, attempt, verdict, verdict ? `${row.seconds} s` : ""].filter(Boolean).join(" · ") : "";
  const ended = run.ended ? `The run has ended (${run.ended})` : "Between two cases";
  $("name").textContent = row?.name ?? (rows.size ? ended : "Nothing runs yet");
  $("reason").textContent = row && row.case !== current.case ? row.why : "";
  $("back").hidden = !picked;
  $("case").classList.toggle("other", !!picked);
  $("back").textContent = current.case ? "Back to the running case" : "Back";
}

function item(data) {
  if (!picked) lines.add(data);
}

function lineOf(data) {
  const line = make("li", undefined, [data.mark, data.phase].filter(Boolean).join(" "));
  line.append(make("span", marks[data.mark] ?? "·", "mark"), make("span", data.label || data.is, "kind"), make("span", data.text));
  const rest = [data.more, data.took, data.cite].filter(Boolean).join(" · ");
  if (rest) line.append(make("span", rest, "rest"));
  if (data.frame) {
    const button = make("button", "frame", "to");
    button.type = "button";
    button.addEventListener("click", () => reveal(data.frame));
    line.append(button);
  }
  return line;
}

const lines = growing($("items"), lineOf, 300, () => {});

async function pick(name) {
  picked = name === current.case ? "" : name;
  for (const row of rows.values()) draw(row);
  document.body.dataset.tab = "case";
  head();
  await items();
}

async function items() {
  const name = shownCase();
  try {
    const found = name ? await (await fetch(`case?id=${encodeURIComponent(name)}`)).json() : [];
    if (name !== shownCase()) return;
    lines.clear();
    found.forEach(lines.add);
  } catch {
    tell("the run does not answer");
  }
}

function tick() {
  const left = waiting ? Math.max(0, waiting.left - (performance.now() - received) / 1000) : 0;
  $("waiting").className = waiting?.who ?? "";
  if (waiting) $("waiting").lastElementChild.textContent = waiting.who === "operator" ? "" : ` ${left.toFixed(0)} s left`;
  if (!stream || Date.now() - heard < 30000) return;
  tell("no word from the run; asking again");
  connect();
}

function wait(data) {
  [waiting, received] = [data, performance.now()];
  if (!waiting) return $("waiting").replaceChildren();
  $("waiting").replaceChildren("waiting for ", make("b", whom[waiting.who] ?? waiting.who), make("span", `: ${waiting.what}`), make("em"));
  tick();
}

// -- frames -------------------------------------------------------------------------------------------------------

const actions = new Set();

function frame(data) {
  log.add(data);
  if (data.action && actions.size < 200 && !actions.has(data.action)) {
    actions.add(data.action);
    const option = make("option", data.action);
    option.value = data.action;
    $("action").append(option);
  }
}

function rowOf(data) {
  const suffix = { CALL: ".req", CALLRESULT: ".conf" }[data.type];
  const name = suffix && data.action ? data.action + suffix : `${data.type}${data.action ? ` to ${data.action}` : ""}`;
  const row = make("details", undefined, `frame ${data.dir === "in" ? "in" : "out"}${data.problems.length ? " bad" : ""}`);
  const line = make("summary");
  const title = make("span", data.problems.length ? `✗ ${name} ` : `${name} `);
  title.append(make("span", data.raw.replace(envelope, "").replace(/\]\s*$/, "").slice(0, 160), "short"));
  line.append(make("span", clock(data.t)), make("span", data.dir === "in" ? "◀" : "▶"), title);
  row.append(line);
  row.data = data;
  row.dataset.n = data.n;
  row.addEventListener("toggle", () => row.open && row.childElementCount === 1 && open(row, data));
  row.hidden = !fits(data);
  return row;
}

const log = growing($("log"), rowOf, FRAMES, (count) => {
  $("more").hidden = false;
  $("more").textContent = `${(missed += count)} new`;
});

function reveal(n) {
  const row = $("log").querySelector(`[data-n="${Number(n)}"]`);
  if (!row) return tell(`This frame is not shown any more; it is line ${n} of the record.`);
  document.body.dataset.tab = "frames";
  [row.hidden, row.open] = [false, true];
  row.scrollIntoView({ block: "center" });
}

function open(row, data) {
  for (const problem of data.problems) row.append(make("p", problem, "problem"));
  let text = data.raw;
  try {
    if (!data.cut) text = JSON.stringify(JSON.parse(data.raw), null, 2).replace(invisible, escaped);
  } catch {
    // it is no JSON: shown as it came
  }
  row.append(make("pre", data.cut ? `${text}\n… cut here; the record has it in line ${data.n}` : text));
}

function fits(data) {
  const wanted = $("search").value.toLowerCase();
  return (
    (!$("wrong").checked || data.problems.length > 0) &&
    (!$("direction").value || data.dir === $("direction").value) &&
    (!$("action").value || data.action === $("action").value) &&
    (!wanted || `${data.action} ${data.raw}`.toLowerCase().includes(wanted))
  );
}

function filter() {
  for (const row of $("log").children) row.hidden = !fits(row.data);
  newest();
}

function newest() {
  [$("more").hidden, missed] = [true, 0];
  $("log").scrollTop = $("log").scrollHeight;
}

// -- messages -----------------------------------------------------------------------------------------------------

const handlers = {
  reset() {
    [rows, current, picked] = [new Map(), {}, ""];
    $("rows").replaceChildren();
    lines.clear();
    log.clear();
    newest();
    head();
  },
  run(data) {
    run = data;
    $("identity").textContent = data.identity || "octt";
    head();
    sum();
    if (data.ended) tell("The run has ended.");
  },
  plan,
  row: change,
  case: running,
  item,
  frame,
  station,
  live(data) {
    document.title = data.question ? `● ${data.question.text}` : `${current.case ?? "octt"} console`;
    wait(data.waiting ?? null);
    show(data);
    if (data.problem) tell(data.problem);
  },
};

function connect() {
  stream?.close();
  heard = Date.now();
  stream = new EventSource(`events${last ? `?last=${encodeURIComponent(last)}` : ""}`);
  for (const [name, handler] of Object.entries(handlers)) {
    stream.addEventListener(name, (event) => {
      heard = Date.now();
      if (event.lastEventId) last = event.lastEventId;
      handler(JSON.parse(event.data));
    });
  }
  stream.addEventListener("beat", () => (heard = Date.now()));
  stream.onopen = () => tell(run.ended ? "The run has ended." : "");
  stream.onerror = () => {
    show({ acts: false });
    wait(null);
    if (run.ended) {
      stream.close();
      stream = null;
    } else tell("The run does not answer; trying again.");
  };
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && stream && Date.now() - heard > 15000) connect();
});
for (const button of document.querySelectorAll("nav button")) button.addEventListener("click", () => {
  document.body.dataset.tab = button.dataset.tab;
  if (button.dataset.tab === "frames") newest();
});
$("back").addEventListener("click", () => pick(""));
$("more").addEventListener("click", newest);
$("log").addEventListener("scroll", () => {
  const list = $("log");
  if (list.scrollTop + list.clientHeight > list.scrollHeight - 40) [$("more").hidden, missed] = [true, 0];
});
for (const id of ["search", "action", "direction", "wrong"]) $(id).addEventListener("input", filter);
if (location.search) history.replaceState(null, "", location.pathname); // the token is no business of the address bar
begin(shownCase);
setInterval(tick, 250);
connect();
