/** The smallest page that classifies: what `npm run size` bundles and weighs. */
import { InferenceSession, Tensor } from '../src/index.js';

const session = await InferenceSession.create('model.onnx');
const input = new Tensor('float32', new Float32Array(3 * 32 * 32), [1, 3, 32, 32]);
document.title = String(Object.keys(await session.run({ [session.inputNames[0]!]: input })));
