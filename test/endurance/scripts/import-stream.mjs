// Imports a bundle that is read as a stream, and prints the error as JSON: node import-stream.mjs FILE TARGET
import { createReadStream } from 'node:fs';
import { createResolver, importBundle } from '../../../.endurance/dist/index.js';

const [file, to] = process.argv.slice(2);
const resolver = createResolver({ credentials: () => ({ anonymous: true }) });
try {
  await importBundle(createReadStream(file), { resolver, to });
} catch ({ code, message, hint }) {
  console.log(JSON.stringify({ code, message, hint }));
}
await resolver.close();
