import type { TrainingRecord } from '../../train/history.js';
import type { TrainedModel } from '../../train/train-dense.js';
import type { TrainedLookup } from '../../train/train-lookup.js';
import type { TrainingProgress } from '../../train/trainer.js';
import type { ValidationResult } from '../../train/validate.js';
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
  const { loss, metrics, samplesPerSecond, secondsLeft, validation } = progress;
  return [
    `loss ${loss.toFixed(3)}`,
    ...Object.entries(metrics).map(([name, value]) => `${name} ${percent(value)}`),
    ...(validation === undefined ? [] : [`validation ${percent(validation)}`]),
    ...(temperature === undefined ? [] : [`temperature ${temperature.toPrecision(3)}`]),
    `${samplesPerSecond.toFixed(0)}/s`,
    `${formatDuration(secondsLeft)} left`,
  ].join('  ');
}

/** "94.8 %  same answer 96.1 %  loss 0.0421" */
function validationText({
  validation,
  validationAgreement,
  validationLoss,
}: Omit<Partial<TrainingRecord>, 'loss'>): string {
  return [
    percent(validation!),
    ...(validationAgreement === undefined ? [] : [`same answer ${percent(validationAgreement)}`]),
    ...(validationLoss === undefined ? [] : [`loss ${validationLoss.toPrecision(3)}`]),
  ].join('  ');
}

function resultText({ correct, same, count, loss }: ValidationResult): string {
  return validationText({
    validation: correct / count,
    validationLoss: loss,
    ...(same === undefined ? {} : { validationAgreement: same / count }),
  });
}

function resultJson({ correct, same, count, loss }: ValidationResult) {
  return { value: correct / count, n: count, loss, ...(same === undefined ? {} : { agreement: same / count }) };
}

/** What a training led to, as the object that ends `--json`. */
export function outcomeJson(model: TrainedModel | TrainedLookup) {
  const { validation, result } = model;
  const measured = validation && { validation: { value: validation.correct / validation.count, n: validation.count } };
  if (!('unchanged' in model)) return { ...measured, atChance: model.atChance ?? false };
  const { start, validation: after, unchanged } = model;
  return {
    kept: result.kept,
    unchanged,
    ...(start && after ? { start: resultJson(start), validation: resultJson(after) } : {}),
  };
}

/** The same in words, which also are facts of the report. */
export function outcome(model: TrainedModel | TrainedLookup): (readonly [name: string, text: string])[] {
  const { result, validation } = model;
  const facts: [string, string][] = [];
  if (validation) {
    const { correct, count } = validation;
    facts.push([
      'accuracy on the validation set',
      `${((100 * correct) / count).toFixed(2)} % (${correct} of ${count})`,
    ]);
  }
  if (!('unchanged' in model) || !model.start) return facts;
  facts.push(['validation, before training', resultText(model.start)]);
  if (model.unchanged) {
    facts.push([
      'wrote',
      'the network as it was before training: no state was better (try more updates or a lower --rate)',
    ]);
    return facts;
  }
  facts.push(['validation, after training', resultText(model.validation!)]);
  const last = result.kept === result.steps;
  facts.push([
    'wrote',
    `the state after update ${result.kept}${last ? '' : ` of ${result.steps}, the best on the validation set`}`,
  ]);
  return facts;
}

/** Shows a training as a live line, its measurements as lines of their own and, with `json`, every record as one object per line. */
export function trainingReporter(progress: Progress, json: boolean) {
  let temperature: number | undefined;
  return {
    onStart: (validation: ValidationResult) => {
      if (json) printJson({ event: 'start', validation: resultJson(validation) });
      progress.line(`  before training          validation ${resultText(validation)}`);
    },
    onRecord: (record: TrainingRecord) => {
      const learned = Object.values(record.temperatures ?? {});
      if (learned.length > 0) temperature = learned.reduce((sum, value) => sum + value, 0) / learned.length;
      if (json) printJson({ event: 'progress', ...record });
      if (record.validation === undefined) return;
      progress.line(
        `  pass ${record.epoch.toFixed(2).padStart(6)}  loss ${record.loss.toFixed(3)}  validation ${validationText(record)}`,
      );
    },
    onProgress: (state: TrainingProgress) => progress.update(state.fraction, progressLine(state, temperature)),
  };
}
