/** Trained networks of ../shared, dense and converted, against onnxruntime. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from '../src/convert/index.js';
import { LutraError } from '../src/errors.js';
import { parseModel } from '../src/onnx/parse.js';
import { checkConverted, noiseFeeds } from '../test/converted-model.js';
import { type CheckOptions, checkModel } from '../test/model-check.js';
import { generator } from '../test/random-graph.js';

const FOLDER = '../shared/data/onnx-models';
/** What a network's own structure asks of its symbolic sizes. */
const OPTIONS: Readonly<Record<string, CheckOptions>> = {
  'oww_melspectrogram.onnx': { shapes: { input: [1, 16000] } },
  'ppocr_mobile_v2_cls.onnx': { shapes: { x: [1, 3, 48, 192] } },
  'ppocr_v3_det.onnx': { shapes: { x: [1, 3, 96, 128] } },
  'silero_vad_16k_op15.onnx': { shapes: { input: [1, 576], state: [2, 1, 128], sr: [] }, fills: { sr: 16000 } },
};
const CONVERTED = [
  'resnet20_cifar10',
  'resnet56_cifar10',
  'mlperf_tiny_kws_dscnn',
  'mlperf_tiny_resnet8_cifar10',
  'mlperf_tiny_vww_mobilenetv1_025',
  'mlperf_tiny_ad_autoencoder',
  'yunet_n_320',
  'ultraface_rfb_320',
  'yolox_nano',
  'vit_cifar10_pgd_2_3_16',
];
/** Few examples and one geometry: the test compares arithmetic, not accuracy. */
const EXAMPLES = 8;
const OUTPUT_TOLERANCE = 1e-4;

export interface ModelVerdict {
  readonly name: string;
  readonly matched: boolean;
  readonly detail: string;
}

async function dense(file: string): Promise<ModelVerdict> {
  const { ok, max_rel_error, error } = await checkModel(readFileSync(join(FOLDER, file)), OPTIONS[file]);
  return { name: file, matched: ok, detail: error ? `${error.code}: ${error.message}` : `${max_rel_error}` };
}

async function converted(name: string): Promise<ModelVerdict> {
  const label = `${name}, converted`;
  try {
    const graph = parseModel(readFileSync(join(FOLDER, `${name}.onnx`)));
    const random = generator(4);
    // A network of one image at a time gets two.
    const single = typeof graph.inputs[0]!.dims?.[0] === 'number';
    const feeds = Array.from({ length: single ? 2 : 1 }, () => noiseFeeds(graph, random, EXAMPLES));
    const { graph: lookup } = await convert(
      graph,
      { feeds },
      {
        layers: 'all',
        centroids: 16,
        geometry: { conv: { kind: 'row', channels: 1 }, pointwise: 4, linear: 16 },
      },
    );
    const { wrongCodes, wrongSums, outputError, flippedCodes, codes } = await checkConverted(
      lookup,
      noiseFeeds(lookup, random),
    );
    return {
      name: label,
      matched: wrongCodes === 0 && wrongSums === 0 && outputError <= OUTPUT_TOLERANCE,
      detail:
        `${wrongCodes} wrong codes, ${wrongSums} wrong sums, outputs within ${outputError}; ` +
        `on their own ${flippedCodes} of ${codes} codes differ`,
    };
  } catch (thrown) {
    return { name: label, matched: false, detail: LutraError.from(thrown).message };
  }
}

/** One verdict per network; none if the networks are missing. */
export async function* checkModels(): AsyncGenerator<ModelVerdict> {
  if (!existsSync(FOLDER)) return;
  const files = (readdirSync(FOLDER, { recursive: true }) as string[]).filter((file) => file.endsWith('.onnx')).sort();
  for (const file of files) yield await dense(file);
  for (const name of CONVERTED) yield await converted(name);
}
