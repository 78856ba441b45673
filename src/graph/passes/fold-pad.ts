import { isOperator, numberAttribute, numbersAttribute } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import type { Graph, Node } from '../types.js';

/** Pads of the spatial axes: begins, then ends. */
interface Padding {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly value: number;
}

/**
 * Moves a Pad into the convolution or pooling that reads it: zeros into Conv; zeros into AveragePool, which then counts them;
 * into MaxPool what can never be the maximum.
 */
export function foldPad(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const { name } of graph.nodes) {
    const pad = editor.node(name);
    if (!pad || !isOperator(pad, 'Pad')) continue;
    const reader = editor.soleReader(pad.outputs[0]);
    const padding = reader && reader.inputs[0] === pad.outputs[0] ? readPadding(editor, pad) : undefined;
    const attributes = reader && padding ? withPadding(editor, pad, reader, padding) : undefined;
    if (!reader || !attributes) continue;
    editor.replace(
      [pad, reader],
      [
        {
          ...reader,
          inputs: [pad.inputs[0]!, ...reader.inputs.slice(1)],
          attributes: { ...reader.attributes, ...attributes },
        },
      ],
    );
  }
  return editor.finish();
}

/** Undefined unless the pad is constant, grows, and leaves batch and channels alone. */
function readPadding(editor: GraphEditor, pad: Node): Padding | undefined {
  const mode = pad.attributes.mode ?? 'constant';
  // Explicit axes (opset 18) are left to the operator itself.
  if (mode !== 'constant' || pad.inputs[3]) return undefined;
  let pads = numbersAttribute(pad, 'pads');
  let value = numberAttribute(pad, 'value', 0);
  if (editor.opset >= 11) {
    const constant = editor.constant(pad.inputs[1]);
    if (!constant) return undefined;
    pads = Array.from(constant.data as BigInt64Array, Number);
    if (pad.inputs[2]) {
      const fill = editor.constant(pad.inputs[2]);
      if (fill?.type !== 'float32') return undefined;
      value = (fill.data as Float32Array)[0]!;
    }
  }
  if (!pads || pads.length < 6 || pads.some((size) => size < 0)) return undefined;
  const rank = pads.length / 2;
  if (pads[0] || pads[1] || pads[rank] || pads[rank + 1]) return undefined;
  return { begins: pads.slice(2, rank), ends: pads.slice(rank + 2), value };
}

/** The attributes that change, or undefined when the reader would compute something else. */
function withPadding(
  editor: GraphEditor,
  pad: Node,
  reader: Node,
  { begins, ends, value }: Padding,
): Readonly<Record<string, number | string | readonly number[]>> | undefined {
  if ((reader.attributes.auto_pad ?? 'NOTSET') !== 'NOTSET') return undefined;
  const own = numbersAttribute(reader, 'pads') ?? new Array<number>(begins.length * 2).fill(0);
  if (own.length !== begins.length * 2) return undefined;
  const pads = [...begins, ...ends].map((size, index) => size + own[index]!);
  if (isOperator(reader, 'Conv')) return value === 0 ? { pads } : undefined;
  const kernel = numbersAttribute(reader, 'kernel_shape');
  // Runtimes refuse pooling windows that can lie in the padding entirely, and rounding up could add such windows.
  const fits = kernel && pads.every((size, index) => size < kernel[index % kernel.length]!);
  if (!fits || numberAttribute(reader, 'ceil_mode', 0) !== 0) return undefined;
  if (isOperator(reader, 'AveragePool')) {
    const counts = own.every((size) => size === 0) || numberAttribute(reader, 'count_include_pad', 0) === 1;
    return value === 0 && counts ? { pads, count_include_pad: 1 } : undefined;
  }
  if (isOperator(reader, 'MaxPool') && reader.outputs.length === 1) {
    const source = editor.producer(pad.inputs[0]);
    const nonNegative = source !== undefined && isOperator(source, 'Relu', 'Sigmoid') && !source.epilogue;
    // A window always holds a real value, so a padding that is no larger than any of them cannot win.
    return value === Number.NEGATIVE_INFINITY || (nonNegative && value <= 0) ? { pads } : undefined;
  }
  return undefined;
}
