import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lutra } from '../../test/support/run-cli.js';
import { GraphBuilder } from '../graph/builder.js';
import { METADATA } from '../graph/metadata.js';
import { parseModel } from '../onnx/parse.js';
import { serializeModel } from '../onnx/serialize.js';
import { loadCheckpoint } from '../train/checkpoint-file.js';
import { filled, InitialWeights } from '../train/zoo/weights.js';

const SIDE = 8;
const COUNT = 48;
let folder: string;
const at = (name: string) => join(folder, name);

/** conv – norm – relu – conv – norm – relu – pool – linear over grey images of 8×8: the second convolution can become lookups. */
function network(): Uint8Array {
  const weights = new InitialWeights(1);
  const b = new GraphBuilder({ opset: 17 });
  const conv = (x: string, inputs: number, outputs: number) => {
    const y = b.node('Conv', [x, b.constant(weights.he([outputs, inputs, 3, 3]))], { pads: [1, 1, 1, 1] });
    const norm = [filled(outputs, 1), filled(outputs, 0), filled(outputs, 0), filled(outputs, 1)];
    return b.node('Relu', [b.node('BatchNormalization', [y, ...norm.map((value) => b.constant(value))])]);
  };
  const x = conv(conv(b.input('image', ['N', 1, SIDE, SIDE]), 1, 16), 16, 64);
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [x])]);
  b.output(b.node('Gemm', [flat, b.constant(weights.he([2, 64]))], { transB: 1 }), ['N', 2]);
  return serializeModel(b.build());
}

/** IDX files of images with stripes, across for class 0 and down for class 1. */
function writeStripes(name: string, labels: (i: number) => number): string {
  const images = new Uint8Array(16 + COUNT * SIDE * SIDE);
  const view = new DataView(images.buffer);
  for (const [i, value] of [0x803, COUNT, SIDE, SIDE].entries()) view.setUint32(4 * i, value);
  for (let i = 0; i < COUNT; i++)
    for (let p = 0; p < SIDE * SIDE; p++) {
      const line = i % 2 === 0 ? Math.floor(p / SIDE) : p % SIDE;
      images[16 + i * SIDE * SIDE + p] = (line % 2) * 180 + ((i * 31 + p * 17) % 60);
    }
  const classes = new Uint8Array(8 + COUNT);
  new DataView(classes.buffer).setUint32(0, 0x801);
  new DataView(classes.buffer).setUint32(4, COUNT);
  for (let i = 0; i < COUNT; i++) classes[8 + i] = labels(i);
  writeFileSync(at(`${name}-images-idx3-ubyte`), images);
  writeFileSync(at(`${name}-labels-idx1-ubyte`), classes);
  return at(`${name}-images-idx3-ubyte`);
}

let data: string;
const SMALL = ['--batch', '8', '--micro-batch', '4', '--holdout', '0.25', '--threads', '1', '--shift', '0'];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lutra-train-'));
  data = writeStripes('stripes', (i) => i % 2);
  writeFileSync(at('net.onnx'), network());
});
afterAll(() => rmSync(folder, { recursive: true }));

const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('lutra train', () => {
  it('trains a dense network and then its lookups', async () => {
    const dense = await lutra(
      ...['train', '--dense', at('net.onnx'), '--data', data, '-o', at('dense.onnx'), '--labels', 'across,down'],
      ...['--steps', '40', '--rate', '0.05', '--report', at('report.html'), '--json', ...SMALL],
    );
    expect(dense.stderr).not.toContain('error');
    const events = lines(dense.stdout);
    expect(events.at(-1)).toMatchObject({
      event: 'result',
      steps: 40,
      validation: { value: 1, n: 12 },
      atChance: false,
    });
    expect(events[0]).toMatchObject({ event: 'progress' });
    const graph = parseModel(readFileSync(at('dense.onnx')));
    expect(graph.nodes.some(({ op }) => op === 'BatchNormalization')).toBe(false);
    expect(JSON.parse(graph.metadata[METADATA.labels]!)).toEqual(['across', 'down']);
    expect(readFileSync(at('report.html'), 'utf8')).toContain('<figcaption>Loss');

    const lookup = await lutra(
      ...['train', at('dense.onnx'), '--data', data, '-o', at('lut.onnx'), '--steps', '10', '--samples', '36'],
      ...['--geometry', 'row', '--k', '16', '--converted', at('converted.onnx')],
      ...['--report', at('lookups.html'), '--keep', 'last', ...SMALL],
    );
    expect([lookup.code, lookup.stderr]).toEqual([0, expect.any(String)]);
    expect(lookup.stdout).toMatch(/accuracy on the validation set 100\.00 %/);
    // The last table of the page is the course; the one before it has a row for the only lookup layer, with an error before and after.
    const errors = /<h2>Error by layer<\/h2>.*?<tbody>(.*?)<\/tbody>/s.exec(
      readFileSync(at('lookups.html'), 'utf8'),
    )![1]!;
    const [name, ...shares] = [...errors.matchAll(/<td>([^<]*)<\/td>/g)].map((cell) => cell[1]!);
    expect(name).toMatch(/LookUp|lookup/);
    for (const share of shares) expect(Number(share)).toBeLessThan(1);
    expect(shares).toHaveLength(2);
    const [before, after] = ['converted.onnx', 'lut.onnx'].map((name) => parseModel(readFileSync(at(name))));
    expect(after!.nodes.filter(({ domain }) => domain === 'lutra').map(({ op }) => op)).toEqual(['Encode', 'LookUp']);
    expect(after!.nodes).toEqual(before!.nodes);
    expect(after!.initializers).not.toEqual(before!.initializers);

    const further = await lutra(
      ...['train', at('lut.onnx'), '--teacher', at('dense.onnx'), '--data', data, '-o', at('better.onnx')],
      ...['--steps', '2', '--encoder', 'learned', '--loss', 'labels', '--json', ...SMALL],
    );
    const told = lines(further.stdout);
    expect(told[0]).toEqual({ event: 'start', validation: { value: 1, n: 12, loss: expect.any(Number) } });
    expect(told[1].event).toBe('progress');
    expect(Object.keys(told[1].temperatures)).toHaveLength(1);
  });

  it('warns when a dense network has learned nothing', async () => {
    const unlearned = await lutra(
      ...[
        'train',
        '--dense',
        at('net.onnx'),
        '--data',
        writeStripes('rare', (i) => (i < 4 ? 1 : 0)),
        '-o',
        at('nothing.onnx'),
      ],
      ...['--labels', 'across,down', '--steps', '1', '--rate', '0.000001', '--json', ...SMALL],
    );
    expect(unlearned.code).toBe(0);
    expect(lines(unlearned.stdout).at(-1)).toMatchObject({ event: 'result', atChance: true });
    expect(unlearned.stderr).toMatch(/warning: .*most common class/);
  });

  it('writes the conversion where training is not better, and says so', async () => {
    writeFileSync(at('untrained.onnx'), network());
    const argv = [
      ...[
        'train',
        at('untrained.onnx'),
        '--data',
        data,
        '--steps',
        '8',
        '--rate',
        '10',
        '--samples',
        '36',
        '--labels',
        'a,b',
      ],
      ...['--geometry', 'row', '--k', '16', '--converted', at('before.onnx'), ...SMALL],
    ];
    const { code, stdout, stderr } = await lutra(...argv, '-o', at('spoilt.onnx'), '--report', at('spoilt.html'));
    expect([code, stdout]).toEqual([0, expect.stringMatching(/wrote the network as it was before training/)]);
    expect(stderr).toMatch(/before training +validation .* same answer .* loss/);
    expect(readFileSync(at('spoilt.onnx'))).toEqual(readFileSync(at('before.onnx')));
    expect(readFileSync(at('spoilt.html'), 'utf8')).toMatch(/<dt>wrote<\/dt><dd>the network as it was/);

    const last = await lutra(...argv, '-o', at('spoilt.onnx'), '--keep', 'last', '--json');
    const result = lines(last.stdout).at(-1);
    expect(result).toMatchObject({ kept: 8, unchanged: false });
    expect(result.validation.loss).toBeGreaterThan(result.start.loss);
    const blind = await lutra(...argv, '-o', at('spoilt.onnx'), '--holdout', '0');
    expect(blind.stderr).toMatch(/there is no validation set/);
  }, 60_000);

  it('stops at Ctrl-C with a checkpoint and goes on from it', async () => {
    const argv = ['train', '--dense', at('net.onnx'), '--data', data, '-o', at('stopped.onnx'), '--json', ...SMALL];
    const script = `import { main } from './src/cli/main.ts'; process.exitCode = await main(process.argv.slice(1));`;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script, '--', ...argv, '--epochs', '100000'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    // A first line of progress means that training is under way.
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    expect(errors).toMatch(/ABORTED.*--resume/s);
    expect(existsSync(at('stopped.onnx'))).toBe(false);
    const { step } = (await loadCheckpoint(at('stopped.onnx.checkpoint'))).state;
    expect(step).toBeGreaterThan(0);

    const resumed = await lutra(...argv, '--steps', String(step + 3), '--resume');
    expect(lines(resumed.stdout).at(-1)).toMatchObject({ event: 'result', steps: step + 3 });
    const other = await lutra(
      ...['train', '--dense', 'image32', '--data', data, '-o', at('other.onnx'), '--steps', '1', '--resume'],
      ...['--checkpoint', at('stopped.onnx.checkpoint'), ...SMALL],
    );
    expect(other.stderr).toMatch(/belongs to another network/);
  }, 120_000);

  it('starts from the weights of another training, with a schedule of its own', async () => {
    const argv = ['train', '--dense', 'image32', '--data', data, '--steps', '1', ...SMALL];
    const first = at('first.onnx');
    await lutra(...argv, '-o', first);
    const second = await lutra(...argv, '-o', at('second.onnx'), '--rate', '0', '--from', `${first}.checkpoint`);
    expect(second.code).toBe(0);
    const [before, after] = await Promise.all(
      ['first', 'second'].map(async (name) => (await loadCheckpoint(at(`${name}.onnx.checkpoint`))).state),
    );
    expect(after!.step).toBe(1);
    expect(after!.values.get('stage1.conv.weight')).toEqual(before!.values.get('stage1.conv.weight'));
    const unlike = await lutra(...argv, '-o', at('third.onnx'), '--from', at('stopped.onnx.checkpoint'));
    expect([unlike.code, unlike.stderr]).toEqual([1, expect.stringContaining('of another network')]);
  }, 60_000);

  it('names wrong usage', async () => {
    const cases: [string, ...string[]][] = [
      ['give either a model'],
      ['give either a model', at('net.onnx'), '--dense', 'image32'],
      ['--out is missing', '--dense', 'image32'],
      [
        'exclude each other',
        '--dense',
        'image32',
        '-o',
        at('x.onnx'),
        '--data',
        data,
        '--steps',
        '1',
        '--minutes',
        '2',
      ],
      ['--from continues', at('net.onnx'), '-o', at('x'), '--data', data, '--from', at('y')],
      ['does not divide', '--dense', 'image32', '-o', at('x'), '--data', data, '--batch', '10', '--micro-batch', '4'],
      ['leave --teacher out', at('net.onnx'), '-o', at('x'), '--data', data, '--teacher', at('net.onnx')],
      ['--data is missing', '--dense', 'image32', '-o', at('x')],
    ];
    for (const [message, ...argv] of cases) {
      const { code, stderr } = await lutra('train', ...argv);
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  });

  it('names what is wrong with networks, data and checkpoints', async () => {
    const one = writeStripes('one', () => 1);
    const wild = writeStripes('wild', (i) => (i === 7 ? 9 : i % 2));
    const cases: [string, ...string[]][] = [
      ['there is no network "resnet"', '--dense', 'resnet', '--data', data],
      ['same label', '--dense', at('net.onnx'), '--data', one],
      ['not a class of the model', '--dense', at('net.onnx'), '--data', wild, '--labels', 'across,down'],
      ['cannot be read', '--dense', at('net.onnx'), '--data', at('nothing')],
      ['cannot be read', '--dense', at('net.onnx'), '--data', data, '--resume'],
      ['not a recording', '--dense', 'keywords', '--data', data],
    ];
    for (const [message, ...argv] of cases) {
      const { code, stderr } = await lutra('train', ...argv, '-o', at('never.onnx'), '--steps', '1', ...SMALL);
      expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    }
    const { code, stderr } = await lutra('train', '--dense', 'image32', '--data', data, '-o', at('none/x.onnx'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('cannot be written')]);
  });

  it('keeps a checkpoint through a training that diverges or cannot be written, and says where', async () => {
    const argv = ['train', '--dense', at('net.onnx'), '--data', data, '--labels', 'a,b', ...SMALL];
    const out = at('kept.onnx');
    const fresh = await lutra(...argv, '-o', out, '--steps', '2', '--rate', '1e40');
    expect([fresh.code, fresh.stderr]).toEqual([
      1,
      expect.stringMatching(/DIVERGED\): the training diverged at step 1/),
    ]);
    expect(fresh.stderr).not.toContain('checkpoint');
    expect([existsSync(out), existsSync(`${out}.checkpoint`)]).toEqual([false, false]);

    await lutra(...argv, '-o', out, '--steps', '2');
    const good = readFileSync(`${out}.checkpoint`);
    const spoilt = await lutra(...argv, '-o', out, '--steps', '4', '--rate', '1e40', '--resume');
    expect([spoilt.code, spoilt.stderr]).toEqual([
      1,
      expect.stringMatching(/step 3.*kept\.onnx\.checkpoint; choose a lower --rate/),
    ]);
    expect(readFileSync(`${out}.checkpoint`)).toEqual(good);

    // A folder in the place of the model cannot be replaced by it.
    mkdirSync(at('taken'));
    writeFileSync(at('taken/file'), '');
    const full = await lutra(...argv, '-o', at('taken'), '--checkpoint', at('taken.checkpoint'), '--steps', '2');
    expect([full.code, full.stderr]).toEqual([
      1,
      expect.stringMatching(/cannot be written.*taken\.checkpoint; make room/),
    ]);
    rmSync(at('taken'), { recursive: true });
    const again = await lutra(
      ...argv,
      '-o',
      at('taken'),
      '--checkpoint',
      at('taken.checkpoint'),
      '--steps',
      '2',
      '--resume',
    );
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('2 updates')]);
  });

  it('shows an example in its help', async () => {
    expect((await lutra('train', '--help')).stdout).toMatch(/\$ lutra train --dense image32 --data/);
  });
});
