/** Breaks a text at spaces so that lines fit a width, where they can; lines after the first are indented. */
export function wrapText(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    // A break where the next line starts no further left would gain nothing.
    const canBreak = line !== undefined && line.trim() !== '' && line.length >= indent.length;
    if (line === undefined) {
      line = word;
    } else if (canBreak && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = `${line} ${word}`;
    }
  }
  return line === undefined ? lines : [...lines, line];
}
