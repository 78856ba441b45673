import { LutraError } from '../errors.js';
import { METADATA, type Preprocess } from '../graph/metadata.js';
import { simplify } from '../graph/passes/simplify.js';
import type { Graph, TensorValue } from '../graph/types.js';
import { COMPLETE_OPERATORS } from '../ops/complete.js';

/** The graph with some initializers replaced. @throws LutraError `INTERNAL` for a name it does not have. */
export function withValues(graph: Graph, values: ReadonlyMap<string, TensorValue>): Graph {
  const initializers = new Map(graph.initializers);
  for (const [name, value] of values) {
    if (!initializers.has(name)) throw new LutraError('INTERNAL', `the network has no initializer "${name}"`);
    initializers.set(name, value);
  }
  return { ...graph, initializers };
}

interface ExportFacts {
  readonly preprocess?: Preprocess;
  readonly labels?: readonly string[];
}

/**
 * The trained network as it is shipped: trained values in place, normalization folded into the convolutions, batch dimension `N`,
 * preprocessing and class names in the metadata.
 */
export function exportDense(graph: Graph, values: ReadonlyMap<string, TensorValue>, facts: ExportFacts = {}): Graph {
  const trained = withValues(graph, values);
  const renamed = (dims: Graph['inputs'][number]['dims']) => dims && ['N', ...dims.slice(1)];
  const { preprocess, labels } = facts;
  return simplify(
    {
      ...trained,
      inputs: trained.inputs.map((input) => ({ ...input, dims: renamed(input.dims) })),
      outputs: trained.outputs.map((output) => ({ ...output, dims: renamed(output.dims) })),
      metadata: {
        ...trained.metadata,
        [METADATA.version]: '1',
        ...(preprocess ? { [METADATA.preprocess]: JSON.stringify(preprocess) } : {}),
        ...(labels ? { [METADATA.labels]: JSON.stringify(labels) } : {}),
      },
    },
    COMPLETE_OPERATORS,
  );
}
