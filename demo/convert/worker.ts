/** Worker of the page: everything that takes long happens here, and nothing leaves the machine. */
import { expose } from '../../src/comlink.js';
import { convert } from '../../src/convert/index.js';
import { seededRandom } from '../../src/convert/random.js';
import { findSites } from '../../src/convert/sites.js';
import { stack } from '../../src/data/batches.js';
import type { Dataset, Sample } from '../../src/data/dataset.js';
import { type FileDecoders, folderDataset } from '../../src/data/folder.js';
import { openBytes } from '../../src/data/open.js';
import { pictureInput, readPreprocess } from '../../src/data/preprocess-spec.js';
import { calibrationOrder } from '../../src/data/sampling.js';
import { PixelReader } from '../../src/element/pixels.js';
import { LutraError } from '../../src/errors.js';
import { METADATA, type Preprocess } from '../../src/graph/metadata.js';
import { raiseOpset } from '../../src/graph/passes/raise-opset.js';
import { simplify } from '../../src/graph/passes/simplify.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import { parseModel } from '../../src/onnx/parse.js';
import { serializeModel, withContentHash } from '../../src/onnx/serialize.js';
import { OPERATORS } from '../../src/ops/complete.js';
import { registerOperators } from '../../src/ops/registry.js';
import { decodeWav } from '../../src/speech/wav.js';
import type {
  Converted,
  ConverterApi,
  ConvertRequest,
  ExampleFacts,
  ExampleFile,
  HeldBack,
  NetworkFacts,
  ProgressListener,
} from './protocol.js';

registerOperators(OPERATORS);

const SEED = 1;
/** Examples per batch, where the network leaves it open. */
const BATCH = 32;
/** Share of the examples that only measure, and how many are enough. */
const HELD_BACK_SHARE = 0.25;
const HELD_BACK = 200;
const pixels = new PixelReader();
const DECODERS: FileDecoders = {
  picture: (bytes, name) => pixels.open(new Blob([bytes as BlobPart]), name),
  recording: decodeWav,
};

let network: { readonly graph: Graph; readonly labels: readonly string[] | undefined } | undefined;
let examples: Dataset | undefined;
let running: AbortController | undefined;

function readLabels(json: string | undefined): readonly string[] | undefined {
  if (json === undefined) return undefined;
  const labels: unknown = JSON.parse(json);
  return Array.isArray(labels) ? labels.map(String) : undefined;
}

async function openNetwork(file: Blob, name: string): Promise<NetworkFacts> {
  const graph = parseModel(new Uint8Array(await file.arrayBuffer()));
  if (graph.nodes.some(({ domain }) => domain === 'lutra')) {
    throw new LutraError('INVALID_ARGUMENT', `${name} has been converted already`, {
      hint: 'Give the dense network that it was made from',
    });
  }
  const fed = graph.inputs.filter(({ name: input }) => !graph.initializers.has(input));
  if (fed.length !== 1) {
    throw new LutraError('UNSUPPORTED', `${name} takes ${fed.length} inputs`, {
      expected: 'one input',
      hint: 'The function convert() of lutra/convert takes several inputs by name',
    });
  }
  const input = fed[0]!;
  const sites = findSites(raiseOpset(simplify(graph)));
  if (sites.length === 0) {
    throw new LutraError('UNSUPPORTED', `${name} has no layer that could become lookups`, {
      expected: 'a Conv of one group, a Gemm or a MatMul with constant weights',
    });
  }
  const stored = graph.metadata[METADATA.preprocess];
  const labels = readLabels(graph.metadata[METADATA.labels]);
  network = { graph, labels };
  return {
    name,
    bytes: file.size,
    input: { name: input.name, type: input.type, dims: input.dims ?? [] },
    picture: pictureInput(input.dims),
    stored: stored === undefined ? undefined : readPreprocess(stored),
    labels,
    layers: sites.map((site) => ({
      name: site.node.name,
      op: site.node.op,
      dims: [site.outputChannels, site.inputChannels, ...site.window.kernel],
      role: site.first ? 'first' : site.last ? 'last' : undefined,
    })),
  };
}

async function ungzipped(file: Blob): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new LutraError('INVALID_DATA', 'a gzip file is truncated or damaged', { cause });
  }
}

const baseName = (path: string) => path.split('/').at(-1)!;

async function openExamples(files: readonly ExampleFile[]): Promise<ExampleFacts> {
  const labels = network?.labels;
  // A pack may come with its labels beside it; the largest file is the data.
  const largest = files.reduce((most, next) => (next.file.size > most.file.size ? next : most));
  const packed = /\.(zip|npz|npy|tar|tgz|gz|bin|ulaw)$|ubyte$/i.test(largest.path);
  if (packed) {
    examples = await openBytes(await ungzipped(largest.file), baseName(largest.path), {
      decoders: DECODERS,
      labels,
      async beside(name) {
        const other = files.find(({ path }) => baseName(path) === name);
        return other && ungzipped(other.file);
      },
    });
  } else {
    const encoded = files.map(({ path, file }) => ({
      path,
      read: async () => new Uint8Array(await file.arrayBuffer()),
    }));
    const root = files[0]!.path.includes('/') ? files[0]!.path.split('/')[0]! : 'the selection';
    examples = folderDataset(encoded, root, DECODERS, labels);
  }
  const { description, count, classes } = examples;
  return { description, count, classes };
}

async function* inBatches(dataset: Dataset, order: readonly number[], size: number, spec: Preprocess | undefined) {
  let samples: Sample[] = [];
  for await (const sample of dataset.samples(order)) {
    samples.push(sample);
    if (samples.length < size) continue;
    yield stack(samples, spec);
    samples = [];
  }
  if (samples.length > 0) yield stack(samples, spec);
}

async function run({ options, samples, preprocess }: ConvertRequest, onProgress: ProgressListener): Promise<Converted> {
  if (!network || !examples) {
    throw new LutraError('INVALID_ARGUMENT', 'a network and examples are needed first');
  }
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  const { graph, labels } = network;
  const dataset = examples;
  const first = graph.inputs.find(({ name }) => !graph.initializers.has(name))!.dims?.[0];
  const batch = typeof first === 'number' && first > 0 ? first : BATCH;
  const whole = (count: number) => (typeof first === 'number' ? count - (count % batch) : count);
  const held = whole(Math.min(HELD_BACK, Math.ceil(dataset.count * HELD_BACK_SHARE)));
  const order = calibrationOrder(dataset.count, dataset.labels, samples + held, seededRandom(SEED));
  const fit = order.slice(held, held + whole(order.length - held));
  if (fit.length === 0) {
    throw new LutraError('INVALID_DATA', `${dataset.description} is too little to learn from`, {
      expected: `at least ${2 * batch} examples; some hundred make a good conversion`,
      actual: String(dataset.count),
    });
  }
  const truth = (indices: readonly number[]) => dataset.labels && indices.map((index) => dataset.labels![index]!);
  const fitLabels = truth(fit);
  const metadata = {
    ...(preprocess ? { [METADATA.preprocess]: JSON.stringify(preprocess) } : {}),
    ...((labels ?? dataset.classes) ? { [METADATA.labels]: JSON.stringify(labels ?? dataset.classes) } : {}),
  };
  const { graph: converted, report } = await convert(
    graph,
    { feeds: inBatches(dataset, fit, batch, preprocess), ...(fitLabels ? { labels: fitLabels } : {}) },
    { ...options, metadata, description: dataset.description },
    { signal, onProgress },
  );
  const batches: TensorValue[] = [];
  for await (const input of inBatches(dataset, order.slice(0, held), batch, preprocess)) batches.push(input);
  const heldBack: HeldBack = { batches, labels: truth(order.slice(0, held)), count: held };
  return { bytes: new Uint8Array(serializeModel(await withContentHash(converted))), report, heldBack };
}

const api: ConverterApi = { openNetwork, openExamples, convert: run, cancel: () => running?.abort() };
expose(api);
