// What is asked of a person, what a person wishes, and what is kept as evidence.
// Everything that comes from the run is text: it goes into textContent and nowhere else.

const DEAD = 1000; // ms in which nobody has read a question: what is pressed then was meant for another one
const $ = (id) => document.getElementById(id);
const names = { connector: "Connector", id_tag: "Card" };
const fact = ([name, value]) => (name === "connector" && value === "0" ? "The whole station" : `${names[name] ?? name} ${value}`);

let live = { acts: false };
let shownAt = 0;
let shape = ""; // of the question: its keys, too
let opened = -1; // which question it is
let hidden = false;
let armed = "";
let audio = null;
let about = () => null; // the case that a remark is for

export function make(tag, text, kind) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

export function tell(text) {
  $("said").textContent = text;
  $("notice").textContent = text;
}

async function post(path, body, type = "application/json") {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "X-Octt-Page": "1", "Content-Type": type }, body });
    tell(answer.ok ? "" : (await answer.text()).trim());
    return answer.ok;
  } catch {
    tell("the run does not answer");
    return false;
  }
}

// -- the question -------------------------------------------------------------------------------------------------

export function show(state) {
  live = state;
  const asked = state.question;
  if (asked && asked.opened !== opened) [opened, hidden, shape] = [asked.opened, false, ""];
  $("prompt").hidden = !asked || hidden;
  $("behind").hidden = !asked || !hidden;
  for (const one of document.querySelectorAll("[data-note], [data-photo]")) one.hidden = !state.acts;
  wishes(state);
  if (!asked) return;
  const now = JSON.stringify([asked.opened, asked.keys]);
  if (now !== shape) {
    [shape, armed, shownAt] = [now, "", performance.now()];
    tell("");
    ring();
    keys(asked);
    setTimeout(enable, DEAD);
  }
  $("prompt").dataset.opened = asked.opened;
  $("of").textContent = asked.case;
  $("question").textContent = asked.text;
  $("prompt").classList.toggle("long", asked.text.length > 110);
  $("facts").replaceChildren(...Object.entries(asked.facts).map((one) => make("li", fact(one))));
  $("lines").replaceChildren(...asked.lines.map((line) => make("p", line.text, line.tone)));
}

function keys(asked) {
  const made = asked.keys.map(({ key, means }) => {
    const first = key === "";
    const button = make("button", means || key, first ? "first" : key === "a" ? "danger" : "");
    const hint = key === "" ? "Enter" : key.length === 1 ? key.toUpperCase() : "";
    if (hint) button.append(make("kbd", hint));
    button.type = "button";
    button.disabled = true;
    button.dataset.key = key;
    button.addEventListener("click", () => answer(key));
    return button;
  });
  made.sort((one, other) => other.classList.contains("first") - one.classList.contains("first"));
  $("keys").replaceChildren(...(live.acts ? made : [make("p", "Only who opened this page with the token can answer.", "soft")]));
}

function enable() {
  if (performance.now() - shownAt < DEAD - 20) return;
  for (const button of $("keys").querySelectorAll("button")) button.disabled = false;
}

function answer(key) {
  const asked = live.question;
  if (!asked || performance.now() - shownAt < DEAD - 20 || !asked.keys.some((one) => one.key === key)) return;
  if (key === "a" && armed !== shape) {
    armed = shape;
    tell("Press it again to end the run here.");
    return;
  }
  post("answer", JSON.stringify({ number: asked.number, key }));
}

function ring() {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(200);
  if (!audio) return;
  for (const [start, pitch] of [[0, 660], [0.18, 880]]) {
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0.25, audio.currentTime + start);
    gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + start + 0.4);
    tone.connect(gain).connect(audio.destination);
    tone.start(audio.currentTime + start);
    tone.stop(audio.currentTime + start + 0.4);
  }
}

// -- wishes and evidence ------------------------------------------------------------------------------------------

function wishes(state) {
  const told = { p: "The run pauses after this case.", a: "The run ends after this case." };
  const [wish, named] = (state.wish ?? "").split(" ");
  $("controls").hidden = !state.acts;
  $("wish").hidden = !state.acts || !wish;
  $("wish").firstElementChild.textContent = told[wish] ?? (named ? `${named} is repeated after this case.` : "You are asked which case to repeat.");
}

function keep() {
  const named = about();
  return `note${named ? `?case=${encodeURIComponent(named)}` : ""}`;
}

export function begin(caseShown) {
  about = caseShown;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("wish" in button.dataset) {
      const wish = button.dataset.wish;
      post("wish", JSON.stringify(wish === "r" ? { wish, case: about() } : { wish }));
    } else if ("note" in button.dataset) {
      $("for").textContent = about() ? `of ${about()}` : "of the run";
      $("comment").hidden = false;
      $("text").focus();
    } else if ("photo" in button.dataset) $("picture").click();
  });
  $("cancel").addEventListener("click", () => ($("comment").hidden = true));
  $("comment").querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(await post(keep(), JSON.stringify({ text: $("text").value })))) return;
    [$("comment").hidden, $("text").value] = [true, ""];
    tell("The remark is kept.");
  });
  $("picture").addEventListener("change", async () => {
    const [file] = $("picture").files;
    if (file && (await post(keep(), file, file.type))) tell("The picture is kept.");
    $("picture").value = "";
  });
  $("hide").addEventListener("click", () => look(true));
  $("behind").addEventListener("click", () => look(false));
  $("sound").addEventListener("click", () => {
    if (audio) audio.close();
    audio = audio ? null : new AudioContext();
    $("sound").setAttribute("aria-pressed", String(!!audio));
    $("sound").textContent = audio ? "Sound on" : "Sound off";
    if (audio) ring();
  });
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || !live.question || !live.acts) return;
    if (!$("comment").hidden || event.target.closest("input, textarea, select")) return;
    if (event.key === "Escape") look(!hidden);
    else if (!hidden && (event.key === "Enter" || event.key.length === 1)) {
      event.preventDefault();
      answer(event.key === "Enter" ? "" : event.key.toLowerCase());
    }
  });
}

function look(away) {
  hidden = away;
  show(live);
}
