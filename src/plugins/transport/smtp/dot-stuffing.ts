const dot = 0x2e
const crlfDot = Buffer.from("\r\n.")

/**
 * The message with a dot added before each line that starts with one (RFC 5321 4.5.2), without its last CRLF.
 *
 * The last CRLF belongs to {@link finalDot}, so that the bytes that end the message go out in one piece, after
 * everything else. Expects CRLF line ends only, as `compose` gives them: a bare CR or LF here would be a smuggling hole.
 */
export const dotStuffed = (message: Buffer): Buffer => {
  const end = message.length >= 2 && message.subarray(-2).equals(crlfDot.subarray(0, 2)) ? -2 : message.length
  const body = message.subarray(0, end)
  const pieces: Array<Buffer> = []
  let from = 0
  if (body[0] === dot) pieces.push(body.subarray(0, 1))
  for (let at = body.indexOf(crlfDot); at >= 0; at = body.indexOf(crlfDot, at + 3)) {
    pieces.push(body.subarray(from, at + 3))
    // The dot at `at + 2` is sent once with this piece and once with the next.
    from = at + 2
  }
  return pieces.length === 0 ? body : Buffer.concat([...pieces, body.subarray(from)])
}

/** Ends the last line and the message. Giving it to a socket is the handoff. */
export const finalDot: Buffer = Buffer.from("\r\n.\r\n")
