import { checkSigningKeys, InvalidInput, signToken } from "sendstate/sdk"
import { type Unsubscription, unsubscribeHandler } from "sendstate/web"
import { describe, expect, test } from "vitest"

const key = "k".repeat(32)
const token = signToken(checkSigningKeys([key]), "unsubscribe/1", ["bob@example.test", "news"])
const url = `https://acme.test/u/${token}`

const served = (options: Partial<Parameters<typeof unsubscribeHandler>[0]> = {}) => {
  const gone: Array<Unsubscription> = []
  const handler = unsubscribeHandler({
    signingKeys: [key],
    unsubscribe: async (who) => void gone.push(who),
    ...options,
  })
  return { gone, ask: (address: string, init: RequestInit = {}) => handler(new Request(address, init)) }
}

describe("the unsubscribe link", () => {
  test("opened, it asks, and does nothing: scanners open every link", async () => {
    const { gone, ask } = served()
    const response = await ask(url)
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('<form method="post">')
    expect((await ask(url, { method: "HEAD" })).status).toBe(200)
    expect(gone).toEqual([])
  })

  test("the mail program's one click (RFC 8058) unsubscribes at once, without cookies or redirect", async () => {
    const { gone, ask } = served()
    const response = await ask(url, { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }) })
    expect(response.status).toBe(200)
    expect(response.headers.get("set-cookie")).toBeNull()
    expect(response.headers.get("location")).toBeNull()
    expect(gone).toEqual([{ leadId: "bob@example.test", topic: "news" }])
  })

  test("the page's button does the same, and again does no harm", async () => {
    const { gone, ask } = served()
    const post = () => ask(url, { method: "POST", body: new URLSearchParams({ confirm: "yes" }) })
    expect([(await post()).status, (await post()).status]).toEqual([200, 200])
    expect(gone).toHaveLength(2)
  })

  test("the token may stand in the query", async () => {
    const { gone, ask } = served()
    await ask(`https://acme.test/u?token=${token}`, { method: "POST" })
    expect(gone).toHaveLength(1)
  })

  test("the page can be the host's own", async () => {
    const { ask } = served({ page: (state) => `state: ${state}` })
    expect(await (await ask(url)).text()).toBe("state: ask")
    expect(await (await ask("https://acme.test/u/x", { method: "POST" })).text()).toBe("state: invalid")
  })

  test("when it could not be stored, it does not say that it was", async () => {
    const { ask } = served({ unsubscribe: () => Promise.reject(new Error("disk full")) })
    await expect(ask(url, { method: "POST" })).rejects.toThrow("disk full")
  })
})

describe("tokens", () => {
  const other = (words: ReadonlyArray<string>, by = key, purpose: "unsubscribe/1" | "open/1" = "unsubscribe/1") =>
    signToken(checkSigningKeys([by]), purpose, words)

  test.each([
    ["cut", token.slice(0, -1)],
    ["of another key", other(["bob@example.test", "news"], "x".repeat(32))],
    ["of another purpose", other(["bob@example.test", "news"], key, "open/1")],
    ["without a signature", token.split(".")[0] ?? ""],
    ["with another lead in it", `${other(["eve@example.test", "news"]).split(".")[0]}.${token.split(".")[1]}`],
    ["with the words divided elsewhere", `${other(["bob@example.testn", "ews"]).split(".")[0]}.${token.split(".")[1]}`],
    ["endless", "A".repeat(100_000)],
    ["no token", ""],
  ])("one %s unsubscribes nobody", async (_name, forged) => {
    const { gone, ask } = served()
    expect((await ask(`https://acme.test/u/${forged}`, { method: "POST" })).status).toBe(400)
    expect(gone).toEqual([])
  })

  test("one that an older key signed still works while that key is listed", async () => {
    const { gone, ask } = served({ signingKeys: ["n".repeat(32), key] })
    expect((await ask(url, { method: "POST" })).status).toBe(200)
    expect(gone).toHaveLength(1)
  })

  test("a key of fewer than 32 bytes is refused before anything is served", () => {
    expect(() => served({ signingKeys: ["short"] })).toThrow(InvalidInput)
    expect(() => served({ signingKeys: [] })).toThrow(InvalidInput)
  })

  test("a long body is refused, other methods too", async () => {
    const { gone, ask } = served()
    expect((await ask(url, { method: "POST", body: "x".repeat(20_000) })).status).toBe(413)
    expect((await ask(url, { method: "DELETE" })).status).toBe(405)
    expect(gone).toEqual([])
  })
})
