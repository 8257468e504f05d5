/** Runs the seeds that it is handed, one after another, in a thread of its own. */
import { parentPort } from "node:worker_threads"
import { reportSeed } from "./seed-report.ts"

parentPort?.on("message", async (seed: number) => parentPort?.postMessage(await reportSeed(seed)))
