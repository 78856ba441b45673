import { parseArgs } from 'node:util';

/** The command line is wrong: exit code 2. The message says what and how to go on. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** One `--flag`. Without `value` it is a switch. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** Placeholder shown in help, e.g. `<n>`. */
  readonly value?: string;
  readonly help: string;
}

/** A command of `lutra`. Help, parsing and the check for unknown flags come from this description. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments, e.g. `<model.onnx>`; in brackets when they may be left out. */
  readonly positionals: readonly string[];
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  run(args: Arguments): Promise<void>;
}

/** Flags that every command has. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'json', help: 'print one JSON value on stdout and nothing else there' },
  { name: 'help', short: 'h', help: 'show this help' },
];

interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** Parsed arguments with typed, checked access. Every getter throws {@link UsageError} when the value is no good. */
export class Arguments {
  constructor(
    readonly positionals: readonly string[],
    private readonly values: Readonly<Record<string, string | boolean | undefined>>,
  ) {}

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  required(name: string, hint: string): string {
    const value = this.text(name);
    if (value === undefined) throw new UsageError(`--${name} is missing: ${hint}`);
    return value;
  }

  number(name: string, range: NumberRange = {}): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : toNumber(value, `--${name}`, range);
  }

  integer(name: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
    return this.number(name, { min, max, integer: true });
  }

  /** "4MB", "900 kB" or "3500000": decimal units, as the sizes that are printed. */
  bytes(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [, digits, unit = ''] = /^([\d.]+)\s*(k|m)?b?$/i.exec(text.trim()) ?? [];
    const value = Number(digits) * { '': 1, k: 1e3, m: 1e6 }[unit.toLowerCase() as '' | 'k' | 'm'];
    if (!(value > 0)) throw new UsageError(`--${name} takes a size such as 4MB or 900kB, not "${text}"`);
    return Math.floor(value);
  }

  /** Comma-separated numbers. */
  numbers(name: string, range: NumberRange = {}): number[] | undefined {
    return this.text(name)
      ?.split(',')
      .map((part) => toNumber(part.trim(), `--${name}`, range));
  }

  /** Comma-separated names. */
  list(name: string): string[] | undefined {
    return this.text(name)
      ?.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }

  choice<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = allowed.find((option) => option === value);
    if (found === undefined) throw new UsageError(`--${name} must be one of ${allowed.join(', ')}, not "${value}"`);
    return found;
  }
}

function toNumber(value: string, flag: string, { min, max, integer }: NumberRange): number {
  const number = value.trim() === '' ? Number.NaN : Number(value);
  const kind = integer ? 'an integer' : 'a number';
  if (!Number.isFinite(number) || (integer && !Number.isSafeInteger(number))) {
    throw new UsageError(`${flag} must be ${kind}, not "${value}"`);
  }
  if ((min !== undefined && number < min) || (max !== undefined && number > max)) {
    const upper = max === undefined || max === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${max}`;
    throw new UsageError(`${flag} must be ${kind} of at least ${min}${upper}, not ${value}`);
  }
  return number;
}

/** Levenshtein distance, to suggest the flag or command that was meant. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** " Did you mean X?" when one of `known` is close, else nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const best = known.map((name) => ({ name, d: distance(word, name) })).sort((a, b) => a.d - b.d)[0];
  return best && best.d <= 2 ? ` Did you mean ${best.name}?` : '';
}

/**
 * Parses the arguments that follow the command's name.
 * @throws {UsageError} for unknown flags, missing values, and missing or surplus positionals.
 */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const flags = [...command.flags, ...COMMON_FLAGS];
  const options = Object.fromEntries(
    flags.map(({ name, short, value }) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), ...(short ? { short } : {}) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const flag = flags.find(({ name }) => name === token.name);
    if (!flag) {
      const known = flags.map(({ name }) => `--${name}`);
      throw new UsageError(`unknown option ${token.rawName}.${suggestion(token.rawName, known)}`);
    }
    if (!flag.value && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
    const separate = token.inlineValue === false;
    if (flag.value && (token.value === undefined || (separate && /^-[^\d.]/.test(token.value)))) {
      throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
    }
  }
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const values: Record<string, string | boolean> = {};
  for (const token of tokens) if (token.kind === 'option') values[token.name] = token.value ?? true;
  if (values.help) return new Arguments(positionals, values);
  const missing = command.positionals[positionals.length];
  if (missing?.startsWith('<')) throw new UsageError(`${missing} is missing`);
  const surplus = positionals[command.positionals.length];
  if (surplus !== undefined) throw new UsageError(`unexpected argument "${surplus}"`);
  return new Arguments(positionals, values);
}

const HELP_WIDTH = 100;

/** Breaks text into lines of at most `width` characters. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Two columns, the right one wrapped. */
export function columns(rows: readonly (readonly [left: string, right: string])[]): string {
  const left = Math.max(...rows.map(([text]) => text.length)) + 4;
  return rows
    .flatMap(([name, text]) =>
      wrap(text, HELP_WIDTH - left).map((line, i) => `${(i === 0 ? `  ${name}` : '').padEnd(left)}${line}`),
    )
    .join('\n');
}

/** The text of `lutra <command> --help`. */
export function helpText(command: Command): string {
  const usage = ['lutra', command.name, ...command.positionals, '[options]'].join(' ');
  const rows = [...command.flags, ...COMMON_FLAGS].map(({ name, short, value, help }) => {
    const prefix = short ? `-${short}, ` : '    ';
    return [`${prefix}--${name}${value ? ` ${value}` : ''}`, help] as const;
  });
  const examples = command.examples.map((example) => `  $ ${example}`).join('\n');
  return `${command.summary}\n\nUsage\n  $ ${usage}\n\nOptions\n${columns(rows)}\n\nExamples\n${examples}\n`;
}
