// The nomogram with the patient marked: lines, points and total as `Nomogram` has them.

// Points of each group of predictors, and their total; null where a value is unknown, which has no place on a line.
function pointsOf(values) {
  const { nomogram } = data;
  if (nomogram.refused !== null || values.includes(null)) return null;
  const { coefficients } = numbers.estimate, design = designOf(values);
  const parts = nomogram.groups.map(({ columns, minimum }) =>
    (columns.reduce((sum, k) => sum + design[k] * coefficients[k], 0) - minimum) * nomogram.per_unit);
  return { parts, total: parts.reduce((a, b) => a + b, 0) };
}

// The line of a group that fits the patient: of those for each setting of the partners of an interaction.
function lineOf(group, values) {
  const found = group.lines.find(({ setting }) => setting.every(([place, value]) => values[place] === value));
  return found || { setting: [], ticks: [] };
}

const choiceText = (place, value) =>
  fields[place].kind === "number" ? general(value, 10) : fields[place].options[value].text;

function rowsOf(values, points, stratum, found) {
  const { nomogram } = data;
  const rows = [{ kind: "ruler", label: words.points, end: 100, ticks: rulerTicks() }];
  nomogram.groups.forEach((group, k) => {
    if (!group.drawn) return;
    const [first, ...partners] = group.variables;
    const others = partners.map((place) => `${fields[place].label} = ${choiceText(place, values[place])}`);
    rows.push({
      kind: "predictor", end: 100, mark: points.parts[k], entry: points.parts[k].toFixed(1),
      label: fields[first].label + (others.length ? ` ${filled(words.brackets, { text: others.join(", ") })}` : ""),
      value: `${choiceText(first, values[first])} ${fields[first].unit}`.trim(), ...lineOf(group, values),
    });
  });
  const shared = { end: nomogram.total.end, mark: points.total };
  rows.push({ kind: "total", label: words.total, entry: points.total.toFixed(1), ticks: nomogram.total.ticks, ...shared });
  nomogram.risks.filter((risk) => risk.stratum === stratum).forEach((risk) => {
    const place = data.horizons.findIndex(({ time }) => time === risk.time);
    rows.push({ kind: "risk", label: risk.text, entry: count(found.risk[place], false), ticks: risk.ticks, ...shared });
  });
  return rows;
}

const rulerTicks = () => Array.from({ length: 11 }, (_, k) => ({ text: String(10 * k), at: 10 * k }));

// Labels that have room: the roundest first, then from left to right; none overlaps another. Only a predictor, whose
// values may stand close together, has a second row of them.
function labelled({ kind, ticks, x }, width) {
  const taken = [], rows = kind === "predictor" ? [0, 1] : [0];
  const ordered = ticks.map((tick, k) => ({ ...tick, order: tick.rank ?? 0, k })).sort((a, b) => a.order - b.order || a.k - b.k);
  return ordered.flatMap((tick) => {
    const half = widthOf(tick.text) / 2 + 3, middle = held(x(tick.at), half, Math.max(half, width - half));
    const free = (row) => taken.every((box) => box.row !== row || middle + half < box.from || middle - half > box.to);
    const row = rows.find(free);
    if (row === undefined) return [];
    taken.push({ row, from: middle - half, to: middle + half });
    return [{ ...tick, row, middle }];
  });
}

// Every label has its tick; others stand where they can be told apart.
function tickPlaces(row, named) {
  const places = named.map(({ at: place }) => row.x(place));
  for (const { at: place } of row.ticks) {
    const x = row.x(place);
    if (places.every((other) => Math.abs(other - x) >= 4)) places.push(x);
  }
  return places;
}

function wrapped(text, width) {
  const lines = [""];
  for (const part of text.match(/[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]{1,24}\s*|\s+/g) || []) {
    const last = lines[lines.length - 1];
    if (last !== "" && widthOf(last + part.trimEnd(), 600) > width) lines.push(part);
    else lines[lines.length - 1] = last + part;
  }
  return lines.map((line) => line.trim());
}

function drawNomogram(values, stratum, found, alt) {
  const points = pointsOf(values);
  const width = Math.max(300, Math.min(1000, at("nomogram-box").clientWidth));
  const narrow = width < 640, left = narrow ? 14 : 220, right = narrow ? 14 : 60;
  const rows = rowsOf(values, points, stratum, found);
  const gap = narrow ? 66 : 46, top = narrow ? 40 : 26;
  const svg = emptied("nomogram", width, top + gap * (rows.length - 1) + 36, alt);
  const placed = rows.map((row, k) => ({
    ...row, y: top + gap * k, x: (value) => left + (value / row.end) * (width - left - right),
  }));
  drawDrops(svg, placed, width - right, left);
  for (const row of placed) drawRow(svg, row, { left, right: width - right, narrow, width });
}

const held = (value, from, to) => Math.min(Math.max(value, from), to);

function drawDrops(svg, rows, right, left) {
  const total = rows.find(({ kind }) => kind === "total"), last = rows[rows.length - 1];
  for (const row of rows.filter(({ kind }) => kind === "predictor")) {
    const x = held(row.x(row.mark), left, right);
    shape(svg, "path", { class: "drop", d: `M${x} ${rows[0].y}V${row.y}` });
  }
  shape(svg, "path", { class: "drop", d: `M${held(total.x(total.mark), left, right)} ${total.y}V${last.y}` });
}

function drawRow(svg, row, { left, right, narrow, width }) {
  const ends = row.ticks.map(({ at: place }) => row.x(place));
  const [from, to] = row.kind === "predictor" && ends.length ? [Math.min(...ends), Math.max(...ends)] : [left, right];
  const line = row.kind === "risk" && ends.length ? [Math.min(...ends), Math.max(...ends)] : [from, to];
  shape(svg, "path", { class: "axis", d: `M${line[0]} ${row.y}H${line[1]}` });
  const named = labelled(row, width);
  for (const x of tickPlaces(row, named)) shape(svg, "path", { class: "tick", d: `M${x} ${row.y}v4` });
  for (const tick of named) {
    shape(svg, "text", { class: "halo", x: tick.middle, y: row.y + 16 + 12 * tick.row, "text-anchor": "middle" }, tick.text);
  }
  const text = row.value ? `${row.label}: ${row.value}` : row.label;
  const lines = narrow ? wrapped(row.entry ? `${text} → ${row.entry}` : text, width - 4) : wrapped(text, left - 24);
  const last = narrow ? row.y - 10 : row.y + 4 + 7 * (lines.length - 1);
  lines.forEach((part, k) => {
    shape(svg, "text", { class: "halo name", x: 0, y: last - 14 * (lines.length - 1 - k) }, part);
  });
  if (!narrow) shape(svg, "text", { class: "entry", x: width, y: row.y + 4, "text-anchor": "end" }, row.entry || "");
  if (row.mark === undefined) return;
  const x = row.x(row.mark), shown = held(x, left, right);
  if (x === shown) shape(svg, "circle", { class: "mark", cx: x, cy: row.y, r: 4 });
  else shape(svg, "path", { class: "mark", d: x < shown ? `M${shown} ${row.y - 5}v10l-8 -5z` : `M${shown} ${row.y - 5}v10l8 -5z` });
}

function nomogramAlt(values) {
  const points = pointsOf(values);
  const parts = data.nomogram.groups.flatMap((group, k) =>
    (group.drawn ? [`${group.variables.map((place) => fields[place].label).join(", ")} ${points.parts[k].toFixed(1)}`] : []));
  return filled(words.nomogram_alt, { points: parts.join("; "), total: words.total, sum: points.total.toFixed(1) });
}
