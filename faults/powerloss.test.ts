import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, identity } from "effect"
import { barriers } from "../packages/harness/src/sessions/barriers.ts"
import { readStored } from "../scripts/crash/stored.ts"
import { Disk } from "../scripts/powerloss/disk.ts"
import { lay, wrong } from "../scripts/powerloss/judge.ts"
import { imageOf, losses } from "../scripts/powerloss/losses.ts"
import { record } from "../scripts/powerloss/record.ts"
import { type Op, Trace } from "../scripts/powerloss/trace.ts"
import { home } from "../packages/harness/src/sessions/home.ts"
import { missing } from "../packages/harness/src/disk/needs.ts"

// Tests the parts of `pnpm powerloss` itself: only synced data counts as durable.

const name = (name: string, file: number | undefined): Op => ({ _tag: "Name", names: [[name, file]] })
const write = (file: number, at: number, text: string): Op => ({ _tag: "Write", file, at, bytes: Buffer.from(text) })
const after = (...ops: ReadonlyArray<Op>): Disk => {
  const disk = new Disk()
  for (const op of ops) disk.do(op)
  return disk
}
const left = (disk: Disk) =>
  Object.fromEntries([...imageOf(disk, "nothing of it is there", Math.random, true)].map(([n, b]) => [n, b.toString()]))

describe("the disk", () => {
  const made = [name("parley.db", 0), { _tag: "SyncNames" }] satisfies ReadonlyArray<Op>

  it("guarantees only synced data", () => {
    const kept = [...made, write(0, 0, "abc"), { _tag: "Sync", file: 0 }] satisfies ReadonlyArray<Op>
    assert.deepStrictEqual(left(after(...made, write(0, 0, "abc"))), { "parley.db": "" })
    assert.deepStrictEqual(left(after(...kept)), { "parley.db": "abc" })
    assert.deepStrictEqual(left(after(...kept, write(0, 1, "x"), write(0, 5, "y"))), { "parley.db": "abc" })
    assert.deepStrictEqual(left(after(...kept, { _tag: "Sync", file: 1 })), { "parley.db": "abc" })
    const grown = [{ _tag: "Resize", file: 0, size: 1 }, write(0, 3, "z"), { _tag: "Sync", file: 0 }] as const
    assert.deepStrictEqual(left(after(...kept, ...grown)), { "parley.db": "a\0\0z" })
  })

  it("keeps a name after a sync of its directory, and a file keeps its content under another name", () => {
    const before = [name("parley.db.new", 0), write(0, 0, "abc"), { _tag: "Sync", file: 0 }] as const
    assert.deepStrictEqual(left(after(...before)), {})
    const moved: Op = {
      _tag: "Name",
      names: [
        ["parley.db", 0],
        ["parley.db.new", undefined]
      ]
    }
    assert.deepStrictEqual(left(after(...before, { _tag: "SyncNames" }, moved)), { "parley.db.new": "abc" })
    assert.deepStrictEqual(left(after(...before, moved, { _tag: "SyncNames" })), { "parley.db": "abc" })
  })

  it("may contain any part of the other data, in whole sectors", () => {
    const page = "n".repeat(1024)
    const disk = after(...made, write(0, 0, "o".repeat(2048)), { _tag: "Sync", file: 0 }, write(0, 512, page))
    const seen = new Set<string>()
    for (const loss of Object.keys(losses).filter((key): key is keyof typeof losses => key in losses))
      for (let n = 0; n < 40; n++) {
        const content = imageOf(disk, loss, Math.random).get("parley.db")?.toString("latin1") ?? ""
        // Bytes that were not written are unchanged.
        assert.strictEqual(content.slice(0, 512) + content.slice(1536), "o".repeat(1024), loss)
        seen.add(content[512] === content[1023] ? `${content[512]}${content[1024]}` : "mixed")
      }
    for (const state of ["oo", "no", "on", "nn", "\0\0", "mixed"]) assert.isTrue(seen.has(state), state)
  })
})

describe("a trace", () => {
  const hex = (text: string) =>
    [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")
  const on = (fd: number, path: string) => `${fd}<${hex(path)}>`
  const open = `7 openat(AT_FDCWD${on(3, "/").slice(1)}, "${hex("/d/parley.db")}", O_RDWR|O_CREAT, 0600) = ${on(5, "/d/parley.db")}`

  it("is parsed even if threads interleave, and other files are ignored", () => {
    const ops = new Trace("/d").read(
      [
        open,
        `7 openat(AT_FDCWD${on(3, "/").slice(1)}, "${hex("/d/other")}", O_RDWR|O_CREAT, 0600) = ${on(6, "/d/other")}`,
        `7 pwrite64(${on(5, "/d/parley.db")}, "${hex("ab")}", 2, 4096) = 2`,
        `8 pwrite64(${on(6, "/d/other")}, "${hex("ab")}", 2, 0 <unfinished ...>`,
        `7 fdatasync(${on(5, "/d/parley.db")} <unfinished ...>`,
        "8 <... pwrite64 resumed>) = 2",
        "7 <... fdatasync resumed>) = 0",
        `7 fsync(${on(5, "/d/parley.db")}) = -1 EIO (Input/output error)`,
        `7 write(${on(1, "pipe:[1]")}, "${hex("{}\n{}\n")}", 6) = 6`
      ].join("\n")
    )
    assert.deepStrictEqual(ops, [
      { _tag: "Name", names: [["parley.db", 0]] },
      { _tag: "Write", file: 0, at: 4096, bytes: Buffer.from("ab") },
      { _tag: "Sync", file: 0 },
      { _tag: "Told", lines: 2 }
    ])
  })

  it("with an unsupported call is refused", () => {
    const read = (line: string) => new Trace("/d").read(`${open}\n${line}`)
    assert.throws(() => read(`7 fallocate(${on(5, "/d/parley.db")}, 0, 0, 4096) = 0`), /fallocate on a file/)
    assert.throws(() => read(`7 symlink("${hex("/x")}", "${hex("/d/parley.db-wal")}") = 0`), /symlink on a file/)
    assert.throws(() => read(`7 pwrite64(${on(5, "/d/parley.db")}, "${hex("ab")}"..., 4, 0) = 4`), /recorded in part/)
  })
})

describe.skipIf(missing(["strace"]).length > 0)("a recording", () => {
  /** Events that are lost when the power is lost right after their acknowledgement, with the problems found. */
  const broken = (node: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const { data, root, scratch } = yield* home
      const recording = record(join(root, "live"), 1, ["dies", "reads", "dies"], node)
      const disk = new Disk()
      const found = new Map<string, ReadonlyArray<string>>()
      for (const op of recording.ops) {
        disk.do(op)
        const event = op._tag === "Told" ? recording.acknowledged[op.lines - 1]?.event._tag : undefined
        if (event === undefined) continue
        lay(data, imageOf(disk, "nothing of it is there", Math.random, true))
        const problems = yield* Effect.try({
          try: () => wrong(recording, disk.told, readStored({ data, scratch }).sessions[0]?.log ?? []),
          catch: (cause) => [`the database cannot be read: ${String(cause)}`]
        }).pipe(Effect.match({ onFailure: identity, onSuccess: identity }))
        if (problems.length > 0) found.set(event, problems)
      }
      return found
    })

  it.live("of the unchanged store keeps every acknowledged event", () =>
    Effect.map(broken([]), (found) => assert.deepStrictEqual([...found], []))
  )

  it.live("of a store that syncs nothing loses every acknowledged event", () =>
    Effect.gen(function* () {
      const plant = `${pathToFileURL(join(import.meta.dirname, "crash/plant.mjs")).href}?unsynced`
      const found = yield* broken(["--import", plant])
      for (const [event, needed] of Object.entries(barriers))
        if (needed) assert.match(found.get(event)?.[0] ?? "", new RegExp(`^${event} \\d+ was acknowledged`))
    })
  )
})
