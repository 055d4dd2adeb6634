import { Console } from 'node:console';
import { exportBundle, type Logger } from '@stellaops/oci-referrers';
import createDebug from 'debug';
import { expect, it } from 'vitest';
import { Capture, createWorkspace } from '../cli/support.js';
import { openScene, sbomType } from '../remotes/setup.js';

/** Needs its `this`, and replaces its methods when the level changes, as pino does. */
class PinoShaped {
  readonly lines: string[] = [];
  declare debug: (message: string) => void;
  info(message: string): void {
    this.lines.push(message);
  }
  warn(message: string): void {
    this.lines.push(message);
  }
  error(message: string): void {
    this.lines.push(message);
  }
  set level(level: 'debug' | 'info') {
    this.debug = function write(this: PinoShaped, message): void {
      if (level === 'debug') this.lines.push(message);
    };
  }
}

it('console is a logger, and says at debug level how each discovery ended', async () => {
  const stdout = new Capture();
  const logger: Logger = new Console({ stdout, stderr: stdout });
  await using scene = await openScene({}, { logger });
  await using work = await createWorkspace();
  scene.addReferrer(sbomType, '{"bomFormat":"CycloneDX"}');
  await exportBundle(scene.resolver, [scene.reference], { output: work.path('bundle.tgz') });

  const { host } = scene.registry;
  expect(stdout.text).toContain('Probing 1 registries for OCI referrer capabilities before export\n');
  const { digest } = scene.image.descriptor;
  const line = `${host}/team/app: referrers of ${digest}: 1 confirmed, method=native, host=${host}, discovery_ms=`;
  expect(stdout.text).toContain(line);
});

it('a logger with a `this`, whose level is changed later, is one', async () => {
  const logger = new PinoShaped();
  logger.level = 'info';
  await using scene = await openScene({}, { logger });
  await scene.fetcher.listReferrers(scene.image.descriptor);
  expect(logger.lines).toEqual([]);
  logger.level = 'debug';
  await scene.fetcher.listReferrers(scene.image.descriptor);
  expect(logger.lines.join('\n')).toContain('0 confirmed, method=native');
});

it('a discovery that fails says so at debug level, with code and cause', async () => {
  const logger = new PinoShaped();
  logger.level = 'debug';
  const intercept = (
    { endpoint }: { endpoint: string },
    response: { writeHead(status: number): { end(): unknown } },
  ) => {
    if (endpoint === 'referrers') response.writeHead(500).end();
    return endpoint === 'referrers';
  };
  await using scene = await openScene({ intercept }, { logger });
  await scene.fetcher.listReferrers(scene.image.descriptor).catch(() => undefined);
  expect(logger.lines.at(-1)).toMatch(/: not confirmed, discovery_ms=\d+: ERR_OCI_REGISTRY_STATUS, .*500/);
});

it('without one, DEBUG=oci-referrers:* shows what is done, and nothing else does', async () => {
  const lines: unknown[][] = [];
  const { log } = createDebug;
  createDebug.log = (...line: unknown[]) => void lines.push(line);
  try {
    await using scene = await openScene();
    await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(lines).toEqual([]);
    createDebug.enable('oci-referrers:*');
    await scene.fetcher.listReferrers(scene.image.descriptor);
    expect(lines.flat().join('\n')).toContain('0 confirmed, method=native');
  } finally {
    createDebug.disable();
    createDebug.log = log;
  }
});
