import { measureBundles } from './bundles.js';
import { measureDiscovery } from './discovery.js';

const parts: Readonly<Record<string, () => Promise<boolean>>> = { discovery: measureDiscovery, bundle: measureBundles };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name));
if (unknown.length > 0)
  throw new Error(`no such part: ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
for (const [name, measure] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (!(await measure())) process.exitCode = 1;
}
