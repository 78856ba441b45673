/**
 * Runs in the audio thread, where nothing can be imported. It only collects the samples of the microphone and passes them on. Plain JavaScript, because bundlers copy the scripts of worklets as they are.
 */

/** Frames per message: 11 ms at 48 kHz. Single blocks of 128 would mean 375 messages a second. */
const CHUNK = 512;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    /** Where the sound goes, once it is known. */
    this.target = undefined;
    this.chunk = new Float32Array(CHUNK);
    this.filled = 0;
    this.port.onmessage = ({ data }) => {
      this.target = data;
    };
  }

  /** @param {Float32Array[][]} inputs first input: channels of 128 frames, none while nothing is connected */
  process([channels]) {
    if (!this.target || channels.length === 0) return true;
    const frames = channels[0].length;
    for (let i = 0; i < frames; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.chunk[this.filled++] = sum / channels.length;
      if (this.filled === CHUNK) {
        this.target.postMessage(this.chunk, [this.chunk.buffer]);
        this.chunk = new Float32Array(CHUNK);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor('lutra-capture', Capture);
