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
