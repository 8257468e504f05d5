import type { Commit, CommitResult, Storage, StorageDriver } from "../../src/sdk/index.ts"

/** Who judges what a storage grants. */
export interface WatchedWorld {
  readonly acknowledged: { readonly forbids: (id: string) => string | undefined }
  readonly violate: (promise: string, evidence: string) => void
}

/** Lets the world's checks see each intent that a storage grants. */
export const watchedStorage = (world: WatchedWorld, storage: Storage): Storage => {
  const watch = (driver: StorageDriver): StorageDriver =>
    new Proxy(driver, {
      get: (target, name) => {
        const method = Reflect.get(target, name, target)
        if (name !== "commit") return typeof method === "function" ? method.bind(target) : method
        return (commits: ReadonlyArray<Commit>, now: number) => {
          // A promise that was given before the commit was asked for must be kept by it.
          const forbidden = commits.map((commit) =>
            commit.intent === null ? undefined : world.acknowledged.forbids(commit.id),
          )
          const judge = (results: ReadonlyArray<CommitResult>): ReadonlyArray<CommitResult> => {
            for (const [index, result] of results.entries()) {
              const promise = forbidden[index]
              const id = commits[index]?.id ?? ""
              if (result.type === "ok" && promise !== undefined && world.acknowledged.forbids(id) === promise)
                world.violate(`no send after an acknowledged ${promise}`, `the intent of ${id} was granted`)
            }
            return results
          }
          const answer = target.commit(commits, now)
          return answer instanceof Promise ? answer.then(judge) : judge(answer)
        }
      },
    })
  return {
    name: storage.name,
    capabilities: storage.capabilities,
    open: (options) => {
      const driver = storage.open(options)
      return driver instanceof Promise ? driver.then(watch) : watch(driver)
    },
  }
}
