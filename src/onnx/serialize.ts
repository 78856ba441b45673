import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { LutraError } from '../errors.js';
import { METADATA } from '../graph/metadata.js';
import { subgraphs } from '../graph/topology.js';
import type { Graph } from '../graph/types.js';
import { FUNCTION_BODIES, functionProtos } from '../lut/bodies.js';
import type { FunctionBody } from '../lut/body-builder.js';
import { BODY_OPSET, LOOKUP_DOMAIN, LOOKUP_OPSET } from '../lut/domain.js';
import { contentHash } from './content-hash.js';
import { encodeGraph } from './encode.js';

/** The first IR version in which functions may give defaults to attributes. */
const IR_VERSION = 9;
/** IR version that introduced an opset, for readers that check one against the other. */
const NEWER_IR: readonly (readonly [opset: number, ir: number])[] = [
  [23, 11],
  [21, 10],
];

/**
 * Graph → bytes of a standard ONNX file: weights as raw_data, metadata, and for `lutra` operators their function bodies
 * (docs/lookup-operators.md), so that any ONNX runtime can execute the file. `parseModel` of the bytes gives the graph back.
 *
 * @param bodies of the families whose operators the graph may use; default those that come with Lutra
 * @throws LutraError `INVALID_ARGUMENT` when a node carries an epilogue; `UNSUPPORTED` when `lutra` operators meet a default opset below 13.
 */
export function serializeModel(graph: Graph, bodies: readonly FunctionBody[] = FUNCTION_BODIES): Uint8Array {
  const opset = { ...graph.opset };
  const main = opset[''] ?? BODY_OPSET;
  opset[''] = main;
  const domains = new Set<string>();
  const operators = new Set<string>();
  collectOperators(graph, domains, operators);
  for (const domain of domains) opset[domain] ??= domain === LOOKUP_DOMAIN ? LOOKUP_OPSET : 1;
  if (operators.size > 0 && main < BODY_OPSET) {
    throw new LutraError('UNSUPPORTED', 'lookup operators need a newer default opset', {
      expected: `${BODY_OPSET} or newer`,
      actual: `${main}`,
      hint: 'Raise the opset of the model with onnx.version_converter first',
    });
  }
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(NEWER_IR.find(([from]) => main >= from)?.[1] ?? IR_VERSION),
    producerName: 'lutra',
    opsetImport: Object.entries(opset).map(([domain, version]) => ({ domain, version: BigInt(version) })),
    graph: encodeGraph(graph),
    metadataProps: Object.entries(graph.metadata).map(([key, value]) => ({ key, value })),
    functions: functionProtos(operators, main, bodies),
  });
  return toBinary(ModelProtoSchema, model);
}

function collectOperators(graph: Graph, domains: Set<string>, operators: Set<string>): void {
  for (const node of graph.nodes) {
    domains.add(node.domain);
    if (node.domain === LOOKUP_DOMAIN) operators.add(node.op);
    for (const inner of subgraphs(node)) collectOperators(inner, domains, operators);
  }
}

/** The graph with `lutra.sha256` set to the hash of what `serializeModel` will write for it. */
export async function withContentHash(graph: Graph): Promise<Graph> {
  const hash = await contentHash(serializeModel(graph));
  return { ...graph, metadata: { ...graph.metadata, [METADATA.sha256]: hash } };
}
