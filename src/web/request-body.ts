/** The body, or `undefined` when it is longer than that many bytes. Reads no further than it must. */
export const readBody = async (request: Request, limit: number): Promise<Uint8Array | undefined> => {
  if (Number(request.headers.get("content-length") ?? 0) > limit) return undefined
  if (request.body === null) return new Uint8Array()
  const chunks: Array<Uint8Array> = []
  let size = 0
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > limit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A reply that no cache keeps. */
export const reply = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(text, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  })

/** A token from the `token` parameter, else from the end of the path. */
export const tokenOf = (request: Request): string => {
  const url = new URL(request.url)
  return url.searchParams.get("token") ?? url.pathname.slice(url.pathname.lastIndexOf("/") + 1)
}
