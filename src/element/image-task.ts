import { preprocess } from '../data/preprocess.js';
import { openCamera, watchVideo } from './camera.js';
import { imagePreprocess } from './image-preprocess.js';
import { PixelReader } from './pixels.js';
import type { Input, Task } from './task.js';
import type { ImageSource } from './types.js';

/** The task `image`: images and the camera. */
export function createImageTask(): Task {
  const reader = new PixelReader();

  async function read(source: ImageSource, name?: string): Promise<Input> {
    const image = await reader.open(source, name);
    return (session) => preprocess([image], imagePreprocess(session));
  }

  return {
    read: (source, name) => read(source as ImageSource, name),
    async listen({ video, signal, run, show }) {
      const stream = await openCamera();
      try {
        if (signal.aborted) return;
        video.srcObject = stream;
        await video.play();
        await watchVideo(video, signal, async () => show(await run(await read(video))));
      } finally {
        for (const track of stream.getTracks()) track.stop();
        video.srcObject = null;
      }
    },
  };
}
