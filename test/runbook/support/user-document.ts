import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/**
 * All that is not typed as the user's pages have it, and why. Variables are set in the terminal before.
 *
 * `:` stands where the page changes somebody's server: there the test puts the changed server in the old one's place.
 */
export const substitutions: readonly (readonly [theirs: string, ours: string])[] = [
  // The command's name.
  ['stellaops bundle', 'oci-referrers bundle'],
  ['stella doctor', 'oci-referrers doctor'],
  // Their service's log: ours is the standard error of an export.
  ['/var/log/stellaops/export-center.log', '$LOG'],
  // Placeholders for digests.
  ['sha256:abc123...', '$DIGEST'],
  ['sha256:abc123', '$DIGEST'],
  ['sha256:abc...', '$DIGEST'],
  ['referrers/sha256-abc123/sha256-def456.json', '$REFERRER'],
  // Docker's login without a daemon; it asks for nothing where nobody is there to answer.
  [
    'docker login registry.example.com',
    'skopeo login registry.example.com --username robot --password-stdin <password.txt',
  ],
  // The same command, from where the exporter runs.
  ['docker compose exec gateway curl', 'curl'],
  // Their installation, and other people's servers.
  ['helm upgrade harbor harbor/harbor --set registry.referrers.enabled=true', ':'],
  ['helm upgrade stellaops ./chart -f values.yaml', ':'],
  ['sudo apt upgrade docker-registry', ':'],
  ['sudo systemctl restart docker-registry', ':'],
];

/** The fenced blocks of one of the user's pages, as they came: without line breaks; each gets a name, in their order. */
export function openUserDocument<Name extends string>(file: string, names: readonly Name[]): Record<Name, Block> {
  const text = readFileSync(new URL(`../documents/${file}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```\w* (.*?)```/g)].map(([, block = '']) => new Block(block));
  expect(blocks).toHaveLength(names.length);
  return Object.fromEntries(names.map((name, index) => [name, blocks[index]])) as Record<Name, Block>;
}

/** One block, taken piece by piece from the front, so that no command in it can be left out. */
export class Block {
  #rest: string;

  constructor(text: string) {
    this.#rest = words(text);
  }

  /** Takes what is not typed: a comment, and what it promises. */
  comment(text: string): void {
    this.take(text);
  }

  /** Takes a command and gives it back as it is typed here. */
  command(text: string): string {
    this.take(text);
    return substitutions.reduce((typed, [theirs, ours]) => typed.replaceAll(theirs, ours), text);
  }

  /** Takes a piece; line breaks and indents are not in the document, and do not count. */
  take(text: string): void {
    const piece = words(text);
    expect(this.#rest.slice(0, piece.length)).toBe(piece);
    this.#rest = this.#rest.slice(piece.length).trimStart();
  }

  /** Asserts that nothing is left. */
  end(): void {
    expect(this.#rest).toBe('');
  }
}

function words(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
