import { type Attempt, BundleValidationError, escapeText, isOciError } from '../index.js';
import type { CliIo } from './cli-io.js';
import { DiscoveryFailure } from './discovery-failure.js';
import { InputFailure } from './input-failure.js';
import { nearbyFile } from './nearby-file.js';
import type { Output } from './output.js';
import { OutputFailure } from './output-failure.js';
import { lineWidthOf, reportLines } from './report-lines.js';
import { UsageError } from './usage-error.js';
import { wrapText } from './wrap-text.js';

const shownAttempts = 5;
/** A message may list what is missing from many images. */
const mostCharacters = 4096;

/** Tells a person what ended the command and what to do next; a stack trace only for those who asked for it. */
export async function printError(thrown: unknown, output: Output, { stderr }: CliIo): Promise<void> {
  const error = thrown instanceof DiscoveryFailure || thrown instanceof InputFailure ? thrown.cause : thrown;
  const message = messageOf(thrown instanceof InputFailure ? thrown : error);
  // A log is searched by line; only a terminal has a width to keep.
  const width = lineWidthOf(stderr);
  const near = await nearbyFile(error);
  const lines = describeError(error).map((line) =>
    near === undefined ? line : line.replace(/^ {2}next: /, () => `  next: did you mean ${near}? Otherwise `),
  );
  for (const text of [`error: ${message}`, ...lines]) {
    for (const line of wrapText(escapeText(text, mostCharacters), width, '        ')) output.error(line);
  }
  if (error instanceof BundleValidationError) {
    for (const line of reportLines(error.report, {}, stderr)) output.error(line);
  }
  if (output.isVerbose) for (const line of stackOf(error)) output.error(escapeText(line, mostCharacters));
}

function describeError(error: unknown): readonly string[] {
  if (isOciError(error)) {
    const next = error.hint === undefined ? [] : [`  next: ${error.hint}`];
    return [`  code: ${error.code}`, ...describeAttempts(error.attempts), ...next];
  }
  if (error instanceof UsageError || error instanceof OutputFailure) return [`  next: ${error.hint}`];
  if (error instanceof Error && 'syscall' in error) {
    return ['  next: the operating system says so: look at disk space and permissions'];
  }
  return ['  next: this looks like a fault of oci-referrers: run again with --verbose, and report what it shows'];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describeAttempts(attempts: readonly Attempt[]): readonly string[] {
  const lines = attempts.slice(-shownAttempts).map(({ host, endpoint, status, code, rule }) => {
    const answer = status ?? code ?? 'no answer';
    return `  tried: ${endpoint} at ${host}: ${answer}, ${rule}`;
  });
  const more = attempts.length - lines.length;
  return more > 0 ? [`  tried: ${more} more requests before these`, ...lines] : lines;
}

function stackOf(error: unknown): readonly string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at);
    lines.push(...(at.stack ?? String(at)).split('\n').map((line, index) => (index === 0 ? `  from: ${line}` : line)));
  }
  return lines;
}
