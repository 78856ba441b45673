/** Fisher–Yates, in place. */
function shuffle(values: number[], random: () => number): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return values;
}

/**
 * Indices of `samples` examples out of `count` for calibration: random, without repetition, and balanced over the classes. Every
 * prefix has nearly the same number of each class (archives are usually sorted by class). When a class has no examples left, the
 * others continue. Without labels the order is a plain shuffle. There are fewer than `samples` when the data set is smaller.
 * @param random returns uniform numbers in [0, 1)
 */
export function calibrationOrder(
  count: number,
  labels: Int32Array | undefined,
  samples: number,
  random: () => number,
): number[] {
  /** Examples of every class. */
  const members: number[][] = [];
  for (let i = 0; i < count; i++) (members[labels?.[i] ?? 0] ??= []).push(i);
  const queues = Object.values(members).map((examples) => shuffle(examples, random));
  const order: number[] = [];
  const wanted = Math.min(samples, count);
  for (let round = 0; order.length < wanted; round++) {
    const turn = queues.flatMap((queue) => (round < queue.length ? [queue[round]!] : []));
    order.push(...shuffle(turn, random).slice(0, wanted - order.length));
  }
  return order;
}

/**
 * Indices for evaluation: all in order, or `limit` examples at even distances where `limit` is less than `count`. From data that
 * are sorted by class, these are the same share of each class.
 */
export function evaluationOrder(count: number, limit = count): number[] {
  const length = Math.min(limit, count);
  return Array.from({ length }, (_, i) => Math.floor((i * count) / length));
}
