/** Commands on a page, and what the page says will be seen. */
export interface Step {
  /** The heading they stand under. */
  readonly heading: string;
  /** Line of the page, from 1. */
  readonly line: number;
  readonly commands: string;
  /** Text of the `text` block right after; empty where there is none: then nothing is printed. */
  readonly expected: string;
}

interface Block {
  readonly language: string;
  readonly line: number;
  readonly text: string;
  readonly heading: string;
  /** Whether nothing but empty lines stands between it and the block before it. */
  readonly followsBlock: boolean;
}

/** Reads every fenced block of a page. */
export function readBlocks(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { language: string; line: number; lines: string[]; followsBlock: boolean } | undefined;
  let followsBlock = false;
  for (const [index, line] of page.split('\n').entries()) {
    const fence = /^```(\S*)$/.exec(line);
    if (open === undefined && fence !== null) {
      open = { language: fence[1] ?? '', line: index + 1, lines: [], followsBlock };
    } else if (open !== undefined && fence !== null) {
      const { lines, ...rest } = open;
      blocks.push({ ...rest, text: lines.join('\n'), heading });
      [open, followsBlock] = [undefined, true];
    } else if (open !== undefined) open.lines.push(line);
    else {
      if (line.startsWith('#')) heading = line.replace(/^#+ /, '');
      if (line.trim() !== '') followsBlock = false;
    }
  }
  if (open !== undefined) throw new Error(`the block at line ${open.line} does not end`);
  return blocks;
}

/** Reads the commands of a page in order, each block of `sh` with the block of `text` that follows it. */
export function readSteps(page: string): readonly Step[] {
  const blocks = readBlocks(page);
  return blocks.flatMap(({ language, heading, line, text }, index) => {
    if (language !== 'sh') return [];
    const next = blocks[index + 1];
    const isAnswered = next?.language === 'text' && next.followsBlock;
    return [{ heading, line, commands: text, expected: isAnswered ? next.text : '' }];
  });
}

/**
 * Tells whether an output is what a page says.
 *
 * @param expected - `…` in a line stands for anything in that line, a line of `…` alone for any lines
 */
export function isAsExpected(output: string, expected: string): boolean {
  const pattern = expected.split('\n').map((line) => {
    if (line.trim() === '…') return '(?:.*\n)*?';
    return `${line.trimEnd().split('…').map(escapePattern).join('.*')}[ \\t]*\n`;
  });
  const text = output === '' || output.endsWith('\n') ? output : `${output}\n`;
  return expected === '' ? output === '' : new RegExp(`^${pattern.join('')}$`).test(text);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
