import { readValues, UniqueNames, valueNames } from '../graph/topology.js';
import type { Node, TensorValue } from '../graph/types.js';
import type { ActivationScale } from '../lut/activation.js';
import type { Runtime } from '../plan/runtime.js';
import type { DenseLayer } from './dense-layers.js';
import type { FamilyFit, FitLayer, FitPass, FormEstimate, Replacement } from './family-fit.js';
import { gatherVectors, samplePositions, scaleOf } from './gather.js';
import { planesOf } from './live-planes.js';
import type { Progress } from './progress.js';
import { type Random, seededRandom } from './random.js';
import { canRefit, denseNode, refitDense, refitPositions } from './refit-dense.js';
import { relativeError } from './relative-error.js';
import { type Frontier, neededFrom, runNodes } from './segment.js';
import { targetsOf } from './targets.js';

/** Held-out positions of an output that an error is measured on. */
const MEASURED_POSITIONS = 4096;

/** What became of one layer. */
export interface ReplacedLayer extends Required<Pick<Replacement, 'cost' | 'form' | 'relativeError' | 'facts'>> {
  readonly layer: DenseLayer;
  readonly family: string;
}

/** What does not change from one pass over the network to the next. */
export interface ConversionTask extends Pick<FitPass, 'graph' | 'sizes' | 'batches' | 'fitShare' | 'options'> {
  /** All layers with weights that a family could replace, in order. */
  readonly layers: readonly DenseLayer[];
  /** Knows the operators of all families. */
  readonly runtime: Runtime;
}

/**
 * One pass over the network, layer by layer: replaces the given layers in order, each fitted by its family to the dense network's
 * outputs with inputs from the part already replaced. Dense layers behind them are refitted.
 */
export class LayerwiseConversion {
  /** Nodes of the converted graph so far. */
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, TensorValue>();
  readonly replaced: ReplacedLayer[] = [];
  #dense: Frontier;
  #converted: Frontier;
  #position = 0;
  readonly #names: UniqueNames;
  readonly #scales = new Map<string, ActivationScale>();
  readonly #fits = new Map<FamilyFit, FitLayer>();
  readonly #random: Random;

  /**
   * @param families of the layers to replace
   * @param planned their forms, where those are decided already
   */
  constructor(
    private readonly task: ConversionTask,
    private readonly families: ReadonlyMap<DenseLayer, FamilyFit>,
    private readonly planned: ReadonlyMap<DenseLayer, FormEstimate> = new Map(),
  ) {
    this.#dense = { batches: task.batches };
    this.#converted = this.#dense;
    const names = valueNames(task.graph);
    for (const node of task.graph.nodes) names.add(node.name);
    this.#names = new UniqueNames(names);
    this.#random = seededRandom(task.options.seed ?? 1);
  }

  /** Lets every family prepare. */
  async begin(progress: Progress): Promise<void> {
    for (const family of new Set(this.families.values())) {
      const layers = [...this.families].filter(([, other]) => other === family).map(([layer]) => layer);
      this.#fits.set(family, await family.begin(this.#pass(layers), progress));
    }
  }

  /** Runs both networks up to the input of a layer, then replaces it. */
  async replace(layer: DenseLayer, progress: Progress): Promise<ReplacedLayer> {
    const family = this.families.get(layer)!;
    await this.#advance(layer.index, (f) => progress(f * 0.1));
    await this.#runDense(layer, (f) => progress(0.1 + 0.05 * f));
    const fitted = await this.#fits.get(family)!(layer, (f) => progress(0.15 + 0.8 * f));
    const measured = await this.#place(layer, fitted, (f) => progress(0.95 + 0.05 * f));
    const { options, sizes } = this.task;
    const replaced: ReplacedLayer = {
      layer,
      family: family.name,
      cost: fitted.cost ?? family.cost(layer, sizes.get(layer)!, options),
      form: fitted.form ?? family.name,
      relativeError: fitted.relativeError ?? measured(),
      facts: fitted.facts ?? {},
    };
    this.replaced.push(replaced);
    return replaced;
  }

  /** Runs what follows the last layer. @returns the outputs of both networks, batch by batch */
  async finish(progress: Progress): Promise<{ readonly dense: Frontier; readonly converted: Frontier }> {
    await this.#advance(this.task.graph.nodes.length, progress);
    return { dense: this.#dense, converted: this.#converted };
  }

  #pass(layers: readonly DenseLayer[]): FitPass {
    const { graph } = this.task;
    return {
      ...this.task,
      layers,
      planned: new Map([...this.planned].filter(([layer]) => layers.includes(layer))),
      random: this.#random,
      name: (hint) => this.#names.make(hint),
      input: (layer) => this.#input(layer),
      output: (layer) => planesOf(this.#dense, layer, layer.output, layer.outputChannels),
      activationScale: (layer) => {
        const scale = this.#scales.get(layer.input) ?? scaleOf(this.#input(layer));
        this.#scales.set(layer.input, scale);
        return scale;
      },
      targets: (layer, positions) => targetsOf(graph, layer, this.#dense, this.#converted, positions),
      run: async (nodes, initializers, value, progress) => {
        const { batches } = await this.#runConverted(nodes, new Set([value]), progress, initializers);
        return batches.map((live) => live.get(value)!);
      },
    };
  }

  #input(layer: DenseLayer) {
    return planesOf(this.#converted, layer, layer.input, layer.inputChannels);
  }

  /** Runs both networks up to a node, and refits dense layers on the way. */
  async #advance(index: number, progress: Progress): Promise<void> {
    const { family: chosen = 'coded' } = this.task.options;
    // A first convolution in integers changes too little to refit what follows.
    const behind = () => this.replaced.some(({ family }) => family === chosen);
    for (const layer of this.task.layers) {
      if (layer.index < this.#position || layer.index >= index || this.families.has(layer)) continue;
      if (!behind() || !canRefit(layer)) continue;
      await this.#run(layer.index, progress);
      await this.#refit(layer, progress);
    }
    await this.#run(index, progress);
  }

  /** Fits a layer that stays dense to the outputs that it has in the dense network. */
  async #refit(layer: DenseLayer, progress: Progress): Promise<void> {
    const { graph, fitShare } = this.task;
    await this.#runDense(layer, progress);
    const output = planesOf(this.#dense, layer, layer.output, layer.outputChannels);
    const positions = samplePositions(output, 0, fitShare, refitPositions(layer), this.#random);
    const { targets } = targetsOf(graph, layer, this.#dense, this.#converted, positions);
    const initializers = new Map<string, TensorValue>();
    const weights = refitDense(layer, this.#input(layer), targets, positions);
    const node = denseNode(layer, weights, (hint) => this.#names.make(hint), initializers);
    await this.#place(layer, { nodes: [node], initializers }, progress);
  }

  /** Runs a layer in the dense network, whose values before it stay alive. */
  async #runDense(layer: DenseLayer, progress: Progress): Promise<void> {
    const { graph } = this.task;
    const keep = neededFrom(graph, layer.index).add(layer.output);
    this.#dense = await runNodes(graph, [layer.node], this.#dense, keep, progress);
  }

  /**
   * Puts nodes in the place of a layer whose dense output is computed already.
   * @returns measures the relative error of what the nodes compute
   */
  async #place(
    layer: DenseLayer,
    { nodes, initializers }: Pick<Replacement, 'nodes' | 'initializers'>,
    progress: Progress,
  ): Promise<() => number> {
    const { graph, fitShare } = this.task;
    const [before, dense] = [this.#converted, this.#dense];
    for (const [name, value] of initializers) this.initializers.set(name, value);
    const needed = neededFrom(graph, layer.index + 1);
    const after = await this.#runConverted(nodes, new Set([...needed, layer.output]), progress);
    this.nodes.push(...nodes);
    this.#converted = after;
    this.#dense = await runNodes(graph, [], this.#dense, needed, () => undefined);
    this.#position = layer.index + 1;
    return () => {
      const values = planesOf(after, layer, layer.output, layer.outputChannels);
      // Own random numbers: a measurement must not change what is fitted afterwards.
      const positions = samplePositions(values, fitShare, 1, MEASURED_POSITIONS, seededRandom(1));
      const targets = targetsOf(graph, layer, dense, before, positions);
      return relativeError(gatherVectors(values, positions), targets, layer.outputChannels);
    };
  }

  /** Runs nodes on the values of the converted network, behind those placed earlier whose results they read but which are gone. */
  #runConverted(
    nodes: readonly Node[],
    keep: ReadonlySet<string>,
    progress: Progress,
    initializers: ReadonlyMap<string, TensorValue> = new Map(),
  ): Promise<Frontier> {
    const alive = this.#converted.batches[0]!;
    const wanted = new Set(nodes.flatMap(readValues).filter((name) => !alive.has(name)));
    const earlier: Node[] = [];
    for (const node of [...this.nodes].reverse()) {
      if (!node.outputs.some((name) => wanted.has(name))) continue;
      earlier.unshift(node);
      for (const name of readValues(node)) if (!alive.has(name)) wanted.add(name);
    }
    const constants = new Map([...this.initializers, ...initializers]);
    const { graph, runtime } = this.task;
    return runNodes(graph, [...earlier, ...nodes], this.#converted, keep, progress, constants, runtime);
  }

  async #run(index: number, progress: Progress): Promise<void> {
    const { graph } = this.task;
    const between = graph.nodes.slice(this.#position, index);
    const keep = neededFrom(graph, index);
    const same = this.#converted === this.#dense;
    this.#dense = await runNodes(graph, between, this.#dense, keep, (f) => progress(f / 2));
    // Before the first replaced layer the two networks are one.
    this.#converted = same
      ? this.#dense
      : await runNodes(graph, between, this.#converted, keep, (f) => progress(0.5 + f / 2));
    this.nodes.push(...between);
    this.#position = index;
  }
}
