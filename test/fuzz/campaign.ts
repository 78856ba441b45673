import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Assignment, Report } from './child.js';

export interface Campaign {
  readonly cases: number;
  readonly seed: number;
  /** A case that takes longer counts as hanging. */
  readonly timeoutMilliseconds: number;
}

export interface CampaignFailure {
  readonly index: number;
  readonly detail: string;
}

export interface CampaignResult {
  readonly failures: readonly CampaignFailure[];
  /** How the other cases ended; up to 63 before one that hangs are in none. */
  readonly counts: { readonly refused: number; readonly planned: number; readonly ran: number };
}

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
/** A model must not take what the machine has. */
const HEAP_MEGABYTES = 1024;
const START_MILLISECONDS = 120_000;

/** Runs all cases in a process of their own; one that hangs, or ends the process, is a failure and the rest go on in another. */
export async function runCampaign({ cases, seed, timeoutMilliseconds }: Campaign): Promise<CampaignResult> {
  const failures: CampaignFailure[] = [];
  const counts = { refused: 0, planned: 0, ran: 0 };
  let current = -1;
  const take = (report: Report) => {
    if (report.kind === 'begins') current = report.index;
    else if (report.kind === 'failed') failures.push({ index: report.index, detail: report.detail });
    else {
      counts.refused += report.refused;
      counts.planned += report.planned;
      counts.ran += report.ran;
    }
  };
  for (let from = 0; from < cases; from = current + 1) {
    const end = await runChild({ seed, from, to: cases }, take, timeoutMilliseconds);
    if (end === undefined) break;
    if (current < from) throw new Error(`the process that runs cases did not start: ${end}`);
    failures.push({ index: current, detail: end });
  }
  return { failures, counts };
}

/** Resolves with why the process ended early, or undefined when it came to the end. */
function runChild(
  { seed, from, to }: Assignment,
  take: (report: Report) => void,
  timeoutMilliseconds: number,
): Promise<string | undefined> {
  const child = fork(CHILD, [seed, from, to].map(String), {
    execArgv: ['--import', 'tsx', `--max-old-space-size=${HEAP_MEGABYTES}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr!.on('data', (text) => {
    complaints = (complaints + text).slice(-2000);
  });
  return new Promise((resolve) => {
    let reason: string | undefined;
    const give = () => {
      reason = `no end within ${timeoutMilliseconds} ms`;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(give, START_MILLISECONDS);
    child.on('message', (report: Report) => {
      clearTimeout(timer);
      timer = setTimeout(give, timeoutMilliseconds);
      take(report);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(code === 0 ? undefined : (reason ?? `the process ended with ${signal ?? code}: ${complaints}`));
    });
  });
}
