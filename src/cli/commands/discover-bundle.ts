import { describeSigners, discoverReferrers, escapeText, openBundle } from '../../index.js';
import type { BundleLocation } from '../bundle-location.js';
import { checkingProgress } from '../checking-progress.js';
import { terminalWidth } from '../cli-io.js';
import type { CommandContext } from '../command-context.js';
import { type Discovery, fromGraph } from '../discovery.js';
import { drawDiscoveryTable, drawDiscoveryTree } from '../draw-discovery.js';
import { exitCodes } from '../exit-codes.js';
import { countOf } from '../format-size.js';
import { warnOfPart } from '../part-warning.js';
import { printReport } from '../report/print-report.js';
import { viewDiscovery } from '../report/view-discovery.js';
import { UsageError } from '../usage-error.js';
import type { DiscoverFlags } from './discover.js';

/** Shows what refers to the images of a bundle, every byte of which is checked first; nobody is asked for anything. */
export async function runDiscoverBundle(
  { file, digest }: BundleLocation,
  flags: DiscoverFlags,
  context: CommandContext,
): Promise<number> {
  const { io, output, signal } = context;
  const { artifactType: artifactTypes, platform: platforms, legacyTags } = flags;
  const { format } = flags;
  warnOfPart(file, output);
  await using bundle = await openBundle(file, { onChecked: checkingProgress(output), signal });
  const images = bundle.images.filter(({ descriptor }) => digest === undefined || descriptor.digest === digest);
  if (images.length === 0) {
    const known = bundle.images.map((image) => image.descriptor.digest).slice(0, 5);
    throw new UsageError(`${file} has no image ${digest ?? ''}`, { hint: `it has ${known.join(', ')}` });
  }
  const isReport = format === 'html' || format === 'mermaid';
  if (isReport && images.length > 1) {
    throw new UsageError(`discover writes one image as ${format}, and ${file} has ${images.length}`, {
      hint: `oci-referrers bundle inspect --file ${file} --format ${format}`,
    });
  }
  const discoveries: Discovery[] = [];
  for (const { reference, descriptor, source } of images) {
    const options = { artifactTypes, platforms, legacyTags, signal };
    const graph = await discoverReferrers(source, descriptor, options);
    const name = `${reference.replace(/[:@][^/]*$/, '')}@${descriptor.digest}`;
    discoveries.push(fromGraph(reference, { name, descriptor }, graph));
  }
  const { validation, record } = bundle;
  const signers = describeSigners(validation);
  const [first] = discoveries;
  if (isReport && first !== undefined) {
    await printReport(viewDiscovery(first, artifactTypes !== undefined), format, context);
  } else if (format === 'json') {
    const { signed, signedBy } = validation;
    await output.json({ file, bundleId: record.bundleId, valid: validation.ok, signed, signedBy, images: discoveries });
  } else {
    const isFiltered = artifactTypes !== undefined;
    const width = terminalWidth(io.stdout);
    const draw = format === 'table' ? drawDiscoveryTable : drawDiscoveryTree;
    const drawn = discoveries.flatMap((discovery) => [...draw(discovery, isFiltered, width), '']);
    const checked = `every byte of ${countOf(discoveries.length, 'image')} in ${escapeText(file)} was checked`;
    await output.result([...drawn, checked, signers]);
  }
  for (const warning of discoveries.flatMap(({ warnings }) => warnings)) output.warn(escapeText(warning, 2048));
  return exitCodes.fine;
}
