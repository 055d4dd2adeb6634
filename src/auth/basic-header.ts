import { ArgumentError } from '../errors/index.js';

/** Writes the `Authorization` value of Basic authentication, in UTF-8 (RFC 7617). */
export function basicHeader(credentials: { readonly username: string; readonly password: string }): string {
  if (credentials.username.includes(':')) {
    throw new ArgumentError('ERR_OCI_CREDENTIALS', 'the user name of a credential contains a colon', {
      argument: 'credentials',
      hint: 'Basic authentication cannot carry such a name; look for a user name and password that were swapped',
    });
  }
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}
