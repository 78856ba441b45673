import type { Graph, TensorValue } from '../graph/types.js';
import type { EncoderKind } from '../lut/coded/fit/codebooks.js';
import type { Geometry } from '../lut/coded/fit/geometry.js';
import type { Family } from '../lut/family.js';

export type Objective = 'speed' | 'balanced' | 'accuracy';

/** Fixed geometry per layer kind; a kind left out is chosen by `optimize`. */
export interface GeometryOptions {
  /** Convolutions with a kernel larger than 1 × 1. `channels` is reduced to the nearest divisor of the input channels. */
  readonly conv?: { readonly kind: 'patch' | 'row' | 'pixel'; readonly channels: number };
  /** Channels per codebook of 1 × 1 convolutions. */
  readonly pointwise?: number;
  /** Inputs per codebook of Gemm and MatMul. */
  readonly linear?: number;
}

export interface ConvertOptions {
  /** What geometry and K are chosen for where they are not given. Default `balanced`. */
  readonly optimize?: Objective;
  /** K for every layer: 8, 16, 32 or 64. Default: chosen together with the geometry. */
  readonly centroids?: number;
  readonly geometry?: GeometryOptions;
  /** Default `centroid`. `tree` (MADDNESS) encodes faster and less accurately; K = 16. */
  readonly encoder?: EncoderKind;
  /**
   * `default`: every Conv of one group and every Gemm/MatMul with constant weights, except the first convolution, the last layer and
   * layers that the cost model expects to become slower. `all`: without these exceptions. Or names of nodes (of the simplified graph).
   */
  readonly layers?: 'default' | 'all' | readonly string[];
  /** Names of nodes that stay dense, also where `layers` names them. */
  readonly exclude?: readonly string[];
  /**
   * Plans the whole network: the fastest one that is predicted to lose at most this many percentage points, then measured and corrected.
   * Points of accuracy on held-out calibration examples when there are labels, else of agreement with the dense network.
   */
  readonly maxDrop?: number;
  /**
   * Plans the whole network: the most accurate one that the cost models expect to be this many times as fast as the dense network. With
   * `maxDrop` it must keep within that, too.
   */
  readonly speedup?: number;
  /**
   * Largest size of the file, in bytes. Geometry and K of all layers are then chosen together, for the least error within that size, weighed
   * against time as `optimize` says; codebooks of single values are tried, too. With `maxDrop` or `speedup` a limit of the plan.
   */
  readonly maxBytes?: number;
  /**
   * Family that replaces the layers: `coded`, `integer`, or one of {@link ConvertControl.families}. Default `coded`; a plan (`maxDrop`,
   * `speedup`) chooses among all families.
   */
  readonly family?: string;
  /**
   * `integer`: where a first convolution is not replaced, the family `integer` replaces it (7-bit inputs and int8 weights), which takes
   * about half the time. Default `integer` where `optimize` is `speed`, else `float`.
   */
  readonly stem?: 'float' | 'integer';
  /** Default 1. The same seed, data and options give the same model. */
  readonly seed?: number;
  /** Entries added to the model's metadata, such as `lutra.preprocess`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Described in the report and in `lutra.calibration`. */
  readonly description?: string;
}

/** One batch: the tensor of a network with one input, or all inputs by name. The first dimension counts examples. */
export type CalibrationBatch = TensorValue | Readonly<Record<string, TensorValue>>;

export interface Calibration {
  /** Batches of at least one example; all of the same type and shape but for the first dimension. 512 to 1000 examples are enough. */
  readonly feeds: Iterable<CalibrationBatch> | AsyncIterable<CalibrationBatch>;
  /** Class index of every example, in order. */
  readonly labels?: ArrayLike<number>;
}

export interface ConvertProgress {
  /** `calibrate`: reading data; `survey`: estimating geometries; `layer`: fitting; `evaluate`: running the result on held-out examples. */
  readonly stage: 'calibrate' | 'survey' | 'layer' | 'evaluate';
  /** Node name of the layer at work or just finished. */
  readonly layer?: string;
  /** 0-based place of the layer among `layers`. */
  readonly index: number;
  readonly layers: number;
  /** 0..1 within this stage or layer. */
  readonly fraction: number;
  /** Present once a layer is done. */
  readonly relativeError?: number;
  /** Number of the conversion that a plan tries, from 1. */
  readonly attempt: number;
}

/** What a conversion needs of a family of lookup layers. */
export type ConvertFamily = Pick<Family, 'fit'> & Partial<Pick<Family, 'operators' | 'rules'>>;

export interface ConvertControl {
  readonly onProgress?: (progress: ConvertProgress) => void;
  readonly signal?: AbortSignal;
  /** Families that may replace layers, besides the built-in ones, with the operators that they need. */
  readonly families?: readonly ConvertFamily[];
}

/** One Conv, Gemm or MatMul with constant weights. Counts are for one example. */
export interface LayerReport {
  readonly name: string;
  readonly op: string;
  readonly converted: boolean;
  /** Family that replaced the layer; undefined where it stayed dense. */
  readonly family?: string;
  /** What replaced it, in words. */
  readonly form?: string;
  /** Why it stayed dense. `unsupported`: the family has no form for it. */
  readonly reason?: 'first' | 'last' | 'excluded' | 'unsupported' | 'cost' | 'plan';
  /** Of the family `coded`, as `encoder` and `sharedCodes`. */
  readonly geometry?: Geometry;
  readonly encoder?: EncoderKind;
  /** The codes come from another layer's Encode. */
  readonly sharedCodes?: boolean;
  /**
   * Squared error relative to the variance of the dense outputs, on held-out examples, inputs from the converted prefix. Where a ReLU
   * follows, both are taken behind it. The family `coded` measures before it matches the statistics of the channels.
   */
  readonly relativeError?: number;
  readonly weightBytes: number;
  /** What the replacement stores: tables, scales, biases and encoder, or integer weights; 0 when dense. */
  readonly tableBytes: number;
  /** Floating-point operations of the dense layer: 2 per multiply-add. */
  readonly denseFlops: number;
  /** Multiply-adds with weights that are left: of floats when dense, else of integers. */
  readonly macs: number;
  /** 8-bit multiply-adds of the search. */
  readonly searchMacs: number;
  readonly lookups: number;
  /** Of the cost models of src/convert/dense-cost.ts and of the family, one thread. */
  readonly denseNanoseconds: number;
  readonly lookupNanoseconds: number;
}

/** Answers of the converted network on examples that were not used for fitting. */
export interface AgreementReport {
  readonly examples: number;
  /** Percentage of examples with the same highest output as the dense network. */
  readonly agreement: number;
  /** Percentages of correct answers; only with labels. */
  readonly denseAccuracy?: number;
  readonly convertedAccuracy?: number;
}

/** One network that a plan could have chosen. */
export interface TradeOffPoint {
  /** Of the cost models, one thread, one example. */
  readonly nanoseconds: number;
  /** The dense network's time over that. */
  readonly speedup: number;
  /** Percentage points of {@link PlanReport.metric}; undefined for networks that do not classify. */
  readonly drop?: number;
  /** Of the file. */
  readonly bytes: number;
  /** What becomes of each layer that the plan is about, in words; `dense` where it stays. */
  readonly forms: Readonly<Record<string, string>>;
}

/** What was chosen for the whole network, and what else could have been. */
export interface PlanReport {
  /** Whether drops are points of accuracy or of agreement with the dense network; undefined for networks that do not classify. */
  readonly metric?: 'accuracy' | 'agreement';
  readonly dense: { readonly nanoseconds: number; readonly bytes: number };
  /** Of the chosen network, before it was converted. */
  readonly predicted: TradeOffPoint & { readonly divergence: number };
  /** On held-out calibration examples. `deviation`: one standard deviation of the drop, which few examples make large. */
  readonly measured?: { readonly drop: number; readonly deviation: number; readonly divergence: number };
  /** Conversions that were tried. */
  readonly attempts: number;
  /** From the fastest to the most accurate, as predicted after all measurements. */
  readonly points: readonly TradeOffPoint[];
  /** Index of the chosen one among `points`. */
  readonly chosen: number;
}

export interface ConvertReport {
  readonly examples: number;
  readonly seed: number;
  readonly optimize: Objective;
  readonly description?: string;
  readonly layers: readonly LayerReport[];
  /** undefined when the first output is not a float32 [N, classes]. */
  readonly heldOut?: AgreementReport;
  /** With `maxDrop` or `speedup`. */
  readonly plan?: PlanReport;
  /** What a person should know before using the network, in sentences. */
  readonly warnings: readonly string[];
  readonly totals: {
    readonly converted: number;
    readonly weightBytesBefore: number;
    /** Tables of converted layers and weights of the others. */
    readonly weightBytesAfter: number;
    readonly flopsBefore: number;
    /** Of the layers left dense or computed with integer weights. */
    readonly flopsAfter: number;
    readonly searchMacs: number;
    readonly lookups: number;
  };
  readonly seconds: number;
}

export interface ConvertResult {
  readonly graph: Graph;
  readonly report: ConvertReport;
}
