import { LutraError } from '../errors.js';
import type { ConvertOptions } from './types.js';

const CENTROIDS = [8, 16, 32, 64];

function check(holds: boolean, name: keyof ConvertOptions, expected: string, actual: unknown): void {
  if (!holds)
    throw new LutraError('INVALID_ARGUMENT', `option "${name}" is wrong`, {
      expected,
      actual: JSON.stringify(actual) ?? 'undefined',
    });
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}

/** Whether the family of integers replaces first convolutions that are not selected. */
export function integerStem({ stem, optimize }: ConvertOptions): boolean {
  return (stem ?? (optimize === 'speed' ? 'integer' : 'float')) === 'integer';
}

/** @throws LutraError `INVALID_ARGUMENT` naming the option that is out of range */
export function checkOptions(options: ConvertOptions): void {
  const { optimize, centroids, geometry, encoder, layers, maxDrop, maxBytes, stem, seed } = options;
  const objectives = ['speed', 'balanced', 'accuracy'];
  check(optimize === undefined || objectives.includes(optimize), 'optimize', objectives.join(' | '), optimize);
  check(centroids === undefined || CENTROIDS.includes(centroids), 'centroids', CENTROIDS.join(' | '), centroids);
  check(stem === undefined || stem === 'float' || stem === 'integer', 'stem', 'float | integer', stem);
  check(encoder === undefined || encoder === 'centroid' || encoder === 'tree', 'encoder', 'centroid | tree', encoder);
  check(
    encoder !== 'tree' || centroids === undefined || centroids === 16,
    'centroids',
    '16 with the tree encoder',
    centroids,
  );
  const { conv, pointwise, linear } = geometry ?? {};
  const kinds = ['patch', 'row', 'pixel'];
  check(
    conv === undefined || (kinds.includes(conv.kind) && isCount(conv.channels)),
    'geometry',
    `conv of kind ${kinds.join(' | ')} with channels >= 1`,
    conv,
  );
  check(pointwise === undefined || isCount(pointwise), 'geometry', 'pointwise >= 1', pointwise);
  check(linear === undefined || isCount(linear), 'geometry', 'linear >= 1', linear);
  const named = Array.isArray(layers) || layers === undefined || layers === 'default' || layers === 'all';
  check(named, 'layers', 'default | all | names of nodes', layers);
  check(maxDrop === undefined || (maxDrop >= 0 && maxDrop <= 100), 'maxDrop', '0..100 percentage points', maxDrop);
  check(
    maxBytes === undefined || (maxBytes > 0 && Number.isFinite(maxBytes)),
    'maxBytes',
    'a positive number',
    maxBytes,
  );
  check(maxBytes === undefined || maxDrop === undefined, 'maxBytes', 'none together with maxDrop', maxBytes);
  check(seed === undefined || Number.isSafeInteger(seed), 'seed', 'an integer', seed);
}
