import { openStore, type StoreHandle } from "sendstate"
import { findStoreFile, shownStore, storageOfFile } from "./store-file.ts"

/** Arguments that every command on a database has. */
export const storeArgs = {
  db: {
    type: "string",
    valueHint: "FILE",
    description: "Database: a file, or postgres://... Default: SENDSTATE_DB, else the one .db file in this folder",
  },
  json: { type: "boolean", description: "One JSON object on the last line of stdout" },
} as const

/** Arguments of commands that change something. */
export const changeArgs = {
  yes: { type: "boolean", description: "Do not ask" },
  ...storeArgs,
} as const

/** Opens the database that was asked for beside its owner, and closes it after use. */
export const withStore = async <Result>(
  asked: string | undefined,
  use: (store: StoreHandle, file: string) => Promise<Result>,
): Promise<Result> => {
  const file = await findStoreFile(asked)
  const store = await openStore(await storageOfFile(file))
  try {
    return await use(store, shownStore(file))
  } finally {
    await store.close()
  }
}
