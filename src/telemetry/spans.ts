import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { isOciError } from '../errors/index.js';
import { attempt } from './attempt.js';
import { scopeName } from './scope.js';

/** What a span says about its work: names, digests and numbers; never a URL, a message, or anything that may be secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Adds what is known only once the work has come further. */
export type AddAttributes = (attributes: SpanAttributes) => void;

/**
 * Runs work in a span of its own; spans that the work makes are below it where the host has a context manager.
 *
 * @remarks A fault is recorded by its code alone: what it says is for the log. The work runs once and is the result,
 * whatever the host's SDK does.
 * @param name - the same for every piece of work of a kind
 */
export async function inSpan<Result>(
  name: string,
  attributes: SpanAttributes,
  work: (addAttributes: AddAttributes) => Promise<Result>,
): Promise<Result> {
  const span = attempt(() => trace.getTracer(scopeName).startSpan(name, { attributes }));
  if (span === undefined) return await work(() => undefined);
  const addAttributes: AddAttributes = (more) => {
    attempt(() => span.setAttributes(more));
  };
  try {
    return await runBelow(span, async () => await work(addAttributes));
  } catch (error) {
    attempt(() => {
      markFailed(span, error);
    });
    throw error;
  } finally {
    attempt(() => {
      span.end();
    });
  }
}

function runBelow<Result>(span: Span, work: () => Promise<Result>): Promise<Result> {
  let started: Promise<Result> | undefined;
  const start = (): Promise<Result> => {
    started ??= work();
    return started;
  };
  attempt(() => {
    void context.with(trace.setSpan(context.active(), span), start);
  });
  return start();
}

/** Names a fault without its words: those of an error that is not ours may say anything. */
export function faultName(error: unknown): string {
  if (isOciError(error)) return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}

function markFailed(span: Span, error: unknown): void {
  const type = faultName(error);
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
}
