// A spreadsheet takes these at the beginning of a cell for a formula; what a mail server answered must not become one.
const formula = /^[=+@\t\r-]/

const cellOf = (value: string | number | null): string => {
  if (value === null) return ""
  const text = typeof value === "string" && formula.test(value) ? `'${value}` : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A line of a CSV file (RFC 4180). Text that begins like a formula gets an apostrophe before it. */
export const csvLine = (values: ReadonlyArray<string | number | null>): string => `${values.map(cellOf).join(",")}\r\n`
