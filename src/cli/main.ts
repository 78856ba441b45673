import { readFileSync } from 'node:fs';
import { LutraError } from '../errors.js';
import { type Command, columns, helpText, parseArguments, suggestion, UsageError } from './arguments.js';
import { convertCommand } from './commands/convert.js';
import { evalCommand } from './commands/eval.js';
import { inspectCommand } from './commands/inspect.js';
import { runCommand } from './commands/run.js';
import { trainCommand } from './commands/train.js';
import { print, printJson } from './output.js';

const COMMANDS: readonly Command[] = [convertCommand, trainCommand, runCommand, evalCommand, inspectCommand];

const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

function overview(): string {
  const rows = COMMANDS.map(({ name, summary }) => [name, summary] as const);
  return `Neural networks by table lookup.

Usage
  $ lutra <command> [options]

Commands
${columns(rows)}

Options
  -h, --help       show this help, or with a command the help of the command
  -v, --version    show the version

Example
  $ lutra convert net.onnx -o lut.onnx --calibration pictures.tar.gz
`;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
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
  const [name, ...rest] = argv;
  if (name === '--version' || name === '-v') {
    print(version());
    return EXIT.ok;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    print(overview().trimEnd());
    return EXIT.ok;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) {
    const names = COMMANDS.map((candidate) => candidate.name);
    const problem = name === undefined ? 'no command given.' : `unknown command "${name}".${suggestion(name, names)}`;
    process.stderr.write(`lutra: ${problem}\nCommands: ${names.join(', ')}. See lutra --help\n`);
    return EXIT.usage;
  }
  const json = rest.includes('--json');
  try {
    const args = parseArguments(command, rest);
    if (args.has('help')) print(helpText(command).trimEnd());
    else await command.run(args);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`lutra ${command.name}: ${error.message}\nSee lutra ${command.name} --help\n`);
      if (json) printJson({ error: { code: 'USAGE', message: error.message } });
      return EXIT.usage;
    }
    report(LutraError.from(error), json);
    return EXIT.failure;
  }
}
