import { describe, expect, it } from 'vitest';
import { FUNCTION_BODIES } from './bodies.js';
import { LOOKUP_OPERATORS } from './evaluate.js';
import { OPERATOR_FACTS } from './facts.js';
import { FAMILIES } from './families.js';
import { FAMILY_FITS } from './fit.js';
import { LOOKUP_LOWERING } from './lower.js';
import { ruleName } from './operator.js';
import { FAMILY_TRAININGS } from './train.js';

describe('the families that come with Lutra', () => {
  it('are the families of every list by stage', () => {
    expect(FAMILIES.flatMap(({ operators }) => operators)).toEqual(LOOKUP_OPERATORS);
    expect(FAMILIES.flatMap(({ facts }) => facts)).toEqual(OPERATOR_FACTS);
    expect(FAMILIES.flatMap(({ bodies }) => bodies)).toEqual(FUNCTION_BODIES);
    expect(Object.assign({}, ...FAMILIES.map(({ rules }) => rules))).toEqual(LOOKUP_LOWERING);
    expect(FAMILIES.map(({ fit }) => fit)).toEqual(FAMILY_FITS);
    expect(FAMILIES.flatMap(({ training }) => training ?? [])).toEqual(FAMILY_TRAININGS);
  });

  it.each(FAMILIES.map((family) => [family.fit.name, family] as const))('%s has every stage', (_, family) => {
    const names = family.facts.map(({ spec }) => spec.name);
    expect(family.operators.map(({ name }) => name)).toEqual(names);
    expect(family.bodies.map(({ spec }) => spec.name)).toEqual(names);
    expect(Object.keys(family.rules)).toEqual(family.facts.map(({ spec }) => ruleName(spec)));
  });
});
