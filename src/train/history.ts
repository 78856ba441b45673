/** What a training shows and keeps of its course: one record per report interval. Losses are means since the record before. */
export interface TrainingRecord {
  /** Updates done. */
  readonly step: number;
  /** Passes over the training data done. */
  readonly epoch: number;
  /** Seconds of training so far. */
  readonly seconds: number;
  readonly learningRate: number;
  readonly loss: number;
  /** Means of the network's metrics (`accuracy` …), on training batches. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Examples per second since the record before. */
  readonly samplesPerSecond: number;
  /** Accuracy on the validation set 0..1, where it was measured. */
  readonly validation?: number;
  /** Loss on the validation set, where the best state is kept by it. */
  readonly validationLoss?: number;
  /** Share of the validation set with the answer of the dense network, where its logits are learned. */
  readonly validationAgreement?: number;
  /** Learned temperatures by layer. */
  readonly temperatures?: Readonly<Record<string, number>>;
}
