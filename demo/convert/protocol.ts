import type { ConvertOptions, ConvertProgress, ConvertReport } from '../../src/convert/types.js';
import type { ImageInput } from '../../src/data/preprocess-spec.js';
import type { Preprocess } from '../../src/graph/metadata.js';
import type { TensorValue } from '../../src/graph/types.js';

/** One Conv, Gemm or MatMul that could become lookups. */
export interface LayerFacts {
  readonly name: string;
  readonly op: string;
  /** Weight shape: [O, C, kh, kw]; kh = kw = 1 for linear layers. */
  readonly dims: readonly number[];
  /** Stays dense unless it is asked for. */
  readonly role: 'first' | 'last' | undefined;
}

/** What the page needs to know of a network before anything runs. */
export interface NetworkFacts {
  readonly name: string;
  readonly bytes: number;
  readonly input: { readonly name: string; readonly type: string; readonly dims: readonly (number | string)[] };
  /** How the network takes images, by the shape of its input. */
  readonly image: ImageInput | undefined;
  /** `lutra.preprocess` of the file. */
  readonly stored: Preprocess | undefined;
  readonly labels: readonly string[] | undefined;
  readonly layers: readonly LayerFacts[];
}

/** A file to learn from; `path` uses `/` and tells its class by its folder. */
export interface ExampleFile {
  readonly path: string;
  readonly file: Blob;
}

export interface ExampleFacts {
  readonly description: string;
  readonly count: number;
  readonly classes: readonly string[] | undefined;
}

export interface ConvertRequest {
  readonly options: ConvertOptions;
  /** Examples to fit to, at most. */
  readonly samples: number;
  /** How images or recordings become the input; undefined for arrays. */
  readonly preprocess: Preprocess | undefined;
}

/** Examples that the conversion never saw. */
export interface HeldOut {
  /** Network inputs, one batch after the other. */
  readonly batches: readonly TensorValue[];
  /** Class of every example, where the data has classes. */
  readonly labels: readonly number[] | undefined;
  readonly count: number;
}

export interface Converted {
  /** The LUT model as a file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly report: ConvertReport;
  readonly heldOut: HeldOut;
}

export type ProgressListener = (progress: ConvertProgress) => void;

/** What the page asks of its worker. One network and one set of examples at a time. */
export interface ConverterApi {
  openNetwork(file: Blob, name: string): Promise<NetworkFacts>;
  openExamples(files: readonly ExampleFile[]): Promise<ExampleFacts>;
  convert(request: ConvertRequest, onProgress: ProgressListener): Promise<Converted>;
  /** Stops a conversion, which then rejects with `ABORTED`. */
  cancel(): void;
}
