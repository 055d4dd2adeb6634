import createDebug from 'debug';
import { attempt } from './attempt.js';

/** Where this package writes what it is doing; console and pino both fit. */
export interface Logger {
  /** Details for finding a fault. */
  debug(message: string): void;
  /** What an operator's log should show. */
  info(message: string): void;
  /** What an operator should look at. */
  warn(message: string): void;
  /** What went wrong. */
  error(message: string): void;
}

/** Makes a caller's logger safe to call: one that throws, or whose promise fails, breaks nothing. */
export function guardLogger(logger: Logger): Logger {
  // An async function is one that returns nothing, to the compiler.
  const target: Readonly<Record<keyof Logger, (message: string) => unknown>> = logger;
  const at =
    (level: keyof Logger) =>
    (message: string): void => {
      // With its `this`, which pino needs; looked up anew, since pino replaces its methods when its level changes.
      attempt(() => {
        const written = target[level](message);
        if (written instanceof Promise) written.catch(() => undefined);
      });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Creates the default logger: silent unless `DEBUG=oci-referrers:*` is set, then on standard error. */
export function createDebugLogger(): Logger {
  const at = (level: string): ((message: string) => void) => {
    const write = createDebug(`oci-referrers:${level}`);
    return (message) => {
      write('%s', message);
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
