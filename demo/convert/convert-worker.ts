/** Worker of the page: everything that takes long happens here, and nothing leaves the machine. */
import { expose } from '../../src/comlink.js';
import { findDenseLayers } from '../../src/convert/dense-layers.js';
import { convert } from '../../src/convert/index.js';
import { seededRandom } from '../../src/convert/random.js';
import { calibrationFeeds, datasetSource } from '../../src/data/calibration-feeds.js';
import type { Dataset } from '../../src/data/dataset.js';
import { type FileDecoders, folderDataset } from '../../src/data/folder.js';
import { openBytes } from '../../src/data/open.js';
import { imageInput, readPreprocess } from '../../src/data/preprocess-spec.js';
import { PixelReader } from '../../src/element/pixels.js';
import { LutraError } from '../../src/errors.js';
import { METADATA } from '../../src/graph/metadata.js';
import { raiseOpset } from '../../src/graph/passes/raise-opset.js';
import { simplify } from '../../src/graph/passes/simplify.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import { parseModel } from '../../src/onnx/parse.js';
import { serializeModel, withContentHash } from '../../src/onnx/serialize.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';
import { decodeWav } from '../../src/speech/wav.js';
import type {
  Converted,
  ConverterApi,
  ConvertRequest,
  ExampleFacts,
  ExampleFile,
  NetworkFacts,
  ProgressListener,
} from './protocol.js';

const SEED = 1;
/** Share of the examples that only measure, and how many are enough. */
const HELD_OUT_SHARE = 0.25;
const HELD_OUT = 200;
const pixels = new PixelReader();
const DECODERS: FileDecoders = {
  image: (bytes, name) => pixels.open(new Blob([bytes as BlobPart]), name),
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
  const layers = findDenseLayers(raiseOpset(simplify(graph, COMPLETE_OPERATORS), COMPLETE_OPERATORS));
  if (layers.length === 0) {
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
    image: imageInput(input.dims),
    stored: stored === undefined ? undefined : readPreprocess(stored),
    labels,
    layers: layers.map((layer) => ({
      name: layer.node.name,
      op: layer.node.op,
      dims: [layer.outputChannels, layer.inputChannels, ...layer.window.kernel],
      role: layer.first ? 'first' : layer.last ? 'last' : undefined,
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

async function run({ options, samples, preprocess }: ConvertRequest, onProgress: ProgressListener): Promise<Converted> {
  if (!network || !examples) {
    throw new LutraError('INVALID_ARGUMENT', 'a network and examples are needed first');
  }
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  const { graph, labels } = network;
  const dataset = examples;
  const { calibration, heldOut } = calibrationFeeds(datasetSource(dataset, preprocess), {
    samples,
    random: seededRandom(SEED),
    batch: graph.inputs.find(({ name }) => !graph.initializers.has(name))!.dims?.[0],
    heldOut: Math.min(HELD_OUT, Math.ceil(dataset.count * HELD_OUT_SHARE)),
  });
  if (calibration.count === 0) {
    throw new LutraError('INVALID_DATA', `${dataset.description} is too little to learn from`, {
      expected: 'some hundred examples, and at least two batches of the network',
      actual: String(dataset.count),
    });
  }
  const metadata = {
    ...(preprocess ? { [METADATA.preprocess]: JSON.stringify(preprocess) } : {}),
    ...((labels ?? dataset.classes) ? { [METADATA.labels]: JSON.stringify(labels ?? dataset.classes) } : {}),
  };
  const { graph: converted, report } = await convert(
    graph,
    calibration,
    { ...options, metadata, description: dataset.description },
    { signal, onProgress },
  );
  const batches: TensorValue[] = [];
  for await (const input of heldOut.feeds) batches.push(input);
  return {
    bytes: new Uint8Array(serializeModel(await withContentHash(converted))),
    report,
    heldOut: { batches, labels: heldOut.labels, count: heldOut.count },
  };
}

const api: ConverterApi = { openNetwork, openExamples, convert: run, cancel: () => running?.abort() };
expose(api);
