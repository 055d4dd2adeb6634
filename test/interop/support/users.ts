/** A user of the registries that ask who is there. All of it is public, so it protects nothing outside tests. */
export interface User {
  readonly username: string;
  readonly password: string;
  /** bcrypt of the password, of the lowest cost there is: olareg checks it on every request. */
  readonly hash: string;
  /** What the user may do, in olareg's words. */
  readonly access: readonly ('read' | 'write' | 'delete')[];
}

/** May do everything. Every test is this user, on every registry; one that does not ask is not told. */
export const robot: User = {
  username: 'robot',
  password: 'interop-robot',
  hash: '$2a$04$OzzjEPeJULKID2DV.KGpF.t2sqaid1lgEfry/qgTrAHT2WYY0T5Dm',
  access: ['read', 'write', 'delete'],
};

/** May pull and nothing else. */
export const reader: User = {
  username: 'reader',
  password: 'interop-reader',
  hash: '$2a$04$BDjI.4FPTJ9PA4E7N7QvT.EBRJe2Nwj7exYsr6qWW0g8DXIzBkyLq',
  access: ['read'],
};

/** Everybody there is. */
export const users: readonly User[] = [robot, reader];

/** What a user says at a registry. */
export function loginOf({ username, password }: User): { readonly username: string; readonly password: string } {
  return { username, password };
}

/** The users as Apache's `htpasswd` writes them. */
export function asHtpasswd(): string {
  return users.map(({ username, hash }) => `${username}:${hash}\n`).join('');
}

/** The users and what they may do, as olareg reads them; JSON is YAML. */
export function asOlaregFile(): string {
  return JSON.stringify({
    users: Object.fromEntries(users.map(({ username, hash }) => [username, { cred: hash }])),
    acls: users.map(({ username, access }) => ({ repo: '*', members: [username], access })),
  });
}
