import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import * as fsp from "node:fs/promises"
import { Worker } from "node:worker_threads"
import * as Files from "../src/files/Files.ts"
import * as SafeFile from "../src/disk/SafeFile.ts"
import * as Prompt from "../src/project/Prompt.ts"
import { json, put, temporary } from "./support.ts"

/** A workspace full of ways out. Only what is in it says INSIDE. */
const world = Effect.map(temporary, (directory) => {
  const root = `${directory}/ws`
  for (const outside of ["f", "d/f", "ws-evil/f", "ws-evil/d/f"]) put(directory, outside, "SECRET")
  for (const inside of ["f", "d/f", "d/d/f", "~/f"]) put(root, inside, "INSIDE")
  const links = { up: "..", evil: "../ws-evil", in: "d", file: "../f", "d/up": "../..", "d/top": "..", loop: "loop" }
  for (const [name, target] of Object.entries(links)) fs.symlinkSync(target, `${root}/${name}`)
  fs.symlinkSync(directory, `${root}/absolute`)
  return { directory, root }
})

const segments = ["..", ".", "", "f", "d", "up", "evil", "in", "file", "top", "loop", "absolute", "~", "ws", "ws-evil"]
const Segment = Schema.Literals([...segments, "*", "**", "?", "{f,..}", "[.][.]", "..\\..", "\\.."])
const Path = Schema.Array(Segment)

it.effect.prop(
  "no path leads to the contents of a file outside",
  [Schema.Array(Path), Schema.Boolean],
  ([paths, absolute]) =>
    Effect.gen(function* () {
      const { directory, root } = yield* world
      const include = paths.slice(0, 12).map((path) => (absolute ? `${directory}/` : "") + path.join("/"))
      put(root, ".parley/context.json", json({ include }))
      const { files, skipped } = yield* Files.read(root)
      for (const { path, text } of files) {
        assert.strictEqual(text, "INSIDE", path)
        assert.isTrue(fs.realpathSync(`${root}/${path}`).startsWith(`${root}/`), path)
      }
      // Every entry is accounted for: it gave files, or a reason why not.
      if (include.length > 0) assert.isAbove(files.length + skipped.length, 0)

      for (const file of include.slice(0, 3).filter((path) => path !== "")) {
        put(root, ".parley/prompt.json", json({ instructions: { file } }))
        const { instructions } = yield* Effect.orElseSucceed(Prompt.read(root), () => ({ instructions: "INSIDE" }))
        assert.strictEqual(instructions, "INSIDE", file)
      }
    }).pipe(Effect.scoped),
  { arbitrary: { runs: 100 } }
)

/** Swaps the directory `d` for a link that leads out and back, at random moments, on a thread of its own. */
const swapper = `
  const fs = require("node:fs")
  const { workerData: root } = require("node:worker_threads")
  const clock = new Int32Array(new SharedArrayBuffer(4))
  const pause = () => Atomics.wait(clock, 0, 0, Math.random() * 0.4)
  const swap = () => {
    for (let i = 0; i < 20; i++) {
      fs.renameSync(root + "/d", root + "/real")
      fs.renameSync(root + "/trap", root + "/d")
      pause()
      fs.renameSync(root + "/d", root + "/trap")
      fs.renameSync(root + "/real", root + "/d")
      pause()
    }
    setImmediate(swap)
  }
  swap()`

it.live("no file is read through a directory that is being replaced by a link", () =>
  Effect.gen(function* () {
    const { root } = yield* world
    fs.symlinkSync("../ws-evil/d", `${root}/trap`)
    yield* Effect.acquireRelease(
      Effect.sync(() => new Worker(swapper, { eval: true, workerData: root })),
      (worker) => Effect.promise(() => worker.terminate())
    )
    const outcomes = new Map<string, number>()
    const attempt = SafeFile.read(`${root}/d/f`, { limit: 100, within: root }).pipe(
      Effect.match({
        onFailure: ({ code }) => code,
        onSuccess: ({ bytes }) => Buffer.from(bytes).toString()
      }),
      Effect.tap((outcome) => Effect.sync(() => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)))
    )
    yield* Effect.forEach(Array.from({ length: 500 }), () => attempt, { discard: true })
    // Elsewhere there is no way to ask where an open file lies, and the guarantee is less than that.
    assert.isAtMost(outcomes.get("SECRET") ?? 0, process.platform === "linux" ? 0 : 10)
    assert.isAbove(outcomes.get("INSIDE") ?? 0, 0)
    assert.isAbove(outcomes.get("OUTSIDE") ?? 0, 0)
  })
)

it.live("F07: a file is read completely, as it was at one moment, or skipped", () =>
  Effect.gen(function* () {
    const { root } = yield* world
    put(root, ".parley/context.json", json({ include: ["log", "replaced"] }))
    const versions = ["a".repeat(50_000), "b".repeat(90_000)]
    put(root, "log", versions[0] ?? "")
    put(root, "replaced", versions[0] ?? "")
    let i = 0
    const change = Effect.forever(
      Effect.promise(() => {
        const text = versions[i++ % 2] ?? ""
        return fsp
          .writeFile(`${root}/next`, text)
          .then(() => fsp.rename(`${root}/next`, `${root}/replaced`))
          .then(() => fsp.appendFile(`${root}/log`, "c"))
      }).pipe(Effect.uninterruptible)
    )
    const changing = yield* Effect.forkChild(change, { startImmediately: true })
    let whole = 0
    for (let round = 0; round < 100; round++) {
      const { files, skipped } = yield* Files.read(root)
      for (const { path, text } of files) {
        if (path === "replaced") assert.isTrue(versions.includes(text), `${text.length} characters`)
        else assert.match(text, /^a{50000}c*$/)
        whole++
      }
      for (const { reason } of skipped) assert.strictEqual(reason, "changed while it was being read")
    }
    yield* Fiber.interrupt(changing)
    assert.isAbove(whole, 20)
  })
)
