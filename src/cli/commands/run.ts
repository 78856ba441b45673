import { readFile } from 'node:fs/promises';
import { recordingInput } from '../../data/batches.js';
import { decodeImage } from '../../data/node-decode.js';
import { isNpy, isZip, parseNpy, parseNpz, serializeNpy, serializeNpz } from '../../data/npy.js';
import { preprocess } from '../../data/preprocess.js';
import { toProbabilities } from '../../element/scores.js';
import type { StepProfile } from '../../engine/types.js';
import { LutraError } from '../../errors.js';
import { formatType } from '../../graph/tensor.js';
import type { TensorValue } from '../../graph/types.js';
import type { InferenceSession } from '../../index.js';
import { type Given, integer, text, toggle } from '../../option-schema.js';
import type { TensorLike } from '../../session/types.js';
import { decodeWav } from '../../speech/wav.js';
import { defineCommand, UsageError } from '../command.js';
import { writeOutput } from '../files.js';
import { type Latency, measure } from '../latency.js';
import { ENGINE_OPTIONS, sessionFacts, withSession } from '../model.js';
import { formatMilliseconds, formatTable, print, printJson } from '../output.js';
import { modelPreprocess, PREPROCESS_OPTIONS, resolveLabels } from '../preprocess-flags.js';
import { Progress } from '../progress.js';
import { readScores } from '../scores.js';

type Feeds = Record<string, TensorValue>;

/** One class of the answer, most probable first. */
interface Answer {
  readonly index: number;
  readonly label?: string;
  readonly probability: number;
}

/** Reads an image, a WAV recording, a .npy (the first input) or a .npz (inputs by name). */
async function readFeeds(
  path: string,
  values: Given<typeof PREPROCESS_OPTIONS>,
  session: InferenceSession,
): Promise<{ feeds: Feeds; example: boolean }> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new LutraError('INVALID_DATA', `${path} cannot be read: ${cause.message}`, { cause });
  });
  const first = session.inputNames[0]!;
  if (isNpy(bytes)) return { feeds: { [first]: parseNpy(bytes, path) }, example: false };
  if (isZip(bytes)) return { feeds: Object.fromEntries(parseNpz(bytes, path)), example: false };
  const spec = modelPreprocess(values, sessionFacts(session));
  if (!spec) {
    throw new LutraError('INVALID_DATA', `the model takes neither images nor sound`, {
      expected: `.npy or .npz with ${session.inputMetadata.map(({ name, type, dims }) => `${name} ${type}[${dims}]`).join(', ')}`,
      actual: path,
    });
  }
  if (spec.kind === 'audio') {
    return { feeds: { [first]: recordingInput([decodeWav(bytes, path)], spec) }, example: true };
  }
  const image = await decodeImage(bytes, path);
  return { feeds: { [first]: preprocess([image], spec) }, example: true };
}

function topClasses(output: TensorLike, name: string, labels: readonly string[] | undefined, count: number): Answer[] {
  return Array.from(toProbabilities(readScores(output, 1, name).values))
    .map((probability, index) => {
      const label = labels?.[index];
      return label === undefined ? { index, probability } : { index, label, probability };
    })
    .sort((a, b) => b.probability - a.probability || a.index - b.index)
    .slice(0, count);
}

async function writeOutputs(path: string, outputs: Readonly<Record<string, TensorLike>>): Promise<void> {
  const entries = Object.entries(outputs);
  if (!path.endsWith('.npz') && entries.length > 1) {
    throw new LutraError('INVALID_ARGUMENT', 'the model has several outputs, and .npy holds one', {
      hint: 'Write to a .npz file',
    });
  }
  const bytes = path.endsWith('.npz') ? serializeNpz(entries) : serializeNpy(entries[0]![1]);
  await writeOutput(path, bytes);
}

/** "logits float32[1,10] min −3.1 max 8.2", for outputs that are not written anywhere. */
function summarize(name: string, output: TensorLike): string {
  const values = Array.from(output.data as ArrayLike<number | bigint | string>, Number);
  const range = values.reduce(([low, high], x) => [Math.min(low!, x), Math.max(high!, x)], [Infinity, -Infinity]);
  return `${name} ${formatType(output)} min ${range[0]} max ${range[1]}`;
}

function profileTable(steps: readonly StepProfile[]): string {
  const total = steps.reduce((sum, step) => sum + step.milliseconds, 0);
  const rows = steps.map((step) => [
    step.node,
    step.op,
    step.kernel,
    step.milliseconds.toFixed(3),
    `${((100 * step.milliseconds) / total).toFixed(1)} %`,
  ]);
  rows.push(['total', '', '', total.toFixed(3), '']);
  return formatTable(['layer', 'operator', 'kernel', 'ms', 'share'], rows, [false, false, false, true, true]);
}

function latencyLine({ runs, min, p50, p90 }: Latency): string {
  return `latency p50 ${formatMilliseconds(p50)}, p90 ${formatMilliseconds(p90)}, min ${formatMilliseconds(min)} (${runs} runs)`;
}

export const runCommand = defineCommand({
  positionals: ['<model.onnx>', '<image|recording.wav|input.npy|inputs.npz>'],
  options: {
    out: text('-o, --out <file>', 'write the outputs to a .npy or .npz file'),
    top: integer('--top <n>', 'number of classes to print', { min: 1, default: 5 }),
    repeat: integer('--repeat <n>', 'run n times after a warm-up and report the latency', { min: 1, max: 1_000_000 }),
    profile: toggle('--profile', 'print the time of every layer'),
    ...PREPROCESS_OPTIONS,
    ...ENGINE_OPTIONS,
  },
  examples: [
    'lutra run cifar10.lut.onnx frog.jpg',
    'lutra run cifar10.lut.onnx frog.jpg --repeat 100 --threads 1 --profile',
    'lutra run keywords.lut.onnx yes.wav',
    'lutra run net.onnx input.npy -o output.npy',
  ],

  async run(values, modelPath, inputPath) {
    const { out, top, repeat, json } = values;
    if (out !== undefined && !/\.np[yz]$/.test(out)) throw new UsageError('--out must end in .npy or .npz');
    await withSession(modelPath, values, async (session) => {
      const labels = await resolveLabels(values, sessionFacts(session));
      const { feeds, example } = await readFeeds(inputPath, values, session);
      const outputs = await session.run(feeds);
      const first = session.outputNames[0]!;
      const answers = example && !out ? topClasses(outputs[first]!, first, labels, top) : undefined;
      if (out) await writeOutputs(out, outputs);

      let latency: Latency | undefined;
      if (repeat) {
        const progress = new Progress('measuring');
        const time = (runs: number) => session.time(feeds, runs);
        latency = await measure(time, repeat, (share) => progress.update(share)).finally(() => progress.clear());
      }
      const profile = values.profile ? await session.profile(feeds) : undefined;
      if (json) {
        const { threads, wasm, modelBytes } = session.info;
        const shapes = Object.entries(outputs).map(([name, { type, dims }]) => [name, { type, dims }]);
        const facts = { latency_ms: latency, profile, threads, wasm, model_bytes: modelBytes };
        printJson({ outputs: Object.fromEntries(shapes), top: answers, ...facts });
        return;
      }
      if (answers) {
        for (const { index, label = `class ${index}`, probability } of answers)
          print(`${(100 * probability).toFixed(2).padStart(6)} %  ${label}`);
      } else {
        for (const [name, output] of Object.entries(outputs))
          print(out ? `${name} ${formatType(output)} → ${out}` : summarize(name, output));
      }
      if (latency) print(`${latencyLine(latency)}, ${session.info.threads} thread(s), wasm ${session.info.wasm}`);
      if (profile) print(`\n${profileTable(profile)}`);
    });
  },
});
