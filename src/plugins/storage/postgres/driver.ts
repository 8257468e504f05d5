import { StorageError } from "../../../sdk/errors.ts"
import type { StorageDriver } from "../../../sdk/storage/driver.ts"
import { claimDue, nextDueAt, release, releaseAll, renew } from "./claims.ts"
import { commit, enroll, signal } from "./commits.ts"
import { documents, listDocuments, writeDocuments } from "./documents.ts"
import { changes, enrollments, get, history, list } from "./reads.ts"
import type { Session } from "./session.ts"
import { countsOf } from "./totals.ts"
import { erase, prune, verify } from "./upkeep.ts"

const refuse = (method: string): Promise<never> =>
  Promise.reject(
    new StorageError({
      storage: "postgres",
      code: "observer",
      retryable: false,
      indeterminate: false,
      message: `${method} is refused: the postgres storage was opened to observe. Open it with mode "own"; several processes may`,
    }),
  )

/** Everything that only looks, and the close. */
const observing = (session: Session) =>
  ({
    nextDueAt: (campaigns) => nextDueAt(session, campaigns),
    get: (ids) => get(session, ids),
    list: (query) => list(session, query),
    counts: (campaignId) => countsOf(session, campaignId),
    history: (id) => history(session, id),
    changes: (since, limit) => changes(session, since, limit),
    enrollments: (ids) => enrollments(session, ids),
    documents: (kind, keys) => documents(session, kind, keys),
    listDocuments: (kind, page) => listDocuments(session, kind, page),
    verify: () => verify(session),
  }) satisfies Partial<StorageDriver>

const close = async (session: Session): Promise<void> => {
  const { database } = session
  if (database.isClosed) return
  try {
    await releaseAll(session)
  } finally {
    // What could not be given back is free when its lease is over.
    await database.close()
  }
}

/** The driver of a process that claims and writes. */
export const ownerOf = (session: Session, wakeups: NonNullable<StorageDriver["wakeups"]>): StorageDriver => ({
  ...observing(session),
  wakeups,
  enroll: (items) => enroll(session, items),
  claimDue: (request) => claimDue(session, request),
  renew: (fences, lease) => renew(session, fences, lease),
  release: (fences) => release(session, fences),
  commit: (commits, now) => commit(session, commits, now),
  signal: (signals) => signal(session, signals),
  writeDocuments: (writes) => writeDocuments(session, writes),
  erase: (leadId, pseudonym) => erase(session, leadId, pseudonym),
  prune: (endedBefore) => prune(session, endedBefore),
  close: () => close(session),
})

/** The driver of a process that only looks. */
export const observerOf = (session: Session, wakeups: NonNullable<StorageDriver["wakeups"]>): StorageDriver => ({
  ...observing(session),
  wakeups,
  enroll: () => refuse("enroll"),
  claimDue: () => refuse("claimDue"),
  renew: () => refuse("renew"),
  release: () => refuse("release"),
  commit: () => refuse("commit"),
  signal: () => refuse("signal"),
  writeDocuments: () => refuse("writeDocuments"),
  erase: () => refuse("erase"),
  prune: () => refuse("prune"),
  close: () => close(session),
})
