import { Effect } from "effect"
import { Worker } from "node:worker_threads"

const swapper = `
  const fs = require("node:fs")
  const { workerData: root } = require("node:worker_threads")
  const clock = new Int32Array(new SharedArrayBuffer(4))
  const swap = () => {
    for (let i = 0; i < 20; i++) {
      fs.renameSync(root + "/d", root + "/real")
      fs.renameSync(root + "/trap", root + "/d")
      Atomics.wait(clock, 0, 0, (i % 5) / 10)
      fs.renameSync(root + "/d", root + "/trap")
      fs.renameSync(root + "/real", root + "/d")
      Atomics.wait(clock, 0, 0, (i % 7) / 10)
    }
    setImmediate(swap)
  }
  swap()`

/** In a separate thread, swaps the directory `d` for the link `trap`, which leads out, and back, until the scope closes. */
export const swapping = (root: string) =>
  Effect.acquireRelease(
    Effect.sync(() => new Worker(swapper, { eval: true, workerData: root })),
    (worker) => Effect.promise(() => worker.terminate())
  )
