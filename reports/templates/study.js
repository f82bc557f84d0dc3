"use strict";
(() => {
// Values of curves where the pointer is, or by the arrow keys. Words and numbers are those of the tables on the page.
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };

function nearest(places, across) {
  let best = 0;
  places.forEach((place, k) => { if (Math.abs(place - across) < Math.abs(places[best] - across)) best = k; });
  return best;
}

function watch(panel, table, readout, hint) {
  const heads = Array.from(table.tHead.rows[0].cells, (cell) => cell.textContent);
  const rows = Array.from(table.tBodies[0].rows);
  const places = rows.map((row) => Number(row.dataset.across));
  const guide = panel.querySelector("line");
  const dots = Array.from(panel.querySelectorAll("circle"));
  let at = 0;

  function told(row) {
    return Array.from(row.cells, (cell, k) => `${heads[k]}: ${cell.textContent}`).join(heads.length > 3 ? "\n" : " · ");
  }

  function show(k) {
    at = Math.min(Math.max(k, 0), rows.length - 1);
    const row = rows[at];
    for (const end of ["x1", "x2"]) guide.setAttribute(end, places[at]);
    row.dataset.down.split(" ").forEach((down, curve) => {
      dots[curve].setAttribute("cx", places[at]);
      dots[curve].setAttribute("cy", down === "-" ? 0 : down);
      dots[curve].classList.toggle("unknown", down === "-");
    });
    panel.classList.add("shown");
    readout.textContent = told(row);
    panel.setAttribute("aria-valuenow", at);
    panel.setAttribute("aria-valuetext", told(row));
  }

  function hide() {
    panel.classList.remove("shown");
    readout.textContent = hint;
  }

  function pointed(event) {
    const screen = panel.ownerSVGElement.getScreenCTM();
    if (screen) show(nearest(places, new DOMPoint(event.clientX, event.clientY).matrixTransform(screen.inverse()).x));
  }

  function pressed(event) {
    const next = event.key === "Home" ? 0 : event.key === "End" ? rows.length - 1 : at + (STEPS[event.key] ?? NaN);
    if (event.key === "Escape") hide();
    if (Number.isNaN(next)) return;
    event.preventDefault();
    show(next);
  }

  const told_as = { role: "slider", tabindex: 0, "aria-label": table.caption.textContent, "aria-valuemin": 0,
    "aria-valuemax": rows.length - 1, "aria-valuenow": 0, "aria-valuetext": told(rows[0]) };
  for (const [name, value] of Object.entries(told_as)) panel.setAttribute(name, value);
  panel.addEventListener("pointermove", pointed);
  panel.addEventListener("pointerdown", pointed);
  panel.addEventListener("pointerleave", () => { if (document.activeElement !== panel) hide(); });
  panel.addEventListener("keydown", pressed);
  panel.addEventListener("focus", () => { if (!panel.classList.contains("shown")) show(at); });
  panel.addEventListener("blur", hide);
}

for (const figure of document.querySelectorAll(".readable")) {
  const tables = figure.querySelectorAll("table");
  const readout = figure.querySelector(".readout");
  const hint = readout.textContent;
  figure.querySelectorAll("g.panel").forEach((panel, k) => watch(panel, tables[k], readout, hint));
  figure.classList.add("live");
}
})();
