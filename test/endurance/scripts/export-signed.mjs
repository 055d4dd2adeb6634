// Writes a signed bundle: node export-signed.mjs KEY OUTPUT CONCURRENCY REFERENCE...
import { readFileSync } from 'node:fs';
import { createKeySigner, createResolver, exportBundle } from '../../../.endurance/dist/index.js';

const [key, output, concurrency, ...references] = process.argv.slice(2);
const resolver = createResolver({ credentials: () => ({ anonymous: true }) });
const signers = [createKeySigner(readFileSync(key, 'utf8'))];
await exportBundle(resolver, references, { output, signers, concurrency: Number(concurrency) });
await resolver.close();
