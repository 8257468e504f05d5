const softBreakAt = 76
const equals = 0x3d
const cr = 0x0d
const lf = 0x0a
const hex = Buffer.from("0123456789ABCDEF")

/** 1 for octets that stand for themselves: printable ASCII without `=`; space and tab only inside a line. */
const literal = new Uint8Array(256)
for (let octet = 33; octet <= 126; octet += 1) literal[octet] = octet === equals ? 0 : 1
literal[0x20] = 1
literal[0x09] = 1

/**
 * Text with CRLF line ends as quoted-printable (RFC 2045 6.7), lines of at most 76 octets.
 *
 * One pass over the bytes: the encoder takes a good part of the time of composing a mail. Lines that start with a dot
 * are encoded as `=2E`, so that dot stuffing has nothing to do.
 */
export const quotedPrintable = (text: string): Buffer => {
  const input = Buffer.from(text)
  // Each octet takes at most 3, and each output line of at least 73 payload octets adds a soft break of 3.
  const output = Buffer.allocUnsafe(input.length * 3 + Math.ceil(input.length / 24) * 3 + 8)
  let at = 0
  let column = 0
  for (let index = 0; index < input.length; index += 1) {
    const octet = input[index] ?? 0
    if (octet === cr && input[index + 1] === lf) {
      output[at++] = cr
      output[at++] = lf
      index += 1
      column = 0
      continue
    }
    const blank = octet === 0x20 || octet === 0x09
    const lineEnds = blank && (index + 1 === input.length || input[index + 1] === cr)
    const asIs = literal[octet] === 1 && !lineEnds && !(column === 0 && octet === 0x2e)
    if (column + (asIs ? 1 : 3) > softBreakAt - 1) {
      output[at++] = equals
      output[at++] = cr
      output[at++] = lf
      column = 0
    }
    if (asIs && !(column === 0 && octet === 0x2e)) {
      output[at++] = octet
      column += 1
    } else {
      output[at++] = equals
      output[at++] = hex[octet >> 4] ?? 0
      output[at++] = hex[octet & 15] ?? 0
      column += 3
    }
  }
  return output.subarray(0, at)
}
