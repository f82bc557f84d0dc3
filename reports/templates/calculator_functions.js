// Functions of numbers, as numpy, scipy and Python's formats give them.

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

const logistic = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

const logOnePlusExp = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const normalDensity = (x) => Math.exp(-0.5 * x * x - HALF_LOG_TWO_PI);

// Upper tail of the normal distribution over its density for x >= 2, by its continued fraction (Laplace).
function millsRatio(x) {
  let below = x;
  for (let k = 200; k >= 1; k -= 1) below = x + k / below;
  return 1 / below;
}

// Distribution function less one half for |x| < 2, all terms of one sign.
function normalCentre(x) {
  let term = x, sum = x;
  for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k += 1) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return normalDensity(x) * sum;
}

function normalDistribution(x) {
  if (x <= -2) return normalDensity(x) * millsRatio(-x);
  return x < 2 ? 0.5 + normalCentre(x) : 1 - normalDensity(x) * millsRatio(x);
}

function normalLogSurvival(x) {
  if (x >= 2) return -0.5 * x * x - HALF_LOG_TWO_PI + Math.log(millsRatio(x));
  return x <= -2 ? Math.log1p(-normalDensity(x) * millsRatio(-x)) : Math.log(0.5 - normalCentre(x));
}

function normalHazard(x) {
  if (x >= 2) return 1 / millsRatio(x);
  return normalDensity(x) / (1 - normalDistribution(x));
}

// Wichura (1988), algorithm AS 241: numerators and denominators for the centre, the tails and the far tails.
const QUANTILE = [
  [[3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
    67265.770927008700853, 33430.575583588128105, 2509.0809287301226727],
   [1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
    28729.085735721942674, 5226.495278852854561]],
  [[1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4],
   [1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
    0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9]],
  [[6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
    0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7],
   [1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
    1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15]],
];

function normalQuantile(p) {
  const ratio = ([above, below], r) =>
    above.reduceRight((sum, c) => sum * r + c, 0) / below.reduceRight((sum, c) => sum * r + c, 0);
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(QUANTILE[0], 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(Math.min(p, 1 - p)));
  return Math.sign(q) * (r <= 5 ? ratio(QUANTILE[1], r - 1.6) : ratio(QUANTILE[2], r - 5));
}

// As numpy.interp, in its order of operations.
function interpolated(x, xs, ys) {
  const last = xs.length - 1;
  if (x <= xs[0]) return ys[0];
  if (x >= xs[last]) return ys[last];
  let low = 0, high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  if (xs[low] === x) return ys[low];
  return ((ys[low + 1] - ys[low]) / (xs[low + 1] - xs[low])) * (x - xs[low]) + ys[low];
}

// Half to even, as numpy.round.
function roundedEven(x) {
  const down = Math.floor(x), rest = x - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

// Number of sorted values at or below x.
function countUpTo(sorted, x, from, to) {
  let low = from, high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

// A number with some significant digits, as Python's format "g" writes it.
function general(x, digits) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  const [exact] = Math.abs(x).toExponential(60).split("e"), all = exact.replace(".", "");
  let [mantissa, power] = Math.abs(x).toExponential(digits - 1).split("e");
  // exactly between two: Python takes the even one, toExponential the larger
  if (/^50*$/.test(all.slice(digits)) && Number(all[digits - 1]) % 2 === 0) {
    mantissa = all[0] + (digits > 1 ? "." + all.slice(1, digits) : "");
    power = Math.abs(x).toExponential(60).split("e")[1];
  }
  const e = Number(power), sign = x < 0 ? "-" : "", figures = mantissa.replace(".", "");
  const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0*$/, "") : text);
  if (e < -4 || e >= digits) {
    return `${sign}${trimmed(mantissa)}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
  }
  if (e < 0) return sign + trimmed(`0.${"0".repeat(-e - 1)}${figures}`);
  return sign + trimmed(`${figures.slice(0, e + 1)}.${figures.slice(e + 1)}`);
}
