import 'lutra/element/define';
import { InferenceSession, Tensor } from 'lutra';

const session = await InferenceSession.create('digits.lut.onnx');
const input = new Tensor('float32', new Float32Array(28 * 28), [1, 1, 28, 28]);
const outputs = await session.run({ [session.inputNames[0]]: input });
document.querySelector('#api').textContent = Object.values(outputs)[0].dims.join('×');
