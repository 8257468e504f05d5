/**
 * C0, DEL, C1, and the two Unicode line separators: each of them has split a header somewhere, or was obeyed by a
 * terminal.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
export const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
