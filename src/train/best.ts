import type { TensorValue } from '../graph/types.js';
import type { Judgement } from './judge.js';

/** A state of a training and what it is worth on held-out examples. */
export interface BestState {
  readonly step: number;
  readonly heldOut: Judgement;
  /** Parameters and running statistics. */
  readonly values: ReadonlyMap<string, TensorValue>;
}

/** The state with the lowest loss on held-out examples, if one is better than what the training started from. */
export class BestKeeper {
  constructor(
    private readonly start: Judgement | undefined,
    private kept: BestState | undefined,
  ) {}

  get state(): BestState | undefined {
    return this.kept;
  }

  /** A loss that is no number never wins, and everything else wins against one. */
  offer(candidate: BestState): void {
    const limit = this.kept?.heldOut.loss ?? this.start?.loss ?? Number.NaN;
    const { loss } = candidate.heldOut;
    if (Number.isFinite(loss) && !(limit <= loss)) this.kept = candidate;
  }
}
