import { formatSize, shortDigest } from '../format-size.js';
import { escapeMermaid } from './escape-mermaid.js';
import type { NodeView } from './report-view.js';

/** Nobody reads a diagram of more boxes; each may have a box more below it that says how many are left out. */
const maxBoxes = 200;
/** Renderers refuse a diagram of more than 500 arrows; the rest of them is kept for what is left out. */
const maxArrows = 290;
/** Renderers refuse a text of more than 50,000 characters; the rest of them is kept for styles and remarks. */
const maxCharacters = 47_000;
/** What the box and the arrow of what is left out take. */
const moreCharacters = 80;
const maxNameLength = 80;

/** A diagram that is being drawn, as far as renderers take it. */
export class MermaidSheet {
  readonly #lines: string[] = [];
  readonly #ids = new Map<string, string>();
  readonly #arrows = new Set<string>();
  #characters = 0;
  #boxes = 0;

  /** The boxes and arrows so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Draws a manifest below another, or at the start.
   *
   * @param key - what it is; the second time only an arrow is drawn
   * @returns its name in the diagram; undefined where there is no room
   */
  place(node: NodeView, key: string, parent: string | undefined): string | undefined {
    const known = this.#ids.get(key);
    const id = known ?? `n${this.#ids.size}`;
    const arrow = parent === undefined ? [] : [`${parent} --> ${id}`];
    const lines = [
      ...(known === undefined ? [boxOf(node, id)] : []),
      ...arrow.filter((line) => !this.#arrows.has(line)),
    ];
    const reserve = known === undefined ? moreCharacters : 0;
    const characters = lines.reduce((sum, line) => sum + line.length + 3, reserve);
    const isFull = known === undefined ? this.#boxes >= maxBoxes : false;
    if (isFull || this.#arrows.size >= maxArrows || this.#characters + characters > maxCharacters) return undefined;
    this.#characters += characters;
    if (known === undefined) this.#boxes += 1;
    this.#ids.set(key, id);
    for (const line of arrow) this.#arrows.add(line);
    this.#lines.push(...lines);
    return id;
  }

  /** Says below a manifest, or at the start, that there is more than is drawn; there is always room for that once. */
  placeMore(text: string, parent: string | undefined): void {
    const id = `more${this.#lines.length}`;
    this.#lines.push(`${id}["${escapeMermaid(text, maxNameLength)}"]:::more`);
    if (parent !== undefined) this.#lines.push(`${parent} -.-> ${id}`);
  }
}

function boxOf({ kind, name, digest, size, category }: NodeView, id: string): string {
  const facts = [
    ...(category === undefined ? [] : [category]),
    shortDigest(digest),
    ...(size === undefined ? [] : [formatSize(size)]),
  ];
  const label = `${escapeMermaid(name, maxNameLength)}<br/>${escapeMermaid(facts.join(' '), maxNameLength)}`;
  return kind === 'image' ? `${id}(["${label}"]):::image` : `${id}["${label}"]:::${category ?? kind}`;
}

/** Counts a manifest and everything below it that a report has or knows of. */
export function countBelow({ children, leftOut }: NodeView): number {
  return children.reduce((sum, child) => sum + countBelow(child), 1 + leftOut);
}
