// A predictor that is not known: the same draws as the model's own in Python, whose random numbers belong to a patient.

const MASK = (1n << 64n) - 1n;
// Steele, Lea and Flood (2014): splitmix64.
const GAMMA = 0x9e3779b97f4a7c15n, FIRST = 0xbf58476d1ce4e5b9n, SECOND = 0x94d049bb133111ebn;
const ABSENT = 0xd1b54a32d192ed03n;

function mixed(bits) {
  bits = ((bits ^ (bits >> 30n)) * FIRST) & MASK;
  bits = ((bits ^ (bits >> 27n)) * SECOND) & MASK;
  return bits ^ (bits >> 31n);
}

function bitsOf(x) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x + 0);
  return view.getBigUint64(0);
}

function keyOf(state, seed) {
  let key = mixed((BigInt(seed) + GAMMA) & MASK);
  for (const value of state) key = mixed(((key ^ (value === null ? ABSENT : bitsOf(value))) + GAMMA) & MASK);
  return key;
}

function uniform(key, place) {
  const bits = mixed((key + BigInt(place + 1) * GAMMA) & MASK);
  return (Number(bits >> 11n) + 0.5) * 2 ** -53;
}

function chosen(shares, u) {
  let sum = 0, passed = 0;
  for (const share of shares.slice(0, -1)) {
    sum += share;
    if (sum < u) passed += 1;
  }
  return passed;
}

// State of a known value: the normal score of a number, the place of a category.
function stateOf(column, value) {
  if (value === null) return null;
  if (column.values) return interpolated(value, column.values, column.scores);
  return column.levels ? column.levels[value] : value;
}

function valueOf(column, state, shares) {
  if (!column.values) return column.levels ? column.levels.indexOf(state) : state;
  const value = interpolated(normalDistribution(state), shares, column.percentiles);
  return column.whole ? roundedEven(value) : value;
}

function blockOf(column, state) {
  return column.values ? [state] : column.shares.slice(1).map((_, k) => (state === k + 1 ? 1 : 0));
}

function drawn(column, covariates, u) {
  const eta = column.coefficients.map((row) => {
    let sum = row[0];
    covariates.forEach((x, k) => { sum += x * row[k + 1]; });
    return sum;
  });
  if (column.values) return eta[0] + column.residual * normalQuantile(u);
  const odds = [0, ...eta], top = Math.max(...odds);
  const likely = odds.map((x, k) => (column.shares[k] > 0 ? Math.exp(x - top) : 0));
  const total = likely.reduce((a, b) => a + b);
  return chosen(likely.map((x) => x / total), u);
}

// Complete values of a patient, one array a draw.
function imputedDraws(imputation, values) {
  const { columns, sweeps, draws, seed, shares } = imputation;
  const known = columns.map((column) => stateOf(column, values[column.place]));
  const key = keyOf(known, seed), gaps = known.flatMap((state, place) => (state === null ? [place] : []));
  return Array.from({ length: draws }, (_, copy) => {
    const random = (sweep, place) => uniform(key, (copy * (sweeps + 1) + sweep) * columns.length + place);
    const state = known.slice();
    for (const place of gaps) {
      const u = random(0, place), column = columns[place];
      state[place] = column.values ? normalQuantile(u) : chosen(column.shares, u);
    }
    for (let sweep = 1; sweep <= sweeps; sweep += 1) {
      for (const place of gaps) {
        const covariates = columns.flatMap((column, k) => blockOf(column, state[k]));
        state[place] = drawn(columns[place], covariates, random(sweep, place));
      }
    }
    const complete = values.slice();
    for (const place of gaps) complete[columns[place].place] = valueOf(columns[place], state[place], shares);
    return complete;
  });
}
