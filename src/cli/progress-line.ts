import { type TerminalStream, widthOf } from './cli-io.js';
import { formatSeconds, formatSize } from './format-size.js';

/** How far something has come, in bytes. */
export interface Progress {
  /** What is being done, such as `writing`. */
  readonly label: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** One line at the bottom of a terminal that is drawn again and again. */
export interface ProgressLine {
  /** Draws the line, unless that was done a moment ago. */
  update(progress: Progress): void;
  /** Takes the line away, so that something else can be written; the next update draws it again. */
  clear(): void;
}

const redrawMs = 100;
const eraseLine = '\r\u001B[2K';

/**
 * Makes a progress line, or one that does nothing where nobody would see it.
 *
 * @param now - milliseconds on a clock that only goes forward
 */
export function createProgressLine(
  stream: TerminalStream,
  isVisible: boolean,
  now: () => number = () => performance.now(),
): ProgressLine {
  let startedAt: { readonly label: string; readonly timeMs: number; readonly bytes: number } | undefined;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  return {
    update(progress): void {
      const nowMs = now();
      if (startedAt?.label !== progress.label) {
        startedAt = { label: progress.label, timeMs: nowMs, bytes: progress.doneBytes };
      }
      if (!isVisible || nowMs - drawnAtMs < redrawMs) return;
      drawnAtMs = nowMs;
      const sinceStart = progress.doneBytes - startedAt.bytes;
      // Before the first percent a rate says nothing about the rest.
      const isTelling = sinceStart * 100 >= progress.totalBytes;
      const rate = isTelling ? (sinceStart * 1000) / (nowMs - startedAt.timeMs) : 0;
      const text = formatProgress(progress, rate);
      stream.write(eraseLine + text.slice(0, widthOf(stream) - 1));
      isDrawn = true;
    },
    clear(): void {
      if (isDrawn) stream.write(eraseLine);
      isDrawn = false;
      drawnAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}

function formatProgress({ label, doneBytes, totalBytes }: Progress, bytesPerSecond: number): string {
  const done = `${label}  ${formatSize(doneBytes)} of ${formatSize(totalBytes)}`;
  if (!Number.isFinite(bytesPerSecond) || bytesPerSecond <= 0) return done;
  const left = formatSeconds((totalBytes - doneBytes) / bytesPerSecond);
  return `${done}  ${formatSize(bytesPerSecond)}/s  ${left} left`;
}
