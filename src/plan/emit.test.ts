import { expect, it } from 'vitest';
import type { Node } from '../graph/types.js';
import { KERNELS } from '../kernels/list.js';
import { CORE_OPERATOR_SET } from '../ops/core.js';
import { Lowering } from './context.js';
import type { LowerContext } from './types.js';

const node: Node = { name: 'n', op: 'Softmax', domain: '', inputs: ['x'], outputs: ['y'], attributes: {} };

/** Every call but the first is a mistake: `tsc` fails when one of them compiles. */
function emitAll(context: LowerContext): void {
  const input = context.temporary('x', 64);
  const output = context.temporary('y', 64);
  const fill = { output, count: 16, perTile: 16, value: 0.5 };
  context.emit(node, 'fill', fill, 1);
  // @ts-expect-error `value` is missing.
  context.emit(node, 'fill', { output, count: 16, perTile: 16 }, 1);
  // @ts-expect-error `fill` has no input.
  context.emit(node, 'fill', { input, output, count: 16, perTile: 16, value: 0.5 }, 1);
  // @ts-expect-error Nor may one come from a spread.
  context.emit(node, 'fill', { ...fill, ...{ input } }, 1);
  // @ts-expect-error A float field takes no address.
  context.emit(node, 'fill', { ...fill, value: output }, 1);
  // @ts-expect-error Nor a string.
  context.emit(node, 'fill', { ...fill, count: '16' }, 1);
  // @ts-expect-error Fields of another kernel.
  context.emit(node, 'reduceMean', fill, 1);
  // @ts-expect-error A kernel that is not in the list.
  context.emit(node, 'fillRows', fill, 1);
  const kernel = Math.random() < 2 ? ('fill' as const) : ('reduceMean' as const);
  // @ts-expect-error Of one of two kernels, the other may be meant.
  context.emit(node, kernel as 'fill' | 'reduceMean', fill, 1);
}

it('takes exactly the parameters of each kernel, and keeps what it is given', () => {
  const concrete = {
    operators: CORE_OPERATOR_SET,
    graph: { name: '', opset: {}, inputs: [], outputs: [], nodes: [node], initializers: new Map(), metadata: {} },
    ...{ nodes: [node], types: new Map(), constants: new Map(), consumers: new Map(), outputs: new Set<string>() },
  };
  const lowering = new Lowering(concrete, 1, new Set(), new Map());
  emitAll(lowering);
  const [first] = lowering.steps;
  expect(first).toMatchObject({ kind: 'kernel', kernel: 'fill', node, tiles: 1 });
  const fields = KERNELS.fill.map((field) => field.replace(':f32', ''));
  expect(first!.kind === 'kernel' && Object.keys(first!.params)).toEqual(fields);
});
