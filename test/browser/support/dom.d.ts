// Names of a browser that playwright-core's types need; what runs in a page here is text, so nothing else of a browser's
// types gets into those of this library.
interface Node {
  readonly nodeType: number;
}
interface HTMLElement extends Node {
  readonly title: string;
}
interface SVGElement extends Node {
  readonly viewportElement: SVGElement | null;
}
interface HTMLElementTagNameMap {
  readonly html: HTMLElement;
}
