// The page: whenever a field changes, the answer to what now stands there, or why there is none.

// ---- people of 100, rounded as the reports round them

const ofHundred = (risk) => Math.floor(Number((100 * risk).toFixed(9)) + 0.5);

function printed(number, uncertain) {
  if (number === 0 && uncertain) return words.fewer;
  return number === 100 && uncertain ? words.more : String(number);
}

const count = (risk, other) => printed(other ? 100 - ofHundred(risk) : ofHundred(risk), risk > 0 && risk < 1);

// Those without the event, split so that all three add up to 100 at the least error; the number with another event first.
function othersOf(risk, other) {
  const rest = 100 - ofHundred(risk), neither = 1 - risk - other, exact = 100 * other;
  const error = (n) => Number((Math.abs(n - exact) + Math.abs(rest - n - 100 * neither)).toFixed(9));
  let best = Math.max(Math.floor(exact) - 1, 0);
  for (let n = best + 1; n <= Math.min(Math.ceil(exact) + 1, rest); n += 1) {
    const [one, two] = [error(n), error(best)];
    if (one < two || (one === two && Math.abs(n - exact) < Math.abs(best - exact))) best = n;
  }
  return best;
}

function rangeText(lower, upper, other = false) {
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) return "";
  const [from, to] = (other ? [upper, lower] : [lower, upper]).map((end) => count(end, other));
  return filled(words.brackets, { text: from === to ? from : filled(words.range, { lower: from, upper: to }) });
}

// ---- the parts of the result

function showAnswer(found, stratum) {
  data.horizons.forEach((horizon, k) => {
    const [risk, lower, upper] = [found.risk[k], found.lower[k], found.upper[k]];
    const known = Number.isFinite(risk), told = data.strata[stratum].horizons[k], box = at(`answer-${k}`);
    Object.assign(box.dataset, { risk, lower, upper });
    box.querySelector(".known").hidden = !known;
    box.querySelector(".reason").hidden = known;
    box.querySelector(".reason").textContent = known ? "" : told.reason;
    box.querySelector(".cohort").textContent = told.cohort;
    box.querySelector(".few").textContent = known ? told.few : "";
    if (known) showPeople(box, k, [risk, lower, upper, found.other[k]]);
  });
}

function showPeople(box, k, [risk, lower, upper, other]) {
  const limits = Number.isFinite(lower) && Number.isFinite(upper), inThree = Number.isFinite(other);
  const people = {
    event: ofHundred(risk), lower: limits ? ofHundred(lower) : null, upper: limits ? ofHundred(upper) : null,
    other: inThree ? othersOf(risk, other) : 0,
  };
  const rest = 100 - people.event - people.other, neither = 1 - risk - other;
  if (inThree) {
    Object.assign(box.dataset, { other });
    const first = printed(people.other, other > 0 && other < 1);
    box.querySelector(".other .count").textContent = filled(words.of_100, { n: first });
  }
  box.querySelector(".event .count").textContent = filled(words.of_100, { n: count(risk, false) });
  box.querySelector(".event .interval").textContent = rangeText(lower, upper);
  box.querySelector(".without .count").textContent = filled(words.of_100, {
    n: inThree ? printed(rest, neither > 0 && neither < 1) : count(risk, true),
  });
  box.querySelector(".without .interval").textContent = inThree ? "" : rangeText(lower, upper, true);
  const alt = [
    filled(words.icons_event, { time: data.horizons[k].text, n: people.event }),
    inThree ? filled(words.icons_other, { n: people.other, other: data.competing }) : "",
    filled(words.icons_rest, { rest }),
    limits ? filled(words.icons_range, { lower: people.lower, upper: people.upper }) : "",
  ];
  drawPeople(`people-${k}`, people, alt.join(" "));
}

const answersText = (found) => data.horizons.flatMap((horizon, k) => {
  if (!Number.isFinite(found.risk[k])) return [];
  const parts = { time: horizon.text, count: filled(words.of_100, { n: count(found.risk[k], false) }) };
  return [filled(words.ready, { ...parts, interval: rangeText(found.lower[k], found.upper[k]) }).trim()];
}).join(words.semicolon);

function showRemarks(found) {
  const list = at("remarks");
  list.replaceChildren();
  // that there is no interval stands beside the numbers
  for (const remark of found.remarks.filter(({ horizon, code }) => horizon === null && code !== "E19")) {
    const named = remark.place === undefined || remark.place === null ? "" : `${fields[remark.place].label}: `;
    const item = element("li", {}, remark.own ? named + remark.own : remark.text);
    if (remark.own) item.append(element("span", { class: "original", lang: "en" }, remark.text));
    list.append(item);
  }
  at("attention").hidden = list.children.length === 0;
}

function draw(values, stratum, found) {
  if (data.curve !== null) {
    const points = data.horizons.map(({ time }, k) => ({ time, risk: found.risk[k] }));
    const alt = filled(words.curve_alt, { answers: answersText(found) });
    drawCurve(curveOf(values, stratum), data.strata[stratum].observed, points, alt);
  }
  if (data.nomogram.refused !== null) return;
  const unknown = values.includes(null);
  at("nomogram-box").hidden = unknown;
  at("not-drawn").hidden = !unknown;
  if (!unknown) drawNomogram(values, stratum, found, nomogramAlt(values));
}

// ---- from the form to the result

let shown = null;
let telling = 0;

// Said once typing has paused: a reader of the screen hears the result and not every step towards it.
function tell(text) {
  clearTimeout(telling);
  at("status").hidden = text === "";
  // what no longer holds goes at once: "no result yet" must not stand beside a result
  if (at("status").textContent !== text) at("status").textContent = "";
  telling = setTimeout(() => { at("status").textContent = text; }, 400);
}

function withdraw(text) {
  shown = null;
  at("result").hidden = true;
  tell(text);
}

function update(finished = null) {
  const read = fields.map(readField);
  read.forEach((each, place) => showField(fields[place], place, each, finished === "all" || finished === place));
  const names = (kind) => read.flatMap((each, place) => (each[kind] ? [fields[place].label] : [])).join(", ");
  if (names("fault")) return withdraw(filled(words.refused, { fields: names("fault") }));
  if (names("waiting")) return withdraw(filled(words.waiting, { fields: names("waiting") }));
  const values = read.slice(0, predictors).map(({ value }) => value);
  const stratum = data.stratified ? read[predictors].value : 0, found = answer(values, stratum);
  if (found.refusals.length) return withdraw(faultText(found.refusals[0], "").filter(Boolean).join(" "));
  shown = { values, stratum, found };
  at("result").hidden = false;
  showAnswer(found, stratum);
  showRemarks(found);
  draw(values, stratum, found);
  tell(answersText(found));
  return undefined;
}

function placeOf(target) {
  const matched = /^(?:field|unknown)-(\d+)$/.exec(target.id || "");
  return matched ? Number(matched[1]) : null;
}

prepareForm();
at("form").addEventListener("input", () => update());
at("form").addEventListener("change", (event) => update(placeOf(event.target)));
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  update("all");
});
at("clear").addEventListener("click", () => {
  clearForm();
  update();
  at("field-0").focus();
});
at("paper").addEventListener("click", () => window.print());
window.addEventListener("resize", () => {
  if (shown !== null) draw(shown.values, shown.stratum, shown.found);
});
// a browser that comes back to the page may have kept what was entered
window.addEventListener("pageshow", () => update());
at("page").hidden = false;
// for anybody who wants to check the numbers: calculator.answer([65, 1, ...]) gives all digits
globalThis.calculator = Object.freeze({ answer, curve: curveOf, points: pointsOf, others: othersOf });
