import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BundleWriter } from '../../../src/bundle/bundle-writer.js';
import type { BundleWriterOptions } from '../../../src/bundle/bundle-writer-options.js';
import type { FindingCode, ValidationFinding } from '../../../src/bundle/finding.js';
import { ImportValidator, type ImportValidatorOptions } from '../../../src/bundle/import-validator.js';
import type { ValidationReport } from '../../../src/bundle/validation-report.js';
import { appReference, MemorySource, signedApp } from '../bundle-write/helpers.js';
import { filesOf, type TestFile, tarOf } from './archives.js';

export { filesOf } from './archives.js';

export const app: ReturnType<typeof signedApp> = signedApp();

/** The bundle of the signed app as bytes, uncompressed unless the options say otherwise. */
export async function appBundle(options: BundleWriterOptions = {}): Promise<Buffer> {
  const writer = new BundleWriter({ compression: 'none', ...options });
  writer.add({ source: new MemorySource(app.all), reference: appReference, descriptor: app.image.descriptor });
  return await bytesOf(writer);
}

/** What a writer writes, as bytes. */
export async function bytesOf(writer: BundleWriter): Promise<Buffer> {
  const sink = new PassThrough();
  const [bytes] = await Promise.all([buffer(sink), writer.write(sink)]);
  return bytes;
}

/** Validates bytes. */
export async function validate(bytes: Buffer, options: ImportValidatorOptions = {}): Promise<ValidationReport> {
  return await new ImportValidator(options).validate(Readable.from([bytes]));
}

/** Puts a bundle together again after a change of its files: the archive is fine, what is in it is not. */
export async function rebuilt(bundle: Buffer, change: (files: TestFile[]) => readonly TestFile[]): Promise<Buffer> {
  return tarOf(change(await filesOf(bundle)));
}

/** Replaces the content of one file. */
export function replace(path: string, edit: (content: Buffer) => Buffer | string): (files: TestFile[]) => TestFile[] {
  return (files) => files.map(([name, content]) => [name, name === path ? edit(Buffer.from(content)) : content]);
}

/** The codes of a report, each once. */
export function codesOf(report: ValidationReport): readonly FindingCode[] {
  return [...new Set(report.findings.map(({ code }) => code))];
}

/** The one finding that is expected. */
export function onlyFinding(report: ValidationReport): ValidationFinding | undefined {
  return report.findings.length === 1 ? report.findings[0] : undefined;
}
