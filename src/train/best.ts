import type { TensorValue } from '../graph/types.js';
import type { ValidationResult } from './validate.js';

/** A state of a training and its result on the validation set. */
export interface BestState {
  readonly step: number;
  readonly validation: ValidationResult;
  /** Parameters and running statistics. */
  readonly values: ReadonlyMap<string, TensorValue>;
}

/** The state with the lowest loss on the validation set, if one is better than what the training started from. */
export class BestKeeper {
  constructor(
    private readonly start: ValidationResult | undefined,
    private kept: BestState | undefined,
  ) {}

  get state(): BestState | undefined {
    return this.kept;
  }

  /** A loss that is no number never wins, and everything else wins against one. */
  offer(candidate: BestState): void {
    const limit = this.kept?.validation.loss ?? this.start?.loss ?? Number.NaN;
    const { loss } = candidate.validation;
    if (Number.isFinite(loss) && !(limit <= loss)) this.kept = candidate;
  }
}
