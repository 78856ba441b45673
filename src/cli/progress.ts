/** Nothing is shown for work that ends sooner. */
const QUIET_MS = 500;
const TTY_INTERVAL_MS = 100;
/** Between lines where the output is a file or a pipe. */
const LINE_INTERVAL_MS = 5000;
const BAR_WIDTH = 24;

/** Where progress goes: `process.stderr` or a stand-in. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Progress of one long task on stderr: a bar on a terminal, a line every few seconds elsewhere. */
export class Progress {
  private readonly started: number;
  private shown: number;
  private drawn = false;

  constructor(
    private readonly label: string,
    private readonly stream: ProgressStream = process.stderr,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.started = now();
    this.shown = this.started + (stream.isTTY ? QUIET_MS : LINE_INTERVAL_MS) - this.interval;
  }

  private get interval(): number {
    return this.stream.isTTY ? TTY_INTERVAL_MS : LINE_INTERVAL_MS;
  }

  /** `fraction` of the work done, 0..1; `detail` follows it. */
  update(fraction: number, detail = ''): void {
    const time = this.now();
    if (time - this.shown < this.interval) return;
    this.shown = time;
    const done = Math.max(0, Math.min(1, fraction));
    const percent = `${Math.floor(done * 100)} %`.padStart(5);
    const text = `${this.label} ${percent}${detail ? `  ${detail}` : ''}`;
    if (!this.stream.isTTY) {
      this.stream.write(`${text}\n`);
      return;
    }
    const filled = Math.round(done * BAR_WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    this.stream.write(`\r\x1b[K${`${bar} ${text}`.slice(0, (this.stream.columns ?? 80) - 1)}`);
    this.drawn = true;
  }

  /** Prints a line of its own above the bar. */
  line(text: string): void {
    this.clear();
    this.stream.write(`${text}\n`);
  }

  /** Removes the bar. Call it when the work ends, however it ends. */
  clear(): void {
    if (this.drawn) this.stream.write('\r\x1b[K');
    this.drawn = false;
  }
}
