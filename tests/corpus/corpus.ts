import { readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as fc from "fast-check"
import { onTestFinished } from "vitest"

/** The files of one corpus, by name without extension. */
export const corpus = (name: string): ReadonlyArray<readonly [name: string, content: Buffer]> => {
  const folder = fileURLToPath(new URL(name, import.meta.url))
  return readdirSync(folder).map((file) => [file.replace(/\.\w+$/, ""), readFileSync(join(folder, file))] as const)
}

/** The same examples in each run; a failure prints seed and path, and the smallest example. */
export const law = (runs: number): { readonly seed: number; readonly numRuns: number } => ({
  seed: 20_261_127,
  numRuns: runs,
})

/** A file of the corpus with some of its bytes cut, doubled, or replaced. */
export const damaged = (contents: ReadonlyArray<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(...contents), fc.nat(), fc.nat({ max: 40 }), fc.uint8Array({ maxLength: 40 }))
    .map(([content, at, length, bytes]) => {
      const start = at % (content.length + 1)
      return Buffer.concat([content.subarray(0, start), bytes, content.subarray(start + length)])
    })

/** Writes one file after the other in a folder that is gone after the test. */
export const scratchFile = async (name: string): Promise<(content: Uint8Array) => Promise<string>> => {
  const folder = await mkdtemp(join(tmpdir(), "sendstate-corpus-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return async (content) => {
    const path = join(folder, name)
    await writeFile(path, content)
    return path
  }
}

/** What it answers, or the error of ours that it throws; anything else that it throws fails the test. */
export const typedly = async <Value>(
  read: () => Promise<Value> | Value,
): Promise<Value | { readonly refused: string }> => {
  try {
    return await read()
  } catch (error) {
    if (error instanceof Error && "_tag" in error && "code" in error && error.message !== "")
      return { refused: `${String(error._tag)} ${String(error.code)}` }
    throw error
  }
}
