import * as fc from "fast-check"
import { addressKey, checkDisplayName, domainOf, InvalidInput, parseAddress, parseMailbox } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { holds } from "./law.ts"
import { refusalOf } from "./refusal.ts"

const local64 = "a".repeat(64)
const label63 = "b".repeat(63)

describe("an address is exactly one mailbox", () => {
  test.each([
    ["plain", "ann@acme.test", "ann@acme.test"],
    ["a plus address", "ann+news@acme.test", "ann+news@acme.test"],
    ["dots and all the signs of an atom", "a.!#$%&'*+/=?^_`{|}~-z@acme.test", "a.!#$%&'*+/=?^_`{|}~-z@acme.test"],
    ["upper case: the domain has none, the local part is left alone", "Ann@ACME.Test", "Ann@acme.test"],
    ["the longest local part", `${local64}@acme.test`, `${local64}@acme.test`],
    ["the longest label", `ann@${label63}.test`, `ann@${label63}.test`],
    ["an internationalised domain goes as A-label", "ann@bücher.example", "ann@xn--bcher-kva.example"],
    ["an A-label stays", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"],
    ["an internationalised domain in upper case", "ann@BÜCHER.example", "ann@xn--bcher-kva.example"],
    ["a decomposed umlaut is the same domain", "ann@bu\u0308cher.example", "ann@xn--bcher-kva.example"],
    ["right-to-left", "ann@مثال.test", "ann@xn--mgbh0fb.test"],
    ["a local part beyond ASCII", "jürgen@acme.test", "jürgen@acme.test"],
    ["digits in a label", "ann@3com.test", "ann@3com.test"],
  ])("%s", (_, text, address) => {
    expect(parseAddress(text)).toBe(address)
  })

  test.each([
    ["a header after a line break", "b@y.test\r\nBcc: evil@z.test"],
    ["a bare carriage return", "b@y.test\rBcc: evil@z.test"],
    ["a bare line feed", "b@y.test\nRCPT TO:<evil@z.test>"],
    ["a line break in the local part", "b\r\n@y.test"],
    ["a line separator", "b@y.test\u2028evil@z.test"],
    ["a paragraph separator", "b@y.test\u2029evil@z.test"],
    ["next line (C1)", "b\u0085@y.test"],
    ["NUL", "b\u0000@y.test"],
    ["DEL", "b\u007f@y.test"],
    ["a tab", "b@y.test\t"],
    ["half a surrogate pair", "b\ud800@y.test"],
    ["a zero-width space", "b\u200b@y.test"],
    ["a soft hyphen in the domain", "b@y\u00ad.test"],
    ["a change of the writing direction", "b\u202e@y.test"],
    ["a comma", "b@y.test,evil@z.test"],
    ["a semicolon", "b@y.test;evil@z.test"],
    ["a space", "b@y.test evil@z.test"],
    ["a space before", " b@y.test"],
    ["a no-break space", "b\u00a0c@y.test"],
    ["a wide space", "b\u3000c@y.test"],
    ["a group", "friends:b@y.test,evil@z.test;"],
    ["an empty group", "undisclosed-recipients:;"],
    ["angle brackets inside out", "b>,<evil@z.test"],
    ["angle brackets", "<b@y.test>"],
    ["a display name", "Ann <b@y.test>"],
    ["a comment", "b(comment)@y.test"],
    ["a comment after", "b@y.test (Ann)"],
    ["a source route", "@z.test:b@y.test"],
    ["two @", "b@evil@y.test"],
    ["a quoted local part", '"b c"@y.test'],
    ["a quoted second recipient", '"b@y.test,"@z.test'],
    ["a backslash", "b\\@y.test"],
    ["no @", "b.y.test"],
    ["nothing", ""],
    ["nothing before the @", "@y.test"],
    ["nothing after the @", "b@"],
    ["a local part of 65 octets", `${local64}a@y.test`],
    ["a local part of 66 octets in 33 characters", `${"ü".repeat(33)}@y.test`],
    ["a local part of 70 octets", `${"a".repeat(70)}@y.test`],
    ["a label of 64 octets", `b@${label63}b.test`],
    ["a label that is longer than 63 octets as A-label", `b@${"ü".repeat(63)}.test`],
    ["a domain of more than 255 octets", `b@${`${label63}.`.repeat(4)}test`],
    ["two dots in the domain", "b@y..test"],
    ["two dots in the local part", "b..c@y.test"],
    ["a dot at the start", ".b@y.test"],
    ["a dot before the @", "b.@y.test"],
    ["a dot at the end", "b@y.test."],
    ["a domain without a dot", "b@y"],
    ["an IP literal", "b@[192.0.2.1]"],
    ["an IPv6 literal", "b@[IPv6:2001:db8::1]"],
    ["an IP address", "b@192.0.2.1"],
    ["an IP address in hexadecimal", "b@0xc0.0x00.0x02.0x01"],
    ["a hyphen at the start of a label", "b@-y.test"],
    ["a hyphen at the end of a label", "b@y-.test"],
    ["an underscore in the domain", "b@y_z.test"],
    ["a port", "b@y.test:25"],
    ["a path", "b@y.test/x"],
    ["a percent sign in the domain", "b@y%2etest"],
    ["a sign that contains a slash", "b@℀.test"],
    ["an A-label that is none", "b@xn--a-.test"],
  ])("%s is refused, not cleaned", (_, text) => {
    const refusal = refusalOf(() => parseAddress(text))
    expect(refusal).toMatchObject({ _tag: "InvalidInput", code: "invalid-address", retryable: false })
    expect(refusal.issues).toHaveLength(1)
    expect(refusal.issues[0]?.path).toBe("email")
  })

  test("the refusal says what is wrong and does not quote the address: it may go to a log", () => {
    const { message } = refusalOf(() => parseAddress("canary@y..test"))
    expect(message).toBe(
      "The address is refused: two dots in a row, or a dot at an end. Give exactly one mailbox, like ann@acme.test.",
    )
  })

  test("a text of any size is refused at once", () => {
    for (const run of ["a", "@", ".", "<", "@[", "ü"])
      expect(() => parseAddress(run.repeat(200_000))).toThrow(InvalidInput)
  })
})

const hostile = fc.constantFrom(
  ..."@.,;:<>()[]\\\"' \t\r\n\0%-_+aZ9ü",
  ...["\u0085", "\u00a0", "\u00ad", "\u200b", "\u200d", "\u2028", "\u202e", "\u3000", "\uff0e", "\uff20", "\ufeff"],
  ...["\ud800", "\udc00", "😀", "ß", "İ", "℀", "xn--", "@acme.test", "ann", "test", ".test", "0x7f", "192.0.2.1"],
)
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(hostile, { maxLength: 12 }).map((parts) => parts.join("")),
  fc.array(hostile, { maxLength: 4 }).map((parts) => `ann@${parts.join("")}.test`),
  fc.array(hostile, { maxLength: 4 }).map((parts) => `a${parts.join("")}@acme.test`),
  fc.emailAddress(),
)

describe("whatever the text", () => {
  test("an address is refused by a typed error, or has one form that is safe on the wire and parses to itself", () => {
    let given = 0
    holds(
      fc.property(anyText, (text) => {
        let address: string
        try {
          address = parseAddress(text)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput)
          return
        }
        given += 1
        expect(parseAddress(address)).toBe(address)
        expect(address).toMatch(/^[^@\s,;:<>()[\]"\\]+@[a-z0-9.-]+$/)
        expect(address.isWellFormed()).toBe(true)
        expect(text.slice(0, text.lastIndexOf("@"))).toBe(address.slice(0, address.lastIndexOf("@")))
        expect(parseMailbox(`<${address}>`)).toEqual({ address })
      }),
      { numRuns: 3_000 },
    )
    expect(given).toBeGreaterThan(100)
  })

  test("a mailbox is refused by a typed error, or has a name without control characters and one address", () => {
    const around = fc
      .tuple(fc.array(hostile, { maxLength: 6 }), fc.array(hostile, { maxLength: 3 }))
      .map(([name, rest]) => `${name.join("")}<ann@acme.test>${rest.join("")}`)
    holds(
      fc.property(fc.oneof(anyText, around), (text) => {
        let mailbox: ReturnType<typeof parseMailbox>
        try {
          mailbox = parseMailbox(text)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput)
          return
        }
        expect(parseAddress(mailbox.address)).toBe(mailbox.address)
        if (mailbox.name !== undefined) expect(mailbox.name).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe("a mailbox with a name", () => {
  test.each([
    ["Ann <ann@acme.test>", { name: "Ann", address: "ann@acme.test" }],
    ['"Ann, Sales" <ann@acme.test>', { name: "Ann, Sales", address: "ann@acme.test" }],
    ['"Ann \\"A\\" Bell" <ann@acme.test>', { name: 'Ann "A" Bell', address: "ann@acme.test" }],
    ["Jürgen Müller <j@bücher.example>", { name: "Jürgen Müller", address: "j@xn--bcher-kva.example" }],
    ["  Ann   Bell  <ann@acme.test> ", { name: "Ann   Bell", address: "ann@acme.test" }],
    ["<ann@acme.test>", { address: "ann@acme.test" }],
    ['"" <ann@acme.test>', { address: "ann@acme.test" }],
    ["ann@acme.test", { address: "ann@acme.test" }],
  ])("%s", (text, mailbox) => {
    expect(parseMailbox(text)).toEqual(mailbox)
  })

  test.each([
    "Ann <ann@acme.test>, Bob <bob@acme.test>",
    "Ann <ann@acme.test> <bob@acme.test>",
    "Ann, Sales <ann@acme.test>",
    "Ann <ann@acme.test>\r\nBcc: evil@z.test",
    "Ann\u2028 <ann@acme.test>",
    'Ann" <ann@acme.test>',
    "Ann <ann@acme.test",
    "Ann <>",
    "Ann <Ann <ann@acme.test>>",
    "evil@z.test <ann@acme.test>",
    "friends: ann@acme.test;",
    "Ann (sales) <ann@acme.test>",
    "",
  ])("%o is refused", (text) => {
    expect(refusalOf(() => parseMailbox(text)).code).toBe("invalid-address")
  })

  test("a text of any size is refused at once", () => {
    for (const run of [" ", '"', "\\", "a ", "<", '"\\']) expect(() => parseMailbox(run.repeat(100_000))).toThrow()
  })

  test("a display name is any text without control characters, at most 500", () => {
    expect(checkDisplayName('Zoë 👩‍👩‍👧 שלום, "A"')).toBe('Zoë 👩‍👩‍👧 שלום, "A"')
    for (const name of ["a\r\nb", "a\u0000", "a\u2029", "a\u009f", "x".repeat(501)])
      expect(refusalOf(() => checkDisplayName(name)).code).toBe("invalid-address")
  })
})

describe("two spellings of one mailbox", () => {
  test("have the same key", () => {
    const key = addressKey("ann@acme.test")
    expect(addressKey("Ann@acme.test")).toBe(key)
    expect(addressKey(parseAddress("ANN@ACME.TEST"))).toBe(key)
    expect(addressKey("ju\u0308rgen@acme.test")).toBe(addressKey("jürgen@acme.test"))
  })

  test("different mailboxes have different keys", () => {
    expect(addressKey("ann+a@acme.test")).not.toBe(addressKey("ann@acme.test"))
    expect(addressKey("a.nn@acme.test")).not.toBe(addressKey("ann@acme.test"))
  })

  test("the domain is what stands after the @", () => {
    expect(domainOf("ann@acme.test")).toBe("acme.test")
  })
})
