// Cause-specific hazards: the probability of the first cause with the others competing, and its error, in one walk over
// the times of any event. The sums are those of `prognosis/kernels/absolute_risk.py`.

// Variance of the risk reached, from the sums over the steps of each cause.
function variancePart(reached, noise, shift, covariance) {
  const moved = shift[0].map((own, j) => own - reached * shift[1][j]);
  return noise[0] - 2 * reached * noise[1] + reached * reached * noise[2] + quadratic(moved, covariance);
}

function standardError(reached, sums, covariance) {
  const variance = sums.reduce((sum, { noise, shift }, k) => sum + variancePart(reached, noise, shift, covariance[k]), 0);
  return Math.sqrt(Math.max(variance, 0));
}

// What one step of one cause adds to its sums.
function addStep(sum, { hazard, variance, drift }, ratio, centred, own, w) {
  const spread = ratio * ratio * variance;
  sum.noise[0] += own * own * spread;
  sum.noise[1] += own * w * spread;
  sum.noise[2] += w * w * spread;
  centred.forEach((x, j) => {
    const moved = ratio * (x * hazard - drift[j]);
    sum.shift[0][j] += own * moved;
    sum.shift[1][j] += w * moved;
  });
}

// Risk, probability that another cause comes first, and error of the risk after 0, 1, 2, ... steps; an error is null where
// the model has none.
function walkOf(estimate, design, stratum) {
  const { steps } = estimate.strata[stratum], known = estimate.covariance !== null;
  const centred = estimate.causes.map(({ means }) => design.map((x, j) => x - means[j]));
  const ratio = estimate.causes.map(({ coefficients }, k) =>
    Math.exp(centred[k].reduce((sum, x, j) => sum + x * coefficients[j], 0)));
  const sums = ratio.map(() => ({ noise: [0, 0, 0], shift: [0, 1].map(() => design.map(() => 0)) }));
  let survival = 1, reached = 0, others = 0, cumulative = 0;
  const found = [[0, 0, known ? 0 : null]];
  for (const causes of steps) {
    const total = causes.reduce((sum, { hazard }, k) => sum + ratio[k] * hazard, 0);
    // more hazard than there is survival left: the causes share what is left
    const share = estimate.product_limit && total > 1 ? 1 / total : 1;
    reached += survival * share * ratio[0] * causes[0].hazard;
    others += survival * share * causes.slice(1).reduce((sum, { hazard }, k) => sum + ratio[k + 1] * hazard, 0);
    const below = total < 1 ? 1 / (1 - total) : 0, w = estimate.product_limit ? below : 1;
    if (known) causes.forEach((step, k) =>
      addStep(sums[k], step, ratio[k], centred[k], reached * w + (k === 0 ? survival : 0), w));
    cumulative += total;
    survival = estimate.product_limit ? survival * Math.max(1 - total, 0) : Math.exp(-cumulative);
    found.push([reached, others, known ? standardError(reached, sums, estimate.covariance) : null]);
  }
  return found;
}

// Risk with its limits, and the probability that another cause comes first, by each time.
function byCauses(estimate, design, stratum, times) {
  const { time } = estimate.strata[stratum], walk = walkOf(estimate, design, stratum);
  return times.map((until) => {
    if (until > estimate.ends[stratum]) return [NaN, NaN, NaN, NaN];
    const [risk, others, error] = walk[countUpTo(time, until, 0, time.length)];
    const relative = error === null ? null : (risk < 1 ? error / (1 - risk) : 0);
    return [...withInterval(-Math.log1p(-Math.min(risk, 1)), relative), others];
  });
}
