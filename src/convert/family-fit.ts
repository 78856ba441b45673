import type { Graph, Node, TensorValue } from '../graph/types.js';
import type { ActivationScale } from '../lut/activation.js';
import type { DenseLayer } from './dense-layers.js';
import type { Planes } from './gather.js';
import type { LivePlanes } from './live-planes.js';
import type { Progress } from './progress.js';
import type { Random } from './random.js';
import type { LiveValues } from './segment.js';
import type { InputSize } from './sizes.js';
import type { Targets } from './targets.js';
import type { ConvertOptions, LayerReport } from './types.js';

/** What one replaced layer costs for one example, by the family's cost model. */
export interface FittedCost {
  /** On one thread. */
  readonly nanoseconds: number;
  /** Everything that the replacement stores. */
  readonly tableBytes: number;
  /** Multiply-adds with weights that are left. */
  readonly macs: number;
  /** 8-bit multiply-adds of a search for codes. */
  readonly searchMacs: number;
  /** Table entries added. */
  readonly lookups: number;
}

/** What takes a layer's place: nodes that compute the layer's output, under its name, from the layer's input. */
export interface Replacement {
  /** Only the new ones. They may read what earlier replacements computed from the same input. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, TensorValue>;
  /** Of this form. Default: {@link FamilyFit.cost}. */
  readonly cost?: FittedCost;
  /** The form in words, for people. Default: the name of the family. */
  readonly form?: string;
  /** See {@link LayerReport.relativeError}. Default: measured by running the nodes. */
  readonly relativeError?: number;
  /** What else the report says of the layer. */
  readonly facts?: Pick<LayerReport, 'geometry' | 'encoder' | 'sharedCodes'>;
}

/** A form that a family could give a layer, as expected before anything is fitted. */
export interface FormEstimate {
  /** In words. */
  readonly form: string;
  readonly cost: FittedCost;
  /** Squared error relative to the variance of what the layer computes in the dense network. */
  readonly relativeError: number;
  /** Of the family `coded`. */
  readonly geometry?: LayerReport['geometry'];
}

/** What a layer reads and computes in the dense network, on some examples. */
export interface LayerSample {
  readonly input: Planes;
  /** Images to look at, from the first. */
  readonly images: number;
  /** How the input is quantized. */
  readonly scale: ActivationScale;
  /** Of the outputs around their channel means, summed over the channels. */
  readonly variance: number;
  /** Of one example. */
  readonly size: InputSize;
}

/**
 * One pass over a network, as a family sees it. When a layer is to be replaced, both networks have run up to its input, and the dense one
 * also through the layer itself.
 */
export interface FitPass {
  /** The dense network, simplified. */
  readonly graph: Graph;
  readonly options: ConvertOptions;
  /** The layers that the family replaces, in order. */
  readonly layers: readonly DenseLayer[];
  readonly sizes: ReadonlyMap<DenseLayer, InputSize>;
  /** The network's inputs: the calibration set. */
  readonly batches: readonly LiveValues[];
  /** 0..1: the part of the examples, from the first, to fit on. The rest measures. */
  readonly fitShare: number;
  readonly random: Random;
  /** Forms that are decided already, as {@link FamilyFit.survey} returned them. */
  readonly planned: ReadonlyMap<DenseLayer, FormEstimate>;
  /** A name that no value and no node has yet. */
  name(hint: string): string;
  /** What the layer reads in the converted network. */
  input(layer: DenseLayer): LivePlanes;
  /** What the layer computes in the dense network. */
  output(layer: DenseLayer): LivePlanes;
  /** How the layer's input is quantized: alike for all layers that read the same value. */
  activationScale(layer: DenseLayer): ActivationScale;
  /** What the layer should compute. @param positions ascending positions of its output */
  targets(layer: DenseLayer, positions: Uint32Array): Targets;
  /** Computes a value in the converted network, batch by batch. @param nodes what leads to it from values that are alive */
  run(
    nodes: readonly Node[],
    initializers: ReadonlyMap<string, TensorValue>,
    value: string,
    progress: Progress,
  ): Promise<readonly TensorValue[]>;
}

/** Replaces one layer. Called for the layers of a pass, in order. */
export type FitLayer = (layer: DenseLayer, progress: Progress) => Replacement | Promise<Replacement>;

/** The fit stage of a family: how `convert` replaces a dense layer by nodes of the family. */
export interface FamilyFit {
  /** As in options and reports. */
  readonly name: string;
  /** Whether the layer has a form in this family. */
  accepts(layer: DenseLayer): boolean;
  /** Of the fastest form that could be fitted. */
  cost(layer: DenseLayer, size: InputSize, options: ConvertOptions): FittedCost;
  /**
   * The forms that the layer could have, with what each costs and loses, from the dense network alone: what a plan of the whole network
   * chooses from. A family without it takes no part in plans.
   */
  survey?(
    layer: DenseLayer,
    sample: LayerSample,
    options: ConvertOptions,
    random: Random,
    progress: Progress,
  ): readonly FormEstimate[] | Promise<readonly FormEstimate[]>;
  /** Begins a pass: decides what concerns all layers together, and keeps what layers share. */
  begin(pass: FitPass, progress: Progress): FitLayer | Promise<FitLayer>;
}
