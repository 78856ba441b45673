import type { TrainingRecord } from '../../train/history.js';
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

/** Shows a training as a live line, its measurements as lines of their own and, with `json`, every record as one object per line. */
export function trainingReporter(progress: Progress, json: boolean) {
  let temperature: number | undefined;
  return {
    onRecord: (record: TrainingRecord) => {
      const learned = Object.values(record.temperatures ?? {});
      if (learned.length > 0) temperature = learned.reduce((sum, value) => sum + value, 0) / learned.length;
      if (json) printJson({ event: 'progress', ...record });
      if (record.heldOut === undefined) return;
      progress.line(
        `  pass ${record.epoch.toFixed(1).padStart(5)}  loss ${record.loss.toFixed(3)}  held out ${percent(record.heldOut)}`,
      );
    },
    onProgress: (state: TrainingProgress) => progress.update(state.fraction, progressLine(state, temperature)),
  };
}
