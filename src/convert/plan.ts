/** What one form of a layer adds to the network. */
export interface PlanForm {
  /** Nanoseconds by the cost models. */
  readonly time: number;
  /** Predicted divergence that it causes. */
  readonly error: number;
  /** Of the file. */
  readonly bytes: number;
}

/** One network: a form for every layer, and the sums. */
export interface PlanPoint extends PlanForm {
  /** Index of each layer's form. */
  readonly chosen: readonly number[];
}

/** Partial networks that are kept; with more of them, those close to each other are thinned. */
const LIMIT = 4096;
const TIME_CELLS = 1024;
const BYTE_CELLS = 48;

interface State extends PlanForm {
  readonly choice: number;
  readonly before: State | undefined;
}

/**
 * The best networks: each has the least error of all that are as fast, within the bytes. Layer after layer, every partial network that is
 * kept goes on with every form; those that another one beats in all respects are left out. Exact while at most {@link LIMIT} are kept
 * (a multiple-choice knapsack problem; Kellerer, Pferschy, Pisinger 2004, §11.5). Beyond that the least error of each cell of a grid is kept.
 *
 * @param layers forms of every layer, at least one each
 * @param maxBytes for all layers together
 * @returns from the fastest, whose error is largest, to the slowest; empty when nothing fits
 */
export function tradeOff(layers: readonly (readonly PlanForm[])[], maxBytes = Infinity): PlanPoint[] {
  const least = layers.map((forms) => Math.min(...forms.map(({ bytes }) => bytes)));
  let rest = least.reduce((sum, bytes) => sum + bytes, 0);
  let states: State[] = [{ time: 0, error: 0, bytes: 0, choice: -1, before: undefined }];
  for (const [layer, forms] of layers.entries()) {
    rest -= least[layer]!;
    const next: State[] = [];
    for (const before of states) {
      forms.forEach(({ time, error, bytes }, choice) => {
        const total = before.bytes + bytes;
        if (total + rest > maxBytes) return;
        next.push({ time: before.time + time, error: before.error + error, bytes: total, choice, before });
      });
    }
    states = thin(maxBytes === Infinity ? frontier(next) : next);
  }
  return frontier(states).map(({ time, error, bytes, ...last }) => {
    const chosen: number[] = [];
    for (let state: State | undefined = { time, error, bytes, ...last }; state?.before; state = state.before) {
      chosen.unshift(state.choice);
    }
    return { time, error, bytes, chosen };
  });
}

/** Those with less error than all that are at least as fast. */
function frontier(states: readonly State[]): State[] {
  const sorted = [...states].sort((a, b) => a.time - b.time || a.error - b.error || a.bytes - b.bytes);
  let lowest = Infinity;
  return sorted.filter(({ error }) => {
    if (error >= lowest) return false;
    lowest = error;
    return true;
  });
}

function thin(states: readonly State[]): State[] {
  if (states.length <= LIMIT) return [...states];
  const cells = new Map<number, State>();
  const cellOf = (read: (state: State) => number, count: number) => {
    let [low, high] = [Infinity, -Infinity];
    for (const state of states) [low, high] = [Math.min(low, read(state)), Math.max(high, read(state))];
    return (state: State) => Math.min(count - 1, Math.floor(((read(state) - low) / (high - low || 1)) * count));
  };
  const [time, bytes] = [cellOf((state) => state.time, TIME_CELLS), cellOf((state) => state.bytes, BYTE_CELLS)];
  for (const state of states) {
    const cell = time(state) * BYTE_CELLS + bytes(state);
    const found = cells.get(cell);
    if (!found || state.error < found.error) cells.set(cell, state);
  }
  return [...cells.values()];
}

/** The fastest of these points within an error. @param points as {@link tradeOff} returns them */
export function fastestWithin(points: readonly PlanPoint[], error: number): PlanPoint | undefined {
  return points.find((point) => point.error <= error);
}

/** The most accurate of these points within a time. @param points as {@link tradeOff} returns them */
export function closestWithin(points: readonly PlanPoint[], time: number): PlanPoint | undefined {
  return points.findLast((point) => point.time <= time);
}
