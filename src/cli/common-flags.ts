import { Option } from 'commander';
import { collect, parseRequirement, parseText } from './flag-parsers.js';

/** Makes a flag that takes a text and may be given several times. */
export function repeatedFlag(flag: string, description: string): Option {
  return new Option(flag, `${description}; may be repeated`).argParser(collect(parseText));
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
