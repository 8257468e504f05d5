const field = (text: string): string => (/[",\r\n\u2028]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Rows as CSV (RFC 4180, but with LF line ends, which Git keeps as they are). */
export const toCsv = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  rows.map((row) => `${row.map(field).join(",")}\n`).join("")
