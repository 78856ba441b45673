/**
 * If, Loop and Scan have no result of their own to infer: once shapes and constants are known, planning replaces them by the nodes of
 * their graphs. A loop must then have a known length.
 */
import { subgraphs } from '../graph/topology.js';
import type { Attribute, Graph, Node } from '../graph/types.js';
import * as op from './define.js';
import { type ExpandContext, type Expansion, nodeError, type Operator, unrollsTooFar } from './operator.js';

/** Scan before version 9 had a batch axis of its own. */
const SCAN_SINCE = 9;

/** An operator that is always expanded. */
function expanding(
  name: string,
  opset: readonly [number, number],
  most: number,
  expand: (context: ExpandContext) => Expansion,
): Operator {
  const refuseAlone = (node: Node): never => op.refuse(node, 'is only known as part of a plan');
  return {
    name,
    domain: '',
    opset,
    traits: {},
    infer: ({ node }) => refuseAlone(node),
    evaluate: ({ node }) => void refuseAlone(node),
    expand(context) {
      const { node, inputs } = context;
      op.check(node, inputs.length <= most, 'too many inputs', `at most ${most}`, inputs.length);
      return expand(context);
    },
  };
}

function graphAttribute(node: Node, name: string): Graph {
  const value = node.attributes[name];
  if (value && typeof value === 'object' && 'nodes' in value) return value;
  throw nodeError(node, 'INVALID_MODEL', `attribute ${name} is wrong`, { expected: 'a graph', actual: typeof value });
}

/** The first element of an input that is constant. */
function known(context: ExpandContext, index: number): number | undefined {
  const data = context.inputs[index]?.value?.data as ArrayLike<number | bigint> | undefined;
  return data === undefined ? undefined : Number(data[0]);
}

/** A copy of a graph's nodes under names of their own; `given` renames its inputs. */
interface Copy extends Expansion {
  /** Names of the graph's outputs. */
  readonly outputs: readonly string[];
}

function copyGraph(context: ExpandContext, graph: Graph, given: readonly string[]): Copy {
  const { node } = context;
  op.checkEqual(node, 'its graph has other inputs', given.length, graph.inputs.length);
  const names = new Map(graph.inputs.map(({ name }, i) => [name, given[i]!]));
  const own = (name: string): string => {
    const fresh = context.newName(name);
    names.set(name, fresh);
    return fresh;
  };
  const constants = new Map([...graph.initializers].map(([name, value]) => [own(name), value]));
  for (const inner of graph.nodes) for (const name of inner.outputs) if (name) own(name);
  const rename = (name: string) => names.get(name) ?? name;
  const nodes = graph.nodes.map((inner) => renameNode(inner, rename, context.newName(inner.name)));
  return { nodes, constants, outputs: graph.outputs.map(({ name }) => rename(name)) };
}

function renameNode(node: Node, rename: (name: string) => string, name = node.name): Node {
  const inside = subgraphs(node).length > 0 ? renameGraphs(node.attributes, rename) : node.attributes;
  return { ...node, name, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename), attributes: inside };
}

/** Inner graphs keep the names that they define and follow those that they take from outside. */
function renameGraphs(attributes: Node['attributes'], rename: (name: string) => string): Node['attributes'] {
  const renamed = Object.entries(attributes).map(([key, value]): [string, Attribute] => {
    if (typeof value !== 'object' || !('nodes' in value)) return [key, value];
    const defined = new Set([
      ...value.inputs.map(({ name }) => name),
      ...value.initializers.keys(),
      ...value.nodes.flatMap(({ outputs }) => outputs),
    ]);
    const inner = (name: string) => (defined.has(name) ? name : rename(name));
    const outputs = value.outputs.map((output) => ({ ...output, name: inner(output.name) }));
    return [key, { ...value, outputs, nodes: value.nodes.map((node) => renameNode(node, inner)) }];
  });
  return Object.fromEntries(renamed);
}

const simple = (name: string, op: string, inputs: readonly string[], output: string, attributes = {}): Node => ({
  name,
  op,
  domain: '',
  inputs,
  outputs: [output],
  attributes,
});

/** Gives `values` the names of a node's outputs. */
function handOver(node: Node, values: readonly string[]): Node[] {
  return node.outputs.flatMap((output, i) =>
    output ? [simple(`${node.name}/output ${i}`, 'Identity', [values[i]!], output)] : [],
  );
}

/** One branch where the condition is known; else both, and a choice between their results, which must be of one type. */
function expandIf(context: ExpandContext): Expansion {
  const { node } = context;
  const [whenTrue, whenFalse] = [graphAttribute(node, 'then_branch'), graphAttribute(node, 'else_branch')];
  for (const { outputs } of [whenTrue, whenFalse]) {
    const enough = outputs.length >= node.outputs.length;
    op.check(node, enough, 'a branch has too few outputs', node.outputs.length, outputs.length);
  }
  const condition = known(context, 0);
  if (condition !== undefined) {
    const taken = copyGraph(context, condition ? whenTrue : whenFalse, []);
    return { nodes: [...taken.nodes, ...handOver(node, taken.outputs)], constants: taken.constants };
  }
  const [yes, no] = [copyGraph(context, whenTrue, []), copyGraph(context, whenFalse, [])];
  const choices = node.outputs.flatMap((output, i) =>
    output
      ? [
          {
            ...simple(`${node.name}/choice ${i}`, 'Select', [node.inputs[0]!, yes.outputs[i]!, no.outputs[i]!], output),
            domain: 'lutra',
          },
        ]
      : [],
  );
  return { nodes: [...yes.nodes, ...no.nodes, ...choices], constants: new Map([...yes.constants, ...no.constants]) };
}

/** What is behind a Loop that is under way, a node that no file can hold: turns, and what they gave to the scanned outputs in turn. */
const progress = new WeakMap<Node, { readonly turns: number; readonly scanned: readonly string[] }>();

/** One turn at a time, so that the condition of the next is known when it is reached: the nodes of a turn, and the rest of the loop. */
function expandLoop(context: ExpandContext): Expansion {
  const { node } = context;
  const body = graphAttribute(node, 'body');
  const { turns: done, scanned } = progress.get(node) ?? { turns: 0, scanned: [] };
  const carriedCount = body.inputs.length - 2;
  const scanCount = body.outputs.length - 1 - carriedCount;
  const enough = carriedCount >= 0 && scanCount >= 0;
  op.check(node, enough, 'its body has the wrong inputs or outputs', 'at least 2 inputs', body.inputs.length);
  op.checkEqual(node, 'its body carries other values', node.inputs.length - 2, carriedCount);
  const [limit, condition] = [known(context, 0), known(context, 1)];
  if ((node.inputs[0] && limit === undefined) || (node.inputs[1] && condition === undefined)) {
    op.refuse(
      node,
      'how often it repeats depends on the data',
      'Give it a constant number of turns and a constant condition',
    );
  }
  const carried = node.inputs.slice(2);
  if (condition === 0 || (limit !== undefined && done >= limit)) {
    if (done === 0 && scanCount > 0 && node.outputs.slice(carriedCount).some(Boolean)) {
      op.refuse(node, 'scanned outputs of a loop without turns have no known shape');
    }
    return finishLoop(context, carried, scanned, scanCount);
  }
  const turn = context.newName(`${node.name}/turn`);
  const constants = new Map([[turn, { type: 'int64' as const, dims: [], data: BigInt64Array.of(BigInt(done)) }]]);
  const given = context.newName(`${node.name}/condition`);
  const truth = new Map([[given, { type: 'bool' as const, dims: [], data: Uint8Array.of(1) }]]);
  const copy = copyGraph(context, body, [turn, node.inputs[1] || given, ...carried]);
  const [next, ...results] = copy.outputs as [string, ...string[]];
  const rest: Node = {
    ...node,
    name: context.newName(node.name),
    inputs: [node.inputs[0]!, next, ...results.slice(0, carriedCount)],
  };
  progress.set(rest, { turns: done + 1, scanned: [...scanned, ...results.slice(carriedCount)] });
  return { nodes: [...copy.nodes, rest], constants: new Map([...constants, ...truth, ...copy.constants]) };
}

function finishLoop(
  context: ExpandContext,
  carried: readonly string[],
  scanned: readonly string[],
  scanCount: number,
): Expansion {
  const { node } = context;
  const nodes = handOver({ ...node, outputs: node.outputs.slice(0, carried.length) }, carried);
  const constants = new Map();
  node.outputs.slice(carried.length).forEach((output, i) => {
    if (!output) return;
    const parts = scanned.filter((_, index) => index % scanCount === i);
    const stacked = stack(context, parts, 0, output);
    nodes.push(...stacked.nodes);
    for (const [name, value] of stacked.constants) constants.set(name, value);
  });
  return { nodes, constants };
}

/** `output` = the parts along a new axis. */
function stack(context: ExpandContext, parts: readonly string[], axis: number, output: string): Expansion {
  const { node } = context;
  const axes = context.newName(`${node.name}/axis`);
  const constants = new Map([[axes, { type: 'int64' as const, dims: [1], data: BigInt64Array.of(BigInt(axis)) }]]);
  const wide = parts.map((part) => {
    const name = context.newName(`${node.name}/part`);
    // Before version 13 the axes are an attribute.
    return context.opset < 13
      ? simple(name, 'Unsqueeze', [part], name, { axes: [axis] })
      : simple(name, 'Unsqueeze', [part, axes], name);
  });
  const joined = simple(
    context.newName(`${node.name}/stack`),
    'Concat',
    wide.map(({ name }) => name),
    output,
    { axis },
  );
  return { nodes: [...wide, joined], constants };
}

/** All turns at once: their number is a size. */
function expandScan(context: ExpandContext): Expansion {
  const { node, inputs } = context;
  const body = graphAttribute(node, 'body');
  const scans = op.int(node, 'num_scan_inputs');
  const states = node.inputs.length - scans;
  op.check(node, scans >= 1 && states >= 0, 'num_scan_inputs is out of range', `1..${node.inputs.length}`, scans);
  const outputs = body.outputs.length - states;
  const list = (name: string, length: number) => {
    const values = op.ints(node, name) ?? new Array<number>(length).fill(0);
    op.checkEqual(node, `${name} has the wrong length`, length, values.length);
    return values;
  };
  const [inputAxes, inputDirections] = [list('scan_input_axes', scans), list('scan_input_directions', scans)];
  const [outputAxes, outputDirections] = [list('scan_output_axes', outputs), list('scan_output_directions', outputs)];
  op.check(node, node.inputs.every(Boolean), 'an input is missing', 'a value', 'nothing');
  const axes = inputAxes.map((axis, i) => op.axisOf(node, axis, inputs[states + i]!.dims.length));
  const lengths = axes.map((axis, i) => inputs[states + i]!.dims[axis]!);
  const length = lengths[0]!;
  op.check(node, new Set(lengths).size === 1, 'its inputs differ in length', length, lengths);
  if (length * (scans + body.nodes.length) > context.room) throw unrollsTooFar(node);
  if (length === 0 && outputs > 0) op.refuse(node, 'outputs of a scan without turns have no known shape');
  const nodes: Node[] = [];
  const constants = new Map();
  const keep = (part: Expansion) => {
    nodes.push(...part.nodes);
    for (const [name, value] of part.constants) constants.set(name, value);
  };
  let state = node.inputs.slice(0, states);
  const parts: string[][] = Array.from({ length: outputs }, () => []);
  for (let turn = 0; turn < length; turn++) {
    const slices = axes.map((axis, i) => {
      const at = context.newName(`${node.name}/at`);
      const place = inputDirections[i] ? length - 1 - turn : turn;
      constants.set(at, { type: 'int64', dims: [], data: BigInt64Array.of(BigInt(place)) });
      const slice = context.newName(`${node.name}/slice`);
      nodes.push(simple(slice, 'Gather', [node.inputs[states + i]!, at], slice, { axis }));
      return slice;
    });
    const copy = copyGraph(context, body, [...state, ...slices]);
    keep(copy);
    state = copy.outputs.slice(0, states);
    for (const [i, output] of copy.outputs.slice(states).entries()) {
      if (outputDirections[i]) parts[i]!.unshift(output);
      else parts[i]!.push(output);
    }
  }
  nodes.push(...handOver({ ...node, outputs: node.outputs.slice(0, states) }, state));
  node.outputs.slice(states).forEach((output, i) => {
    if (output) keep(stack(context, parts[i]!, outputAxes[i]!, output));
  });
  return { nodes, constants };
}

/** What an If becomes whose condition is only known at run time. */
const select = op.define({
  name: 'Select',
  domain: 'lutra',
  opset: [1, 1],
  arity: [3, 3],
  types: [op.BOOL, op.ANY],
  raw: true,
  infer({ node, inputs }) {
    const [, yes, no] = inputs;
    if (`${yes!.dims}` !== `${no!.dims}`) {
      op.refuse(
        node,
        `the branches give different shapes, [${yes!.dims}] and [${no!.dims}]`,
        'Make the condition a constant',
      );
    }
    return [{ type: yes!.type, dims: yes!.dims }];
  },
  evaluate({ inputs: [condition, yes, no] }, [y]) {
    const from = condition!.data[0] ? yes! : no!;
    const out = y!.data as unknown[];
    for (let i = 0; i < out.length; i++) out[i] = from.data[i];
  },
});

export const CONTROL_FLOW: readonly Operator[] = [
  expanding('If', [7, op.LATEST], 1, expandIf),
  expanding('Loop', [7, op.LATEST], Infinity, expandLoop),
  expanding('Scan', [SCAN_SINCE, op.LATEST], Infinity, expandScan),
  select,
];
