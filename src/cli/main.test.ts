import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lutra, type Outcome } from '../../test/support/run-cli.js';
import { parseNpy, serializeNpy } from '../data/npy.js';
import { GraphBuilder } from '../graph/builder.js';
import { parseModel } from '../onnx/parse.js';
import { serializeModel } from '../onnx/serialize.js';

const LABELS = ['red', 'green', 'blue'];
let folder: string;
const at = (name: string) => join(folder, name);

/** Runs the command in a process of its own, from source. */
function spawnLutra(...argv: string[]): Outcome {
  const script = `import { main } from './src/cli/main.ts'; process.exitCode = await main(process.argv.slice(1));`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, '--', ...argv];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { code: status ?? -1, stdout, stderr };
}

/** Answers with the mean of each channel: a red image is class 0. */
function colourModel(batch: number | string = 'N'): Uint8Array {
  const b = new GraphBuilder();
  const pooled = b.node('GlobalAveragePool', [b.input('image', [batch, 3, 4, 4])]);
  b.output(b.node('Flatten', [pooled], { axis: 1 }, { outputs: ['scores'] }), [batch, 3]);
  return serializeModel(b.build());
}

/** conv – relu – conv – relu – pool – linear with fixed pseudo-random weights: the middle convolution can be converted. */
function smallNetwork(): Uint8Array {
  const b = new GraphBuilder();
  const weights = (dims: number[]) =>
    b.floats(
      dims,
      Array.from({ length: dims.reduce((x, y) => x * y) }, (_, i) => Math.sin(i * 12.9898) * 0.4),
    );
  const pads = { pads: [1, 1, 1, 1] };
  let x = b.node('Conv', [b.input('image', ['N', 3, 8, 8]), weights([8, 3, 3, 3])], pads, { name: 'stem' });
  x = b.node('Relu', [x]);
  x = b.node('Relu', [b.node('Conv', [x, weights([16, 8, 3, 3])], pads, { name: 'middle' })]);
  x = b.node('Flatten', [b.node('GlobalAveragePool', [x])]);
  b.output(b.node('Gemm', [x, weights([16, 3])], {}, { outputs: ['scores'] }), ['N', 3]);
  return serializeModel(b.build());
}

async function image(red: number, green: number, blue: number, side = 4): Promise<Buffer> {
  const background = { r: red, g: green, b: blue };
  return sharp({ create: { width: side, height: side, channels: 3, background } })
    .png()
    .toBuffer();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lutra-cli-'));
  writeFileSync(at('colour.onnx'), colourModel());
  writeFileSync(at('small.onnx'), smallNetwork());
  writeFileSync(at('page.onnx'), '<!DOCTYPE html><title>404</title>');
  writeFileSync(
    at('noise.onnx'),
    Uint8Array.from({ length: 999 }, (_, i) => (i * 31) % 256),
  );
  for (const label of LABELS) mkdirSync(at(`set/${label}`), { recursive: true });
  for (let i = 0; i < 12; i++) {
    const colour = [0, 1, 2].map((c) => (c === i % 3 ? 200 + i : i * 7)) as [number, number, number];
    // One of the twelve lies in a wrong folder.
    const label = LABELS[i === 11 ? 0 : i % 3]!;
    writeFileSync(at(`set/${label}/${i}.png`), await image(...colour, 8));
  }
  writeFileSync(at('blue.png'), await image(10, 20, 240));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('usage', () => {
  it('explains itself', async () => {
    const { code, stdout } = await lutra('--help');
    expect(code).toBe(0);
    for (const name of ['convert', 'run', 'eval', 'inspect']) {
      expect(stdout).toContain(name);
      const help = await lutra(name, '--help');
      expect(help.code).toBe(0);
      expect(help.stdout).toMatch(new RegExp(`Examples\\n {2}\\$ lutra ${name} `));
    }
    expect((await lutra('help', 'run')).stdout).toBe((await lutra('run', '-h')).stdout);
    expect((await lutra('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], /no command given/],
    [['evl'], /unknown command 'evl'\n\(Did you mean eval\?\)/],
    [['eval'], /missing required argument 'model.onnx'/],
    [['eval', 'm.onnx', '--nope'], /unknown option '--nope'/],
    [['eval', 'm.onnx'], /--data is missing/],
    [['eval', 'm.onnx', '--data', 'd', '--limit', '-3'], /--limit.*'-3' is invalid. Expected: an integer/],
    [
      ['eval', 'm.onnx', '--data', 'd', '--threads', 'many'],
      /--threads.*'many' is invalid. Expected: an integer of at least 1 and at most 64/,
    ],
    [['run', 'm.onnx', 'in.png', '--out', 'out.txt'], /must end in .npy or .npz/],
    [['convert', 'm.onnx', '--calibration', 'd'], /--out is missing/],
  ])('%j is wrong usage', async (argv, message) => {
    const { code, stdout, stderr } = await lutra(...argv);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  it('knows the former spelling of --optimize', async () => {
    for (const argv of [['--optimise', 'fast'], ['--optimise=fast']]) {
      const { code, stderr } = await lutra('convert', 'm.onnx', ...argv);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/--optimize.*'fast' is invalid. Expected: balanced/)]);
    }
  });

  it('reports wrong usage as JSON, too', async () => {
    const { code, stdout } = await lutra('eval', 'm.onnx', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([
      2,
      { error: { code: 'USAGE', message: '--data is missing: give the data set to measure on' } },
    ]);
  });

  it('checks flags against the model', async () => {
    for (const [flags, message] of [
      [['--size', '9x9'], /--size 9x9 does not fit the model/],
      [['--size', 'big'], /--size must be like/],
      [['--grey'], /--grey does not fit the model/],
      [['--mean', '1,2'], /--mean needs 1 or 3 numbers, got 2/],
      [['--std', '0'], /--std must be greater than 0/],
      [['--scale', '0'], /--scale.*'0' is invalid. Expected: a number of more than 0/],
    ] as const) {
      const { code, stderr } = await lutra('run', at('colour.onnx'), at('blue.png'), ...flags);
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    }
  });
});

describe('failures', () => {
  it.each([
    ['a missing model', 'nowhere.onnx', /nowhere\.onnx/, 'LOAD_FAILED'],
    ['HTML instead of a model', 'page.onnx', /page\.onnx is a web page/, 'LOAD_FAILED'],
    ['noise', 'noise.onnx', /not an ONNX model|damaged/, 'INVALID_MODEL'],
  ])('%s is named, by every command', async (_, file, message, errorCode) => {
    for (const argv of [
      ['run', at(file), at('blue.png')],
      ['eval', at(file), '--data', at('set')],
      ['inspect', at(file)],
      ['convert', at(file), '-o', at('out.onnx'), '--calibration', at('set')],
    ]) {
      const { code, stdout, stderr } = await lutra(...argv, '--json');
      expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
      expect(JSON.parse(stdout).error.code).toBe(errorCode);
    }
  });

  it.each([
    ['missing data', ['--data', 'nowhere'], /nowhere cannot be read/],
    [
      'folders that are not classes',
      ['--data', 'set', '--labels', 'red,green'],
      /classes of the data are not classes of the model.*blue/,
    ],
    ['a missing label file', ['--data', 'set', '--labels', 'nowhere'], /--labels .*nowhere cannot be read/],
    ['an unknown output', ['--data', 'set', '--output', 'boxes'], /there is no output "boxes"/],
  ])('%s', async (_, flags, message) => {
    const inFolder = flags.map((flag) => (flag === 'set' || flag === 'nowhere' ? at(flag) : flag));
    const { code, stderr } = await lutra('eval', at('colour.onnx'), ...inFolder);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  });
});

describe('eval', () => {
  it('prints exactly the agreed JSON', () => {
    const { code, stdout } = spawnLutra(
      'eval',
      at('colour.onnx'),
      '--data',
      at('set'),
      '--labels',
      'red,green,blue',
      '--json',
    );
    expect(stdout).toBe(`{"metric":"accuracy","value":${11 / 12},"n":12}\n`);
    expect(code).toBe(0);
  });

  it('evaluates a share of the data, in any batch size, also one that the model fixes', async () => {
    writeFileSync(at('fixed.onnx'), colourModel(2));
    const flags = ['--data', at('set'), '--labels', LABELS.join(','), '--json'];
    for (const argv of [['colour.onnx', '--batch', '5'], ['fixed.onnx']]) {
      const { stdout } = await lutra('eval', at(argv[0]!), ...argv.slice(1), ...flags);
      expect(JSON.parse(stdout)).toEqual({ metric: 'accuracy', value: 11 / 12, n: 12 });
    }
    const limited = await lutra('eval', at('colour.onnx'), ...flags, '--limit', '4');
    expect(JSON.parse(limited.stdout).n).toBe(4);
    const odd = await lutra('eval', at('fixed.onnx'), ...flags, '--limit', '3');
    expect([odd.code, odd.stderr]).toEqual([1, expect.stringContaining('Use --limit 2')]);
  });
});

describe('run', () => {
  it('names the class of an image', async () => {
    const { stdout } = await lutra(
      'run',
      at('colour.onnx'),
      at('blue.png'),
      '--labels',
      LABELS.join(','),
      '--scale',
      '1',
    );
    expect(stdout.split('\n')[0]).toMatch(/100\.00 % {2}blue/);
  });

  it('maps an array to an array', async () => {
    const data = Float32Array.from({ length: 96 }, (_, i) => Math.floor(i / 16));
    writeFileSync(at('in.npy'), serializeNpy({ type: 'float32', dims: [2, 3, 4, 4], data }));
    const { code } = await lutra('run', at('colour.onnx'), at('in.npy'), '-o', at('out.npy'));
    expect(code).toBe(0);
    expect(parseNpy(readFileSync(at('out.npy')), 'out')).toEqual({
      type: 'float32',
      dims: [2, 3],
      data: Float32Array.of(0, 1, 2, 3, 4, 5),
    });
  });

  it('reports latency and profile', async () => {
    const { stdout } = await lutra(
      'run',
      at('small.onnx'),
      at('blue.png'),
      '--repeat',
      '4',
      '--profile',
      '--json',
      '--threads',
      '1',
    );
    const report = JSON.parse(stdout);
    expect(report.latency_ms.runs).toBe(4);
    expect(report.latency_ms.p90).toBeGreaterThanOrEqual(report.latency_ms.p50);
    expect(report.profile.map((step: { op: string }) => step.op)).toContain('Conv');
    expect(report.top).toHaveLength(3);
    expect(report.threads).toBe(1);
  });

  it('refuses an array of another shape', async () => {
    writeFileSync(at('wrong.npy'), serializeNpy({ type: 'float32', dims: [1, 3, 4, 5], data: new Float32Array(60) }));
    const { code, stderr } = await lutra('run', at('colour.onnx'), at('wrong.npy'));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/INVALID_ARGUMENT.*image/)]);
  });
});

describe('convert', () => {
  it('stores preprocessing and labels, which later runs use', async () => {
    const flags = ['--layers', 'none', '--labels', LABELS.join(','), '--mean', '0.5', '--std', '0.25'];
    expect((await lutra('convert', at('colour.onnx'), '-o', at('stamped.onnx'), ...flags)).code).toBe(0);
    const { metadata } = parseModel(readFileSync(at('stamped.onnx')));
    expect(JSON.parse(metadata['lutra.labels']!)).toEqual(LABELS);
    expect(JSON.parse(metadata['lutra.preprocess']!)).toMatchObject({
      width: 4,
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    });
    expect(metadata['lutra.sha256']).toMatch(/^[0-9a-f]{64}$/);
    const { stdout, stderr } = await lutra('run', at('stamped.onnx'), at('blue.png'), '--json');
    const values = [10, 20, 240].map((byte) => Math.exp((byte / 255 - 0.5) / 0.25));
    const { top } = JSON.parse(stdout);
    expect(top[0]).toMatchObject({ index: 2, label: 'blue' });
    expect(top[0].probability).toBeCloseTo(values[2]! / (values[0]! + values[1]! + values[2]!), 5);
    expect(stderr).toBe('');
  });

  it('replaces layers, reports them and writes a model that runs', async () => {
    const flags = [
      '--calibration',
      at('set'),
      '--labels',
      LABELS.join(','),
      '--layers',
      'middle',
      '--geometry',
      'patch',
      '--k',
      '16',
    ];
    const { code, stdout, stderr } = await lutra('convert', at('small.onnx'), '-o', at('lut.onnx'), ...flags, '--json');
    expect([code, stderr]).toEqual([0, expect.stringContaining('relative error')]);
    const report = JSON.parse(stdout);
    expect(report.layers.filter((layer: { converted: boolean }) => layer.converted)).toMatchObject([
      { name: 'middle' },
    ]);
    const inspected = JSON.parse((await lutra('inspect', at('lut.onnx'), '--json')).stdout);
    expect(inspected.hash).toBe('match');
    expect(inspected.layers.map((layer: { op: string }) => layer.op)).toContain('lutra:LookUp');
    expect(inspected.totals.tableBytes).toBe(16 * 8 * 16);
    const evaluated = await lutra('eval', at('lut.onnx'), '--data', at('set'), '--json');
    expect(JSON.parse(evaluated.stdout).n).toBe(12);
  });

  it('computes the first convolution in integers', async () => {
    const flags = ['--calibration', at('set'), '--layers', 'middle', '--stem', 'integer'];
    const { code, stdout } = await lutra('convert', at('small.onnx'), '-o', at('stem.onnx'), ...flags);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/stem +Conv +integers/)]);
    const { layers } = JSON.parse((await lutra('inspect', at('stem.onnx'), '--json')).stdout);
    const kernels = ['quantize', 'quantizedConv'];
    expect(layers[0]).toMatchObject({ op: 'lutra:QuantizedConv', macs: 8 * 8 * 8 * 27, kernels });
    const evaluated = await lutra('eval', at('stem.onnx'), '--data', at('set'), '--json');
    expect(JSON.parse(evaluated.stdout).n).toBe(12);
  });

  it('keeps the file within a size', async () => {
    const flags = ['--calibration', at('set'), '--layers', 'middle', '--max-size', '0.03MB', '--json'];
    const { code, stdout } = await lutra('convert', at('small.onnx'), '-o', at('bounded.onnx'), ...flags);
    expect(code).toBe(0);
    const { bytes, layers } = JSON.parse(stdout);
    expect(bytes).toBe(readFileSync(at('bounded.onnx')).length);
    expect(bytes).toBeLessThanOrEqual(30_000);
    expect(layers.find((layer: { name: string }) => layer.name === 'middle').converted).toBe(true);
  });

  it.each([
    ['a layer that does not exist', ['--layers', 'nothing'], 1, /nothing/],
    ['a folder that does not exist', ['-o', 'nowhere/x.onnx'], 1, /nowhere\/x\.onnx cannot be written/],
    ['group without geometry', ['--group', '2'], 2, /--group needs --geometry/],
    ['a stem that is none', ['--stem', 'int4'], 2, /--stem.*'int4' is invalid. Expected: float \| integer/],
    [
      'a size that is none',
      ['--max-size', 'large'],
      2,
      /--max-size.*'large' is invalid. Expected: a size such as 4MB or 900kB/,
    ],
    [
      'a size that no network fits in',
      ['--max-size', '2kB', '--max-drop', '1'],
      1,
      /fits in the largest .*larger file/s,
    ],
    ['a speed that none has', ['--speedup', '500'], 1, /no network is as fast .*at most/s],
    ['a size that no table fits in', ['--max-size', '2kB', '--layers', 'middle'], 1, /do not fit .*bytes larger/s],
    ['another K', ['--k', '12'], 2, /--k.*'12' is invalid. Expected: 8 \| 16 \| 32 \| 64/],
    ['a tree of 32 leaves', ['--encoder', 'tree', '--k', '32'], 2, /--encoder tree needs --k 16/],
  ])('refuses %s', async (_, flags, expected, message) => {
    const { code, stderr } = await lutra(
      'convert',
      at('small.onnx'),
      '-o',
      at('x.onnx'),
      '--calibration',
      at('set'),
      ...flags,
    );
    expect([code, stderr]).toEqual([expected, expect.stringMatching(message)]);
    expect(existsSync(at('x.onnx'))).toBe(false);
  });
});

it('convert raises an old opset to the one that lookup operators need', async () => {
  const graph = parseModel(smallNetwork());
  writeFileSync(at('old.onnx'), serializeModel({ ...graph, opset: { '': 9 } }));
  const flags = ['--calibration', at('set'), '--layers', 'middle', '--geometry', 'patch', '--k', '16'];
  const { code, stderr } = await lutra('convert', at('old.onnx'), '-o', at('raised.onnx'), ...flags);
  expect([code, stderr]).toEqual([0, expect.stringContaining('relative error')]);
  const { opset, nodes } = parseModel(readFileSync(at('raised.onnx')));
  expect(opset).toMatchObject({ '': 13, lutra: 1 });
  expect(nodes.map(({ op }) => op)).toContain('LookUp');
});

describe('inspect', () => {
  it('lists layers, work, kernels and memory', async () => {
    const report = JSON.parse((await lutra('inspect', at('small.onnx'), '--dims', 'N=2', '--json')).stdout);
    const middle = report.layers.find((layer: { name: string }) => layer.name === 'middle');
    expect(middle.macs).toBe(2 * 16 * 8 * 8 * 8 * 9);
    expect(middle.outputs).toEqual([{ type: 'float32', dims: [2, 16, 8, 8] }]);
    expect(middle.kernels.length).toBeGreaterThan(0);
    expect(report.memory.total).toBeGreaterThan(0);
    const { stdout } = await lutra('inspect', at('small.onnx'));
    expect(stdout).toContain('middle');
    expect(stdout).toContain('float32[N,3,8,8]');
  });

  it('refuses dimensions that the model does not have', async () => {
    const { code, stderr } = await lutra('inspect', at('small.onnx'), '--dims', 'M=2');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/no dimension "M", only N/)]);
  });
});

it('the installed command works, or says what is missing', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/lutra.js', '--version'], { encoding: 'utf8' });
  if (existsSync('dist/cli/main.js')) expect([status, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
  else expect([status, stderr]).toEqual([1, expect.stringContaining('npm run build:lib')]);
});
