import { describe, expect, it } from 'vitest';
import { checkGradients, expectClose, NetworkBuilder, numbers } from '../../../../test/support/gradient.js';
import { createGraphRunner } from '../../../train/engine/runtime.js';
import { differentiate } from '../../../train/gradient/differentiate.js';
import { TRAINING_DOMAIN } from '../../../train/types.js';
import { CODED_RULES } from './rules.js';

const PSEUDO = { domain: TRAINING_DOMAIN };

const WINDOWS = [
  { kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
  { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  { kernel_shape: [1, 3], strides: [1, 2], pads: [0, 1, 0, 1] },
  { kernel_shape: [3, 1], strides: [2, 1], pads: [1, 0, 0, 0] },
  { kernel_shape: [2, 3], strides: [2, 3], pads: [0, 1, 1, 0] },
] as const;

describe.each(WINDOWS)('kernel $kernel_shape, strides $strides, pads $pads', (window) => {
  it('unfolds', () =>
    checkGradients((b) => b.loss(b.node('Unfold', [b.parameter([1, 2, 5, 7])], window, PSEUDO)), 17, CODED_RULES));

  it('adds tables by codes', () =>
    checkGradients(
      (b) => {
        const [th, tw] = window.kernel_shape;
        const tables = b.parameter([th * tw, 2, 3]);
        return b.loss(b.node('AddTables', [b.parameter([2, 1, 3, 3, 4]), tables], window, PSEUDO));
      },
      17,
      CODED_RULES,
    ));
});

it('reconstructs from centroids', () =>
  checkGradients(
    (b) => b.loss(b.node('Reconstruct', [b.parameter([2, 2, 3, 1, 3]), b.parameter([2, 3, 4])], {}, PSEUDO)),
    17,
    CODED_RULES,
  ));

it('hands the gradient to value and carrier of a Surrogate', async () => {
  const b = new NetworkBuilder('float32', 17);
  const [value, carrier] = [b.parameter([2, 3]), b.parameter([2, 3])];
  const network = { ...b.network(b.loss(b.node('Surrogate', [value, carrier], {}, PSEUDO))), rules: CODED_RULES };
  const { values, gradients } = await run(network);
  expect(gradients.get(carrier)).toEqual(gradients.get(value));
  const data = network.graph.initializers.get(value)!.data as Float32Array;
  const weighted = data.reduce((sum, x, i) => sum + x * Math.cos(i), 0);
  expect(values.get('loss')!.data[0]).toBeCloseTo(weighted, 5);
});

it.each([8, 7, 6])('rounds tables to %i bits per output channel', async (bits) => {
  const b = new NetworkBuilder('float32', 17);
  const tables = b.parameter([2, 3, 4], -2, 2);
  const network = { ...b.network(b.loss(b.node('FakeQuantize', [tables], { bits }, PSEUDO))), rules: CODED_RULES };
  const { values, gradients } = await run(network);
  const data = network.graph.initializers.get(tables)!.data as Float32Array;
  const largestEntry = 2 ** (bits - 1) - 1;
  const channel = (i: number) => Math.floor(i / 4) % 3;
  const scales = [0, 1, 2].map(
    (m) => Math.max(...data.filter((_, i) => channel(i) === m).map(Math.abs)) / largestEntry,
  );
  const expected = data.reduce((sum, x, i) => {
    const scale = scales[channel(i)]!;
    return sum + Math.round(x / scale) * scale * Math.cos(i);
  }, 0);
  expect(values.get('loss')!.data[0]).toBeCloseTo(expected, 4);
  expectClose(
    gradients.get(tables)!,
    Float32Array.from(data, (_, i) => Math.cos(i)),
    1e-6,
    'straight-through',
  );
});

interface AssignCase {
  readonly K: number;
  readonly B: number;
  readonly g: number;
  readonly zero: number;
  /** Learned scores take another search than constant ones. */
  readonly learned: boolean;
  readonly window: (typeof WINDOWS)[number];
}

const ASSIGN_CASES: AssignCase[] = [
  { K: 4, B: 2, g: 1, zero: 0, learned: true, window: WINDOWS[1] },
  { K: 8, B: 2, g: 2, zero: 30, learned: true, window: WINDOWS[0] },
  { K: 16, B: 3, g: 1, zero: 5, learned: true, window: WINDOWS[2] },
  { K: 16, B: 1, g: 2, zero: 0, learned: false, window: WINDOWS[4] },
];

describe.each(ASSIGN_CASES)('Assign with K $K, $B codebooks of $g channels, zero point $zero', (test) => {
  it('gives the codes of Encode, and the gradients of soft-PQ', () => checkAssign(test));
});

const SCALE = 0.25;

/** Integers within the operator's range, so that rounding changes nothing and the soft scores are those of the hard ones. */
function assignInputs({ K, B, g, zero, window }: AssignCase) {
  const [kh, kw] = window.kernel_shape;
  const [H, W] = [5, 6];
  const integers = (count: number, seed: number, low: number, high: number) =>
    numbers(count, seed, low, high).map(Math.round);
  return {
    x: integers(2 * B * g * H * W, 1, -zero, 40).map((a) => a * SCALE),
    Q: integers(B * K * g * kh * kw, 2, -9, 9),
    b: integers(B * K, 3, -50, 50),
    log: numbers(1, 4, 3, 4).map(Math.fround),
    dims: { x: [2, B * g, H, W], Q: [B * K, g, kh, kw], b: [B * K], log: [1] },
  };
}

async function checkAssign(test: AssignCase): Promise<void> {
  const { K, B, zero, learned, window } = test;
  const inputs = assignInputs(test);
  const b = new NetworkBuilder('float32', 17);
  const parameter = (name: 'x' | 'Q' | 'b' | 'log', learns = true) => {
    const made = b.tensor(inputs.dims[name], inputs[name]);
    if (learns) b.parameters.set(made, {});
    return made;
  };
  const names = { x: parameter('x'), Q: parameter('Q', learned), b: parameter('b', learned), log: parameter('log') };
  const attributes = { ...window, K, group: B, scale: SCALE, zero_point: zero };
  const hot = b.node('Assign', Object.values(names), attributes, PSEUDO);
  const network = { ...b.network(b.loss(hot)), rules: CODED_RULES };
  const { values, gradients } = await run(network);

  const scores = scoresOf(test, inputs);
  let expected = 0;
  scores.forEach(({ all, at }) => {
    const best = all.indexOf(Math.max(...all));
    expected += Math.cos(at(best));
  });
  expect(values.get('loss')!.data[0]).toBeCloseTo(expected, 4);

  const soft = (changed: typeof inputs) =>
    scoresOf(test, changed).reduce((sum, { all, at }) => {
      const temperature = Math.exp(changed.log[0]!);
      const top = Math.max(...all);
      const e = all.map((s) => Math.exp((s - top) / temperature));
      const total = e.reduce((a, c) => a + c);
      return sum + e.reduce((part, value, k) => part + (value / total) * Math.cos(at(k)), 0);
    }, 0);
  for (const name of ['x', 'Q', 'b', 'log'] as const) {
    const gradient = gradients.get(names[name]);
    if (!gradient) continue;
    const step = 1e-4;
    const differences = inputs[name].map((value, i) => {
      const moved = (by: number) => soft({ ...inputs, [name]: inputs[name].with(i, value + by) });
      return (moved(step) - moved(-step)) / (2 * step);
    });
    const size = Math.max(...differences.map(Math.abs));
    expect(size).toBeGreaterThan(1e-4);
    expectClose(gradient, differences, 1e-3 * size, `gradient of ${name}`);
  }
}

/** Scores of all centroids at every place, without rounding, and the positions of the one-hot codes in the output. */
function scoresOf({ K, B, g, window }: AssignCase, inputs: ReturnType<typeof assignInputs>) {
  const [, channels, H, W] = inputs.dims.x as [number, number, number, number];
  const [kh, kw] = window.kernel_shape;
  const [sy, sx] = window.strides;
  const [top, left, bottom, right] = window.pads;
  const Ho = Math.floor((H + top + bottom - kh) / sy) + 1;
  const Wo = Math.floor((W + left + right - kw) / sx) + 1;
  const places: { all: number[]; at: (k: number) => number }[] = [];
  for (let n = 0; n < 2; n++) {
    for (let c = 0; c < B; c++) {
      for (let o = 0; o < Ho * Wo; o++) {
        const all = Array.from({ length: K }, (_, k) => {
          let sum = inputs.b[c * K + k]!;
          for (let e = 0; e < g * kh * kw; e++) {
            const y = Math.floor(o / Wo) * sy + (Math.floor(e / kw) % kh) - top;
            const x = (o % Wo) * sx + (e % kw) - left;
            if (y < 0 || y >= H || x < 0 || x >= W) continue;
            const channel = c * g + Math.floor(e / (kh * kw));
            sum +=
              (inputs.Q[(c * K + k) * g * kh * kw + e]! * inputs.x[((n * channels + channel) * H + y) * W + x]!) /
              SCALE;
          }
          return sum;
        });
        places.push({ all, at: (k) => ((n * B + c) * K + k) * Ho * Wo + o });
      }
    }
  }
  return places;
}

/** Outputs of a training step, and the gradients by parameter. */
async function run(network: Parameters<typeof differentiate>[0]) {
  const training = differentiate(network, { microBatch: 1 });
  const runner = await createGraphRunner(training.graph);
  const feeds = new Map([...network.parameters.keys()].map((name) => [name, network.graph.initializers.get(name)!]));
  const values = await runner.run(feeds);
  await runner.release();
  const gradients = new Map(
    [...training.gradients].map(([name, output]) => [name, values.get(output)!.data as Float32Array]),
  );
  return { values, gradients };
}
