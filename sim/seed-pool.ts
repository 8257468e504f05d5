import { Worker } from "node:worker_threads"
import type { SeedReport } from "./seed-report.ts"

/** Runs seeds over a few threads, and hears of each as soon as it is done. */
export const runSeeds = async (
  seeds: Iterable<number>,
  threads: number,
  onReport: (report: SeedReport) => void,
): Promise<void> => {
  const iterator = seeds[Symbol.iterator]()
  const workOff = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./seed-worker.ts", import.meta.url))
      const next = (): void => {
        const { done, value } = iterator.next()
        if (done === true) worker.terminate().then(() => resolve(), reject)
        else worker.postMessage(value)
      }
      worker.on("error", reject)
      worker.on("message", (report: SeedReport) => {
        onReport(report)
        next()
      })
      next()
    })
  await Promise.all(Array.from({ length: threads }, workOff))
}
