import { execFile } from 'node:child_process';
import { unwrapAbort } from '../content/abort.js';
import { ArgumentError } from '../errors/index.js';
import { escapeText } from '../oci/escape.js';
import { parseStrictJson } from '../oci/strict-json.js';
import type { Credentials } from './credentials.js';

/** What may follow `docker-credential-`; nothing that could name another directory or an option. */
const helperName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const maxOutputBytes = 1024 * 1024;
/** What every helper built on Docker's own library says when it knows nothing; it then ends with status 1. */
const nothingFound = /credentials not found/i;

/** One question to a credential helper. */
export interface HelperQuestion {
  /** The helper, without `docker-credential-`. */
  readonly helper: string;
  /** What the helper keeps the credential under. */
  readonly serverUrl: string;
  /** The file that names the helper, for the error. */
  readonly configPath: string;
  /** Milliseconds the helper may take. */
  readonly timeoutMs: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks one of Docker's credential helpers; no shell is involved.
 *
 * @returns undefined when the helper knows nothing of the registry
 * @throws {@link ArgumentError} `ERR_OCI_CREDENTIALS` when it is missing, fails, takes too long or answers nonsense
 */
export async function askCredentialHelper(question: HelperQuestion): Promise<Credentials | undefined> {
  const { helper, serverUrl, configPath, signal } = question;
  if (!helperName.test(helper)) {
    throw helperFault(question, `has a name that is not allowed: ${escapeText(helper, 80)}`, `correct ${configPath}`);
  }
  signal?.throwIfAborted();
  const { error, output } = await run(question);
  if (error === null) return parseAnswer(output, question);
  if (signal?.aborted === true) throw unwrapAbort(error, signal);
  if (nothingFound.test(output)) return undefined;
  if (error.code === 'ENOENT') throw helperFault(question, 'is not installed', `install it, or correct ${configPath}`);
  const wasEnded = error.killed === true || error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
  const reason = wasEnded ? 'took too long or said too much' : 'failed';
  throw helperFault(
    question,
    reason,
    `find out why with: echo ${escapeText(serverUrl, 200)} | docker-credential-${helper} get`,
  );
}

interface HelperError {
  readonly code?: string | number | null | undefined;
  readonly killed?: boolean | undefined;
}

async function run(question: HelperQuestion): Promise<{ error: HelperError | null; output: string }> {
  const { helper, serverUrl, timeoutMs: timeout, environment: env, signal } = question;
  const options = {
    timeout,
    // Asked politely, a helper may go on; and it has nothing to put in order.
    killSignal: 'SIGKILL' as const,
    env,
    maxBuffer: maxOutputBytes,
    windowsHide: true,
    ...(signal !== undefined && { signal }),
  };
  return await new Promise((resolve) => {
    const child = execFile(`docker-credential-${helper}`, ['get'], options, (error, stdout, stderr) => {
      // For a caller who gives up, Node only asks it to end.
      if (error !== null) child.kill('SIGKILL');
      resolve({ error, output: error === null ? stdout : `${stdout}\n${stderr}` });
    });
    // A helper that is missing, or ends without reading, breaks the pipe; its exit tells the story.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(serverUrl);
  });
}

/** The output holds a secret: nothing of it, and no parser's message about it, goes into an error. */
function parseAnswer(output: string, question: HelperQuestion): Credentials | undefined {
  let answer: unknown;
  try {
    answer = parseStrictJson(Buffer.from(output), 'helper output');
  } catch {
    answer = undefined;
  }
  const { Username: username, Secret: secret } = (answer ?? {}) as { Username?: unknown; Secret?: unknown };
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw helperFault(question, 'did not answer with Username and Secret', 'update it, or use another one');
  }
  if (username === '' && secret === '') return undefined;
  return username === '<token>' ? { identityToken: secret } : { username, password: secret };
}

function helperFault(question: HelperQuestion, reason: string, hint: string): ArgumentError {
  const { helper, serverUrl, configPath } = question;
  const name = `docker-credential-${escapeText(helper, 80)}`;
  const message = `find credentials for ${escapeText(serverUrl, 200)}: the helper ${name}, named in ${configPath}, ${reason}`;
  return new ArgumentError('ERR_OCI_CREDENTIALS', message, { argument: 'credentials', hint });
}
