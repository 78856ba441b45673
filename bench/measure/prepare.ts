import type { Graph } from '../../src/graph/types.js';
import type { Work } from '../../src/lut/work.js';
import { serializeModel } from '../../src/onnx/serialize.js';
import { quantize } from '../networks/quantize.js';
import { countWork } from '../networks/work.js';
import { exampleFeeds, type InputSpec } from './network.js';
import type { ModelForm } from './types.js';

/** What can be told of a network from its two graphs. */
export interface NetworkFacts {
  readonly inputs: readonly InputSpec[];
  /** Per example. */
  readonly work: { readonly dense: Work; readonly lut: Work };
}

/** @param lookup the same network with lookup layers */
export function networkFacts(dense: Graph, lookup: Graph): NetworkFacts {
  const inputs = dense.inputs.map(
    ({ name, type, dims }): InputSpec => ({
      name,
      type: type as InputSpec['type'],
      dims: dims!.map((size) => (typeof size === 'number' ? size : 1)),
    }),
  );
  return { inputs, work: { dense: countWork(dense), lut: countWork(lookup) } };
}

/** Writes the files of a network one by one: the largest have half a gigabyte. */
export async function writeForms(
  dense: Graph,
  lookup: Graph,
  inputs: readonly InputSpec[],
  write: (form: ModelForm, bytes: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const put = (form: ModelForm, graph: Graph) => write(form, serializeModel(graph) as Uint8Array<ArrayBuffer>);
  put('lut', lookup);
  put('dense', dense);
  put('int8', await quantize(dense, [exampleFeeds(inputs)]));
}
