/**
 * Takes user name, password and query out of what was typed in the place of a reference.
 *
 * @returns the text as it is where it has none
 */
export function hideLogin(text: string): string {
  const named = text.replace(/[?#].*$/s, '');
  const [, scheme = '', rest = ''] =
    /^((?:[a-z][a-z0-9+.-]*:\/\/|(?:docker|oci|ocidir|dir):)?)(.*)$/is.exec(named) ?? [];
  const [, head = '', digest = ''] = /^(.*?)((?:@sha[0-9]+:[a-f0-9]*)?)$/is.exec(rest) ?? [];
  const at = head.lastIndexOf('@');
  // Without a scheme a path may have an @ of its own, and what stands before a port is a host.
  const isLogin = scheme !== '' || /^[^/:]*(?:$|:(?!\d{1,5}\/))/.test(head.slice(0, Math.max(at, 0)));
  return at >= 0 && isLogin ? `${scheme}${head.slice(at + 1)}${digest}` : named;
}

/** Makes what hides the logins in a command line wherever it is quoted, also behind the = of a mapping, or without a scheme. */
export function hideTyped(argv: readonly string[]): (text: string) => string {
  const secrets = argv.flatMap((word) => {
    const value = word.slice(word.indexOf('=') + 1);
    const parts = [word, value, value.replace(/^[a-z]+:(?:\/\/)?/i, '')];
    return parts.map((part) => [part, hideLogin(part)] as const).filter(([part, hidden]) => part !== hidden);
  });
  return (text) => secrets.reduce((rest, [part, hidden]) => rest.replaceAll(part, () => hidden), text);
}
