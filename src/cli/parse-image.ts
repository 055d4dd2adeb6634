import { parseReference, type Reference } from '../index.js';
import { hideLogin } from './hide-login.js';
import { UsageError } from './usage-error.js';

/** Tells whether a text is the path of a file with a bundle's name, and does not begin with a registry's. */
export function isBundlePath(text: string): boolean {
  const isPath = /^[.~]{0,2}\//.test(text) || !/^(?:[^/]*[.:][^/]*|localhost)\//.test(text);
  return isPath && /\.(?:tgz|tar|tar\.gz|parts\.json)$/i.test(text);
}

/** What other tools put before a reference, or before the path of an archive. */
const transports = /^(?:docker|oci-archive|docker-archive|docker-daemon|containers-storage|dir):/;

/**
 * Reads the reference of an image in a registry; says what to write where it is something else.
 *
 * @throws UsageError for a URL, a path, a registry alone; what `parseReference` throws
 */
export function parseImage(text: string, argument: string): Reference {
  const fail = (reason: string, hint: string): never => {
    throw new UsageError(`${argument} ${text} ${reason}`, { hint });
  };
  if (/^(?:https?|docker|oci):\/\//i.test(text)) {
    const plain = /^http:/i.test(text) ? '; --plain-http chooses HTTP' : '';
    fail('has a scheme', `leave it out: ${imageOfUrl(hideLogin(text))}${plain}`);
  }
  if (/^ocidir:\/\/|^oci:/.test(text)) fail('is an image layout', 'copy and discover take layouts');
  if (transports.test(text))
    fail('has the name of a transport', 'write HOST/REPOSITORY:TAG, or oci:DIR for an image layout');
  if (isBundlePath(text))
    fail('has the name of a bundle', `oci-referrers bundle inspect --file ${text} shows what is in it`);
  if (/^[.~]{0,2}\//.test(text)) fail('is a path', `write oci:${text} for an image layout directory`);
  // To Docker this is an image of Docker Hub, localhost in version 5000.
  if (/^(?:localhost|\d+\.\d+\.\d+\.\d+)(?::\d+)?\/?$/.test(text)) {
    fail('names no repository', `write ${text.replace(/\/$/, '')}/REPOSITORY:TAG`);
  }
  return parseReference(text, argument);
}

/** Makes a reference from a URL as browsers, curl and skopeo have it. */
function imageOfUrl(text: string): string {
  const [, host = '', path = ''] = /^[a-z]+:\/\/([^/?#]*)\/*([^?#]*)/i.exec(text) ?? [];
  const image = path
    .replace(/^v2\//, '')
    .replace(/\/tags\/list$/, '')
    .replace(/\/(?:manifests|referrers|blobs)\/(.*)$/, (_, name: string) => `${name.includes(':') ? '@' : ':'}${name}`)
    .replace(/\/$/, '');
  // What stands before @ is a secret, and goes into no message.
  return `${host.slice(host.lastIndexOf('@') + 1)}/${image === '' ? 'REPOSITORY:TAG' : image}`;
}
