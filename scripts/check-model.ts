/**
 * Loads any network, runs it dense and compares it with onnxruntime on seeded random feeds:
 *
 *   npm run -s check-model -- FILE.onnx [--json] [--seed 1] [--dim N=2]… [--shape input=1,3,48,192]… [--fill sr=16000]…
 *
 * Symbolic dimensions are 1 where no flag gives them. Exits with 1 when the network does not run or differs.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkModel } from '../test/model-check.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    dim: { type: 'string', multiple: true, default: [] },
    shape: { type: 'string', multiple: true, default: [] },
    fill: { type: 'string', multiple: true, default: [] },
  },
});

function usage(message: string): never {
  console.error(
    `${message}\nusage: check-model FILE.onnx [--json] [--seed N] [--dim NAME=SIZE] [--shape INPUT=1,2] [--fill INPUT=NUMBER]`,
  );
  process.exit(2);
}

/** NAME=1,2 → lists by name. Names may hold "=" themselves. */
function lists(flag: string, texts: readonly string[]): Record<string, number[]> {
  const entries = texts.map((text): [string, number[]] => {
    const at = text.lastIndexOf('=');
    const numbers = text
      .slice(at + 1)
      .split(',')
      .filter(Boolean)
      .map(Number);
    if (at < 0 || numbers.some(Number.isNaN)) usage(`--${flag} ${text}: expected NAME=NUMBER`);
    return [text.slice(0, at), numbers];
  });
  return Object.fromEntries(entries);
}

function singles(flag: string, texts: readonly string[]): Record<string, number> {
  const entries = Object.entries(lists(flag, texts)).map(([name, numbers]): [string, number] => {
    if (numbers.length !== 1) usage(`--${flag} ${name}: expected one number`);
    return [name, numbers[0]!];
  });
  return Object.fromEntries(entries);
}

const [file, ...rest] = positionals;
const seed = Number(values.seed);
if (!file || rest.length > 0) usage('expected one file');
if (!Number.isSafeInteger(seed)) usage('--seed must be an integer');
const result = await checkModel(readFileSync(file), {
  seed,
  dimensions: singles('dim', values.dim),
  shapes: lists('shape', values.shape),
  fills: singles('fill', values.fill),
});
if (values.json) console.log(JSON.stringify(result));
else if (result.ok) console.log(`equal: largest relative error ${result.max_rel_error} over ${result.outputs} outputs`);
else console.log(`${result.error?.code}: ${result.error?.message}`);
process.exitCode = result.ok ? 0 : 1;
