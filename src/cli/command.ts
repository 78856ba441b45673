import { type Command, Option as Flag, InvalidArgumentError } from 'commander';
import {
  accepts,
  brokenRule,
  expectedValue,
  type Given,
  type Option,
  parseText,
  type Rule,
  type Schema,
  toggle,
  type Values,
  withDefaults,
} from '../option-schema.js';

/** The command line is wrong: exit code 2. The message says what and how to go on. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Options that every command has. */
const COMMON = { json: toggle('--json', 'print one JSON value on stdout and nothing else there') } satisfies Schema;

interface Description<S extends Schema> {
  /** Positional arguments, e.g. `<model.onnx>`; in brackets when they may be left out. */
  readonly positionals: readonly string[];
  readonly options: S;
  /** Options that the help lists below a heading of their own. */
  readonly sections?: Readonly<Record<string, Schema>>;
  readonly rules?: readonly Rule<Given<S>>[];
  readonly examples: readonly string[];
  readonly run: (values: Values<S & typeof COMMON>, ...positionals: string[]) => Promise<void>;
}

/** Gives a command of the program its arguments, help and action. */
export type CommandSetup = (command: Command) => void;

const longName = ({ flag }: Option) => /--[\w-]+/.exec(flag!)![0];

/** "(patch, row or pixel; default: chosen layer by layer)" */
function remarks(option: Option): string {
  const value = 'default' in option && option.default !== false ? option.default : option.otherwise;
  const all = [
    ...(option.kind === 'choice' ? [option.choices.join(', ').replace(/, (?=[^,]*$)/, ' or ')] : []),
    ...(value === undefined ? [] : [`default: ${value}`]),
  ];
  return all.length > 0 ? ` (${all.join('; ')})` : '';
}

function toFlag(option: Option): Flag {
  const flag = new Flag(option.flag!, `${option.help}${remarks(option)}`);
  if (option.kind === 'flag') return flag;
  return flag.argParser((text) => {
    if (/^-[^\d.]/.test(text)) throw new InvalidArgumentError('A value is missing before it.');
    const value = parseText(option, text);
    if (!accepts(option, value)) throw new InvalidArgumentError(`Expected: ${expectedValue(option)}.`);
    return value;
  });
}

/** The set-up of a command. Flags, help and the checks of values come from the schema of its options. */
export function defineCommand<const S extends Schema>(description: Description<S>): CommandSetup {
  const { positionals, options, sections = {}, rules = [], examples, run } = description;
  const schema: Schema = { ...options, ...COMMON };
  return (command) => {
    for (const name of positionals) command.argument(name);
    const flags = Object.entries(schema).flatMap(([key, option]) =>
      option.flag ? [[key, toFlag(option)] as const] : [],
    );
    for (const [key, flag] of flags) {
      const section = Object.keys(sections).find((heading) => key in sections[heading]!);
      command.addOption(section ? flag.helpGroup(`${section}:`) : flag);
    }
    command.addHelpText('after', `\nExamples\n${examples.map((example) => `  $ ${example}`).join('\n')}`);
    command.action(async () => {
      const given = Object.fromEntries(flags.map(([key, flag]) => [key, command.getOptionValue(flag.attributeName())]));
      // The flags have checked their values.
      const problem = brokenRule(rules, given as Given<S>, (key) => longName(options[key]!));
      if (problem) throw new UsageError(problem);
      await run(withDefaults(schema, given) as Values<S & typeof COMMON>, ...command.processedArgs);
    });
  };
}

/** @throws {UsageError} where the value is missing; `hint` says what to give */
export function required<T>(value: T | undefined, flag: string, hint: string): T {
  if (value === undefined) throw new UsageError(`${flag} is missing: ${hint}`);
  return value;
}
