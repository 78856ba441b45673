import { describe, expect, it } from 'vitest';
import { accepts, checkValues, type Option, parseText, pick, withDefaults } from './option-schema.js';

const read = (option: Option, text: string) => {
  const value = parseText(option, text);
  return accepts(option, value) ? value : undefined;
};
const help = '';

describe('values from text', () => {
  it.each([
    [{ kind: 'numbers', help }, '0.5, -1,2e-3', [0.5, -1, 0.002]],
    [{ kind: 'names', help }, 'a, b,,c', ['a', 'b', 'c']],
    [{ kind: 'names', words: ['all'], help }, 'all', 'all'],
    [{ kind: 'names', words: ['all'], help }, 'all,b', ['all', 'b']],
    [{ kind: 'choice', choices: ['a', 'b'], help }, 'b', 'b'],
    [{ kind: 'choice', choices: [8, 16], help }, '16', 16],
    [{ kind: 'integer', min: 1, max: 10, help }, '10', 10],
    [{ kind: 'number', help }, '-1.5', -1.5],
    [{ kind: 'text', help }, ' a ', ' a '],
    [{ kind: 'bytes', help }, '4MB', 4_000_000],
    [{ kind: 'bytes', help }, '0.5 mb', 500_000],
    [{ kind: 'bytes', help }, '900kB', 900_000],
    [{ kind: 'bytes', help }, '1234', 1234],
  ] as [Option, string, unknown][])('%o reads %j', (option, text, value) => {
    expect(read(option, text)).toEqual(value);
  });

  it.each(['', 'abc', '1.5', '0', '11', '1e999', 'NaN', '0x'])('refuses %j as an integer of 1..10', (text) => {
    expect(read({ kind: 'integer', min: 1, max: 10, help }, text)).toBeUndefined();
  });

  it.each(['large', '-1MB', '0', '1.2.3MB', '4 GB', ''])('refuses the size "%s"', (text) => {
    expect(read({ kind: 'bytes', help }, text)).toBeUndefined();
  });

  it('refuses other numbers and choices', () => {
    expect(read({ kind: 'numbers', help }, '1,b')).toBeUndefined();
    expect(read({ kind: 'choice', choices: [8, 16], help }, '12')).toBeUndefined();
    expect(read({ kind: 'number', above: 0, help }, '0')).toBeUndefined();
  });
});

describe('values of a schema', () => {
  const SCHEMA = {
    size: { kind: 'integer', min: 1, max: 4, default: 2, help },
    kind: { kind: 'choice', choices: ['a', 'b'], help },
  } as const;

  it('are completed, without anything else', () => {
    const values = { kind: 'a', other: 1 } as const;
    expect(pick(SCHEMA, values)).toEqual({ kind: 'a' });
    expect(withDefaults(SCHEMA, values)).toEqual({ size: 2, kind: 'a' });
  });

  it('are checked one by one and together', () => {
    const rule = { holds: ({ size = 2 }) => size !== 3, problem: '{size} does not go with {kind}' };
    expect(() => checkValues(SCHEMA, { size: 2, kind: 'b' }, [rule])).not.toThrow();
    expect(() => checkValues(SCHEMA, { size: 5 })).toThrow(
      /option "size" is wrong.*an integer of at least 1 and at most 4.*5/,
    );
    expect(() => checkValues(SCHEMA, { kind: 'c' as 'a' })).toThrow(/option "kind" is wrong.*a \| b.*"c"/);
    expect(() => checkValues(SCHEMA, { size: 3 }, [rule], (name) => `--${name}`)).toThrow(
      '--size does not go with --kind',
    );
  });
});
