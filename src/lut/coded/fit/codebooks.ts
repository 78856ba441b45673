import type { Progress } from '../../../convert/progress.js';
import type { Random } from '../../../convert/random.js';
import { tensorValue } from '../../../graph/tensor.js';
import type { Node, TensorValue } from '../../../graph/types.js';
import type { ActivationScale } from '../../activation.js';
import { type OperatorSpec, writeNode } from '../../operator.js';
import { windowAttributes } from '../../window.js';
import { ENCODE, ENCODE_TREE } from '../spec.js';
import { fitCentroids } from './encoder.js';
import type { CodebookLayout } from './geometry.js';
import { clusterMeans } from './kmeans.js';
import { outputMetric, toMetricSpace } from './metric.js';
import { fitTree } from './tree.js';

export type EncoderKind = 'centroid' | 'tree';

/** Learned codebooks of one activation tensor. */
export interface Codebooks {
  readonly encoder: EncoderKind;
  readonly scale: ActivationScale;
  /** Representative values of every code, in real units: per codebook [K, v]. */
  readonly centroids: readonly Float32Array[];
  /** Inputs of the Encode or EncodeTree operator after x, x_scale and x_zero_point. */
  readonly parameters: readonly [name: string, value: TensorValue][];
}

/**
 * Learns all codebooks of a layer, or of several that share codes.
 * @param points per codebook [n, v] integer activations
 * @param slices per codebook, the weight slices [O, v] that read its values
 */
export async function fitCodebooks(
  points: readonly Float32Array[],
  slices: (codebook: number) => Float32Array[],
  layout: CodebookLayout,
  encoder: EncoderKind,
  scale: ActivationScale,
  iterations: number,
  random: Random,
  progress: Progress,
): Promise<Codebooks> {
  const { values: v, codebooks: B } = layout;
  const { channels: g, centroids: K } = layout.geometry;
  const [kh, kw] = layout.encode.kernel;
  const centroids: Float32Array[] = [];
  const weights = new Int8Array(B * K * v);
  const biases = new Int32Array(B * K);
  const features = new Int32Array(B * 4);
  const thresholds = new Uint8Array(B * 15);
  for (let c = 0; c < B; c++) {
    const { metric } = outputMetric(slices(c), v);
    let integers: Float32Array;
    if (encoder === 'centroid') {
      const book = fitCentroids(points[c]!, metric, v, kw, K, iterations, random);
      weights.set(book.weights, c * K * v);
      biases.set(book.biases, c * K);
      integers = book.centroids;
    } else {
      const quantized = Uint8Array.from(points[c]!, (a) => a + scale.zeroPoint);
      const tree = fitTree(quantized, toMetricSpace(metric, points[c]!, v), v);
      features.set(tree.features, c * 4);
      thresholds.set(tree.thresholds, c * 15);
      const { means, counts } = clusterMeans(points[c]!, tree.assignment, v, K);
      const all = clusterMeans(points[c]!, new Uint8Array(tree.assignment.length), v, 1).means;
      // A leaf that no point reached stands for all of them.
      for (let k = 0; k < K; k++) if (counts[k] === 0) means.set(all, k * v);
      integers = means;
    }
    centroids.push(integers.map((a) => a * scale.scale));
    await progress((c + 1) / B);
  }
  const parameters: [string, TensorValue][] =
    encoder === 'centroid'
      ? [
          ['Q', tensorValue('int8', [B * K, g, kh, kw], weights)],
          ['b', tensorValue('int32', [B * K], biases)],
        ]
      : [
          ['features', tensorValue('int32', [B, 4], features)],
          ['thresholds', tensorValue('uint8', [B, 15], thresholds)],
        ];
  return { encoder, scale, centroids, parameters };
}

/** The operator of an encoder. */
export function encoderSpec(encoder: EncoderKind): OperatorSpec {
  return encoder === 'centroid' ? ENCODE : ENCODE_TREE;
}

/** An Encode or EncodeTree node with its constants. */
export function encodeNode(
  books: Pick<Codebooks, 'encoder' | 'scale' | 'parameters'>,
  layout: CodebookLayout,
  name: string,
  input: string,
  output: string,
  initializers: Map<string, TensorValue>,
): Node {
  const constants = {
    x_scale: tensorValue('float32', [], Float32Array.of(books.scale.scale)),
    x_zero_point: tensorValue('uint8', [], Uint8Array.of(books.scale.zeroPoint)),
    ...Object.fromEntries(books.parameters),
  };
  const { geometry, codebooks: group } = layout;
  const attributes = { K: geometry.centroids, ...windowAttributes(layout.encode), group };
  return writeNode(encoderSpec(books.encoder), name, input, constants, output, attributes, initializers);
}
