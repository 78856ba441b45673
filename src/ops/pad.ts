import { allocate, elementCount } from '../graph/tensor.js';
import { castTo } from './cast.js';
import * as op from './define.js';
import type { Operator } from './operator.js';
import { checkSize } from './shape.js';
import { offsets, range, stridesOf, type Table } from './strides.js';

type PadMode = 'constant' | 'reflect' | 'edge' | 'wrap';

/** Position inside 0..size−1 that padding position i (any integer) shows, or −1 for the constant. */
function padded(mode: PadMode, i: number, size: number): number {
  if (i >= 0 && i < size) return i;
  if (mode === 'constant') return -1;
  if (mode === 'edge') return i < 0 ? 0 : size - 1;
  const period = mode === 'wrap' ? size : Math.max(1, 2 * (size - 1));
  const at = ((i % period) + period) % period;
  return at < size ? at : period - at;
}

/** Per axis, which input positions the output shows, −1 for the constant. Negative pads crop before positive pads extend. */
function padPositions(context: op.AnyContext): Table[] {
  const { node, opset } = context;
  const dims = op.dimsOf(context);
  const mode = op.choice<PadMode>(node, 'mode', ['constant', 'reflect', 'edge', 'wrap']);
  const pads = op.setting(context, 'pads', 1, 11);
  const axes = op.axesOf(node, (opset < 18 ? undefined : op.numbers(context, 3)) ?? dims.map((_, d) => d), dims.length);
  op.checkEqual(node, 'pads has the wrong length', 2 * axes.length, pads?.length);
  return dims.map((size, d) => {
    const a = axes.indexOf(d);
    const [begin, end] = a < 0 ? [0, 0] : [pads![a]!, pads![a + axes.length]!];
    const [first, last] = [Math.max(0, -begin), size - Math.max(0, -end)];
    const length = size + begin + end;
    op.check(node, length >= 0 && last >= first, 'pads crop more than the axis has', `at least 0 of ${size}`, length);
    checkSize(context, length);
    const repeatable = mode === 'constant' || last > first || length === 0;
    op.check(node, repeatable, 'an empty axis has nothing to repeat', 'at least 1', 0);
    const build = () =>
      range(length, 1, -Math.max(0, begin)).map((i) => {
        const at = padded(mode, i, last - first);
        return at < 0 ? -1 : at + first;
      });
    return { length, build };
  });
}

const pad = op.define({
  name: 'Pad',
  arity: [1, 4],
  types: [op.ANY, op.INT64, op.ANY, op.INDEX],
  attributes: 'mode pads value',
  raw: true,
  infer(context) {
    const value = context.inputs[2];
    op.check(context.node, !value || elementCount(value.dims) === 1, 'the padding is not one value', '[]', value?.dims);
    return [{ type: op.typeOf(context), dims: padPositions(context).map((axis) => axis.length) }];
  },
  evaluate(context, [y]) {
    const out = op.elements(y!);
    if (context.opset < 11) {
      const value = context.node.attributes.value ?? 0;
      const fill = castTo(y!.type, { type: 'float64', dims: [1], data: Float64Array.of(value as number) });
      out.fill(op.elements(fill)[0]!);
    } else if (context.inputs[2]) out.fill(op.input(context, 2)[0]!);
    else out.fill(op.elements(allocate(y!.type, [1]))[0]!);
    const positions = padPositions(context).map((axis) => Array.from(axis.build()));
    const [from, to] = [stridesOf(op.dimsOf(context)), stridesOf(y!.dims)];
    const shown = positions.map((axis) => axis.map((at, o) => [at, o] as const).filter(([at]) => at >= 0));
    const source = offsets(shown.map((axis, d) => axis.map(([at]) => at * from[d]!)));
    const target = offsets(shown.map((axis, d) => axis.map(([, o]) => o * to[d]!)));
    const x = op.input(context);
    for (let i = 0; i < source.length; i++) out[target[i]!] = x[source[i]!]!;
  },
});

export const PAD: readonly Operator[] = [pad];
