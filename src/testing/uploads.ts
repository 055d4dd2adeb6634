import { isDigest } from '../oci/digest.js';
import { failure, methodNotAllowed } from './answers.js';
import { consumeBody, maxBlobBytes } from './body.js';
import type { Context } from './context.js';
import { parseContentRange } from './range.js';
import type { RegistryAnswer } from './types.js';
import { UploadSession } from './upload-sessions.js';

/** Takes blobs in, in all the ways of distribution-spec v1.1.1: end-4a, 4b, 5, 6, 11, 13 and 14. */
export async function handleUpload(context: Context): Promise<RegistryAnswer> {
  const { request, reference } = context;
  if (reference === '') return request.method === 'POST' ? await start(context) : methodNotAllowed(['POST']);
  const session = context.uploads.find(reference, context.repository);
  if (session === undefined) return failure(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
  switch (request.method) {
    case 'GET':
      return progress(204, session);
    case 'PATCH':
      return (await receive(context, session)) ?? progress(202, session);
    case 'PUT':
      return (await receive(context, session)) ?? finish(context, session);
    case 'DELETE':
      context.uploads.end(session);
      return { status: 204, headers: {} };
    default:
      return methodNotAllowed(['GET', 'PATCH', 'PUT', 'DELETE']);
  }
}

async function start(context: Context): Promise<RegistryAnswer> {
  const { request, repository, store, uploads } = context;
  const wanted = request.query.get('mount');
  const bytes = wanted === null ? undefined : mountable(context, wanted);
  if (wanted !== null && bytes !== undefined) {
    store.repository(repository).blobs.set(wanted, bytes);
    return created(repository, wanted);
  }
  store.repository(repository);
  if (!request.query.has('digest')) return progress(202, uploads.open(repository));
  // All in one request: nobody can come back to this upload, so it is not kept among the sessions.
  const session = new UploadSession(repository);
  return (await receive(context, session)) ?? finish(context, session);
}

/** Finds the bytes of a mount; without `from` every repository is searched, unless that would cross what a token allows. */
function mountable({ request, store, options }: Context, digest: string): Uint8Array | undefined {
  const from = request.query.get('from');
  if (from !== null) return store.repositories.get(from)?.blobs.get(digest);
  if (options.auth !== undefined) return undefined;
  return [...store.repositories.values()].find(({ blobs }) => blobs.has(digest))?.blobs.get(digest);
}

/** Appends the body of a request to an upload; gives back an answer only where that failed. */
async function receive({ request }: Context, session: UploadSession): Promise<RegistryAnswer | undefined> {
  const fault = checkContentRange(request.headers, session);
  if (fault !== undefined) return fault;
  // What came before a connection broke stays, as it does in real registries: the client may go on from there.
  const complete = await consumeBody(request.message, maxBlobBytes - session.size, (chunk) => {
    session.append(chunk);
  });
  return complete ? undefined : failure(413, 'SIZE_INVALID', `a blob may have ${maxBlobBytes} bytes here`);
}

function checkContentRange(
  headers: Readonly<Record<string, string>>,
  session: UploadSession,
): RegistryAnswer | undefined {
  const header = headers['content-range'];
  if (header === undefined) return undefined;
  const range = parseContentRange(header);
  const length = headers['content-length'];
  if (range !== undefined && range.first === session.size) {
    const size = range.last - range.first + 1;
    if (size > 0 && (length === undefined || Number(length) === size)) return undefined;
  }
  return failure(416, 'BLOB_UPLOAD_INVALID', 'the chunk does not follow what is there', progress(416, session).headers);
}

function finish({ request, repository, store, uploads }: Context, session: UploadSession): RegistryAnswer {
  const digest = request.query.get('digest') ?? '';
  if (!isDigest(digest)) return failure(400, 'DIGEST_INVALID', 'the upload ends without a digest that can be checked');
  uploads.end(session);
  if (!session.matches(digest)) return failure(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  store.repository(repository).blobs.set(digest, session.bytes());
  return created(repository, digest);
}

function created(repository: string, digest: string): RegistryAnswer {
  return {
    status: 201,
    headers: { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest },
  };
}

function progress(status: number, session: UploadSession): RegistryAnswer {
  return {
    status,
    headers: {
      location: `/v2/${session.repository}/blobs/uploads/${session.id}`,
      range: `0-${Math.max(0, session.size - 1)}`,
      'docker-upload-uuid': session.id,
    },
  };
}
