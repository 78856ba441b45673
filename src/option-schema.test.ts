import { describe, expect, it } from 'vitest';
import {
  accepts,
  bytes,
  checkValues,
  choice,
  integer,
  names,
  number,
  numbers,
  type Option,
  parseText,
  pick,
  text,
  withDefaults,
} from './option-schema.js';

const read = (option: Option, text: string) => {
  const value = parseText(option, text);
  return accepts(option, value) ? value : undefined;
};

describe('values from text', () => {
  it.each([
    [numbers(null, ''), '0.5, -1,2e-3', [0.5, -1, 0.002]],
    [names(null, ''), 'a, b,,c', ['a', 'b', 'c']],
    [names(null, '', { words: ['all'] }), 'all', 'all'],
    [names(null, '', { words: ['all'] }), 'all,b', ['all', 'b']],
    [choice(null, ['a', 'b'], ''), 'b', 'b'],
    [choice(null, [8, 16], ''), '16', 16],
    [integer(null, '', { min: 1, max: 10 }), '10', 10],
    [number(null, ''), '-1.5', -1.5],
    [text(null, ''), ' a ', ' a '],
    [bytes(null, ''), '4MB', 4_000_000],
    [bytes(null, ''), '0.5 mb', 500_000],
    [bytes(null, ''), '900kB', 900_000],
    [bytes(null, ''), '1234', 1234],
  ] as [Option, string, unknown][])('%o reads %j', (option, text, value) => {
    expect(read(option, text)).toEqual(value);
  });

  it.each(['', 'abc', '1.5', '0', '11', '1e999', 'NaN', '0x'])('refuses %j as an integer of 1..10', (text) => {
    expect(read(integer(null, '', { min: 1, max: 10 }), text)).toBeUndefined();
  });

  it.each(['large', '-1MB', '0', '1.2.3MB', '4 GB', ''])('refuses the size "%s"', (text) => {
    expect(read(bytes(null, ''), text)).toBeUndefined();
  });

  it('refuses other numbers and choices', () => {
    expect(read(numbers(null, ''), '1,b')).toBeUndefined();
    expect(read(choice(null, [8, 16], ''), '12')).toBeUndefined();
    expect(read(number(null, '', { above: 0 }), '0')).toBeUndefined();
  });
});

describe('values of a schema', () => {
  const SCHEMA = {
    size: integer(null, '', { min: 1, max: 4, default: 2 }),
    kind: choice(null, ['a', 'b'], ''),
  };

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
