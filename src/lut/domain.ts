/** The operator domain of lookup layers (docs/lookup-operators.md) and its version. */
export const LOOKUP_DOMAIN = 'lutra';
export const LOOKUP_OPSET = 1;
