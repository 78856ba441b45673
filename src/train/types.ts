import type { Graph, Node, TensorType, TensorValue } from '../graph/types.js';

/**
 * Domain of pseudo-operators that exist in a training network only; differentiation replaces them by standard operators.
 *
 * | operator | inputs → output | meaning |
 * |---|---|---|
 * | `StopGradient` | x → x | no gradient passes |
 * | `StraightThrough` | value, carrier → value | the gradient goes to `carrier` unchanged; both have one shape |
 * | `SoftmaxCrossEntropy` | logits [N, C], target → [] | target: class numbers int64/int32 [N], or probabilities [N, C]; attribute `smoothing` 0..1, default 0; mean over N |
 * | `DistillationLoss` | logits [N, C], teacher logits [N, C] → [] | T² · KL(softmax(teacher/T) ‖ softmax(logits/T)), mean over N; attribute `temperature`, default 4 |
 * | `MeanSquaredError` | x, target of one shape → [] | mean over all elements |
 * | `Accuracy` | logits [N, C], class numbers [N] or probabilities [N, C] → [] | share of rows whose largest logit is the target's; no gradient |
 */
export const TRAINING_DOMAIN = 'lutra.train';

/** How one parameter learns. */
export interface ParameterOptions {
  /** Factor of the step's learning rate. Default 1. */
  readonly rate?: number;
  /** Weight decay instead of the optimizer's, e.g. 0 for biases and scales. */
  readonly decay?: number;
}

/**
 * A network to train: an ordinary graph of standard operators, rules' pseudo-operators among them.
 *
 * The first dimension of every graph input is the batch and symbolic (`'batch'`); the others are numbers. A BatchNormalization with
 * attribute `training_mode: 1` and one output is live: it normalizes by the statistics of the micro-batch, its third and fourth input (initializers)
 * are running statistics that a step updates with the attribute `momentum` (ONNX: running · momentum + batch · (1 − momentum),
 * default 0.9). Without `training_mode` it is folded: its statistics are constants.
 */
export interface TrainingNetwork {
  readonly graph: Graph;
  /** The scalar value that is minimized: a mean over the batch. Need not be a graph output. */
  readonly loss: string;
  /** Further scalars to report, each averaged over the micro-batches: metric name → value name. */
  readonly metrics?: Readonly<Record<string, string>>;
  /** Initializers that learn; all others are constants (or running statistics). */
  readonly parameters: ReadonlyMap<string, ParameterOptions>;
  /** Rules of pseudo-operators that the network brings with it; they come on top of the rules of standard operators. */
  readonly rules?: readonly GradientRule[];
}

/** Stochastic gradient descent: v ← μ·v + g, w ← w − η·(g + μ·v) with Nesterov, w − η·v without (Sutskever et al. 2013, §2). */
export interface SgdOptions {
  readonly kind: 'sgd';
  /** μ. Default 0.9. */
  readonly momentum?: number;
  /** Default true. */
  readonly nesterov?: boolean;
  /** Weight decay λ: g + λ·w. Default 0. */
  readonly decay?: number;
  /** Subtract η·λ·w from the weight instead of adding to the gradient (Loshchilov & Hutter 2019). Default false. */
  readonly decoupled?: boolean;
}

/** Adam (Kingma & Ba 2015, algorithm 1), AdamW with decoupled decay (Loshchilov & Hutter 2019, algorithm 2). */
export interface AdamOptions {
  readonly kind: 'adam';
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0. */
  readonly decay?: number;
  /** Default true. */
  readonly decoupled?: boolean;
}

export type OptimizerOptions = SgdOptions | AdamOptions;

export interface StepEngineOptions {
  readonly optimizer: OptimizerOptions;
  /**
   * Examples that go through the network at once; a batch must be a multiple. Small ones stay in the cache. Also the number of
   * examples that live batch normalization averages over. Default 16.
   */
  readonly microBatch?: number;
  /**
   * Threads that share the micro-batches of a batch; 1 runs on the calling thread. The result does not depend on it. Default 1.
   * More than 1 needs Node.
   */
  readonly threads?: number;
  /** Which runtime executes the graph. Default: onnxruntime-node in Node, onnxruntime-web elsewhere. */
  readonly runtime?: 'node' | 'web';
}

export interface StepResult {
  /** Mean loss of the batch, before the update. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Euclidean norm of the gradient of all parameters. */
  readonly gradientNorm: number;
}

/** Everything that continuing a training needs; plain data. */
export interface TrainingState {
  /** Updates done. */
  readonly step: number;
  /** Parameters and running statistics by initializer name. */
  readonly values: ReadonlyMap<string, TensorValue>;
  /** Moments of the optimizer by `<moment>/<parameter>`. */
  readonly moments: ReadonlyMap<string, TensorValue>;
}

/** Runs training steps of one network. Made by `createStepEngine` (src/train/engine/step-engine.ts). */
export interface StepEngine {
  /**
   * One update.
   *
   * @param feeds every graph input of the network by name; the first dimension is the batch, a multiple of the micro-batch.
   * @param learningRate η, at least 0.
   * @throws LutraError `INVALID_ARGUMENT` (feeds), `DIVERGED` when the loss or a gradient is NaN or infinite: parameters, moments and statistics keep
   *   their values of before the step; or when the update makes a parameter infinite, after which only `load` helps. `RELEASED` after `dispose`.
   */
  step(feeds: Readonly<Record<string, TensorValue>>, learningRate: number): Promise<StepResult>;
  /** Copies of the parameters and running statistics by initializer name. */
  parameters(): Map<string, TensorValue>;
  /** A copy of the whole state, for a checkpoint. */
  state(): TrainingState;
  /** @throws LutraError `INVALID_ARGUMENT` when a tensor is missing, unknown or of another shape. */
  load(state: TrainingState): void;
  dispose(): Promise<void>;
}

/** Adds nodes to the graph that differentiation emits; every value's type is inferred as it is added. */
export interface Emitter {
  /** Adds a node with one output and returns that value's name. */
  node(op: string, inputs: readonly string[], attributes?: Node['attributes'], domain?: string): string;
  /** Adds a node with several outputs and returns their names. */
  nodes(op: string, inputs: readonly string[], outputs: number, attributes?: Node['attributes']): string[];
  /** A scalar constant of the type of the value `like`; equal ones are shared. */
  scalar(value: number, like: string): string;
  /** An int64 vector constant (shapes, axes, pads). */
  ints(values: readonly number[]): string;
  constant(value: TensorValue): string;
  /** Element type and shape of a value; every shape is concrete. */
  type(name: string): TensorType;
  /** The value where it is a constant or follows from shapes. */
  value(name: string): TensorValue | undefined;
}

/** What a rule's `forward` made. */
export interface Emitted {
  readonly outputs: readonly string[];
  /** Values that `backward` wants to see again. */
  readonly saved?: Readonly<Record<string, string>>;
  /** Running statistics: input position → the batch's value, which the initializer at that input moves to: running · momentum + value · (1 − momentum). */
  readonly updates?: Readonly<Record<number, { readonly value: string; readonly momentum: number }>>;
}

export interface ForwardContext {
  readonly emitter: Emitter;
  readonly node: Node;
  /** Names in the emitted graph; `''` is an omitted optional input. */
  readonly inputs: readonly string[];
}

export interface BackwardContext extends ForwardContext {
  readonly outputs: readonly string[];
  readonly saved: Readonly<Record<string, string>>;
  /** Gradient of the loss by each output, of the output's shape; undefined where none arrives (at least one does). */
  readonly gradients: readonly (string | undefined)[];
  /** Which inputs lead to a parameter; work for the others is wasted. */
  readonly wanted: readonly boolean[];
}

/** How one operator is differentiated. */
export interface GradientRule {
  /** Default `''`, the standard domain. */
  readonly domain?: string;
  readonly op: string;
  /** Inputs through which no gradient passes, by position. */
  readonly stops?: readonly number[];
  /** Emits what computes the node. Default: the node itself. Pseudo-operators must have it. */
  forward?(context: ForwardContext): Emitted;
  /**
   * Emits the gradient of each input, of the input's shape; undefined where it is zero or not wanted.
   *
   * @throws LutraError `UNSUPPORTED` for a case that cannot be differentiated.
   */
  backward(context: BackwardContext): readonly (string | undefined)[];
}
