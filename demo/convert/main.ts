import type { ConvertProgress, TradeOffPoint } from '../../src/convert/types.js';
import { LutraError } from '../../src/index.js';
import { byId, html } from '../shared/dom.js';
import { listenForDrops } from '../shared/drops.js';
import { counted, formatBytes, formatPercent } from '../shared/format.js';
import { problemView } from '../shared/problem.js';
import { saveFile } from '../shared/save.js';
import { mountThemeToggle } from '../shared/theme.js';
import { Converter } from './client.js';
import { compare } from './compare.js';
import { chosenFiles, droppedFiles, isNetworkFile } from './files.js';
import { LayerTable } from './layers.js';
import { readOptions, showOptions } from './options.js';
import { PreprocessForm } from './preprocess.js';
import type { ExampleFacts, ExampleFile, NetworkFacts } from './protocol.js';
import { resultView } from './result.js';

mountThemeToggle(byId<HTMLButtonElement>('theme'));

const converter = new Converter();
const preprocess = new PreprocessForm(byId('preprocess'));
const layers = new LayerTable(byId('layers'));
const options = byId('options');
const convertButton = byId<HTMLButtonElement>('convert');
const cancelButton = byId<HTMLButtonElement>('cancel');
const announcement = byId('announcement');
showOptions(options);

let dense: { readonly facts: NetworkFacts; readonly file: Blob } | undefined;
let examples: { readonly facts: ExampleFacts; readonly files: readonly ExampleFile[] } | undefined;
let running: AbortController | undefined;
/** The converted network, ready to be saved. */
let model: { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;

function remark(where: HTMLElement, words: string): void {
  where.replaceChildren(html('p', { class: 'remark' }, words));
}

/** Removes the earlier result: it does not belong to the new network or examples. */
function forgetResult(): void {
  running?.abort();
  byId('result-panel').hidden = true;
  byId('work').replaceChildren();
  model = undefined;
  layers.reset();
}

function showReadiness(): void {
  convertButton.disabled = !dense || !examples || running !== undefined;
  byId('step-examples').classList.toggle('waiting', !dense);
  byId('step-convert').classList.toggle('waiting', !dense || !examples);
}

async function takeNetwork(file: Blob, name: string): Promise<void> {
  forgetResult();
  const where = byId('network-facts');
  remark(where, `Reading ${name} …`);
  try {
    const facts = await converter.openNetwork(file, name);
    dense = { facts, file };
    const { input } = facts;
    remark(
      where,
      `${facts.name}, ${formatBytes(facts.bytes)}: takes ${input.type}[${input.dims.join(', ')}], ${counted(facts.layers.length, 'layer')} can become lookups.`,
    );
    preprocess.show(facts);
    layers.show(facts);
    byId('layers-panel').hidden = false;
    // Class names of the network decide how folders are read.
    if (examples) await takeExamples(examples.files);
  } catch (thrown) {
    dense = undefined;
    byId('layers-panel').hidden = true;
    byId('preprocess').replaceChildren();
    where.replaceChildren(problemView(thrown));
  }
  showReadiness();
}

async function takeExamples(files: readonly ExampleFile[]): Promise<void> {
  forgetResult();
  const where = byId('example-facts');
  remark(where, `Looking through ${counted(files.length, 'file')} …`);
  try {
    const facts = await converter.openExamples(files);
    examples = { facts, files };
    const { classes, description } = facts;
    remark(
      where,
      classes
        ? `${description}: ${classes.slice(0, 12).join(', ')}${classes.length > 12 ? ' …' : ''}.`
        : `${description}, without classes.`,
    );
  } catch (thrown) {
    examples = undefined;
    where.replaceChildren(problemView(thrown));
  }
  showReadiness();
}

/** Files from anywhere: networks by their name, all else examples. */
async function take(files: readonly ExampleFile[]): Promise<void> {
  const network = files.find(isNetworkFile);
  const others = files.filter((file) => !isNetworkFile(file));
  if (network) await takeNetwork(network.file, network.path.split('/').at(-1)!);
  if (others.length > 0) await takeExamples(others);
}

function showProgress({ stage, layer, index, layers: count, fraction, relativeError }: ConvertProgress): void {
  const bar = byId('work').querySelector('progress');
  const words = byId('work').querySelector('span');
  if (!bar || !words) return;
  // Fitting a layer takes several passes, each of which counts from 0 again; the bar only moves forward.
  if (stage === 'layer') bar.value = Math.max(bar.value, (index + fraction) / count);
  words.textContent =
    stage === 'calibrate'
      ? 'Reading the examples …'
      : stage === 'survey'
        ? 'Comparing forms of every layer …'
        : stage === 'layer'
          ? `Layer ${index + 1} of ${count}: ${layer}`
          : 'Running the converted network …';
  if (layer !== undefined && relativeError !== undefined) layers.error(layer, relativeError);
}

/** @param point of an earlier plan's curve, to convert to that */
async function convert(point?: TradeOffPoint): Promise<void> {
  if (!dense) return;
  const { facts, file } = dense;
  forgetResult();
  const mine = new AbortController();
  running = mine;
  mine.signal.addEventListener('abort', () => converter.cancel());
  const where = byId('work');
  where.replaceChildren(
    html(
      'div',
      { class: 'loading' },
      html('progress', { max: 1, value: 0, 'aria-label': 'Conversion' }),
      html('span', {}),
    ),
  );
  layers.disabled = true;
  cancelButton.hidden = false;
  showReadiness();
  try {
    const { options: chosen, samples } = readOptions(options);
    // The same plan again, with the time of the point as its limit, has the point as its most accurate network.
    const { maxDrop, ...rest } = chosen;
    const goal = point ? { ...rest, speedup: Math.max(1, point.speedup) } : chosen;
    const request = { options: { ...goal, layers: layers.ticked }, samples, preprocess: preprocess.read() };
    const { bytes, report, heldOut } = await converter.convert(request, showProgress);
    mine.signal.throwIfAborted();
    layers.report(report);
    remark(where, 'Comparing the two networks …');
    const original = new Uint8Array(await file.arrayBuffer());
    const comparison = await compare(original, bytes, heldOut, mine.signal);
    mine.signal.throwIfAborted();
    where.replaceChildren();
    byId('result').replaceChildren(
      resultView(report, comparison, { dense: original.length, lut: bytes.length }, (next) => void convert(next)),
    );
    model = { name: `${facts.name.replace(/\.onnx$/i, '')}.lut.onnx`, bytes };
    byId('result-panel').hidden = false;
    const same = comparison.agreement === undefined ? '' : `, ${formatPercent(comparison.agreement)} the same answers`;
    announcement.textContent = `Converted ${counted(report.totals.converted, 'layer')}${same}.`;
    byId('result-title').focus();
  } catch (thrown) {
    if (mine.signal.aborted || LutraError.from(thrown).code === 'ABORTED') remark(where, 'Stopped.');
    else where.replaceChildren(problemView(thrown));
  } finally {
    if (running === mine) running = undefined;
    layers.disabled = false;
    cancelButton.hidden = true;
    showReadiness();
  }
}

function onChoice(id: string, then: (files: readonly ExampleFile[]) => void): void {
  const input = byId<HTMLInputElement>(id);
  input.addEventListener('change', () => {
    const files = input.files ? chosenFiles(input.files) : [];
    if (files.length > 0) then(files);
    // Choosing the same file again must count as a choice.
    input.value = '';
  });
}

onChoice('network-file', ([first]) => void takeNetwork(first!.file, first!.path));
onChoice('example-files', (files) => void takeExamples(files));
onChoice('example-folder', (files) => void takeExamples(files));
byId('ours').addEventListener('click', () => {
  void (async () => {
    try {
      const response = await fetch(new URL('../models/cifar10.onnx', document.baseURI));
      if (!response.ok)
        throw new LutraError('LOAD_FAILED', `the network of this site answered HTTP ${response.status}`);
      await takeNetwork(await response.blob(), 'cifar10.onnx');
    } catch (thrown) {
      byId('network-facts').replaceChildren(problemView(thrown));
    }
  })();
});
byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  void convert();
});
byId('save').addEventListener('click', () => {
  if (model) saveFile(model.name, new Blob([model.bytes], { type: 'application/octet-stream' }));
});
cancelButton.addEventListener('click', () => running?.abort());
listenForDrops((transfer) => {
  droppedFiles(transfer).then(take, (thrown: unknown) => byId('example-facts').replaceChildren(problemView(thrown)));
});
showReadiness();
