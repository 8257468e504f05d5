import * as fc from "fast-check"
import { expect, test } from "vitest"
import { readCampaignFile } from "../../src/cli/campaign-file.ts"
import { corpus, damaged, law, scratchFile, typedly } from "./corpus.ts"

const files = corpus("yaml")

const invalid = { refused: "InvalidInput invalid-campaign-file" }

/** Those that are campaigns; all others are refused. */
const campaigns: Readonly<Record<string, string>> = { plain: "spring", json: "spring" }

test("each campaign file of the corpus is a campaign or one typed error; aliases that explode are not followed", async () => {
  const write = await scratchFile("campaign.yaml")
  const found: Record<string, unknown> = {}
  for (const [name, content] of files) {
    const path = await write(content)
    const answer = await typedly(async () => ({ id: (await readCampaignFile(path)).campaign.id }))
    found[name] = answer
  }
  expect(found).toEqual(
    Object.fromEntries(
      files.map(([name]) => [name, campaigns[name] === undefined ? invalid : { id: campaigns[name] }]),
    ),
  )
  expect("polluted" in {}).toBe(false)
}, 30_000)

test("a campaign file says where it is wrong, and one of more than a megabyte is not read into", async () => {
  const write = await scratchFile("campaign.yaml")
  const message = async (text: string): Promise<string> => {
    const path = await write(Buffer.from(text))
    return readCampaignFile(path).then(
      () => "it was read",
      (error: Error) => error.message,
    )
  }
  expect(await message("id: a\nid: b\n")).toContain("line 2, column 1")
  expect(await message('id: a\nfrom: a@acme.test\nsteps: [{ template: x }]\nrepeat: "0 9 30 2 *"\n')).toMatch(
    /line 4, column \d+.*never comes/,
  )
  await expect(readCampaignFile(import.meta.dirname)).rejects.toThrow("it is a folder; give the campaign file")
  expect(await message(`id: a\n#${"x".repeat(1_100_000)}`)).toContain("longer than 1 MB")
  expect(await message(`id: a\nfrom: a@acme.test\nsteps: ${"[".repeat(20_000)}`)).toContain("is not a campaign")
})

test("whatever a campaign file holds, it is a campaign or a typed error", async () => {
  const write = await scratchFile("campaign.yaml")
  const content = fc.oneof(
    damaged(files.map(([, bytes]) => bytes).filter((bytes) => bytes.length < 2_000)),
    fc
      .string({ unit: fc.constantFrom(..."id:from steps-template\n&*!<<{}[]\"'|>%@#?, a1"), maxLength: 200 })
      .map((text) => Buffer.from(text)),
    fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
  )
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      const path = await write(bytes)
      const answer = await typedly(async () => ({ campaign: (await readCampaignFile(path)).campaign }))
      if ("campaign" in answer) expect(answer.campaign.steps.length).toBeGreaterThan(0)
      else expect(answer).toEqual(invalid)
    }),
    law(300),
  )
}, 60_000)
