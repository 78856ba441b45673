import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LUT_NN_GEOMETRY, randomLookups } from '../../bench/networks/random-lookups.js';
import { modelBytes } from '../../e2e/kernels/network.js';
import { serializeModel } from '../../src/onnx/serialize.js';
import { randomGraph } from '../random-graph.js';
import { graphOfNode, RANDOM_NODES, randomNode } from '../random-node/index.js';
import { KERNEL_CASES } from '../support/kernel-cases.js';

/** One whole model that cases damage. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** How often it is drawn, beside the others. Large files are slow to read. */
  readonly weight: number;
}

/** Trained models that come with the project. */
const SHIPPED = 'public/models';
/** More trained models, where they are at hand. */
const TRAINED = '../shared/data/onnx-models';
const LARGEST = 100_000;

function files(folder: string): Seed[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.onnx'))
    .sort()
    .flatMap((file) => {
      const bytes = new Uint8Array(readFileSync(join(folder, file)));
      if (folder !== SHIPPED && bytes.length > LARGEST) return [];
      return [{ name: file, bytes, weight: bytes.length > LARGEST ? 1 : 20 }];
    });
}

/** Shipped, trained and random models, dense and by lookup. The same wherever the same files are. */
export function corpus(): Seed[] {
  const networks = Array.from({ length: 12 }, (_, i): Seed[] => {
    const { graph } = randomGraph(i + 1, 3 + (i % 8));
    const lookups = randomLookups(graph, {
      ...LUT_NN_GEOMETRY,
      kind: i % 2 ? 'row' : 'patch',
      seed: i,
      layers: () => true,
    });
    return [
      { name: `random ${i + 1}`, bytes: serializeModel(graph), weight: 30 },
      { name: `random lookup ${i + 1}`, bytes: serializeModel(lookups), weight: 20 },
    ];
  }).flat();
  const nodes = Object.keys(RANDOM_NODES).flatMap((op): Seed[] =>
    [1, 2, 3, 4].flatMap((seed) => {
      const node = randomNode(op, seed);
      return node ? [{ name: `${op} ${seed}`, bytes: serializeModel(graphOfNode(node)), weight: 2 }] : [];
    }),
  );
  const kernels = Object.entries(KERNEL_CASES).map(([name, make]): Seed => {
    const { graph } = make(false);
    // Files hold no epilogues.
    const nodes = graph.nodes.map(({ epilogue: _, ...node }) => node);
    return { name: `kernel ${name}`, bytes: serializeModel({ ...graph, nodes }), weight: 4 };
  });
  const codes: Seed = { name: 'lookup layers', bytes: modelBytes(), weight: 60 };
  return [codes, ...networks, ...nodes, ...kernels, ...files(SHIPPED), ...files(TRAINED)];
}
