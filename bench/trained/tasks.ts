import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../src/convert/random.js';
import { batches } from '../../src/data/batches.js';
import { calibrationFeeds, datasetSource } from '../../src/data/calibration-feeds.js';
import type { Dataset } from '../../src/data/dataset.js';
import { openDataset } from '../../src/data/node-open.js';
import { ofSpeakers } from '../../src/data/subset.js';
import { METADATA, type Preprocess } from '../../src/graph/metadata.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import { parseModel } from '../../src/onnx/parse.js';

const MODELS = join(process.cwd(), 'public/models');
const DATA = join(process.cwd(), '../shared/data');

/** An entry of public/models/models.json, as far as it is read here. Paths of data are relative to ../shared/data. */
interface ManifestEntry {
  readonly id: string;
  readonly title: string;
  readonly lut: string;
  readonly dense: string;
  readonly training: readonly string[];
  readonly test: { readonly data: string; readonly speaker?: string };
}

/** A shipped model with the data that it is measured on. */
export interface Task {
  readonly id: string;
  readonly title: string;
  readonly lut: Uint8Array;
  readonly dense: Uint8Array;
  readonly graph: Graph;
  /** What the accuracy is of, in words. */
  readonly data: string;
  /** Inputs of the test examples, one after the other, and their classes. */
  test(): Promise<{ readonly inputs: Float32Array; readonly labels: readonly number[] }>;
  /** Training examples, drawn evenly from the classes: some to take ranges from, others to compare ranges on. */
  calibration(samples: number, heldOut: number): Promise<Record<'calibration' | 'heldOut', LabelledBatches>>;
}

export interface LabelledBatches {
  readonly feeds: readonly TensorValue[];
  readonly labels: readonly number[];
}

/** Every model that ships. @throws Error naming data that are missing */
export function trainedTasks(): Task[] {
  const manifest = JSON.parse(readFileSync(join(MODELS, 'models.json'), 'utf8')) as ManifestEntry[];
  return manifest.map(openTask);
}

function openTask({ id, title, lut, dense, training, test }: ManifestEntry): Task {
  for (const path of [...training, test.data].map((name) => join(DATA, name))) {
    if (!existsSync(path)) throw new Error(`--suite trained: ${path} is missing; it has the data of "${id}"`);
  }
  const [denseBytes, lutBytes] = [dense, lut].map((name) => readFileSync(join(MODELS, name)));
  const graph = parseModel(denseBytes!);
  const spec = JSON.parse(graph.metadata[METADATA.preprocess] ?? 'null') as Preprocess | undefined;
  const labels = JSON.parse(graph.metadata[METADATA.labels] ?? 'null') as readonly string[] | null;
  const open = (path: string) => openDataset(join(DATA, path), labels ?? undefined);
  return {
    id,
    title,
    graph,
    lut: lutBytes!,
    dense: denseBytes!,
    data: [
      test.data,
      ...(test.speaker === undefined ? [] : [`speaker ${test.speaker}`]),
      ...(training.includes(test.data) ? ['which the network learned from, so that its accuracy says nothing'] : []),
    ].join(', '),
    async test() {
      const all = await open(test.data);
      return readAll(test.speaker === undefined ? all : ofSpeakers(all, [test.speaker]), spec);
    },
    async calibration(samples, heldOut) {
      const source = datasetSource(await open(training[0]!), spec);
      const drawn = calibrationFeeds(source, { samples, heldOut, random: seededRandom(1) });
      const read = async ({ feeds, labels: classes = [] }: typeof drawn.calibration): Promise<LabelledBatches> => {
        const read: TensorValue[] = [];
        for await (const feed of feeds) read.push(feed);
        return { feeds: read, labels: classes };
      };
      return { calibration: await read(drawn.calibration), heldOut: await read(drawn.heldOut) };
    },
  };
}

/** Examples that are preprocessed at a time. */
const BATCH = 100;

async function readAll(dataset: Dataset, spec: Preprocess | undefined) {
  const order = Array.from({ length: dataset.count }, (_, i) => i);
  const parts: Float32Array[] = [];
  for await (const { input } of batches(dataset, order, BATCH, spec)) parts.push(input.data as Float32Array);
  const inputs = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    inputs.set(part, at);
    at += part.length;
  }
  return { inputs, labels: [...dataset.labels!] };
}
