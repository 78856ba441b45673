import { METADATA } from '../../graph/metadata.js';
import { optimize } from '../../graph/passes/optimize.js';
import { formatType } from '../../graph/tensor.js';
import type { Graph, TensorType } from '../../graph/types.js';
import { OPERATOR_FACTS } from '../../lut/facts.js';
import type { Family } from '../../lut/family.js';
import { verifyContentHash } from '../../onnx/content-hash.js';
import { parseModel } from '../../onnx/parse.js';
import { names } from '../../option-schema.js';
import { bind } from '../../plan/bind.js';
import { COMPLETE_RUNTIME } from '../../plan/complete.js';
import { plan } from '../../plan/plan.js';
import { extendRuntime } from '../../plan/runtime.js';
import { loadBytes } from '../../session/load.js';
import { defineCommand, UsageError } from '../command.js';
import { type LayerFacts, layerFacts } from '../layers.js';
import { ENGINE_OPTIONS } from '../model.js';
import { formatBytes, formatTable, print, printJson } from '../output.js';

/** Longest metadata value that is shown whole in text. */
const METADATA_LENGTH = 160;

const HASH_NOTES = {
  match: 'content hash matches',
  mismatch: 'CONTENT HASH DOES NOT MATCH: the file was changed',
  absent: 'no content hash',
} as const;

/** `--dims N=8,H=224` → sizes of symbolic dimensions. */
function symbolSizes(pairs: readonly string[]): Map<string, number> {
  return new Map(
    pairs.map((pair) => {
      const [symbol, size] = pair.split('=');
      const value = Number(size);
      if (!symbol || !Number.isInteger(value) || value < 1)
        throw new UsageError(`--dims must be like N=8, not "${pair}"`);
      return [symbol, value] as const;
    }),
  );
}

function inputTypes(graph: Graph, pairs: readonly string[]): Record<string, TensorType> {
  const sizes = symbolSizes(pairs);
  const symbols = new Set(graph.inputs.flatMap(({ dims }) => dims?.filter((dim) => typeof dim === 'string') ?? []));
  for (const symbol of sizes.keys()) {
    if (!symbols.has(symbol))
      throw new UsageError(`--dims: the model has no dimension "${symbol}", only ${[...symbols].join(', ')}`);
  }
  return Object.fromEntries(
    graph.inputs
      .filter(({ name }) => !graph.initializers.has(name))
      .map(({ name, type, dims }) => {
        if (!dims) throw new UsageError(`input ${name} has no declared shape, so it cannot be planned`);
        return [name, { type, dims: dims.map((dim) => (typeof dim === 'number' ? dim : (sizes.get(dim) ?? 1))) }];
      }),
  );
}

function count(value: number): string {
  return value === 0 ? '' : value < 1e6 ? `${(value / 1e3).toFixed(1)} k` : `${(value / 1e6).toFixed(2)} M`;
}

function layerTable(layers: readonly LayerFacts[]): string {
  const rows = layers.map(({ name, op, outputs, constantBytes, macs, lookups, kernels }) => [
    name,
    op,
    outputs.map(formatType).join(' '),
    constantBytes ? formatBytes(constantBytes) : '',
    count(macs),
    count(lookups),
    kernels.join(' + ') || '–',
  ]);
  const header = ['layer', 'operator', 'output', 'constants', 'MACs', 'lookups', 'kernel'];
  return formatTable(header, rows, [false, false, false, true, true, true, false]);
}

function metadataLines(metadata: Readonly<Record<string, string>>): string[] {
  return Object.entries(metadata).map(([key, value]) => {
    const rest = value.length > METADATA_LENGTH ? `… (${value.length} characters)` : '';
    return `  ${key}  ${value.slice(0, METADATA_LENGTH)}${rest}`;
  });
}

/**
 * What a model consists of, and how each layer runs.
 *
 * @param dims sizes of symbolic dimensions, like `N=8`
 * @param families of lookup layers besides those that come with Lutra
 */
export function inspectModel(
  bytes: Uint8Array,
  threads: number,
  dims: readonly string[] = [],
  families: readonly Pick<Family, 'facts' | 'operators' | 'rules'>[] = [],
) {
  const runtime = families.reduce(extendRuntime, COMPLETE_RUNTIME);
  const model = parseModel(bytes);
  const graph = optimize(model, runtime);
  const types = inputTypes(graph, dims);
  const schedule = plan(graph, runtime, types, { threads });
  const facts = [...OPERATOR_FACTS, ...families.flatMap((family) => family.facts)];
  const layers = layerFacts(bind(graph, runtime, types), schedule, facts);
  const total = (field: 'macs' | 'lookups' | 'tableBytes' | 'constantBytes') =>
    layers.reduce((sum, layer) => sum + layer[field], 0);
  const totals = {
    macs: total('macs'),
    lookups: total('lookups'),
    tableBytes: total('tableBytes'),
    constantBytes: total('constantBytes'),
  };
  return { model, layers, totals, memory: { total: schedule.memoryBytes, ...schedule.usage } };
}

export const inspectCommand = defineCommand({
  positionals: ['<model.onnx>'],
  options: {
    dims: names('--dims <N=1,…>', 'sizes of symbolic dimensions', { otherwise: '1' }),
    threads: { ...ENGINE_OPTIONS.threads, default: 1, help: 'plan for n threads' },
  },
  examples: ['lutra inspect cifar10.lut.onnx', 'lutra inspect detector.onnx --dims height=320,width=320 --json'],

  async run(values, path) {
    const bytes = await loadBytes(path);
    const { model, layers, totals, memory } = inspectModel(bytes, values.threads, values.dims);
    const hash = await verifyContentHash(bytes);
    if (values.json) {
      const { inputs, outputs, opset, metadata } = model;
      printJson({ file: path, bytes: bytes.length, hash, opset, inputs, outputs, metadata, layers, totals, memory });
      return;
    }
    const side = (title: string, values: Graph['inputs']) =>
      values.map(({ name, type, dims }) => `${title} ${name}  ${type}[${dims?.map((dim) => dim || '?') ?? '…'}]`);
    const opsets = Object.entries(model.opset).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
    print(`${path}  ${formatBytes(bytes.length)}, opset ${opsets.join(', ')}, ${HASH_NOTES[hash]}`);
    print([...side('input ', model.inputs), ...side('output', model.outputs)].join('\n'));
    print(`\n${layerTable(layers)}\n`);
    print(
      `${layers.length} layers, ${count(totals.macs) || '0'} MACs, ${count(totals.lookups) || '0'} lookups, ${formatBytes(totals.tableBytes)} of tables`,
    );
    print(
      `memory ${formatBytes(memory.total)}: constants ${formatBytes(memory.constants)}, planes ${formatBytes(memory.persistent)}, arena ${formatBytes(memory.arena)}, scratch ${formatBytes(memory.scratch)}`,
    );
    const lines = metadataLines(model.metadata);
    print(
      lines.length > 0
        ? `\nmetadata\n${lines.join('\n')}`
        : `\nno metadata (${METADATA.preprocess} and others are stored by lutra convert)`,
    );
  },
});
