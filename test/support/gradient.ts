/** For tests: gradients of small networks by central differences in float64, and by onnxruntime in float32. */

import { expect } from 'vitest';
import { GraphBuilder, type NodeOptions } from '../../src/graph/builder.js';
import { elementCount } from '../../src/graph/tensor.js';
import type { Attribute, TensorValue } from '../../src/graph/types.js';
import { createGraphRunner } from '../../src/train/engine/runtime.js';
import { differentiate, type TrainingGraph } from '../../src/train/gradient/differentiate.js';
import type { GradientRule, TrainingNetwork } from '../../src/train/types.js';
import { evaluateGraph } from './evaluate-graph.js';

/** Reproducible numbers, evenly spread over low..high. */
export function numbers(count: number, seed: number, low = -1, high = 1): number[] {
  let state = Math.imul(seed + 1, 2654435761);
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return low + ((high - low) * (state >>> 8)) / 2 ** 24;
  });
}

/** Builds a network of one float type. */
export class NetworkBuilder {
  readonly graph: GraphBuilder;
  readonly parameters = new Map<string, Record<string, never>>();
  private seeds = 0;

  constructor(
    readonly type: 'float32' | 'float64',
    opset: number,
  ) {
    this.graph = new GraphBuilder({ opset });
  }

  tensor(dims: readonly number[], data: readonly number[]): string {
    const array = this.type === 'float64' ? Float64Array.from(data) : Float32Array.from(data);
    return this.graph.constant({ type: this.type, dims, data: array }, 'value');
  }

  /** A constant in low..high. */
  random(dims: readonly number[], low?: number, high?: number): string {
    // Rounded to float32, so that both types compute with the same numbers.
    return this.tensor(dims, numbers(elementCount(dims), this.seeds++, low, high).map(Math.fround));
  }

  /** A parameter in low..high. */
  parameter(dims: readonly number[], low?: number, high?: number): string {
    const name = this.random(dims, low, high);
    this.parameters.set(name, {});
    return name;
  }

  /** A parameter whose values are `gap` apart, in mixed order, none 0: no ties or kinks near them. */
  distinct(dims: readonly number[], gap = 0.05): string {
    const count = elementCount(dims);
    const order = numbers(count, this.seeds++)
      .map((key, index) => [key, index] as const)
      .sort(([a], [b]) => a - b);
    const name = this.tensor(
      dims,
      order.map(([, index]) => Math.fround((index - (count - 1) / 2 + 0.31) * gap)),
    );
    this.parameters.set(name, {});
    return name;
  }

  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    options: NodeOptions = {},
  ): string {
    return this.graph.node(op, inputs, attributes, options);
  }

  /** The sum of all elements of `values`, each times a number of its own, so that no gradient is uniform. */
  loss(...values: string[]): string {
    const terms = values.map((value) => {
      const flat = this.node('Reshape', [value, this.graph.ints(-1)]);
      const [zero, one] = [0n, 1n].map((bound) =>
        this.graph.constant({ type: 'int64', dims: [], data: BigInt64Array.of(bound) }),
      );
      const places = this.node('Range', [zero!, this.node('Size', [flat]), one!]);
      const weights = this.node('Cos', [this.node('Cast', [places], { to: this.type === 'float64' ? 11 : 1 })]);
      return this.node('ReduceSum', [this.node('Mul', [flat, weights])], { keepdims: 0 });
    });
    return terms.reduce((sum, term) => this.node('Add', [sum, term]));
  }

  network(loss: string): TrainingNetwork {
    return { graph: this.graph.build(), loss, parameters: this.parameters };
  }
}

/** Builds a network of parameters only and returns its loss. */
export type Build = (builder: NetworkBuilder) => string;

function differentiated(build: Build, type: 'float32' | 'float64', opset: number, rules: readonly GradientRule[]) {
  const builder = new NetworkBuilder(type, opset);
  const network = { ...builder.network(build(builder)), rules };
  const feeds = new Map([...network.parameters.keys()].map((name) => [name, network.graph.initializers.get(name)!]));
  return { training: differentiate(network, { microBatch: 1 }), feeds };
}

const STEP = 1e-4;

/** Derivatives of the loss by every element of a parameter: central differences, error of order STEP². */
function differences(training: TrainingGraph, feeds: ReadonlyMap<string, TensorValue>, name: string): number[] {
  const value = feeds.get(name)!;
  const at = (index: number, change: number) => {
    const data = Float64Array.from(value.data as Float64Array);
    data[index]! += change;
    const values = evaluateGraph(training.graph, new Map(feeds).set(name, { ...value, data }));
    return values.get(training.loss)!.data[0] as number;
  };
  return Array.from(value.data as Float64Array, (_, index) => (at(index, STEP) - at(index, -STEP)) / (2 * STEP));
}

/**
 * Checks every gradient against central differences in float64 (operators' own `evaluate`), and the float32 graph in onnxruntime against those.
 *
 * @param build must build the same network for both types.
 * @param rules of pseudo-operators, beyond the standard ones
 */
export async function checkGradients(build: Build, opset = 17, rules: readonly GradientRule[] = []): Promise<void> {
  const exact = differentiated(build, 'float64', opset, rules);
  const values = evaluateGraph(exact.training.graph, exact.feeds);
  const single = differentiated(build, 'float32', opset, rules);
  const runner = await createGraphRunner(single.training.graph);
  const run = await runner.run(single.feeds);
  await runner.release();
  for (const [name, output] of exact.training.gradients) {
    const gradient = Array.from(values.get(output)!.data as Float64Array);
    const scale = Math.max(1, ...gradient.map(Math.abs));
    expectClose(gradient, differences(exact.training, exact.feeds, name), 1e-6 * scale, `${name} against differences`);
    expectClose(run.get(output)!.data as Float32Array, gradient, 1e-4 * scale, `${name} in onnxruntime`);
    expect(gradient.some((number) => Math.abs(number) > 1e-3)).toBe(true);
  }
}

/** Every element within `tolerance`. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    if (!(Math.abs(actual[i]! - expected[i]!) <= tolerance)) {
      expect.fail(`${what}: element ${i} is ${actual[i]}, not ${expected[i]}`);
    }
  }
}
