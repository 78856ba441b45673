import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { choice, integer, number, toggle } from '../option-schema.js';
import { defineCommand, UsageError } from './command.js';
import { Progress } from './progress.js';

interface Outcome {
  readonly values?: object;
  readonly positionals?: readonly (string | undefined)[];
  /** What the command wrote to stdout. */
  readonly text: string;
  readonly error?: Error;
}

/** Runs a command with all kinds of options. */
async function run(...argv: string[]): Promise<Outcome> {
  let outcome: Outcome = { text: '' };
  const setUp = defineCommand({
    positionals: ['<in>', '[out]'],
    options: {
      size: integer('-s, --size <n>', 'a size', { min: 1 }),
      kind: choice('--sort <kind>', ['a', 'b'], 'a sort', { default: 'a' }),
      fast: toggle('--fast', 'a switch'),
      shift: number('--shift <x>', 'a shift'),
      hidden: number(null, 'not for the command line', { default: 7 }),
    },
    sections: { Special: { shift: number(null, '') } },
    rules: [{ holds: ({ size, fast }) => !fast || size !== 9, problem: '{fast} needs another {size}' }],
    examples: ['lutra test a'],
    run: async (values, input, output) => {
      outcome = { ...outcome, values, positionals: [input, output] };
    },
  });
  const command = new Command('test');
  command.exitOverride().configureOutput({
    writeOut: (text) => {
      outcome = { ...outcome, text: outcome.text + text };
    },
    writeErr: () => {},
  });
  setUp(command);
  try {
    await command.parseAsync(argv, { from: 'user' });
    return outcome;
  } catch (error) {
    return { ...outcome, error: error as Error };
  }
}

describe('a command', () => {
  it('takes flags in every usual spelling, anywhere, and fills in defaults', async () => {
    for (const argv of [
      ['--size', '3', 'in'],
      ['in', '--size=3'],
      ['-s', '3', 'in'],
      ['in', '-s3'],
    ]) {
      expect(await run(...argv)).toMatchObject({
        values: { size: 3, kind: 'a', hidden: 7 },
        positionals: ['in', undefined],
      });
    }
    expect((await run('in', '--fast', '--sort', 'b', 'out')).values).toEqual({ fast: true, kind: 'b', hidden: 7 });
    expect((await run('in', '--shift', '-1')).values).toEqual({ shift: -1, kind: 'a', hidden: 7 });
  });

  it.each([
    [['in', '--sise', '3'], /unknown option '--sise'\n\(Did you mean --size\?\)/],
    [['in', '-x'], /unknown option '-x'/],
    [['in', '--size'], /'-s, --size <n>' argument missing/],
    [['in', '--size', '--fast'], /--size <n>' argument '--fast' is invalid. A value is missing before it/],
    [['in', '--size', '0'], /argument '0' is invalid. Expected: an integer of at least 1/],
    [['in', '--sort', 'c'], /argument 'c' is invalid. Expected: a \| b/],
    [['in', '--fast=1'], /unknown option '--fast=1'/],
    [['in', '--hidden', '1'], /unknown option '--hidden'/],
    [[], /missing required argument 'in'/],
    [['a', 'b', 'c'], /too many arguments. Expected 2 arguments but got 3/],
  ] as const)('refuses %j', async (argv, message) => {
    const { error, values } = await run(...argv);
    expect([values, error?.message]).toEqual([undefined, expect.stringMatching(message)]);
  });

  it('names flags where options do not go together', async () => {
    const { error } = await run('in', '--fast', '-s9');
    expect(error).toBeInstanceOf(UsageError);
    expect(error?.message).toBe('--fast needs another --size');
  });

  it('shows help with every flag, default, section and example, without the other arguments', async () => {
    const { text } = await run('--help');
    for (const part of [
      'test [options] <in> [out]',
      '-s, --size <n>',
      'a sort (a or b; default: a)',
      '--fast',
      '--json',
      'Special:\n  --shift',
      'Examples\n  $ lutra test a',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('hidden');
  });
});

describe('Progress', () => {
  function watch(isTTY: boolean, times: number[]): string[] {
    const written: string[] = [];
    let now = 0;
    const stream = { isTTY, columns: 60, write: (text: string) => written.push(text) };
    const progress = new Progress('work', stream, () => now);
    for (const time of times) {
      now = time;
      progress.update(time / 20000, 'x');
    }
    progress.clear();
    return written;
  }

  it('writes a line every five seconds where there is no terminal', () => {
    expect(watch(false, [0, 1000, 4999, 5000, 7000, 10001])).toEqual(['work  25 %  x\n', 'work  50 %  x\n']);
  });

  it('draws a bar on a terminal and removes it', () => {
    const written = watch(true, [0, 400, 500, 550, 10000]);
    expect(written.length).toBe(3);
    expect(written[1]).toBe(`\r\x1b[K${'█'.repeat(12)}${'░'.repeat(12)} work  50 %  x`);
    expect(written[2]).toBe('\r\x1b[K');
  });

  it('stays quiet for short work', () => {
    expect(watch(true, [0, 100, 400])).toEqual([]);
  });
});
