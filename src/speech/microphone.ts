import { LutraError } from '../errors.js';
import { deviceProblem } from './device-problem.js';

/** A microphone that is open. */
export interface Microphone {
  /** Hz, the rate of the device. Nothing is resampled. */
  readonly sampleRate: number;
  /** Resolves when the device disconnects, with a message for the user. */
  readonly lost: Promise<LutraError>;
  /** Releases the microphone. */
  stop(): void;
}

/** How long a browser may take to start its audio. Firefox without an audio device never does. */
const START_MILLISECONDS = 5000;

/** Waits until the context runs. */
async function start(context: AudioContext): Promise<void> {
  const late = new LutraError('PLATFORM', 'The browser did not start its audio', {
    hint: 'Firefox needs a loudspeaker or headphones for that. Connect one, or use a recording instead',
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, START_MILLISECONDS, late);
  });
  await Promise.race([context.resume(), patience]).finally(() => clearTimeout(timer));
}

/**
 * Opens the microphone. Call it in the handler of a click: browsers start audio only after one.
 *
 * @param target receives the sound in pieces, Float32Array [512] in −1..1 at {@link Microphone.sampleRate}. Send the other end of the
 * channel to a worker
 * @param signal releases the microphone, also while the browser still asks the user
 * @throws {LutraError} `PLATFORM` when the user, the browser or the device refuses; `ABORTED`.
 */
export async function openMicrophone(target: MessagePort, signal?: AbortSignal): Promise<Microphone> {
  if (!globalThis.navigator?.mediaDevices || !globalThis.AudioWorkletNode) {
    throw new LutraError('PLATFORM', 'This page may not use the microphone', { hint: 'Open it over https' });
  }
  // Made before the first wait, while the click still counts.
  const context = new AudioContext();
  let stream: MediaStream | undefined;
  const stop = (): void => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    if (context.state !== 'closed') void context.close();
  };
  try {
    const loaded = context.audioWorklet.addModule(new URL('./capture-worklet.js', import.meta.url));
    // A failure is reported below. A refused microphone is the more useful error.
    loaded.catch(() => {});
    stream = await navigator.mediaDevices.getUserMedia({
      // Filters made for telephony change the sound that networks were trained on.
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true },
    });
    await loaded;
    await start(context);
    if (signal?.aborted) throw new LutraError('ABORTED', 'the microphone is no longer wanted');
    const node = new AudioWorkletNode(context, 'lutra-capture', { numberOfInputs: 1, numberOfOutputs: 1 });
    node.port.postMessage(target, [target]);
    // Browsers may skip nodes that lead to no output. The output of this node stays silent.
    context.createMediaStreamSource(stream).connect(node).connect(context.destination);
  } catch (thrown) {
    stop();
    throw deviceProblem(thrown, 'microphone', 'use a recording instead');
  }
  signal?.addEventListener('abort', stop, { once: true });
  const [track] = stream.getAudioTracks();
  const lost = new Promise<LutraError>((resolve) => {
    track?.addEventListener('ended', () => {
      stop();
      resolve(new LutraError('PLATFORM', 'The microphone was disconnected', { hint: 'Connect it, then try again' }));
    });
  });
  return { sampleRate: context.sampleRate, lost, stop };
}
