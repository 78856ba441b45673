import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { LutraError } from '../errors.js';
import { type CommandSetup, UsageError } from './command.js';
import { print, printJson } from './output.js';

/** Only the command that runs is loaded. */
const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<CommandSetup> }>> = {
  convert: {
    summary: 'Replace the layers of a trained network by table lookups, without training.',
    load: async () => (await import('./commands/convert.js')).convertCommand,
  },
  train: {
    summary: 'Train a network from scratch, or the tables of a lookup network by backpropagation.',
    load: async () => (await import('./commands/train.js')).trainCommand,
  },
  run: {
    summary: 'Run a model on an image or recording (prints the most probable classes) or on arrays.',
    load: async () => (await import('./commands/run.js')).runCommand,
  },
  eval: {
    summary: 'Measure the accuracy of a classifier on a data set.',
    load: async () => (await import('./commands/eval.js')).evalCommand,
  },
  inspect: {
    summary: 'Show what a model consists of and which kernel runs each layer.',
    load: async () => (await import('./commands/inspect.js')).inspectCommand,
  },
};

const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}

/** The program with its commands. Only `chosen` is loaded. */
async function createProgram(chosen: string | undefined): Promise<Command> {
  const program = new Command('lutra')
    .description('Neural networks by table lookup.')
    .version(version(), '-v, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', '\nExamples\n  $ lutra convert net.onnx -o lut.onnx --calibration images.tar.gz')
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: () => {} })
    .exitOverride();
  for (const [name, { summary }] of Object.entries(COMMANDS)) program.command(name).description(summary);
  const command = program.commands.find((candidate) => candidate.name() === chosen);
  if (command) (await COMMANDS[chosen!]!.load())(command);
  return program;
}

/** One block on stderr and, with --json, one object on stdout. */
function report(error: LutraError, json: boolean): void {
  process.stderr.write(`error (${error.code}): ${error.message}\n`);
  if (error.code === 'INTERNAL' && error.cause instanceof Error) process.stderr.write(`${error.cause.stack}\n`);
  if (!json) return;
  const { code, message, node, expected, actual, hint } = error;
  printJson({ error: { code, message, node, expected, actual, hint } });
}

/**
 * The `lutra` command. `argv` are the arguments after the program's name.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage. Never rejects.
 */
export async function main(argv: readonly string[]): Promise<number> {
  // The first releases had the other spelling.
  const words = argv.map((word) => word.replace(/^--optimise(?==|$)/, '--optimize'));
  const chosen = words.find((word) => word !== 'help');
  const name = chosen !== undefined && Object.hasOwn(COMMANDS, chosen) ? `lutra ${chosen}` : 'lutra';
  const json = words.includes('--json');
  try {
    const program = await createProgram(chosen);
    if (words.length === 0) throw new UsageError(`no command given. Commands: ${Object.keys(COMMANDS).join(', ')}`);
    await program.parseAsync(words, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    if (error instanceof CommanderError || error instanceof UsageError) {
      const message = error.message.replace(/^error: /, '');
      process.stderr.write(`${name}: ${message}\nSee ${name} --help\n`);
      if (json) printJson({ error: { code: 'USAGE', message } });
      return EXIT.usage;
    }
    report(LutraError.from(error), json);
    return EXIT.failure;
  }
}
