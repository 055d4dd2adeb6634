import type { Page } from 'playwright-core';

/** A text that is too close to what is behind it. */
export interface FaintText {
  readonly text: string;
  readonly ratio: number;
  readonly needed: number;
}

/** What WCAG 2.2 AA asks of every text that is shown, measured on the colours a browser computed; runs in the page. */
const measure = `(() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const luminance = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.a === 1) return colour;
      if (colour.a !== 0) throw new Error('a colour one can see through: ' + at.className);
    }
    throw new Error('nothing is behind ' + element.className);
  };
  const faint = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === '' || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [one, other] = [luminance(parse(style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const ratio = (one + 0.05) / (other + 0.05);
    seen += 1;
    if (ratio < needed) faint.push({ text: node.data.trim().slice(0, 60), ratio, needed });
  }
  return { seen, faint };
})()`;

/** Measures every text of a page. */
export async function measureContrast(page: Page): Promise<{ seen: number; faint: readonly FaintText[] }> {
  return await page.evaluate(measure);
}
