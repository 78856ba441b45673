import { describe, expect, it } from 'vitest';
import { Arguments, type Command, helpText, parseArguments, suggestion, UsageError } from './arguments.js';
import { Progress } from './progress.js';

const COMMAND: Command = {
  name: 'test',
  summary: 'Does nothing.',
  positionals: ['<in>', '[out]'],
  flags: [
    { name: 'size', short: 's', value: '<n>', help: 'a size' },
    { name: 'fast', help: 'a switch' },
  ],
  examples: ['lutra test a'],
  run: async () => {},
};

const parse = (...argv: string[]) => parseArguments(COMMAND, argv);

describe('parseArguments', () => {
  it('takes flags in every usual spelling, anywhere', () => {
    for (const argv of [
      ['--size', '3', 'in'],
      ['in', '--size=3'],
      ['-s', '3', 'in'],
      ['in', '-s3'],
    ]) {
      expect(parse(...argv).integer('size', 1)).toBe(3);
    }
    expect(parse('in', '--fast').has('fast')).toBe(true);
    expect(parse('in').has('fast')).toBe(false);
    expect(parse('in', '--size', '-1').number('size')).toBe(-1);
  });

  it.each([
    [['in', '--sise', '3'], /unknown option --sise. Did you mean --size\?/],
    [['in', '-x'], /unknown option -x/],
    [['in', '--size'], /--size needs a value: --size <n>/],
    [['in', '--size', '--fast'], /--size needs a value/],
    [['in', '--fast=1'], /--fast takes no value/],
    [[], /<in> is missing/],
    [['a', 'b', 'c'], /unexpected argument "c"/],
  ] as const)('refuses %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(UsageError);
    expect(() => parse(...argv)).toThrow(message);
  });

  it('shows help without the other arguments', () => {
    expect(parse('--help').has('help')).toBe(true);
  });
});

describe('Arguments', () => {
  const args = (value: string) => new Arguments([], { x: value });

  it('reads lists', () => {
    expect(args('0.5, -1,2e-3').numbers('x')).toEqual([0.5, -1, 0.002]);
    expect(args('a, b,,c').list('x')).toEqual(['a', 'b', 'c']);
    expect(args('b').choice('x', ['a', 'b'])).toBe('b');
  });

  it.each(['', 'abc', '1.5', '0', '11', '1e999', 'NaN', '0x'])('refuses %j as an integer of 1..10', (text) => {
    expect(() => args(text).integer('x', 1, 10)).toThrow(UsageError);
  });

  it.each([
    ['4MB', 4_000_000],
    ['0.5 mb', 500_000],
    ['900kB', 900_000],
    ['1234', 1234],
  ])('reads the size %s', (text, bytes) => {
    expect(args(text).bytes('x')).toBe(bytes);
  });

  it.each(['large', '-1MB', '0', '1.2.3MB', '4 GB', ''])('refuses the size "%s"', (text) => {
    expect(() => args(text).bytes('x')).toThrow(/--x takes a size such as 4MB/);
  });

  it('refuses other numbers and choices', () => {
    expect(() => args('1,b').numbers('x')).toThrow(/--x must be a number, not "b"/);
    expect(() => args('c').choice('x', ['a', 'b'])).toThrow(/one of a, b, not "c"/);
  });
});

it('suggests only what is close', () => {
  expect(suggestion('evl', ['eval', 'run'])).toBe(' Did you mean eval?');
  expect(suggestion('banana', ['eval', 'run'])).toBe('');
});

it('prints help with every flag and an example', () => {
  const text = helpText(COMMAND);
  for (const part of ['$ lutra test <in> [out]', '-s, --size <n>', '--fast', '--json', '$ lutra test a']) {
    expect(text).toContain(part);
  }
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
