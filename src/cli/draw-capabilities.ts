import { type CapabilityName, escapeText, type RegistryCapabilities } from '../index.js';
import { wrapText } from './wrap-text.js';

const names: Readonly<Record<CapabilityName, string>> = {
  'version-header': 'version header',
  'referrers-api': 'referrers API',
  'chunked-upload': 'chunked upload',
  'cross-repository-mount': 'mount',
  delete: 'delete',
};

/** Draws what a registry can do as one block; evidence goes on below itself. */
export function drawCapabilities(
  reference: string,
  { registry, host, version = 'unknown', probeMs, supported, capabilities }: RegistryCapabilities,
  width: number,
): readonly string[] {
  const at = host === registry ? '' : `  host=${host}`;
  const facts = `version=${version}  probe_ms=${probeMs}  score=${supported}/${capabilities.length}${at}`;
  const rows = capabilities.map(({ name, state, evidence }) => {
    const head = `  ${state.padEnd('unsupported'.length)}  ${names[name].padEnd('version header'.length)}  `;
    return wrapText(head + evidence, width, ' '.repeat(head.length));
  });
  return [escapeText(reference), ...wrapText(`  ${facts}`, width, '    '), ...rows.flat()];
}
