import { BodyBuilder, type FunctionBody } from '../../src/lut/index.js';
import { SQUARES } from './spec.js';

/** Gathers both squares of every pair of an activation [N, 1, C] and a weight [1, M, C], and adds them up over C. */
export const SQUARES_BODY: FunctionBody = {
  spec: SQUARES,
  nodes() {
    const body = new BodyBuilder();
    const { centred } = body.quantize();
    const a = body.cast(body.reshape(centred, body.ints(0, 1, -1)), 'int64');
    const rows = body.slice(body.node('Shape', ['W']), 0, 1);
    const w = body.cast(body.reshape('W', body.concat(body.ints(1), rows, body.ints(-1))), 'int64');
    const square = (op: string) => body.node('Gather', ['squares', body.node('Abs', [body.node(op, [a, w])])]);
    const products = body.cast(body.node('Sub', [square('Add'), square('Sub')]), 'float32');
    const sums = body.node('ReduceSum', [products, body.ints(2)]);
    body.scaled(body.reshape(sums, body.ints(0, -1, 1, 1)));
    return body.nodes;
  },
};
