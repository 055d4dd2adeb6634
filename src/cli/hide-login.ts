/** Takes a user name, password and query out of what was typed in the place of a reference, for a message. */
export function hideLogin(text: string): string {
  const [, scheme = '', rest = ''] = /^((?:[a-z][a-z0-9+.-]*:(?:\/\/)?(?=[^@]*@))?)(.*)$/is.exec(text) ?? [];
  const [, named = '', digest = ''] = /^(.*?)((?:@sha[0-9]+:[a-f0-9]*)?)$/is.exec(rest.replace(/[?#].*$/s, '')) ?? [];
  const at = named.lastIndexOf('@');
  const isLogin = at >= 0 && (scheme.endsWith('//') || !named.slice(0, at).includes('/'));
  return isLogin
    ? `${scheme.endsWith('//') ? scheme : ''}${named.slice(at + 1)}${digest}`
    : text.replace(/[?#].*$/s, '');
}
