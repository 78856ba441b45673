import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DenseLayer } from '../../src/convert/dense-layers.js';
import { raiseOpset } from '../../src/graph/passes/raise-opset.js';
import { simplify } from '../../src/graph/passes/simplify.js';
import type { Graph } from '../../src/graph/types.js';
import { parseModel } from '../../src/onnx/parse.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';
import type { BenchNetwork } from '../measure/network.js';
import { type NetworkFacts, networkFacts, writeForms } from '../measure/prepare.js';
import type { EngineId, ModelForm } from '../measure/types.js';
import { catalogueEntry, lookupForm } from '../networks/catalogue.js';
import { LUT_NN_GEOMETRY, randomLookups } from '../networks/random-lookups.js';

/** Generated networks; rebuilt when their builders change. */
export const MODEL_FOLDER = join(process.cwd(), 'build/bench/models');

export interface ModelFile {
  /** Relative to {@link MODEL_FOLDER}. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A network on disk. */
export interface NetworkFiles extends NetworkFacts {
  readonly id: string;
  readonly title: string;
  readonly files: Readonly<Partial<Record<ModelForm, ModelFile>>>;
  /** Engines that cannot be given it. */
  readonly without: readonly EngineId[];
  readonly rounded?: BenchNetwork['rounded'];
}

/** Where a network comes from. */
interface Source {
  readonly id: string;
  readonly title: string;
  readonly without: readonly EngineId[];
  graphs(): readonly [dense: Graph, lookup: Graph];
  /** A file that is taken as it is. */
  readonly tflite?: string;
  readonly rounded?: BenchNetwork['rounded'];
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** Changes with the code in these folders, tests left out, and in these files. */
export function sourceHash(folders: readonly string[], files: readonly string[] = []): string {
  const inside = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const paths = inside.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts')).sort();
  return sha256([...paths, ...files].map((path) => readFileSync(path, 'utf8')).join(''));
}

/** MLPerf Tiny's networks, kept outside of the repository: each as ONNX and as .tflite. */
const TINY_FOLDER = join(process.cwd(), '../shared/data');
/** Some .tflite files hold weights in int8: LiteRT then rounds the activations of those layers, too. */
const ROUNDED_WEIGHTS: BenchNetwork['rounded'] = { litert: 0.02 };
const TINY: readonly (readonly [id: string, title: string, file: string, rounded?: BenchNetwork['rounded']])[] = [
  ['tiny-resnet8', 'MLPerf Tiny: ResNet8, CIFAR-10', 'mlperf_tiny_resnet8_cifar10'],
  ['tiny-kws', 'MLPerf Tiny: DS-CNN, keywords', 'mlperf_tiny_kws_dscnn', ROUNDED_WEIGHTS],
  ['tiny-vww', 'MLPerf Tiny: MobileNetV1 0.25, person', 'mlperf_tiny_vww_mobilenetv1_025'],
];

/** Identifiers of MLPerf Tiny's networks. */
export const TINY_IDS: readonly string[] = TINY.map(([id]) => id);

/** @throws RangeError when there is no such network */
function findSource(id: string): Source {
  const tiny = TINY.find(([known]) => known === id);
  if (!tiny) {
    const entry = catalogueEntry(id);
    return {
      id,
      title: entry.title,
      // Its translation knows the operators of convolutional networks.
      without: id.startsWith('bert') ? ['tfjs'] : [],
      graphs() {
        const dense = entry.dense();
        return [dense, lookupForm(entry, dense)];
      },
    };
  }
  const [, title, file, rounded] = tiny;
  return {
    id,
    title,
    without: ['tfjs'],
    graphs() {
      const dense = raiseOpset(
        simplify(parseModel(readFileSync(join(TINY_FOLDER, `onnx-models/${file}.onnx`))), COMPLETE_OPERATORS),
        COMPLETE_OPERATORS,
      );
      const layers = ({ kind, first }: DenseLayer) => kind === 'conv' && !first;
      return [dense, randomLookups(dense, { ...LUT_NN_GEOMETRY, stem: 'integer', seed: 1, layers })];
    },
    tflite: join(TINY_FOLDER, `tflite/${file}.tflite`),
    ...(rounded ? { rounded } : {}),
  };
}

/**
 * The files of a network, from an earlier call or made now.
 *
 * @throws RangeError when there is no such network
 */
export async function networkFiles(id: string, onBuild: (title: string) => void): Promise<NetworkFiles> {
  const wanted = findSource(id);
  const code = sourceHash(['bench/networks', 'src/onnx'], ['bench/measure/prepare.ts', 'bench/suite/models.ts']);
  const index = join(MODEL_FOLDER, `${id}.json`);
  if (existsSync(index)) {
    const known = JSON.parse(readFileSync(index, 'utf8')) as NetworkFiles & { readonly code: string };
    if (known.code === code) return known;
  }
  onBuild(wanted.title);
  mkdirSync(MODEL_FOLDER, { recursive: true });
  const built = await buildFiles(wanted);
  writeFileSync(index, JSON.stringify({ ...built, code }, null, 2));
  return built;
}

async function buildFiles({ id, title, without, graphs, tflite, rounded }: Source): Promise<NetworkFiles> {
  const [dense, lookup] = graphs();
  const facts = networkFacts(dense, lookup);
  const files: Partial<Record<ModelForm, ModelFile>> = {};
  const write = (form: ModelForm, bytes: Uint8Array) => {
    const file = `${id}.${form}${form === 'tflite' ? '' : '.onnx'}`;
    writeFileSync(join(MODEL_FOLDER, file), bytes);
    files[form] = { file, bytes: bytes.length, sha256: sha256(bytes) };
  };
  await writeForms(dense, lookup, facts.inputs, write);
  if (tflite !== undefined) write('tflite', readFileSync(tflite));
  return { id, title, without, files, ...(rounded ? { rounded } : {}), ...facts };
}
