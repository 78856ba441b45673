import type { Graph, TensorValue } from '../../src/graph/types.js';
import { COMPLETE_RUNTIME } from '../../src/plan/complete.js';
import { plan } from '../../src/plan/plan.js';
import { evaluateGraph } from '../support/evaluate-graph.js';
import { type KernelBuild, KernelHarness, kernelBuilds, kernelsOf } from '../support/kernel-harness.js';

/** NaN is NaN here, and 0 is −0. */
const same = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b));

/** The Wasm builds that validate here: see {@link kernelBuilds}. */
export class KernelBuilds {
  private constructor(private readonly builds: ReadonlyMap<string, KernelBuild>) {}

  /** @param modules bytes of each build, as they are inlined */
  static from(modules: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): KernelBuilds {
    return new KernelBuilds(kernelBuilds(modules));
  }

  get names(): readonly string[] {
    return [...this.builds.keys()];
  }

  /** One of them alone. */
  only(name: string): KernelBuilds {
    return new KernelBuilds(new Map([[name, this.builds.get(name)!]]));
  }

  /**
   * Plans `graph`, which must need kernels only, runs it twice on the Wasm kernels and compares every output, value by value, with `evaluate`.
   *
   * @returns the kernels that ran
   * @throws Error naming the first value that differs
   */
  assertSame(graph: Graph, x: TensorValue, threads: number, build: string): readonly string[] {
    const planned = plan(graph, COMPLETE_RUNTIME, { x: { type: x.type, dims: x.dims } }, { threads });
    const kernels = kernelsOf(planned);
    if (kernels.includes('host')) throw new Error(`some of ${graph.nodes.map(({ op }) => op)} has no kernel`);
    const harness = new KernelHarness(planned, this.builds.get(build)!);
    for (let repeat = 0; repeat < 2; repeat++) {
      harness.feed({ x });
      harness.run();
    }
    const actual = harness.outputs();
    const expected = evaluateGraph(graph, [['x', x]]);
    for (const { name } of graph.outputs) {
      const want = expected.get(name)!;
      const { dims, data } = actual[name]!;
      if (String(dims) !== String(want.dims)) throw new Error(`${name} is ${dims}, not ${want.dims} (${build})`);
      const wanted = want.data as Float32Array;
      const wrong = wanted.findIndex((value, i) => !same(value, data[i] as number));
      if (wrong >= 0) throw new Error(`${name}[${wrong}] is ${data[wrong]}, not ${wanted[wrong]} (${build})`);
    }
    return kernels;
  }
}
