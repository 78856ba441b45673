/**
 * Options as plain values. One schema per command says what each option takes, its default and its help. Checks, the flags of the
 * command line and the forms of pages are made from it, so that an option is written once.
 */
import { LutraError } from './errors.js';

interface Described {
  /** One sentence, without a full stop. */
  readonly help: string;
  /** On the command line, e.g. `-o, --out <file>`; null where the option is for code alone. */
  readonly flag: string | null;
  /** In words: what happens where the option is left out and has no `default`. */
  readonly otherwise?: string;
  /** How a page asks for the option, in a drop-down list. */
  readonly page?: PageField;
}

export interface PageField {
  readonly label: string;
  /** What the list offers where the option takes numbers. */
  readonly presets?: readonly number[];
  /** What is chosen at first, where it is not the `default`. */
  readonly chosen?: number;
  /** What the list says for a value. Default: the value itself. */
  readonly text?: (value: string) => string | undefined;
}

export interface ChoiceOption<T = string | number> extends Described {
  readonly kind: 'choice';
  readonly choices: readonly T[];
  readonly default?: T;
}

export interface NumberOption extends Described {
  /** `bytes` is a number; people write it as 4MB or 900kB. */
  readonly kind: 'integer' | 'number' | 'bytes';
  readonly min?: number;
  readonly max?: number;
  /** The value is greater than this. */
  readonly above?: number;
  readonly default?: number;
}

export interface NamesOption extends Described {
  readonly kind: 'names';
  /** Single words that stand for a set of names. */
  readonly words?: readonly string[];
}

export interface FlagOption extends Described {
  readonly kind: 'flag';
  readonly default?: boolean;
}

export interface OtherOption extends Described {
  readonly kind: 'numbers' | 'text';
}

export type Option = ChoiceOption | NumberOption | NamesOption | FlagOption | OtherOption;

/** What an option may have beside flag and help; nothing else. */
type Rest<O, R> = R & Readonly<Record<Exclude<keyof R, keyof O>, never>>;
type Nothing = Record<never, never>;

/** Makes options of one kind. */
const maker =
  <const K extends Option['kind'], O extends Option>(kind: K) =>
  <const R extends Partial<Omit<O, 'kind' | 'flag' | 'help'>> = Nothing>(
    flag: string | null,
    help: string,
    rest = {} as Rest<O, R>,
  ) => ({ kind, flag, help, ...rest });

export const integer = maker<'integer', NumberOption>('integer');
export const number = maker<'number', NumberOption>('number');
export const bytes = maker<'bytes', NumberOption>('bytes');
export const names = maker<'names', NamesOption>('names');
export const numbers = maker<'numbers', OtherOption>('numbers');
export const text = maker<'text', OtherOption>('text');
export const toggle = maker<'flag', FlagOption>('flag');

export const choice = <const T extends string | number, const R extends Partial<ChoiceOption<T>> = Nothing>(
  flag: string | null,
  choices: readonly T[],
  help: string,
  rest = {} as Rest<ChoiceOption, R>,
) => ({ kind: 'choice' as const, flag, choices, help, ...rest });

/** Options by the name that code uses. */
export type Schema = Readonly<Record<string, Option>>;

type OptionOf<V> = [V] extends [boolean]
  ? FlagOption
  : [V] extends [number]
    ? ChoiceOption<V> | (number extends V ? NumberOption : never)
    : [V] extends [string]
      ? ChoiceOption<V>
      : NamesOption;

/** A schema whose options are the fields of `T`, each of a kind that fits the type of its field. */
export type SchemaOf<T> = { readonly [K in keyof T]-?: OptionOf<NonNullable<T[K]>> };

type ValueOf<O> = O extends { readonly choices: readonly (infer T)[] }
  ? T
  : O extends { readonly kind: 'names' }
    ? (O extends { readonly words: readonly (infer W)[] } ? W : never) | readonly string[]
    : O extends { readonly kind: 'numbers' }
      ? readonly number[]
      : O extends { readonly kind: 'text' }
        ? string
        : O extends { readonly kind: 'flag' }
          ? boolean
          : number;

/** Given values. Any may be missing. */
export type Given<S> = { readonly [K in keyof S]?: ValueOf<S[K]> };

type WithDefault<S> = { [K in keyof S]: S[K] extends { readonly default: unknown } ? K : never }[keyof S];

/** Values with the defaults filled in. */
export type Values<S> = { readonly [K in WithDefault<S>]: ValueOf<S[K]> } & Given<Omit<S, WithDefault<S>>>;

/** What must hold between options. */
export interface Rule<V> {
  readonly holds: (values: V) => boolean;
  /** What is wrong where it does not hold; `{name}` stands for an option. */
  readonly problem: string;
}

/** What the option takes, in words. */
export function expectedValue(option: Option): string {
  switch (option.kind) {
    case 'choice':
      return option.choices.join(' | ');
    case 'names':
      return [...(option.words ?? []), 'names'].join(' | ');
    case 'numbers':
      return 'numbers with commas';
    case 'text':
      return 'text';
    case 'flag':
      return 'true | false';
    case 'bytes':
      return 'a size such as 4MB or 900kB';
    default: {
      const { kind, min, max, above } = option;
      const limits = Object.entries({ 'at least': min, 'more than': above, 'at most': max });
      const range = limits
        .flatMap(([words, limit]) => (limit === undefined ? [] : [`${words} ${limit}`]))
        .join(' and ');
      return `${kind === 'integer' ? 'an integer' : 'a number'}${range && ` of ${range}`}`;
    }
  }
}

/** Whether the option takes the value. */
export function accepts(option: Option, value: unknown): boolean {
  switch (option.kind) {
    case 'choice':
      return option.choices.some((choice) => choice === value);
    case 'names':
      return Array.isArray(value) || (option.words ?? []).some((word) => word === value);
    case 'numbers':
      return Array.isArray(value) && value.every(Number.isFinite);
    case 'text':
      return typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    default: {
      const { kind, min = -Infinity, max = Infinity, above = kind === 'bytes' ? 0 : -Infinity } = option;
      const fits = kind === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
      return fits && Number(value) >= min && Number(value) <= max && Number(value) > above;
    }
  }
}

const toNumber = (text: string) => (text.trim() === '' ? Number.NaN : Number(text));
const parts = (text: string) => text.split(',').map((part) => part.trim());

/** "4MB", "900 kB" or "3500000": decimal units, as the sizes that are printed. */
function toBytes(text: string): number {
  const [, digits, unit = ''] = /^([\d.]+)\s*(k|m)?b?$/i.exec(text.trim()) ?? [];
  return Math.floor(Number(digits) * { '': 1, k: 1e3, m: 1e6 }[unit.toLowerCase() as '' | 'k' | 'm']);
}

/** The value that a text stands for. Ask {@link accepts} whether it is one that the option takes. */
export function parseText(option: Option, text: string): unknown {
  switch (option.kind) {
    case 'choice':
      return option.choices.find((choice) => String(choice) === text);
    case 'names': {
      const names = parts(text).filter((name) => name !== '');
      return names.length === 1 && option.words?.includes(names[0]!) ? names[0] : names;
    }
    case 'numbers':
      return parts(text).map(toNumber);
    case 'text':
      return text;
    case 'flag':
      return text === 'true';
    case 'bytes':
      return toBytes(text);
    default:
      return toNumber(text);
  }
}

/** What is wrong between options, if anything. `nameOf` says what an option is called where the text is read. */
export function brokenRule<V>(
  rules: readonly Rule<V>[],
  values: V,
  nameOf: (option: string) => string,
): string | undefined {
  const broken = rules.find(({ holds }) => !holds(values));
  return broken?.problem.replace(/\{(\w+)\}/g, (_, name: string) => nameOf(name));
}

/**
 * Checks values one by one and together.
 *
 * @param nameOf what an option is called in messages
 * @throws LutraError `INVALID_ARGUMENT` naming the option that is wrong
 */
export function checkValues<S extends Schema>(
  schema: S,
  values: Given<S>,
  rules: readonly Rule<Given<S>>[] = [],
  nameOf: (option: string) => string = (option) => `"${option}"`,
): void {
  for (const [name, value] of Object.entries(values)) {
    const option = schema[name];
    if (!option || value === undefined || accepts(option, value)) continue;
    const details = { expected: expectedValue(option), actual: JSON.stringify(value) ?? 'undefined' };
    throw new LutraError('INVALID_ARGUMENT', `option ${nameOf(name)} is wrong`, details);
  }
  const broken = brokenRule(rules, values, nameOf);
  if (broken) throw new LutraError('INVALID_ARGUMENT', broken);
}

/** The values of the schema's options, without those that are left out and without anything else. */
export function pick<S extends Schema>(schema: S, values: Given<S>): Given<S> {
  const entries = Object.entries(values).filter(([name, value]) => name in schema && value !== undefined);
  return Object.fromEntries(entries) as Given<S>;
}

/** The same, with the defaults filled in. */
export function withDefaults<S extends Schema>(schema: S, values: Given<S>): Values<S> {
  const defaults = Object.entries(schema).map(([name, option]) => [
    name,
    'default' in option ? option.default : undefined,
  ]);
  return { ...pick(schema, Object.fromEntries(defaults)), ...pick(schema, values) } as Values<S>;
}
