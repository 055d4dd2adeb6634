import { type Attempt, isOciError } from '../errors/index.js';

type Note = (facts: Partial<Pick<Attempt, 'status' | 'rule'>>) => void;

/** Collects what was asked while looking for referrers, for the list or the error it ends in. */
export class AttemptLog {
  readonly #attempts: Attempt[] = [];

  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** Runs one request and records what became of it, also when it fails. */
  async record<Result>(
    host: string,
    endpoint: Attempt['endpoint'],
    work: (note: Note) => Promise<Result>,
  ): Promise<Result> {
    const facts: Partial<Attempt> = {};
    const note: Note = (more) => {
      Object.assign(facts, more);
    };
    try {
      const result = await work(note);
      this.#attempts.push({ host, endpoint, rule: 'answered', ...facts });
      return result;
    } catch (error) {
      const code = isOciError(error) ? error.code : undefined;
      const status = isOciError(error) && 'status' in error ? (error.status as number) : undefined;
      this.#attempts.push({ host, endpoint, rule: 'failed', status, ...facts, code });
      throw error;
    }
  }
}
