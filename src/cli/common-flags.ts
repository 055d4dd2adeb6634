import { InvalidArgumentError, Option } from 'commander';
import type { ArtifactCategory } from '../index.js';
import { collect, parsePlatform, parseRequirement, parseText } from './flag-parsers.js';

/** Makes a flag that takes a text and may be given several times. */
export function repeatedFlag(flag: string, description: string): Option {
  return new Option(flag, `${description}; may be repeated`).argParser(collect(parseText));
}

/** Makes `--platform`. */
export function platformFlag(description: string): Option {
  return new Option('--platform <platform>', `${description}; may be repeated`).argParser(collect(parsePlatform));
}

/** Written out here: help must not wait until the library has been loaded. */
const categories = { sbom: true, attestation: true, signature: true, vex: true, other: true } as const satisfies Record<
  ArtifactCategory,
  true
>;

/** Makes a flag that takes a category of artifacts and may be given several times. */
export function categoryFlag(flag: string, description: string): Option {
  return new Option(flag, `${description}: ${Object.keys(categories).join(', ')}; may be repeated`).argParser(
    collect(parseCategory),
  );
}

/** Makes `--require`. */
export function requireFlag(description: string): Option {
  return new Option('--require <type>', `TYPE or TYPE:MIN; ${description}; may be repeated`).argParser(
    collect(parseRequirement),
  );
}

/** Makes `--format`; the first form is the default. */
export function formatFlag(description: string, first: string, ...others: readonly string[]): Option {
  return new Option('--format <format>', description).choices([first, ...others]).default(first);
}

function parseCategory(text: string): ArtifactCategory {
  const all = Object.keys(categories) as ArtifactCategory[];
  const known = all.find((category) => category === text);
  if (known === undefined) throw new InvalidArgumentError(`Write one of ${all.join(', ')}.`);
  return known;
}
