import fc from 'fast-check';

/** A failure must repeat: property tests draw from one seed unless SEED names another. */
fc.configureGlobal({ seed: Number(process.env.SEED ?? 20261121) });
