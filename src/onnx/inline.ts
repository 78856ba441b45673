import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from 'onnx-buf';
import { LutraError } from '../errors.js';
import { UniqueNames } from '../graph/topology.js';
import { normalizeDomain } from './import.js';

/** Functions calling functions: deeper is refused, which also ends recursion. */
const DEEPEST_CALL = 32;
/** A few functions that call each other twice would otherwise grow without end. */
const MOST_NODES = 200_000;
const LONGEST_NAME = 200;

/**
 * Replaces calls of model-local functions by their bodies, names made unique and attribute references resolved.
 *
 * @throws LutraError `INVALID_MODEL` when functions recurse or a call does not fit its function.
 */
export function inlineFunctions(bodies: readonly FunctionProto[], graph: GraphProto): NodeProto[] {
  const functions = new Map(bodies.map((body) => [functionKey(body.domain, body.name, body.overload), body]));
  return new Inliner(functions, new UniqueNames(usedNames(graph))).expand(graph.node, 0);
}

function functionKey(domain: string, name: string, overload: string): string {
  return JSON.stringify([normalizeDomain(domain), name, overload]);
}

function usedNames(graph: GraphProto, names = new Set<string>()): Set<string> {
  for (const info of [...graph.input, ...graph.output, ...graph.initializer]) names.add(info.name);
  for (const node of graph.node) {
    names.add(node.name);
    for (const name of [...node.input, ...node.output]) names.add(name);
    for (const inner of subgraphs(node)) usedNames(inner, names);
  }
  return names;
}

function subgraphs(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap((attribute) => attribute.g ?? []);
}

/** What a call binds while its body is copied. */
interface Call {
  readonly prefix: string;
  /** Body name → name in the caller. */
  readonly names: Map<string, string>;
  readonly attributes: ReadonlyMap<string, AttributeProto>;
}

class Inliner {
  private produced = 0;

  constructor(
    private readonly functions: ReadonlyMap<string, FunctionProto>,
    private readonly names: UniqueNames,
  ) {}

  expand(nodes: readonly NodeProto[], depth: number): NodeProto[] {
    return nodes.flatMap((node) => {
      const body = this.functions.get(functionKey(node.domain, node.opType, node.overload));
      // Calls count too: functions that only call each other would expand to nothing, but take forever.
      if (++this.produced > MOST_NODES) {
        throw new LutraError('INVALID_MODEL', `the functions of the model expand to more than ${MOST_NODES} nodes`);
      }
      if (body) return this.call(node, body, depth);
      if (subgraphs(node).length === 0) return [node];
      return [{ ...node, attribute: node.attribute.map((attribute) => this.expandAttribute(attribute, depth)) }];
    });
  }

  private expandAttribute(attribute: AttributeProto, depth: number): AttributeProto {
    const { g } = attribute;
    return g ? { ...attribute, g: { ...g, node: this.expand(g.node, depth) } } : attribute;
  }

  private call(node: NodeProto, body: FunctionProto, depth: number): NodeProto[] {
    const label = `${node.name || node.opType} (${node.domain}:${node.opType})`;
    if (depth >= DEEPEST_CALL) {
      throw new LutraError('INVALID_MODEL', 'function calls are nested too deeply or recurse', { node: label });
    }
    if (node.input.length > body.input.length || node.output.length > body.output.length) {
      throw new LutraError('INVALID_MODEL', 'the call has more inputs or outputs than its function', {
        node: label,
        expected: `at most ${body.input.length} inputs and ${body.output.length} outputs`,
        actual: `${node.input.length} and ${node.output.length}`,
      });
    }
    const names = new Map<string, string>([['', '']]);
    const prefix = this.inside('', node.name || node.opType);
    body.input.forEach((name, index) => {
      names.set(name, node.input[index] ?? '');
    });
    const passedThrough: NodeProto[] = [];
    body.output.forEach((name, index) => {
      const actual = node.output[index] || this.inside(prefix, name);
      const source = names.get(name);
      if (source === undefined) names.set(name, actual);
      else if (node.output[index]) passedThrough.push(identity(node, source, actual));
    });
    const attributes = new Map(body.attributeProto.map((attribute) => [attribute.name, attribute]));
    for (const attribute of node.attribute) attributes.set(attribute.name, attribute);
    const copied = this.copyNodes(body.node, { prefix, names, attributes });
    return [...this.expand(copied, depth + 1), ...passedThrough];
  }

  private copyNodes(nodes: readonly NodeProto[], call: Call): NodeProto[] {
    return nodes.map((node) => ({
      ...node,
      name: node.name && this.inside(call.prefix, node.name),
      input: node.input.map((name) => this.rename(name, call)),
      output: node.output.map((name) => this.rename(name, call)),
      attribute: node.attribute.flatMap((attribute) => this.copyAttribute(attribute, call)),
    }));
  }

  /** A reference to an attribute that neither the call nor the defaults give leaves the attribute out. */
  private copyAttribute(attribute: AttributeProto, call: Call): AttributeProto[] {
    if (attribute.refAttrName) {
      const actual = call.attributes.get(attribute.refAttrName);
      return actual ? [{ ...actual, name: attribute.name }] : [];
    }
    return [attribute.g ? { ...attribute, g: this.copyGraph(attribute.g, call) } : attribute];
  }

  private copyGraph(graph: GraphProto, call: Call): GraphProto {
    const inner = { ...call, names: new Map(call.names) };
    const renamed = <T extends { name: string }>(items: readonly T[]): T[] =>
      items.map((item) => ({ ...item, name: this.rename(item.name, inner) }) as T);
    return {
      ...graph,
      input: renamed(graph.input),
      initializer: renamed(graph.initializer),
      node: this.copyNodes(graph.node, inner),
      output: renamed(graph.output),
    };
  }

  /** Cut to a length that stays readable: nested calls lengthen names, and a hostile file repeats them. */
  private inside(prefix: string, name: string): string {
    return this.names.make((prefix ? `${prefix}/${name}` : name).slice(-LONGEST_NAME));
  }

  private rename(name: string, call: Call): string {
    let actual = call.names.get(name);
    if (actual === undefined) {
      actual = this.inside(call.prefix, name);
      call.names.set(name, actual);
    }
    return actual;
  }
}

function identity(call: NodeProto, source: string, target: string): NodeProto {
  const input = [source];
  return { ...call, name: '', opType: 'Identity', domain: '', overload: '', input, output: [target], attribute: [] };
}
