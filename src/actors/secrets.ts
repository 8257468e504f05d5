import { createHmac, createSecretKey, randomBytes } from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  checkSigningKeys,
  type Document,
  InvalidInput,
  plainSuppressionKey,
  type SigningKeys,
  type StorageError,
  suppressionKey,
  type Unsubscription,
  unsubscribeToken,
} from "../sdk/index.ts"
import { Store } from "./store.ts"

/** Secrets that the host gives; what it does not give, the store makes and keeps itself. */
export interface GivenSecrets {
  readonly signingKeys?: SigningKeys | undefined
  readonly suppressionKey?: string | Uint8Array | undefined
  /** Opens also without the host's suppression key: nothing is sent, and nothing can be suppressed. */
  readonly passive: boolean
}

const secretBytes = 32

// Enough to tell keys apart, and nothing that helps to find one.
const fingerprintOf = (key: Uint8Array): string =>
  createHmac("sha256", key).update("sendstate/fingerprint/1").digest("hex").slice(0, 16)

/** The secret under this name: as it is stored, or else this one, now. Of several processes the first decides. */
const keep = (
  store: Store["Service"],
  name: string,
  made: () => Document["value"],
): Effect.Effect<Document["value"], StorageError> =>
  Effect.gen(function* () {
    const read = Effect.map(
      store.use((driver) => driver.documents("secret", [name])),
      ([document]) => document?.value,
    )
    const stored = yield* read
    if (stored !== undefined) return stored
    const value = made()
    yield* store.use((driver) => driver.writeDocuments([{ kind: "secret", key: name, expected: 0, value }]))
    return (yield* read) ?? value
  })

// Not the runtime's Random: that may be seeded, and a secret must not be guessed. Nothing that is simulated depends on it.
const ownSecret = (): Document["value"] => ({ base64: randomBytes(secretBytes).toString("base64") })

const bytesIn = ({ base64 }: Document["value"]): Uint8Array | undefined =>
  typeof base64 === "string" ? Buffer.from(base64, "base64") : undefined

const refuseKey = (code: string, message: string): InvalidInput =>
  new InvalidInput({
    code,
    retryable: false,
    issues: [{ path: "suppressionKey", message: "another is needed" }],
    message,
  })

const keyNeeded = (): InvalidInput =>
  refuseKey(
    "suppression-key-missing",
    "The addresses on this storage's suppression list are hashed with a key of the program that runs it. Give the same suppressionKey, or ask that program.",
  )

const checkKey = (key: string | Uint8Array): Uint8Array => {
  const bytes = typeof key === "string" ? Buffer.from(key) : key
  if (bytes.byteLength >= secretBytes) return bytes
  throw refuseKey(
    "suppression-key-short",
    `The suppressionKey needs at least ${secretBytes} random bytes. Make one: openssl rand -base64 48`,
  )
}

/**
 * The secret of the suppression list. It is decided when a store is first opened and never changes: suppressions under
 * another one would be lost without a word.
 */
const openSuppressionSecret = (
  store: Store["Service"],
  { suppressionKey: given, passive }: GivenSecrets,
): Effect.Effect<Uint8Array | undefined, StorageError | InvalidInput> =>
  Effect.gen(function* () {
    const key =
      given === undefined
        ? undefined
        : yield* Effect.try({ try: () => checkKey(given), catch: (error) => error as InvalidInput })
    const kept = yield* keep(store, "suppression", () =>
      key === undefined ? ownSecret() : { fingerprint: fingerprintOf(key) },
    )
    const own = bytesIn(kept)
    if (own !== undefined && key === undefined) return own
    if (own !== undefined)
      return yield* Effect.fail(
        refuseKey(
          "suppression-key-late",
          "This storage hashes its suppression list with a key of its own: one can be given to a new storage only. Leave suppressionKey out.",
        ),
      )
    if (key !== undefined && fingerprintOf(key) === kept.fingerprint) return key
    return passive ? undefined : yield* Effect.fail(keyNeeded())
  })

/** The key that the storage keeps for links; none before a runtime was first opened on it without keys of the host. */
export const storedSigningKeys = (store: Store["Service"]): Effect.Effect<ReadonlyArray<Uint8Array>, StorageError> =>
  Effect.map(
    store.use((driver) => driver.documents("secret", ["signing"])),
    ([document]) => {
      const key = document === undefined ? undefined : bytesIn(document.value)
      return key === undefined ? [] : [key]
    },
  )

/** What signs links, and what hashes addresses on the suppression list. */
export class Secrets extends Context.Service<
  Secrets,
  {
    /** The first signs, all are accepted. */
    readonly signingKeys: ReadonlyArray<Uint8Array>
    /** The key for a new entry. */
    readonly suppressionKey: (address: string, topic: string | null) => Effect.Effect<string, InvalidInput>
    /** All keys that keep a mail of this topic from this address. */
    readonly suppressionKeys: (address: string, topic: string | null) => ReadonlyArray<string>
    /** Signed for a link in the mail to this address. */
    readonly unsubscribeToken: (of: Omit<Unsubscription, "suppressionKey">, address: string) => string
  }
>()("sendstate/actors/Secrets") {
  static readonly layer = (given: GivenSecrets): Layer.Layer<Secrets, StorageError | InvalidInput, Store> =>
    Layer.effect(
      Secrets,
      Effect.gen(function* () {
        const store = yield* Store
        const signing = given.signingKeys ?? [bytesIn(yield* keep(store, "signing", ownSecret)) ?? new Uint8Array()]
        const signingKeys = yield* Effect.try({
          try: () => checkSigningKeys(signing),
          catch: (error) => error as InvalidInput,
        })
        const bytes = yield* openSuppressionSecret(store, given)
        const secret = bytes === undefined ? undefined : createSecretKey(bytes)
        return Secrets.of({
          signingKeys,
          suppressionKey: (address, topic) =>
            secret === undefined ? Effect.fail(keyNeeded()) : Effect.succeed(suppressionKey(secret, address, topic)),
          suppressionKeys: (address, topic) => [
            plainSuppressionKey(address),
            ...(secret === undefined
              ? []
              : (topic === null ? [null] : [null, topic]).map((one) => suppressionKey(secret, address, one))),
          ],
          unsubscribeToken: (of, address) =>
            unsubscribeToken(signingKeys, {
              ...of,
              ...(secret === undefined ? {} : { suppressionKey: suppressionKey(secret, address, of.topic) }),
            }),
        })
      }),
    )
}
