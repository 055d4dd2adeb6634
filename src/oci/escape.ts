/** What nearly every text consists of. */
const plain = /^[ -~]*$/;

/**
 * Makes a text from a registry safe for a terminal, a log line or an error message.
 *
 * @remarks Control characters, bidirectional overrides and zero-width characters become visible escapes, so nobody can
 * redraw an operator's screen from a registry.
 * @param text - anything a registry said
 * @param most - characters kept before an ellipsis
 */
export function escapeText(text: string, most = 512): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  if (plain.test(cut)) return cut;
  return cut.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this function is about.
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
