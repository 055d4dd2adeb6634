import type { Socket } from 'node:net';
import { startRegistry } from '@stellaops/oci-referrers/testing';
import type { Seen, Served } from './messages.js';
import { type BenchScene, type SceneName, scenes } from './scenes.js';

// A process of its own, so that neither its memory nor its work is counted as the client's.
const scene: BenchScene = scenes[process.argv[2] as SceneName];
const open = new Set<Socket>();
let maxConnections = 0;

const registry = await startRegistry({
  ...scene.options,
  intercept: ({ message: { socket } }) => {
    if (!open.has(socket)) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      maxConnections = Math.max(maxConnections, open.size);
    }
    return false;
  },
});

function seen(): Seen {
  const manifests = registry.requests.filter(({ endpoint }) => endpoint === 'manifest');
  const distinct = new Set(manifests.map(({ reference }) => reference));
  return {
    requests: registry.requests.length,
    maxConnections,
    manifestRequests: manifests.length,
    distinctManifests: distinct.size,
  };
}

process.on('message', () => process.send?.(seen()));
const served: Served = { host: registry.host, subjects: scene.fill(registry.store) };
process.send?.(served);
