import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Graph } from '../../src/graph/types.js';
import { type CatalogueEntry, catalogueEntry, lookupForm } from '../../src/networks/catalogue.js';
import { quantise } from '../../src/networks/quantise.js';
import { countWork, type Work } from '../../src/networks/work.js';
import { serializeModel } from '../../src/onnx/serialize.js';
import { exampleFeeds, type InputSpec } from '../measure/network.js';
import type { ModelForm } from '../measure/types.js';

/** Generated networks; rebuilt when their builders change. */
export const MODEL_FOLDER = join(process.cwd(), 'build/bench/models');

export interface ModelFile {
  /** Relative to {@link MODEL_FOLDER}. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A network on disk. */
export interface NetworkFiles {
  readonly id: string;
  readonly title: string;
  readonly inputs: readonly InputSpec[];
  readonly files: Readonly<Partial<Record<ModelForm, ModelFile>>>;
  readonly work: { readonly dense: Work; readonly lut: Work };
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** Changes with the code that writes networks. */
function sourceHash(): string {
  const folders = ['src/networks', 'src/onnx'];
  const paths = folders.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  return sha256(paths.map((path) => readFileSync(path, 'utf8')).join(''));
}

/** The files of a network of the catalogue, from an earlier call or made now. @throws RangeError when there is no such network */
export async function networkFiles(id: string, onBuild: (title: string) => void): Promise<NetworkFiles> {
  const entry = catalogueEntry(id);
  const source = sourceHash();
  const index = join(MODEL_FOLDER, `${id}.json`);
  if (existsSync(index)) {
    const known = JSON.parse(readFileSync(index, 'utf8')) as NetworkFiles & { readonly source: string };
    if (known.source === source) return known;
  }
  onBuild(entry.title);
  mkdirSync(MODEL_FOLDER, { recursive: true });
  const built = await buildFiles(entry);
  writeFileSync(index, JSON.stringify({ ...built, source }, null, 2));
  return built;
}

/** The network with the codes of every layer as further outputs. */
function withCodes(graph: Graph): Graph {
  const codes = graph.nodes.filter(({ op }) => op === 'Encode').map(({ outputs }) => outputs[0]!);
  const outputs = codes.map((name) => ({ name, type: 'uint8', dims: undefined }) as const);
  return { ...graph, outputs: [...graph.outputs, ...outputs] };
}

async function buildFiles(entry: CatalogueEntry): Promise<NetworkFiles> {
  const write = (form: ModelForm, graph: Graph): ModelFile => {
    const bytes = serializeModel(graph);
    const file = `${entry.id}.${form}.onnx`;
    writeFileSync(join(MODEL_FOLDER, file), bytes);
    return { file, bytes: bytes.length, sha256: sha256(bytes) };
  };
  const dense = entry.dense();
  const lookup = lookupForm(entry, dense);
  const inputs = dense.inputs.map(
    ({ name, type, dims }): InputSpec => ({
      name,
      type: type as InputSpec['type'],
      dims: dims!.map((size) => (typeof size === 'number' ? size : 1)),
    }),
  );
  return {
    id: entry.id,
    title: entry.title,
    inputs,
    files: {
      lut: write('lut', lookup),
      codes: write('codes', withCodes(lookup)),
      dense: write('dense', dense),
      int8: write('int8', await quantise(dense, exampleFeeds(inputs))),
    },
    work: { dense: countWork(dense), lut: countWork(lookup) },
  };
}
