import { execFileSync } from "node:child_process"
import { appendFileSync, mkdirSync, truncateSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { Case } from "../suite.ts"
import { type Place, place, shown, shows } from "./place.ts"

/** By name, and by a pattern that finds it. */
const skippedAs = (here: Place, name: string, reason: string) =>
  Effect.gen(function* () {
    here.put("good.md", "Good.")
    for (const include of [["good.md", name], ["*"], ["**/*", name]]) {
      here.include(include)
      yield* shows(here, { "good.md": "Good." }, { [name]: reason })
    }
  })

const made = (
  name: string,
  file: string,
  reason: string,
  make: (path: string) => void,
  needs: Case["needs"] = []
): Case => ({
  id: "F01",
  name,
  needs,
  run: Effect.gen(function* () {
    const here = yield* place
    make(here.put(file, ""))
    yield* skippedAs(here, file, reason)
  })
})

const tooLarge = (bytes: number) =>
  `is larger than 65536 tokens (it has an estimated ${bytes / 4}); maxFileTokens sets the limit`

const inPlaceOf =
  (command: string, ...args: ReadonlyArray<string>) =>
  (path: string) =>
    void execFileSync("sh", ["-c", `rm "$0" && ${command} "$0" ${args.join(" ")}`, path])

const socket: Case = {
  id: "F01",
  name: "a socket",
  run: Effect.gen(function* () {
    const here = yield* place
    yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer().listen(join(here.workspace, "socket"), () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
    )
    yield* skippedAs(here, "socket", "is a socket, not a regular file")
  })
}

const growing: Case = {
  id: "F01",
  name: "one that grows while it is read: a whole state of it, or nothing",
  run: Effect.gen(function* () {
    const here = yield* place
    const path = here.put("log", "x".repeat(100_000))
    here.include(["log"])
    const grow = Effect.forever(
      Effect.andThen(
        Effect.sync(() => appendFileSync(path, "y".repeat(10))),
        Effect.yieldNow
      )
    )
    const growing = yield* Effect.forkChild(grow, { startImmediately: true })
    for (let i = 0; i < 3; i++) {
      const { seen } = yield* shown(here)
      if (seen.files["log"] === undefined) {
        const reason = seen.skipped["log"] ?? ""
        assert.match(reason, /^(changed while it was being read|is larger than .*)$/)
      } else assert.match(seen.files["log"], /^x{100000}(y{10})*$/)
    }
    yield* Fiber.interrupt(growing)
    here.put("log", "At rest.")
    yield* shows(here, { log: "At rest." })
  })
}

const kernel: Case = {
  id: "F01",
  name: "a file of the kernel, mounted into the workspace",
  needs: ["linux", "root", "mounts"],
  run: Effect.gen(function* () {
    const here = yield* place
    const proc = join(here.workspace, "proc")
    mkdirSync(proc)
    yield* Effect.acquireRelease(
      Effect.sync(() => void execFileSync("mount", ["-t", "proc", "proc", proc])),
      () => Effect.sync(() => void execFileSync("umount", ["--lazy", proc]))
    )
    here.put("good.md", "Good.")
    here.include(["good.md", "proc/version", "proc/kmsg", "proc/1/mem"])
    const reason = "is made by the system while it is read, not a regular file"
    const { seen } = yield* shown(here)
    assert.strictEqual(seen.skipped["proc/version"], reason)
    assert.deepStrictEqual(seen.files, { "good.md": "Good." })
    assert.strictEqual(Object.keys(seen.skipped).length, 3)
    here.include(["good.md", "proc/version"])
    yield* shows(here, { "good.md": "Good." }, { "proc/version": reason })
  })
}

export const kinds: ReadonlyArray<Case> = [
  made("binary", "image.png", "is binary", (path) =>
    appendFileSync(path, Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 1]))
  ),
  made("one of 1 GB, and a sparse one of 1 TB", "huge", tooLarge(2 ** 40), (path) => {
    truncateSync(path, 2 ** 30)
    truncateSync(path, 2 ** 40)
  }),
  growing,
  made("a named pipe", "pipe", "is a named pipe, not a regular file", inPlaceOf("mkfifo")),
  socket,
  made("a device", "zero", "is a device, not a regular file", inPlaceOf("mknod", "c", "1", "5"), ["linux", "root"]),
  kernel
]
