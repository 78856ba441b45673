/**
 * The body of a function that gives a page another microphone: one that plays a recording over and over. For browsers whose own test
 * microphone plays nothing but a tone.
 */
export function microphoneScript(recording: Buffer): string {
  return `
    const bytes = Uint8Array.from(atob('${recording.toString('base64')}'), (letter) => letter.charCodeAt(0));
    navigator.mediaDevices.getUserMedia = async () => {
      const context = new AudioContext();
      const source = context.createBufferSource();
      source.buffer = await context.decodeAudioData(bytes.slice().buffer);
      source.loop = true;
      const microphone = context.createMediaStreamDestination();
      source.connect(microphone);
      source.start();
      await context.resume();
      return microphone.stream;
    };
  `;
}

/**
 * Script after which the page hears a recording over and over in place of what its microphone would give. WebKitGTK tears the sound that goes
 * from one audio context to another (in one page of four, for as long as the page is open), so the recording is played in the page's own context.
 */
export function playedMicrophoneScript(recording: Buffer): string {
  return `
    const bytes = Uint8Array.from(atob('${recording.toString('base64')}'), (letter) => letter.charCodeAt(0));
    navigator.mediaDevices.getUserMedia = async () => new AudioContext().createMediaStreamDestination().stream;
    AudioContext.prototype.createMediaStreamSource = function () {
      const source = this.createBufferSource();
      source.loop = true;
      void this.decodeAudioData(bytes.slice().buffer).then((buffer) => {
        source.buffer = buffer;
        source.start();
      });
      return source;
    };
  `;
}
