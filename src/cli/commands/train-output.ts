import type { TrainingRecord } from '../../train/history.js';
import type { TrainedModel } from '../../train/train-dense.js';
import type { TrainedLookup } from '../../train/train-lookup.js';
import type { TrainingProgress } from '../../train/trainer.js';
import type { ValidationResult } from '../../train/validate.js';
import { printJson } from '../output.js';
import type { Progress } from '../progress.js';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** "1 h 05 min", "3 min 20 s", "12 s". */
function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.round(seconds);
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h > 0) return `${h} h ${String(min).padStart(2, '0')} min`;
  return min > 0 ? `${min} min ${String(s).padStart(2, '0')} s` : `${s} s`;
}

/** One line about where a training is: loss, accuracies, temperature, speed, time left. */
function progressLine(progress: TrainingProgress, temperature?: number): string {
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
function validationText(accuracy: number, agreement?: number, loss?: number): string {
  return [
    percent(accuracy),
    ...(agreement === undefined ? [] : [`same answer ${percent(agreement)}`]),
    ...(loss === undefined ? [] : [`loss ${loss.toPrecision(3)}`]),
  ].join('  ');
}

function resultJson({ correct, same, count, loss }: ValidationResult) {
  return { value: correct / count, n: count, loss, ...(same === undefined ? {} : { agreement: same / count }) };
}

function resultText(result: ValidationResult): string {
  const { value, agreement, loss } = resultJson(result);
  return validationText(value, agreement, loss);
}

/** The result of a training, which is the last object of `--json`. */
export function outcomeJson(model: TrainedModel | TrainedLookup) {
  const { validation, result } = model;
  const measured = validation && { validation: { value: validation.correct / validation.count, n: validation.count } };
  if (!('unchanged' in model)) return { ...measured, atChance: model.atChance ?? false };
  const { start, validation: after, unchanged } = model;
  const both = start && after && { start: resultJson(start), validation: resultJson(after) };
  return { kept: result.kept, unchanged, ...both };
}

/** The same in words, for the terminal and the report. */
export function outcome(model: TrainedModel | TrainedLookup): (readonly [name: string, text: string])[] {
  const { result, validation } = model;
  const facts: [string, string][] = [];
  if (validation) {
    const { correct, count } = validation;
    const share = `${((100 * correct) / count).toFixed(2)} %`;
    facts.push(['accuracy on the validation set', `${share} (${correct} of ${count})`]);
  }
  if (!('unchanged' in model) || !model.start) return facts;
  facts.push(['validation, before training', resultText(model.start)]);
  if (model.unchanged) {
    const reason = 'no state was better (try more updates or a lower --rate)';
    return [...facts, ['wrote', `the network as it was before training: ${reason}`]];
  }
  const best = result.kept === result.steps ? '' : ` of ${result.steps}, the best on the validation set`;
  return [
    ...facts,
    ['validation, after training', resultText(model.validation!)],
    ['wrote', `the state after update ${result.kept}${best}`],
  ];
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
      const { epoch, loss, validation, validationAgreement, validationLoss } = record;
      if (validation === undefined) return;
      const text = validationText(validation, validationAgreement, validationLoss);
      progress.line(`  pass ${epoch.toFixed(2).padStart(6)}  loss ${loss.toFixed(3)}  validation ${text}`);
    },
    onProgress: (state: TrainingProgress) => progress.update(state.fraction, progressLine(state, temperature)),
  };
}
