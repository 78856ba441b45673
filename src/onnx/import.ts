import type { FunctionProto, GraphProto, ModelProto, NodeProto, ValueInfoProto } from 'onnx-buf';
import { LutraError } from '../errors.js';
import { sortTopologically, UniqueNames } from '../graph/topology.js';
import type { Graph, Node, TensorValue, ValueInfo } from '../graph/types.js';
import { LOOKUP_DOMAIN, LOOKUP_OPSET } from '../lut/domain.js';
import { constantValue, parseAttributes } from './attributes.js';
import { decodeModel } from './decode.js';
import { elementType, parseTensor } from './tensor.js';

/** Oldest IR and default opset whose meaning is implemented; newer ones may hold operators that planning refuses by name. */
const OLDEST_IR = 3;
const OLDEST_OPSET = 7;
const NEWEST_OPSET = 28;
const LARGEST_DIM = 2 ** 31;

/** Where a graph stands: what its nodes may see besides their own values, and how messages name it. */
interface Scope {
  readonly opset: Readonly<Record<string, number>>;
  readonly outer: ReadonlySet<string>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly label: string;
}

/** `ai.onnx` is another spelling of the default domain. */
export function normalizeDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** Replaces the calls of a model's own functions in its graph by their bodies. */
export type ExpandCalls = (functions: readonly FunctionProto[], graph: GraphProto) => NodeProto[];

/**
 * Bytes of an ONNX file → graph. Constant nodes become initializers, calls of model-local functions are replaced by their bodies
 * (those of the `lutra` domain stay: the engine knows them), nodes are sorted, nameless nodes get names.
 * Tensors are views of `bytes` where alignment allows: the bytes must not change afterwards.
 *
 * @param bytes an ONNX file: IR version ≥ 3, default opset 7..28
 * @param expand only called when the model has functions outside of the `lutra` domain
 * @throws LutraError `INVALID_MODEL` (damaged, or breaks ONNX's own rules) or `UNSUPPORTED` (well formed, but not run by Lutra), and
 * what `expand` throws; nothing else.
 */
export function importModel(bytes: Uint8Array, expand: ExpandCalls): Graph {
  const model = decodeModel(bytes);
  if (model.irVersion < OLDEST_IR) {
    throw new LutraError('UNSUPPORTED', 'the model is too old', {
      expected: `IR version ${OLDEST_IR} or newer`,
      actual: `${model.irVersion}`,
      hint: 'Convert it with onnx.version_converter',
    });
  }
  const graph = model.graph!;
  const scope: Scope = {
    opset: parseOpset(model),
    outer: new Set(),
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    label: graph.name || 'graph',
  };
  const functions = model.functions.filter(({ domain }) => domain !== LOOKUP_DOMAIN);
  return parseGraph(functions.length > 0 ? { ...graph, node: expand(functions, graph) } : graph, scope);
}

function parseOpset(model: ModelProto): Record<string, number> {
  const opset: Record<string, number> = {};
  const imports = [...model.functions.flatMap((body) => body.opsetImport), ...model.opsetImport];
  for (const { domain, version } of imports) opset[normalizeDomain(domain)] = Number(version);
  const main = opset[''];
  if (main === undefined) {
    if (imports.length === 0) throw new LutraError('INVALID_MODEL', 'the model does not say which opset it uses');
    throw new LutraError('UNSUPPORTED', `the model uses no standard operators, only ${Object.keys(opset).join(', ')}`, {
      hint: 'Lutra runs networks made of standard ONNX operators; see docs/operators.md',
    });
  }
  if (!(main >= OLDEST_OPSET && main <= NEWEST_OPSET)) {
    throw new LutraError('UNSUPPORTED', 'the default opset of the model is not supported', {
      expected: `${OLDEST_OPSET}..${NEWEST_OPSET}`,
      actual: `${main}`,
      hint: 'Convert it with onnx.version_converter',
    });
  }
  const lookup = opset[LOOKUP_DOMAIN];
  if (lookup !== undefined && lookup !== LOOKUP_OPSET) {
    throw new LutraError('UNSUPPORTED', `the model uses another version of the ${LOOKUP_DOMAIN} operators`, {
      expected: `${LOOKUP_OPSET}`,
      actual: `${lookup}`,
      hint: 'Use the release of Lutra that wrote the model, or a newer one',
    });
  }
  return opset;
}

function parseGraph(proto: GraphProto, scope: Scope): Graph {
  if (proto.sparseInitializer.length > 0) {
    throw new LutraError('UNSUPPORTED', `${scope.label} has sparse initializers`);
  }
  const initializers = new Map<string, TensorValue>();
  const defined = new Set<string>();
  const define = (name: string, what: string) => {
    if (!name) throw new LutraError('INVALID_MODEL', `${what} of ${scope.label} has no name`);
    if (defined.has(name))
      throw new LutraError('INVALID_MODEL', `the value "${name}" is defined twice in ${scope.label}`);
    defined.add(name);
  };
  for (const tensor of proto.initializer) {
    define(tensor.name, 'an initializer');
    initializers.set(tensor.name, parseTensor(tensor, `initializer "${tensor.name}"`));
  }
  // Older files list initializers as inputs too; their stored value is the one that counts.
  const inputs = proto.input
    .filter((input) => !initializers.has(input.name))
    .map((input) => parseValueInfo(input, scope));
  for (const input of inputs) define(input.name, 'an input');
  for (const node of proto.node)
    for (const output of node.output) if (output) define(output, `an output of ${node.opType}`);

  const visible = new Set([...scope.outer, ...defined]);
  const names = new UniqueNames(new Set(proto.node.map((node) => node.name)));
  const taken = new Set<string>();
  const nodes: Node[] = [];
  for (const nodeProto of proto.node) {
    // Invented names avoid every given one; a name given twice keeps its first place.
    const name =
      nodeProto.name && !taken.has(nodeProto.name)
        ? nodeProto.name
        : names.make(nodeProto.name || nodeProto.output.find(Boolean) || nodeProto.opType);
    taken.add(name);
    const domain = normalizeDomain(nodeProto.domain);
    const label = `${name} (${domain ? `${domain}:` : ''}${nodeProto.opType})`;
    if (scope.opset[domain] === undefined && domain !== 'com.microsoft') {
      throw new LutraError('INVALID_MODEL', `the model does not import the domain "${domain}"`, { node: label });
    }
    if (domain === '' && nodeProto.opType === 'Constant') {
      const output = nodeProto.output[0];
      if (!output) throw new LutraError('INVALID_MODEL', 'a constant without output', { node: label });
      initializers.set(output, constantValue(nodeProto.attribute, label));
      continue;
    }
    const parseSubgraph = (graph: GraphProto): Graph =>
      parseGraph(graph, { opset: scope.opset, outer: visible, metadata: {}, label: `a subgraph of ${label}` });
    const attributes = parseAttributes(nodeProto.attribute, label, parseSubgraph);
    for (const input of nodeProto.input) {
      if (input && !visible.has(input)) {
        throw new LutraError('INVALID_MODEL', `nothing computes the input "${input}"`, { node: label });
      }
    }
    nodes.push({ name, op: nodeProto.opType, domain, inputs: nodeProto.input, outputs: nodeProto.output, attributes });
  }

  if (proto.output.length === 0) throw new LutraError('INVALID_MODEL', `${scope.label} has no outputs`);
  const outputs = proto.output.map((output) => parseOutput(output, proto, scope));
  for (const output of outputs) {
    if (!visible.has(output.name)) {
      throw new LutraError('INVALID_MODEL', `nothing computes the output "${output.name}" of ${scope.label}`);
    }
  }
  return {
    name: proto.name,
    opset: scope.opset,
    inputs,
    outputs,
    nodes: sortTopologically(nodes),
    initializers,
    metadata: scope.metadata,
  };
}

/** Outputs of subgraphs may leave their type out; it is what the nodes say. */
function parseOutput(output: ValueInfoProto, proto: GraphProto, scope: Scope): ValueInfo {
  if (output.type?.value.case) return parseValueInfo(output, scope);
  const known = proto.valueInfo.find((info) => info.name === output.name && info.type?.value.case);
  if (known) return parseValueInfo(known, scope);
  if (scope.outer.size === 0) {
    throw new LutraError('INVALID_MODEL', `the output "${output.name}" has no type`, {
      hint: 'Run onnx.shape_inference',
    });
  }
  return { name: output.name, type: 'float32', dims: undefined };
}

function parseValueInfo(info: ValueInfoProto, scope: Scope): ValueInfo {
  const where = `"${info.name}" of ${scope.label}`;
  const type = info.type?.value;
  if (type?.case !== 'tensorType') {
    if (type?.case)
      throw new LutraError('UNSUPPORTED', `${where} is not a tensor but a ${type.case.replace('Type', '')}`);
    if (scope.outer.size > 0) return { name: info.name, type: 'float32', dims: undefined };
    throw new LutraError('INVALID_MODEL', `${where} has no type`);
  }
  const dims = type.value.shape?.dim.map(({ value }): number | string => {
    if (value.case === 'dimParam') return value.value;
    // Exporters write -1 for a dimension that is not known.
    if (value.case === undefined || value.value < 0n) return '';
    if (value.value >= LARGEST_DIM) throw new LutraError('INVALID_MODEL', `${where} has dimension ${value.value}`);
    return Number(value.value);
  });
  return { name: info.name, type: elementType(type.value.elemType, where), dims };
}
