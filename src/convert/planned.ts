import { LutraError } from '../errors.js';
import { serializeModel } from '../onnx/serialize.js';
import { denseCost, otherNanoseconds } from './dense-cost.js';
import type { DenseLayer } from './dense-layers.js';
import type { FamilyFit } from './family-fit.js';
import { bytesBesideTables, LAYER_BYTES } from './file-bytes.js';
import type { ConversionTask } from './layerwise.js';
import type { Difference } from './logits.js';
import { closestWithin, type PlanPoint, tradeOff } from './plan.js';
import { type DenseAnswers, measureSensitivity, Prediction } from './predict.js';
import type { Progress } from './progress.js';
import { type SurveyedForm, surveyLayers } from './survey.js';
import type { PlanReport, TradeOffPoint } from './types.js';

/** Conversions of a plan, at most: each measures, and the next one is planned with that. */
const MOST_ATTEMPTS = 4;
/** A faster network is worth another conversion only beyond this share of the time. */
const LEAST_GAIN = 0.03;
/** Errors after a conversion that lost too much, relative to its own. */
const STRICTER = 0.5;
/** Points of the report. */
const REPORTED_POINTS = 24;
/** A drop that is known no better than this, in percentage points, is worth a warning. */
const FINE_DROP = 1;

/** What becomes of the layers that do not stay dense. */
export type Forms = ReadonlyMap<DenseLayer, SurveyedForm>;

/** A converted network, measured on held-out examples. */
export interface MeasuredAttempt {
  /** undefined for networks that do not classify. */
  readonly difference: Difference | undefined;
}

interface Planned<Attempt> {
  readonly attempt: Attempt;
  readonly plan: PlanReport;
  readonly warnings: readonly string[];
}

interface Tried<Attempt> {
  readonly point: PlanPoint;
  readonly attempt: Attempt;
  /** Before the conversion. */
  readonly predicted: PlanReport['predicted'];
}

/** Surveys the network, plans it, converts and measures, and plans again where the measurement disagrees. */
export class NetworkPlan<Attempt extends MeasuredAttempt> {
  readonly #layers: readonly DenseLayer[];
  readonly #forms: readonly (readonly (SurveyedForm | undefined)[])[];
  readonly #points: readonly PlanPoint[];
  /** Of all that the plan leaves as it is. */
  readonly #fixed: { readonly nanoseconds: number; readonly bytes: number };
  readonly #dense: { readonly nanoseconds: number; readonly bytes: number };
  readonly #prediction: Prediction;
  #tried: Tried<Attempt>[] = [];

  private constructor(
    private readonly task: ConversionTask,
    surveyed: ReadonlyMap<DenseLayer, readonly SurveyedForm[]>,
    sensitivity: ReadonlyMap<DenseLayer, number>,
    private readonly answers: DenseAnswers | undefined,
    private readonly run: (forms: Forms, attempt: number) => Promise<Attempt>,
  ) {
    const { graph, sizes, options } = task;
    const dense = (layer: DenseLayer) => denseCost(layer, sizes.get(layer)!).nanoseconds;
    this.#layers = [...surveyed.keys()];
    // A form that is neither faster nor smaller than the dense layer has nothing to offer.
    this.#forms = this.#layers.map((layer) => [
      undefined,
      ...surveyed.get(layer)!.filter(({ cost }) => cost.nanoseconds < dense(layer) || cost.tableBytes < bytesOf(layer)),
    ]);
    const others = task.layers.filter((layer) => !surveyed.has(layer));
    const kept = bytesBesideTables(graph, this.#layers) - LAYER_BYTES * this.#layers.length;
    const outside = others.reduce((sum, layer) => sum + dense(layer), 0);
    this.#fixed = { nanoseconds: otherNanoseconds(graph, task.layers) + outside, bytes: kept };
    const total = this.#layers.reduce((sum, layer) => sum + dense(layer), this.#fixed.nanoseconds);
    this.#dense = { nanoseconds: total, bytes: serializeModel(graph).length };
    const plan = this.#layers.map((layer, i) =>
      this.#forms[i]!.map((form) =>
        form
          ? {
              time: form.cost.nanoseconds,
              error: form.relativeError * sensitivity.get(layer)!,
              bytes: form.cost.tableBytes + LAYER_BYTES,
            }
          : { time: dense(layer), error: 0, bytes: bytesOf(layer) },
      ),
    );
    const { maxBytes = Infinity } = options;
    this.#points = tradeOff(plan, maxBytes - kept);
    if (this.#points.length === 0) {
      const least = plan.reduce((sum, forms) => sum + Math.min(...forms.map(({ bytes }) => bytes)), kept);
      throw new LutraError('INVALID_ARGUMENT', 'no form of these layers fits in the largest allowed file', {
        expected: `at least ${Math.ceil(least)} bytes`,
        actual: `${maxBytes} bytes`,
        hint: 'Allow a larger file',
      });
    }
    this.#prediction = new Prediction(answers);
  }

  /**
   * @param familiesOf families that may replace a layer; none: it stays dense
   * @param answers of the dense network on the held-out examples; undefined where it does not classify
   * @param run converts and measures
   */
  static async create<Attempt extends MeasuredAttempt>(
    task: ConversionTask,
    familiesOf: (layer: DenseLayer) => readonly FamilyFit[],
    answers: DenseAnswers | undefined,
    run: (forms: Forms, attempt: number) => Promise<Attempt>,
    progress: Progress,
  ): Promise<NetworkPlan<Attempt>> {
    if (task.options.maxDrop !== undefined && !answers) {
      throw new LutraError('INVALID_ARGUMENT', 'maxDrop needs a network that classifies', {
        expected: 'a first output of type float32 and shape [N, classes]',
        actual: 'another output',
        hint: 'Give speedup instead, or choose layers by name',
      });
    }
    const layers = task.layers.filter((layer) => familiesOf(layer).length > 0);
    const surveyed = await surveyLayers({ ...task, layers }, familiesOf, progress);
    const sensitivity = await measureSensitivity({ ...task, layers }, progress);
    return new NetworkPlan(task, surveyed, sensitivity, answers, run);
  }

  /** @throws LutraError `INVALID_ARGUMENT` when no network meets all that is asked for */
  async convert(): Promise<Planned<Attempt>> {
    const { maxDrop, speedup } = this.task.options;
    const best = speedup === undefined ? await this.#withinDrop(maxDrop!) : await this.#withinTime(speedup, maxDrop);
    return { attempt: best.attempt, plan: this.#report(best), warnings: this.#warnings(best) };
  }

  /** The most accurate network of a speed. A conversion half way there first tells how much errors weigh. */
  async #withinTime(speedup: number, maxDrop: number | undefined): Promise<Tried<Attempt>> {
    const limit = this.#dense.nanoseconds / speedup;
    const pointWithin = (time: number) => closestWithin(this.#points, time - this.#fixed.nanoseconds + 1e-6);
    const point = pointWithin(limit);
    const fastest = this.#point(this.#points[0]!);
    if (!point) {
      throw new LutraError('INVALID_ARGUMENT', 'no network is as fast as that', {
        expected: `a speedup of at most ${fastest.speedup.toFixed(2)}`,
        actual: String(speedup),
        hint: 'Ask for less, or allow a larger file and more layers',
      });
    }
    const half = pointWithin(Math.sqrt(limit * this.#dense.nanoseconds));
    if (half && half !== point && half.error > 0) await this.#try(half);
    const drop = this.#prediction.drop(point.error);
    if (maxDrop !== undefined && drop! > maxDrop) throw this.#impossible(maxDrop, `${drop!.toFixed(2)} at that speed`);
    const best = await this.#try(point);
    const lost = this.#measuredDrop(best);
    if (maxDrop !== undefined && lost! > maxDrop) throw this.#impossible(maxDrop, `${lost!.toFixed(2)} at that speed`);
    return best;
  }

  /** The fastest network within a drop. */
  async #withinDrop(maxDrop: number): Promise<Tried<Attempt>> {
    let best: Tried<Attempt> | undefined;
    let mostError = Infinity;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      // Before anything was measured the prediction may be wrong by a factor of two, and staying dense would teach nothing.
      const allowed = attempt === 0 ? [maxDrop, 2 * maxDrop] : [maxDrop];
      const within = allowed.map((drop) =>
        this.#points.find(({ error }) => error < mostError && this.#prediction.drop(error)! <= drop),
      );
      const point = within.find((each) => each && each.error > 0) ?? within[0];
      if (!point || this.#tried.some((other) => other.point === point)) break;
      if (best && this.#time(point) > (1 - LEAST_GAIN) * this.#time(best.point)) break;
      const tried = await this.#try(point);
      // Counted changes are few; what the measured divergence says of them must agree.
      const { divergence } = tried.attempt.difference!;
      const lost = Math.max(this.#measuredDrop(tried)!, this.#prediction.dropAt(divergence)!);
      if (lost <= maxDrop || point.error === 0)
        best = !best || this.#time(point) < this.#time(best.point) ? tried : best;
      else mostError = Math.min(mostError, point.error * STRICTER);
    }
    if (best) return best;
    const closest = Math.min(...this.#tried.map((tried) => this.#measuredDrop(tried)!));
    const dense = this.#points.find(({ error }) => error === 0);
    if (dense) return this.#try(dense);
    throw this.#impossible(maxDrop, this.#tried.length > 0 ? closest.toFixed(2) : 'more');
  }

  #impossible(maxDrop: number, actual: string): LutraError {
    const { maxBytes, speedup } = this.task.options;
    const loosen = [
      ...(speedup === undefined ? [] : ['a smaller --speedup']),
      ...(maxBytes === undefined ? [] : ['a larger --max-size']),
      'more examples',
      'a larger --max-drop',
    ];
    return new LutraError('INVALID_ARGUMENT', 'no converted network loses so little', {
      expected: `a drop of at most ${maxDrop} points`,
      actual: `${actual}`,
      hint: `What helps: ${loosen.join(', ')}, or training afterwards`,
    });
  }

  async #try(point: PlanPoint): Promise<Tried<Attempt>> {
    const predicted = { ...this.#point(point), divergence: this.#prediction.divergence(point.error) };
    const forms = new Map<DenseLayer, SurveyedForm>();
    this.#layers.forEach((layer, i) => {
      const form = this.#forms[i]![point.chosen[i]!];
      if (form) forms.set(layer, form);
    });
    const attempt = await this.run(forms, this.#tried.length + 1);
    if (attempt.difference) this.#prediction.observe(point.error, attempt.difference);
    const tried = { point, attempt, predicted };
    this.#tried.push(tried);
    return tried;
  }

  #measuredDrop({ attempt: { difference } }: Tried<Attempt>): number | undefined {
    return difference && (difference.lost ?? difference.changed);
  }

  /** Nanoseconds of the whole network. */
  #time(point: PlanPoint): number {
    return point.time + this.#fixed.nanoseconds;
  }

  #point(point: PlanPoint): TradeOffPoint {
    const drop = this.#prediction.drop(point.error);
    const nanoseconds = this.#time(point);
    return {
      nanoseconds,
      speedup: this.#dense.nanoseconds / nanoseconds,
      ...(drop === undefined ? {} : { drop }),
      bytes: Math.round(point.bytes + this.#fixed.bytes),
      forms: Object.fromEntries(
        this.#layers.map(({ node }, i) => [node.name, this.#forms[i]![point.chosen[i]!]?.form ?? 'dense']),
      ),
    };
  }

  #report({ point, attempt: { difference }, predicted }: Tried<Attempt>): PlanReport {
    const points = spread(this.#points, point);
    return {
      ...(this.answers ? { metric: this.answers.labels ? 'accuracy' : 'agreement' } : {}),
      dense: this.#dense,
      predicted,
      ...(difference && {
        measured: {
          drop: difference.lost ?? difference.changed,
          deviation: this.#prediction.deviation(difference),
          divergence: difference.divergence,
        },
      }),
      attempts: this.#tried.length,
      points: points.map((each) => this.#point(each)),
      chosen: points.indexOf(point),
    };
  }

  #warnings({ point, predicted }: Tried<Attempt>): string[] {
    const { maxDrop } = this.task.options;
    const warnings: string[] = [];
    if (this.answers) {
      const examples = this.answers.logits.data.length / this.answers.logits.classes;
      const deviation = this.#prediction.deviation(this.#prediction.difference(point.error)!);
      if (deviation > (maxDrop || FINE_DROP)) {
        const wanted = Math.ceil((examples * (deviation / (maxDrop || FINE_DROP)) ** 2) / 100) * 100;
        warnings.push(
          `The calibration set is small: with ${examples} held-out examples a drop is known to ±${deviation.toFixed(1)} points, with ${wanted} to ±${maxDrop || FINE_DROP}.`,
        );
      }
    }
    if (maxDrop !== undefined && point.error === 0 && this.#points.length > 1) {
      const lost = this.#tried.flatMap((tried) => (tried.point.error > 0 ? [this.#measuredDrop(tried)!] : []));
      const closest = lost.length > 0 ? `; the closest one that was tried lost ${Math.min(...lost).toFixed(2)}` : '';
      warnings.push(
        `No converted network keeps within ${maxDrop} points${closest}. More examples or a larger drop help.`,
      );
    }
    if (predicted.speedup < 1 + LEAST_GAIN) warnings.push('The cost models expect no speedup from this conversion.');
    return warnings;
  }
}

function bytesOf({ weight, bias }: DenseLayer): number {
  return 4 * (weight.length + bias.length);
}

/** Some of the points, evenly in time, with the first, the last and the chosen one. */
function spread(points: readonly PlanPoint[], chosen: PlanPoint): PlanPoint[] {
  const [low, high] = [points[0]!.time, points.at(-1)!.time];
  const kept: PlanPoint[] = [];
  let next = low;
  for (const point of points) {
    if (point.time < next && point !== chosen && point !== points.at(-1)) continue;
    kept.push(point);
    if (point.time >= next) next = point.time + (high - low) / REPORTED_POINTS;
  }
  return kept;
}
