import { type DenseLayer, findDenseLayers } from '../../src/convert/dense-layers.js';
import { GraphEditor } from '../../src/graph/editor.js';
import { raiseOpset } from '../../src/graph/passes/raise-opset.js';
import { simplify } from '../../src/graph/passes/simplify.js';
import { tensorValue } from '../../src/graph/tensor.js';
import type { Graph, Node } from '../../src/graph/types.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';

/**
 * The same network with its convolutions cut into the taps that codes of a `row` or a `pixel` are shared by: copies of the input, one
 * shifted to each tap, become channels of a convolution of one row or one position. Converted, every tap then has codebooks of its own, and
 * its codes serve it alone. The first convolution stays as it is. Simplified on the way; for measurements, since the copies take time.
 */
export function separateTaps(graph: Graph, kind: 'row' | 'pixel'): Graph {
  const simplified = raiseOpset(simplify(graph, COMPLETE_OPERATORS), COMPLETE_OPERATORS);
  const editor = new GraphEditor(simplified);
  for (const layer of findDenseLayers(simplified)) {
    const [kh, kw] = layer.window.kernel;
    if (layer.first || layer.kind !== 'conv' || kh * (kind === 'pixel' ? kw : 1) === 1) continue;
    editor.replace([layer.node], separated(editor, layer, kind));
  }
  return editor.finish();
}

function separated(editor: GraphEditor, layer: DenseLayer, kind: 'row' | 'pixel'): Node[] {
  const { node, inputChannels: C, outputChannels: O, weight } = layer;
  const [kh, kw] = layer.window.kernel;
  const [top, left, bottom, right] = layer.window.pads;
  // What a shift covers, and what the convolution keeps.
  const [shifts, width] = kind === 'row' ? [1, kw] : [kw, 1];
  const sides = kind === 'row' ? [0, 0] : [left, right];
  const nodes: Node[] = [];
  const add = (op: string, inputs: readonly string[], attributes: Node['attributes'] = {}): string => {
    const name = editor.newName(`${node.name}/${op}`);
    nodes.push({ name, op, domain: '', inputs, outputs: [name], attributes });
    return name;
  };
  const integers = (...values: readonly number[]) =>
    editor.addConstant(tensorValue('int64', [values.length], BigInt64Array.from(values, BigInt)), `${node.name}/ints`);

  const padded = add('Pad', [layer.input, integers(0, 0, top, sides[0]!, 0, 0, bottom, sides[1]!)]);
  // Counted from the end, as the size of the image is not known here; 0 would be the start.
  const end = (taps: number, tap: number) => (tap === taps - 1 ? Number.MAX_SAFE_INTEGER : tap + 1 - taps);
  const copies: string[] = [];
  const weights = new Float32Array(weight.length);
  const taps = kh * shifts;
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < shifts; j++) {
      const ends = integers(end(kh, i), end(shifts, j));
      copies.push(add('Slice', [padded, integers(i, j), ends, integers(2, 3)]));
      for (let o = 0; o < O; o++) {
        for (let c = 0; c < C; c++) {
          const from = ((o * C + c) * kh + i) * kw + j;
          const to = ((o * taps + i * shifts + j) * C + c) * width;
          weights.set(weight.subarray(from, from + width), to);
        }
      }
    }
  }
  const [, w, bias] = node.inputs as [string, string, string?];
  const cut = editor.addConstant(tensorValue('float32', [O, taps * C, 1, width], weights), w);
  nodes.push({
    ...node,
    inputs: [add('Concat', copies, { axis: 1 }), cut, ...(bias ? [bias] : [])],
    attributes: {
      kernel_shape: [1, width],
      strides: [...layer.window.strides],
      pads: kind === 'row' ? [0, left, 0, right] : [0, 0, 0, 0],
    },
  });
  return nodes;
}
