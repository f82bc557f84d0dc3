// Drawings: 100 people, and the curve over time. Lettering has its size on every screen: drawings are made anew.

const SVG = "http://www.w3.org/2000/svg";
const pen = document.createElement("canvas").getContext("2d");
const LETTERS = 12;
const FONT = `${LETTERS}px system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif`;

function widthOf(text, weight = 400) {
  pen.font = `${weight} ${FONT}`;
  return pen.measureText(text).width;
}

function shape(parent, name, attributes, text = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  parent.append(made);
  return made;
}

function emptied(id, width, height, alt) {
  const svg = at(id);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-label", alt);
  return svg;
}

// ---- 100 people

const HEAD = "M5 1.1a1.55 1.55 0 1 1 0 3.1a1.55 1.55 0 1 1 0-3.1Z";
const CROSS = "M2.3 9.2L7.7 4.7";
const BODY = "M3.6 4.7h2.8a1.3 1.3 0 0 1 1.3 1.3v3.2h-5.4v-3.2a1.3 1.3 0 0 1 1.3-1.3Z";

function drawPeople(id, people, alt) {
  const svg = emptied(id, 100, 100, alt);
  for (let k = 0; k < 100; k += 1) {
    const event = k < people.event, x = (k % 10) * 10, y = Math.floor(k / 10) * 10;
    const other = !event && k < people.event + people.other, looks = other ? "other" : "none";
    const person = shape(svg, "g", { transform: `translate(${x} ${y})`, class: event ? "event" : looks });
    shape(person, "path", { d: HEAD + BODY });
    if (other) shape(person, "path", { class: "cross", d: CROSS });
    if (people.lower !== null && people.lower <= k && k < people.upper) {
      shape(person, "circle", { class: "range", cx: 5, cy: 7, r: 1.1 });
    }
  }
}

// ---- the curve

const stepPath = (times, values, x, y) =>
  times.map((time, k) => (k === 0 ? `M${x(time)} ${y(values[k])}` : `H${x(time)}V${y(values[k])}`)).join("");

function bandPath(curve, x, y) {
  const upper = stepPath(curve.time, curve.upper, x, y);
  const back = [];
  for (let k = curve.time.length - 1; k >= 1; k -= 1) {
    back.push(`V${y(curve.lower[k])}H${x(curve.time[k])}V${y(curve.lower[k - 1])}`);
  }
  return `${upper}${back.join("")}H${x(curve.time[0])}Z`;
}

function until(curve, end) {
  const kept = curve.time.filter((time) => time <= end).length;
  const cut = (part) => part.slice(0, kept).concat(part[kept - 1]);
  const named = Object.entries(curve).filter(([, part]) => part.length === curve.time.length);
  const out = Object.fromEntries(named.map(([name, part]) => [name, cut(part)]));
  out.time[kept] = kept < curve.time.length ? end : curve.time[kept - 1];
  return out;
}

function drawCurve(curve, observed, points, alt) {
  const width = Math.max(280, Math.min(760, at("curve-box").clientWidth)), height = 300;
  const left = 44, right = 14, top = 26, bottom = 82, end = data.curve.until;
  const svg = emptied("curve", width, height, alt);
  const x = (time) => left + (time / end) * (width - left - right);
  const y = (risk) => height - bottom - risk * (height - top - bottom);
  for (let share = 0; share <= 100; share += 20) {
    shape(svg, "path", { class: "grid", d: `M${left} ${y(share / 100)}H${width - right}` });
    shape(svg, "text", { x: left - 6, y: y(share / 100) + 4, "text-anchor": "end" }, String(share));
  }
  const shown = until(curve, end), all = until(observed, end);
  if (shown.upper.every(Number.isFinite)) shape(svg, "path", { class: "band", d: bandPath(shown, x, y) });
  shape(svg, "path", { class: "observed", d: stepPath(all.time, all.risk, x, y) });
  shape(svg, "path", { class: "patient", d: stepPath(shown.time, shown.risk, x, y) });
  data.curve.ticks.forEach((tick, k) => {
    const anchor = k === 0 ? "start" : k === data.curve.ticks.length - 1 ? "end" : "middle";
    shape(svg, "path", { class: "axis", d: `M${x(tick)} ${y(0)}v5` });
    shape(svg, "text", { x: x(tick), y: y(0) + 18, "text-anchor": "middle" }, general(tick, 6));
    shape(svg, "text", { class: "quiet", x: x(tick), y: height - 6, "text-anchor": anchor }, String(observed.at_risk[k]));
  });
  shape(svg, "path", { class: "axis", d: `M${left} ${y(0)}H${width - right}` });
  shape(svg, "text", { x: (left + width - right) / 2, y: y(0) + 36, "text-anchor": "middle" }, data.curve.time_label);
  shape(svg, "text", { class: "quiet", x: left, y: height - 22 }, words.at_risk);
  shape(svg, "text", { x: 0, y: 11 }, words.risk_label);
  points.forEach(({ time, risk }) => {
    if (time <= end && Number.isFinite(risk)) shape(svg, "circle", { class: "dot", cx: x(time), cy: y(risk), r: 4 });
  });
}
