/** Fisher–Yates, in place. */
function shuffle(values: number[], random: () => number): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return values;
}

/**
 * Indices of `samples` examples out of `count` for calibration: random, without repetition, and balanced over the classes, so
 * that every prefix holds nearly the same number of each class (archives are usually sorted by class). A class that runs out
 * leaves its turns to the others. Without labels a plain shuffle. `random` gives uniform numbers in [0, 1). Fewer than `samples` when there are not enough examples.
 */
export function calibrationOrder(
  count: number,
  labels: Int32Array | undefined,
  samples: number,
  random: () => number,
): number[] {
  const classes = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const label = labels?.[i] ?? 0;
    const members = classes.get(label);
    if (members) members.push(i);
    else classes.set(label, [i]);
  }
  const queues = [...classes.entries()].sort(([a], [b]) => a - b).map(([, members]) => shuffle(members, random));
  const order: number[] = [];
  const wanted = Math.min(samples, count);
  for (let round = 0; order.length < wanted; round++) {
    const turn = queues.flatMap((queue) => (round < queue.length ? [queue[round]!] : []));
    order.push(...shuffle(turn, random).slice(0, wanted - order.length));
  }
  return order;
}

/**
 * Indices for evaluation: everything in order, or, below `count`, `limit` examples at even distances, which takes the same
 * share of each class from data sorted by class.
 */
export function evaluationOrder(count: number, limit = count): number[] {
  const length = Math.min(limit, count);
  return Array.from({ length }, (_, i) => Math.floor((i * count) / length));
}
