import type { EngineId, ModelForm } from './types.js';

export interface EngineEntry {
  readonly title: string;
  /** The file that it runs. */
  readonly form: ModelForm;
}

export const ENGINES: Readonly<Record<EngineId, EngineEntry>> = {
  lutra: { title: 'Lutra, lookup', form: 'lut' },
  'lutra-dense': { title: 'Lutra, dense', form: 'dense' },
  'ort-f32': { title: 'onnxruntime-web', form: 'dense' },
  'ort-int8': { title: 'onnxruntime-web, int8', form: 'int8' },
  tfjs: { title: 'TensorFlow.js', form: 'dense' },
  litert: { title: 'LiteRT.js', form: 'tflite' },
};

/** Those that run on Lutra itself. */
export const OWN_ENGINES: readonly EngineId[] = ['lutra', 'lutra-dense'];

export const ENGINE_IDS = Object.keys(ENGINES) as EngineId[];
