/** Writes the function bodies of all lookup operators where the Python package reads them: `npm run bodies`. */
import { writeFileSync } from 'node:fs';
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { FUNCTION_BODIES, functionProtos } from '../src/lut/bodies.js';

/** Default opset of the files that the package writes: `OPSET` of python/lutra_torch/onnx_export.py. */
const OPSET = 17;

const operators = new Set(FUNCTION_BODIES.map(({ spec }) => spec.name));
const functions = functionProtos(operators, OPSET, FUNCTION_BODIES);
writeFileSync('python/lutra_torch/functions.onnx', toBinary(ModelProtoSchema, create(ModelProtoSchema, { functions })));
