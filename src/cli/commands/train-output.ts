import type { TrainingRecord } from '../../train/history.js';
import type { Judgement } from '../../train/judge.js';
import type { TrainedModel } from '../../train/train-dense.js';
import type { TrainedLookup } from '../../train/train-lookup.js';
import type { TrainingProgress } from '../../train/trainer.js';
import { printJson } from '../output.js';
import type { Progress } from '../progress.js';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** "1 h 05 min", "3 min 20 s", "12 s". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.round(seconds);
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h > 0) return `${h} h ${String(min).padStart(2, '0')} min`;
  return min > 0 ? `${min} min ${String(s).padStart(2, '0')} s` : `${s} s`;
}

/** One line about where a training is: loss, accuracies, temperature, speed, time left. */
export function progressLine(progress: TrainingProgress, temperature?: number): string {
  const { loss, metrics, samplesPerSecond, secondsLeft, heldOut } = progress;
  return [
    `loss ${loss.toFixed(3)}`,
    ...Object.entries(metrics).map(([name, value]) => `${name} ${percent(value)}`),
    ...(heldOut === undefined ? [] : [`held out ${percent(heldOut)}`]),
    ...(temperature === undefined ? [] : [`temperature ${temperature.toPrecision(3)}`]),
    `${samplesPerSecond.toFixed(0)}/s`,
    `${formatDuration(secondsLeft)} left`,
  ].join('  ');
}

/** "94.8 %  same answer 96.1 %  loss 0.0421" */
function heldOutText({ heldOut, heldOutAgreement, heldOutLoss }: Omit<Partial<TrainingRecord>, 'loss'>): string {
  return [
    percent(heldOut!),
    ...(heldOutAgreement === undefined ? [] : [`same answer ${percent(heldOutAgreement)}`]),
    ...(heldOutLoss === undefined ? [] : [`loss ${heldOutLoss.toPrecision(3)}`]),
  ].join('  ');
}

function judgementText({ correct, same, count, loss }: Judgement): string {
  return heldOutText({
    heldOut: correct / count,
    heldOutLoss: loss,
    ...(same === undefined ? {} : { heldOutAgreement: same / count }),
  });
}

function judgementJson({ correct, same, count, loss }: Judgement) {
  return { value: correct / count, n: count, loss, ...(same === undefined ? {} : { agreement: same / count }) };
}

/** What a training led to, as the object that ends `--json`. */
export function outcomeJson(model: TrainedModel | TrainedLookup) {
  const { heldOut, result } = model;
  const measured = heldOut && { heldOut: { value: heldOut.correct / heldOut.count, n: heldOut.count } };
  if (!('unchanged' in model)) return { ...measured, atChance: model.atChance ?? false };
  const { start, heldOut: after, unchanged } = model;
  return {
    kept: result.kept,
    unchanged,
    ...(start && after ? { start: judgementJson(start), heldOut: judgementJson(after) } : {}),
  };
}

/** The same in words, which also are facts of the report. */
export function outcome(model: TrainedModel | TrainedLookup): (readonly [name: string, text: string])[] {
  const { result, heldOut } = model;
  const facts: [string, string][] = [];
  if (heldOut) {
    const { correct, count } = heldOut;
    facts.push([
      'accuracy on held-out training data',
      `${((100 * correct) / count).toFixed(2)} % (${correct} of ${count})`,
    ]);
  }
  if (!('unchanged' in model) || !model.start) return facts;
  facts.push(['held out, before training', judgementText(model.start)]);
  if (model.unchanged) {
    facts.push([
      'wrote',
      'the network as it was before training: no state was better (try more updates or a lower --rate)',
    ]);
    return facts;
  }
  facts.push(['held out, after training', judgementText(model.heldOut!)]);
  const last = result.kept === result.steps;
  facts.push([
    'wrote',
    `the state after update ${result.kept}${last ? '' : ` of ${result.steps}, the best on what was held out`}`,
  ]);
  return facts;
}

/** Shows a training as a live line, its measurements as lines of their own and, with `json`, every record as one object per line. */
export function trainingReporter(progress: Progress, json: boolean) {
  let temperature: number | undefined;
  return {
    onStart: (heldOut: Judgement) => {
      if (json) printJson({ event: 'start', heldOut: judgementJson(heldOut) });
      progress.line(`  before training          held out ${judgementText(heldOut)}`);
    },
    onRecord: (record: TrainingRecord) => {
      const learned = Object.values(record.temperatures ?? {});
      if (learned.length > 0) temperature = learned.reduce((sum, value) => sum + value, 0) / learned.length;
      if (json) printJson({ event: 'progress', ...record });
      if (record.heldOut === undefined) return;
      progress.line(
        `  pass ${record.epoch.toFixed(2).padStart(6)}  loss ${record.loss.toFixed(3)}  held out ${heldOutText(record)}`,
      );
    },
    onProgress: (state: TrainingProgress) => progress.update(state.fraction, progressLine(state, temperature)),
  };
}
