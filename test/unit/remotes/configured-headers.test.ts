import { createResolver } from '@stellaops/oci-referrers';
import { describe, expect, it } from 'vitest';
import { createCertsD, hostsFault } from './hosts-scene.js';
import { openScene } from './setup.js';

const names = [
  'Host',
  'content-length',
  'Transfer-Encoding',
  'Connection',
  'Upgrade',
  'Expect',
  'TE',
  'Trailer',
  'Keep-Alive',
  'Proxy-Connection',
  'proxy-authenticate',
];

describe('a header that belongs to the connection', () => {
  it.each(names)('is refused in the options: %s', (name) => {
    expect(() => createResolver({ headers: { 'r.example': { [name]: 'x' } } })).toThrow(
      expect.objectContaining({
        code: 'ERR_OCI_INVALID_OPTION',
        argument: `headers.r.example.${name}`,
        message: expect.stringContaining('belongs to the connection') as string,
      }),
    );
  });

  it.each(names)('is refused in a hosts.toml: %s', async (name) => {
    const certsD = await createCertsD();
    const reading = certsD.read(`[header]\n"${name}" = "x"`);
    await expect(reading).rejects.toEqual(hostsFault(`has header.${name}, which belongs to the connection`));
  });

  it('is refused when a function gives it, and nothing is sent', async () => {
    await using scene = await openScene();
    await using resolver = createResolver({ retry: 0, headers: () => ({ Host: 'other.example' }) });
    await expect(resolver.resolve(scene.reference)).rejects.toMatchObject({ code: 'ERR_OCI_INVALID_OPTION' });
    expect(scene.registry.requests).toEqual([]);
  });

  it('does not keep those from being sent that only look alike', async () => {
    const headers = { 'X-Host': '1', 'Content-Language': 'en', Trailers: '2' };
    await using scene = await openScene({}, { headers: () => headers });
    await scene.resolver.resolve(scene.reference);
    expect(scene.registry.requests[0]?.headers).toMatchObject({
      'x-host': '1',
      'content-language': 'en',
      trailers: '2',
    });
  });
});
