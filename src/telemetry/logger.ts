import createDebug from 'debug';

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
