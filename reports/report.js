// Only comfort: everything can be read without it. Filters the table of cases, opens what a link points into.
"use strict";
const filters = document.querySelector(".filters");
if (filters) {
  const rows = [...document.querySelectorAll("tr.case-row")];
  const buttons = [...filters.querySelectorAll("button")];
  const box = filters.querySelector("input");
  const apply = () => {
    const wanted = buttons.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.value);
    const words = box.value.trim().toLowerCase();
    for (const row of rows) {
      const fits = !wanted.length || wanted.includes(row.dataset.verdict);
      row.hidden = !(fits && row.textContent.toLowerCase().includes(words));
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
  for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();
