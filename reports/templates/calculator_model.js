// The model: checks, design columns, linear predictor, risk with its interval. Numbers and words come from `data`.

const data = JSON.parse(document.getElementById("data").textContent);
const { numbers, fields } = data;
const predictors = numbers.preparation.terms.length;
const between = (x, [low, high]) => x >= low && x <= high;

// ---- the door: what is refused, and what must be said

function numberFault(field, x) {
  const usual = between(x, field.seen) || (field.plausible !== null && between(x, field.plausible));
  const unit = (factor) => between(x * factor, field.usual) || between(x / factor, field.usual);
  // a sliver of values that no probe met has no words of its own, and is refused all the same
  if (!usual && field.factors.some(unit)) return field.refusals.P09 ?? field.refusals.P07;
  if (!Number.isFinite(x) || x < field.low || x > field.high) return field.refusals.P07;
  if (Math.abs(x) > field.largest) return field.refusals.C27;
  const { domain } = field;
  if (domain !== null && (domain.closed ? x < domain.bound : x <= domain.bound)) return field.refusals.S13;
  return null;
}

// Why a value (a number, or the place of a choice; null: not known) is refused; null where it is let in.
function faultOf(field, value) {
  if (value === null) return field.missing;
  return field.kind === "number" ? numberFault(field, value) : null;
}

function remarksOn(field, value) {
  if (value === null) return field.imputed ? [field.imputed] : [];
  if (field.kind !== "number") return field.options[value].other ? [field.options[value].other] : [];
  const said = [];
  if (field.unusual && !between(value, field.usual)) {
    said.push({ ...field.unusual, text: field.unusual.text.join(general(value, 6)) });
  }
  if (field.other && field.included && !between(value, field.included)) said.push(field.other);
  return said;
}

function jointRemark(values) {
  const { joint } = numbers;
  if (joint === null || values.includes(null)) return [];
  const standard = designOf(values).map((x, k) => (x - joint.mean[k]) / joint.scale[k]);
  const along = joint.spread.map((_, axis) => standard.reduce((sum, x, k) => sum + x * joint.axes[k][axis], 0));
  const off = standard.map((x, k) => Math.abs(x - along.reduce((sum, a, axis) => sum + a * joint.axes[k][axis], 0)));
  const broken = Math.max(0, ...off) > joint.off_plane;
  const squared = broken ? Infinity : along.reduce((sum, a, axis) => sum + (a * a) / joint.spread[axis], 0);
  if (!(squared > joint.limit)) return [];
  const text = broken ? data.joint.broken : data.joint.far.join(general(squared, 3));
  return [{ code: "P08", text, own: data.joint.own }];
}

// ---- design columns

const TRANSFORMS = { log: Math.log, log1p: Math.log1p, sqrt: Math.sqrt, square: (x) => x * x };

function splineOf(x, knots) {
  const count = knots.length, end = knots[count - 1], before = knots[count - 2];
  const scale = (end - knots[0]) ** (2 / 3);
  const cubed = (knot) => Math.max((x - knot) / scale, 0) ** 3;
  const bent = knots.slice(0, -2).map(
    (knot) => cubed(knot) + ((before - knot) * cubed(end) - (end - knot) * cubed(before)) / (end - before));
  return [x, ...bent];
}

function columnsOf(term, value) {
  if (term.levels !== null) return Array.from({ length: term.levels - 1 }, (_, k) => (value === k + 1 ? 1 : 0));
  const scaled = term.transform === "scaled" ? (value - term.shift) / term.scale : value;
  const x = TRANSFORMS[term.transform] ? TRANSFORMS[term.transform](value) : scaled;
  return term.knots === null ? [x] : splineOf(x, term.knots);
}

function designOf(values) {
  const { terms, interactions } = numbers.preparation;
  const blocks = terms.map((term, k) => columnsOf(term, values[k]));
  const crossed = interactions.flatMap(([a, b]) => blocks[b].flatMap((right) => blocks[a].map((left) => right * left)));
  return [...blocks.flat(), ...crossed];
}

// ---- from the design to the risk

function quadratic(vector, matrix) {
  let sum = 0;
  for (let i = 0; i < vector.length; i += 1) {
    let row = 0;
    for (let j = 0; j < vector.length; j += 1) row += matrix[i][j] * vector[j];
    sum += vector[i] * row;
  }
  return sum;
}

// Risk from a cumulative hazard with its error, limits normal on the log scale of survival; a null error: no limits.
function withInterval(hazard, error) {
  const clipped = (x) => 1 - Math.min(Math.max(x, 0), 1);
  const limits = error === null
    ? [NaN, NaN]
    : [clipped(Math.exp(-hazard + numbers.z * error)), clipped(Math.exp(-hazard - numbers.z * error))];
  return [1 - Math.exp(-hazard), ...limits];
}

function byHazard(estimate, centred, eta, stratum, time) {
  if (time > estimate.ends[stratum]) return [NaN, NaN, NaN];
  const from = estimate.edges[stratum], at = countUpTo(estimate.time, time, from, estimate.edges[stratum + 1]) - 1;
  const ratio = Math.exp(Math.min(eta, 700)), known = at >= from;
  const hazard = known ? estimate.cumulative_hazard[at] : 0;
  if (estimate.covariance === null) return withInterval(ratio * hazard, null);
  const drift = centred.map((x, k) => x * hazard - (known ? estimate.mean_hazard[at][k] : 0));
  const variance = (known ? estimate.variance[at] : 0) + quadratic(drift, estimate.covariance);
  return withInterval(ratio * hazard, ratio * Math.sqrt(Math.max(variance, 0)));
}

const SHAPES = {
  weibull: { log: (w) => -Math.exp(w), hazard: Math.exp },
  exponential: { log: (w) => -Math.exp(w), hazard: Math.exp },
  lognormal: { log: normalLogSurvival, hazard: normalHazard },
  loglogistic: { log: (w) => -logOnePlusExp(w), hazard: logistic },
};

function byLogTime(estimate, centred, eta, stratum, time) {
  if (time > estimate.ends[0]) return [NaN, NaN, NaN];
  const w = Math.min(Math.max((Math.log(time) - estimate.location + eta) / estimate.scale, -1e8), 300);
  const shape = SHAPES[estimate.distribution], hazard = -shape.log(w);
  if (estimate.covariance === null) return withInterval(hazard, null);
  // (log t - location) / scale, by location and log scale; the scale of an exponential time is fixed
  const estimated = estimate.covariance.length > centred.length + 1;
  const slope = [1, ...centred].map((x) => x / estimate.scale);
  const variance = quadratic(estimated ? [...slope, w] : slope, estimate.covariance);
  return withInterval(hazard, shape.hazard(w) * Math.sqrt(Math.max(variance, 0)));
}

const same = (a, b) => Math.abs(a - b) <= 1e-9 * Math.abs(b);

function byPublished(estimate, centred, eta, stratum, time) {
  const at = estimate.time.findIndex((known) => same(time, known));
  return [at < 0 ? NaN : -Math.expm1(-Math.exp(eta) * estimate.cumulative_hazard[at]), NaN, NaN];
}

function byOdds(estimate, centred, eta, stratum, time) {
  if (estimate.window !== null && !same(time, estimate.window)) return [NaN, NaN, NaN];
  const odds = estimate.intercept + eta;
  if (estimate.covariance === null) return [logistic(odds), NaN, NaN];
  const width = numbers.z * Math.sqrt(Math.max(quadratic([1, ...centred], estimate.covariance), 0));
  return [logistic(odds), logistic(odds - width), logistic(odds + width)];
}

const FORMULAS = { hazard: byHazard, log_time: byLogTime, published: byPublished, odds: byOdds };

// Risk and limits by each time, the probability of another event first where the model tells it (else NaN), and the linear
// predictor, of a patient of whom everything is known.
function completeAnswer(values, stratum, times) {
  const { estimate } = numbers, design = designOf(values);
  const centred = design.map((x, k) => x - estimate.means[k]);
  const eta = centred.reduce((sum, x, k) => sum + x * estimate.coefficients[k], 0);
  const found = estimate.kind === "causes"
    ? byCauses(estimate, design, stratum, times)
    : times.map((time) => FORMULAS[estimate.kind](estimate, centred, eta, stratum, time));
  return [...[0, 1, 2, 3].map((part) => found.map((each) => each[part] ?? NaN)), [eta]];
}

// The same; a patient with unknown values gets the mean over the draws.
function numbersOf(values, stratum, times) {
  const all = values.includes(null) ? imputedDraws(numbers.imputation, values) : [values];
  const each = all.map((complete) => completeAnswer(complete, stratum, times));
  return each[0].map((part, p) => part.map((_, t) => each.reduce((sum, one) => sum + one[p][t], 0) / each.length));
}

// What the model says of a patient. `values`: numbers, places of choices, null where not known; `stratum`: its place.
function answer(values, stratum = data.stratified ? null : 0) {
  const given = data.stratified ? [...values, stratum] : values;
  const refusals = fields.flatMap((field, place) => {
    const said = faultOf(field, given[place]);
    return said === null ? [] : [{ ...said, place, value: given[place] }];
  });
  const nothing = values.every((value) => value === null);
  if (!refusals.length && nothing && data.nothing_known) refusals.push({ ...data.nothing_known, place: null, value: null });
  if (refusals.length) return { refusals };
  const [risk, lower, upper, other, [linear_predictor]] = numbersOf(values, stratum, data.horizons.map(({ time }) => time));
  const own = fields.slice(0, predictors).flatMap((field, place) =>
    remarksOn(field, values[place]).map((remark) => ({ ...remark, place, horizon: null })));
  const joint = jointRemark(values).map((remark) => ({ ...remark, place: null, horizon: null }));
  const remarks = [...own, ...joint, ...data.strata[stratum].remarks];
  return { refusals, remarks, risk, lower, upper, other, linear_predictor };
}

// Risk over time with its limits, from (0, 0) to the last time at which something is known of the stratum.
function curveOf(values, stratum = 0) {
  const times = [...new Set([...numbers.estimate.time, numbers.end])].sort((a, b) => a - b);
  const [risk, lower, upper] = numbersOf(values, stratum, times);
  const known = times.map((_, k) => k).filter((k) => Number.isFinite(risk[k]));
  const from = (part) => [0, ...known.map((k) => part[k])];
  return { time: from(times), risk: from(risk), lower: from(lower), upper: from(upper) };
}
