import type { Agent, buildConnector } from 'undici';

/** What connections are made of. */
export interface UndiciParts {
  readonly Agent: typeof Agent;
  readonly buildConnector: typeof buildConnector;
}

/**
 * Loads the part of undici that makes connections.
 *
 * @remarks The whole of it, with fetch, caches and WebSockets, takes 90 ms of every command that asks a registry; this takes
 * 30. These files are not part of undici's interface: where a later version has moved them, the whole is loaded.
 */
export async function loadUndici(): Promise<UndiciParts> {
  try {
    const agent = await import('undici/lib/dispatcher/agent.js');
    const connect = await import('undici/lib/core/connect.js');
    return { Agent: agent.default, buildConnector: connect.default };
  } catch {
    return await import('undici');
  }
}
