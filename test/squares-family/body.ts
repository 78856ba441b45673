import { BodyBuilder, type FunctionBody } from '../../src/lut/index.js';
import { SQUARES } from './spec.js';

/** Gathers both squares of every pair of an activation [N, 1, C, H·W] and a weight [1, M, C, 1], and adds them up over C. */
export const SQUARES_BODY: FunctionBody = {
  spec: SQUARES,
  nodes() {
    const body = new BodyBuilder();
    const { centred } = body.quantize();
    const shape = body.node('Shape', ['x']);
    const [N, C, size] = [body.slice(shape, 0, 1), body.slice(shape, 1, 2), body.slice(shape, 2, 4)];
    const a = body.cast(body.reshape(centred, body.concat(N, body.ints(1), C, body.ints(-1))), 'int64');
    const w = body.cast(body.reshape('W', body.concat(body.ints(1, -1), C, body.ints(1))), 'int64');
    const square = (op: string) => body.node('Gather', ['squares', body.node('Abs', [body.node(op, [a, w])])]);
    const products = body.cast(body.node('Sub', [square('Add'), square('Sub')]), 'float32');
    // [N, M, 1, H·W]
    const sums = body.node('ReduceSum', [products, body.ints(2)]);
    body.scaled(body.reshape(sums, body.concat(N, body.ints(-1), size)));
    return body.nodes;
  },
};
