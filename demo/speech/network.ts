import { labelOf, readLabels, toProbabilities } from '../../src/element/scores.js';
import type { AudioPreprocess } from '../../src/graph/metadata.js';
import { InferenceSession, type LoadProgress, LutraError, type SessionInfo, Tensor } from '../../src/index.js';
import { readAudioPreprocess } from '../../src/speech/spec.js';

/** A loaded network for sound: features in, probabilities out. Lives on the thread that loads it. */
export class SpeechNetwork {
  private constructor(
    private readonly session: InferenceSession,
    readonly spec: AudioPreprocess,
    /** A name for every class. */
    readonly labels: readonly string[],
  ) {}

  /** @throws {LutraError} whatever creating the session throws, or that it is no network for sound. */
  static async load(url: string, onProgress: (progress: LoadProgress) => void): Promise<SpeechNetwork> {
    // This already is a worker, and a window takes too little time to share it among threads.
    const session = await InferenceSession.create(url, { worker: false, threads: 1, onProgress });
    try {
      const spec = readAudioPreprocess(session.metadata);
      const silence = new Float32Array(spec.mels * spec.frames);
      const names = readLabels(session.metadata['lutra.labels']);
      const network = new SpeechNetwork(session, spec, names);
      // The first run is the slowest, and tells how many classes there are.
      const { length } = await network.classify(silence);
      return new SpeechNetwork(
        session,
        spec,
        Array.from({ length }, (_, i) => labelOf(names, i)),
      );
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  get info(): SessionInfo {
    return this.session.info;
  }

  /**
   * @param features [mels · frames]
   * @returns probabilities [classes]
   */
  async classify(features: Float32Array): Promise<Float32Array> {
    const { session, spec } = this;
    const input = new Tensor('float32', features, [1, 1, spec.mels, spec.frames]);
    const outputs = await session.run({ [session.inputNames[0]!]: input });
    const scores = outputs[session.outputNames[0]!]!.data;
    if (!(scores instanceof Float32Array)) {
      throw new LutraError('UNSUPPORTED', 'the network gives no scores', { expected: 'float32 [1, classes]' });
    }
    return toProbabilities(scores);
  }
}
