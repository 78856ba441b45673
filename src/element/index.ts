/**
 * The class behind `<lutra-classifier>`, without side effects. `lutra/element/define` gives it its name.
 *
 * @packageDocumentation
 */
export type { Recording } from '../speech/wav.js';
export { LutraClassifierElement } from './classifier-element.js';
export type {
  AudioSource,
  ClassifierEventMap,
  ClassifierResult,
  ClassifierTask,
  ClassScore,
  ImageSource,
} from './types.js';
