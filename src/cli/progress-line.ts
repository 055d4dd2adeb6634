import { type TerminalStream, widthOf } from './cli-io.js';
import { formatSeconds, formatSize } from './format-size.js';

/** How far something has come, in bytes. */
interface ByteProgress {
  /** What is being done, such as `writing`. */
  readonly label: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** How far something has come whose end nobody knows. */
interface CountProgress {
  readonly label: string;
  /** What there is so far, such as `12 manifests`. */
  readonly count: string;
}

/** How far something has come. */
export type Progress = ByteProgress | CountProgress;

/** One line at the bottom of a terminal that is drawn again and again. */
export interface ProgressLine {
  /** Draws the line, unless that was done a moment ago. */
  update(progress: Progress): void;
  /** Takes the line away, so that something else can be written; the next update draws it again. */
  clear(): void;
}

interface Start {
  readonly label: string;
  readonly timeMs: number;
  readonly bytes: number;
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
  let startedAt: Start | undefined;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  return {
    update(progress): void {
      const nowMs = now();
      if (startedAt?.label !== progress.label) {
        startedAt = { label: progress.label, timeMs: nowMs, bytes: 'count' in progress ? 0 : progress.doneBytes };
        // What is new is said at once, however short it may be.
        drawnAtMs = Number.NEGATIVE_INFINITY;
      }
      if (!isVisible || nowMs - drawnAtMs < redrawMs) return;
      drawnAtMs = nowMs;
      const text =
        'count' in progress
          ? `${progress.label}  ${progress.count}`
          : formatProgress(progress, rateOf(progress, startedAt, nowMs));
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

/** Bytes per second; 0 before the first percent, when a rate says nothing about the rest. */
function rateOf({ doneBytes, totalBytes }: ByteProgress, startedAt: Start, nowMs: number): number {
  const sinceStart = doneBytes - startedAt.bytes;
  return sinceStart * 100 >= totalBytes ? (sinceStart * 1000) / (nowMs - startedAt.timeMs) : 0;
}

function formatProgress({ label, doneBytes, totalBytes }: ByteProgress, bytesPerSecond: number): string {
  const done = `${label}  ${formatSize(doneBytes)} of ${formatSize(totalBytes)}`;
  if (!Number.isFinite(bytesPerSecond) || bytesPerSecond <= 0) return done;
  const left = formatSeconds((totalBytes - doneBytes) / bytesPerSecond);
  return `${done}  ${formatSize(bytesPerSecond)}/s  ${left} left`;
}
