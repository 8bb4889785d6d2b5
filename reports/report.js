// Only comfort: everything can be read without it. Filters the cases, opens what a link points into, marks the section
// that is read, copies a ticket's text, moves through the time of a case.
"use strict";
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const filters = document.querySelector(".filters");
if (filters) {
  const cases = all("details.case");
  const buttons = all("button", filters);
  const box = filters.querySelector("input");
  const apply = () => {
    const wanted = buttons.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.value);
    const words = box.value.trim().toLowerCase();
    for (const one of cases) {
      const fits = !wanted.length || wanted.includes(one.dataset.verdict);
      one.hidden = !(fits && one.firstElementChild.textContent.toLowerCase().includes(words));
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  }
  box.addEventListener("input", apply);
  filters.hidden = false;
}

const reveal = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let node = target; node; node = node.parentElement) {
    if (node.tagName === "DETAILS") node.open = true;
    node.hidden = false;
  }
  target.scrollIntoView({ block: target.closest("svg") ? "center" : "start" });
};
addEventListener("hashchange", reveal);
addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  const hash = link && link.getAttribute("href");
  if (hash && hash === location.hash) reveal(); // the second time nothing changes in the address
});
reveal();

const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
const inView = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) inView[entry.isIntersecting ? "add" : "delete"](entry.target.id);
  const now = [...links.keys()].find((id) => inView.has(id));
  for (const [id, link] of links) link.toggleAttribute("aria-current", id === now);
}, { rootMargin: "-10% 0px -60% 0px" });
for (const id of links.keys()) watcher.observe(document.getElementById(id));

for (const button of all("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.closest(".finding").querySelector(".ticket pre").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy for a ticket"), 2000);
  });
}

// The slider of a case: what is later fades, the frame of the moment and the station's state are told.
for (const play of all(".play")) {
  const body = play.closest(".attempt") || play.closest(".case-body");
  const frames = all(".frame[data-at]", body).filter((f) => (f.closest(".attempt") || f.closest(".case-body")) === body);
  const bar = play.querySelector(".scrub");
  if (!frames.length || !bar) continue;
  const [slider, told] = bar.children;
  let now = "";
  const states = frames.map((frame) => (now = frame.dataset.now || now));
  const arrows = frames.map((frame) => document.getElementById(`a${frame.id.slice(1)}`));
  slider.max = frames.length;
  slider.value = frames.length;
  slider.addEventListener("input", () => {
    const place = Number(slider.value);
    arrows.forEach((arrow, index) => {
      if (!arrow) return;
      arrow.classList.toggle("later", index >= place);
      arrow.classList.toggle("now", index === place - 1);
    });
    if (!place) {
      told.textContent = "before the first frame";
      return;
    }
    const frame = frames[place - 1];
    const words = [...frame.firstElementChild.children].slice(1, 4).map((part) => part.textContent);
    told.replaceChildren(`${frame.dataset.at} s `);
    const link = told.appendChild(document.createElement("a"));
    link.href = `#${frame.id}`;
    link.textContent = words.join(" ");
    if (states[place - 1]) told.append(document.createElement("br"), states[place - 1]);
  });
  bar.hidden = false;
}
