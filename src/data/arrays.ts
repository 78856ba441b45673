import { LutraError } from '../errors.js';
import { elementCount, formatType } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import { cifarImage, cifarLabels } from './cifar.js';
import type { Dataset, Sample } from './dataset.js';
import { fromPlanes, makeImage } from './image.js';

/** Names of the input array of an .npz file, in the order in which they are tried, and of the label array. */
const INPUT_NAMES = ['x', 'images', 'image', 'inputs', 'input', 'data', 'arr_0'];
const LABEL_NAMES = ['y', 'labels', 'label', 'targets', 'target', 'arr_1'];

/**
 * Data set over examples that are known by their index.
 * @throws {LutraError} `INVALID_DATA` when there are none, or when a label is missing or wrong.
 */
export function labelled(
  name: string,
  count: number,
  labels: Int32Array | undefined,
  classes: readonly string[] | undefined,
  read: (index: number) => Sample,
): Dataset {
  if (count === 0) throw new LutraError('INVALID_DATA', `${name} is empty`);
  if (labels && labels.length !== count) {
    throw new LutraError('INVALID_DATA', `${name}: inputs and labels differ in number`, {
      expected: `${count} labels`,
      actual: `${labels.length}`,
    });
  }
  const wrong = labels?.findIndex((label) => label < 0 || (classes !== undefined && label >= classes.length)) ?? -1;
  if (wrong >= 0) {
    throw new LutraError('INVALID_DATA', `${name}: label ${wrong} is not a class of the model`, {
      expected: classes ? `0..${classes.length - 1}` : '≥ 0',
      actual: `${labels![wrong]}`,
    });
  }
  return {
    description: `${name}: ${count} examples${labels ? ` in ${new Set(labels).size} classes` : ''}`,
    count,
    ...(labels ? { labels } : {}),
    ...(classes ? { classes } : {}),
    async *samples(indices) {
      for (const i of indices) {
        const sample = read(i);
        yield labels ? { ...sample, label: labels[i]! } : sample;
      }
    },
  };
}

/** Data set over an uncompressed CIFAR-10 binary file. Throws as {@link cifarLabels}. */
export function cifarDataset(bytes: Uint8Array, name: string, classes?: readonly string[]): Dataset {
  const labels = cifarLabels(bytes, name);
  return labelled(name, labels.length, labels, classes, (i) => ({
    kind: 'image',
    name: `${name}[${i}]`,
    image: cifarImage(bytes, i),
  }));
}

/** Element `index` along the first dimension. */
function row(tensor: TensorValue, index: number): TensorValue {
  const dims = tensor.dims.slice(1);
  const size = elementCount(dims);
  return { type: tensor.type, dims, data: tensor.data.slice(index * size, (index + 1) * size) as TensorValue['data'] };
}

/** [height, width, channels] and how to find a byte. Undefined when a uint8 array of these dims does not hold images. */
function imageShape(dims: readonly number[]) {
  const [, a = 0, b = 0, c = 0] = dims;
  if (dims.length === 3) return { height: a, width: b, channels: 1, planar: false } as const;
  if (dims.length !== 4) return undefined;
  if (c === 1 || c === 3) return { height: a, width: b, channels: c, planar: false } as const;
  if (a === 1 || a === 3) return { height: b, width: c, channels: a, planar: true } as const;
  return undefined;
}

/**
 * Data set over one array whose first dimension counts the examples. uint8 arrays [n, h, w], [n, h, w, 1|3] and
 * [n, 1|3, h, w] are images and are preprocessed. Every other array is the network's input as it is.
 */
export function arrayDataset(
  inputs: TensorValue,
  labels: TensorValue | undefined,
  name: string,
  classes?: readonly string[],
): Dataset {
  const count = inputs.dims[0];
  if (count === undefined || elementCount(inputs.dims) === 0) {
    throw new LutraError('INVALID_DATA', `${name}: inputs must be an array of examples`, {
      expected: '[n, …] with n > 0',
      actual: formatType(inputs),
    });
  }
  if (labels && (elementCount(labels.dims) !== labels.dims[0] || /float|string/.test(labels.type))) {
    throw new LutraError('INVALID_DATA', `${name}: labels must be class indices`, {
      expected: `integers [${count}]`,
      actual: formatType(labels),
    });
  }
  const indices = labels && Int32Array.from(labels.data as ArrayLike<number | bigint>, Number);
  const shape = inputs.type === 'uint8' ? imageShape(inputs.dims) : undefined;
  return labelled(name, count, indices, classes, (i): Sample => {
    const tensor = row(inputs, i);
    if (!shape) return { kind: 'tensor', name: `${name}[${i}]`, tensor };
    const { width, height, channels, planar } = shape;
    const bytes = tensor.data as Uint8Array;
    const image = (planar ? fromPlanes : makeImage)(width, height, channels, bytes);
    return { kind: 'image', name: `${name}[${i}]`, image };
  });
}

/**
 * Data set over the arrays of an .npz file: inputs under `x`, `images`, `data` …, labels (optional) under `y`, `labels` ….
 * @throws {LutraError} `INVALID_DATA` listing the arrays when there is no input among them.
 */
export function npzDataset(
  arrays: ReadonlyMap<string, TensorValue>,
  name: string,
  classes?: readonly string[],
): Dataset {
  const find = (names: readonly string[]) => arrays.get(names.find((key) => arrays.has(key)) ?? '');
  const inputs = find(INPUT_NAMES);
  if (!inputs) {
    throw new LutraError('INVALID_DATA', `${name} has no array of inputs`, {
      expected: `one named ${INPUT_NAMES.join(', ')}`,
      actual: [...arrays.keys()].join(', ') || 'no array',
    });
  }
  return arrayDataset(inputs, find(LABEL_NAMES), name, classes);
}
