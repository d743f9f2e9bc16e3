import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process, { env as own } from "node:process"
import { Effect } from "effect"
import * as ProcessTable from "../src/ProcessTable.ts"
import { self } from "../src/Self.ts"

/** A process that does nothing, of that name and with that environment. */
const sleeping = Effect.fnUntraced(function* (name: string, env: { readonly [name: string]: string } = {}) {
  const dir = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-table-"))),
    (dir) => Effect.sync(() => rmSync(dir, { recursive: true }))
  )
  const program = join(dir, name)
  symlinkSync("/bin/sleep", program)
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(program, ["60"], { env, detached: true, stdio: "ignore" })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  return child.pid ?? 0
})

describe.skipIf(process.platform !== "linux")("a process in Linux's process table", () => {
  it.live("is read after a name that looks like the rest of the line", () =>
    Effect.gen(function* () {
      const pid = yield* sleeping("a) Z 1 2 (b")
      assert.include(readFileSync(`/proc/${pid}/stat`, "utf8"), "(a) Z 1 2 (b)")
      const info = ProcessTable.infoOf(pid)
      assert.deepInclude(info, { pid, parent: process.pid, group: pid })
      assert.isTrue(ProcessTable.isAlive(info))
      assert.isAtLeast(Number(info?.started), Number(ProcessTable.infoOf(process.pid)?.started))
      assert.include(ProcessTable.allPids(), pid)
      assert.isTrue(ProcessTable.isOwnUser(pid))
    })
  )

  it.live("has the variable with which it was started, however large the environment is", () =>
    Effect.gen(function* () {
      const long = `${"x".repeat(100_000)}=y`
      const pid = yield* sleeping("sleeper", { XNAME: "other", LONG: long, NAME: "a=b", NAMES: "more", EMPTY: "" })
      const valueOf = (name: string) => ProcessTable.variableOf(pid, name)
      assert.strictEqual(valueOf("NAME"), "a=b")
      assert.isTrue(valueOf("LONG") === long)
      assert.strictEqual(valueOf("EMPTY"), "")
      for (const name of ["NAM", "AME", "", "b"]) assert.isUndefined(valueOf(name), name)
      const open = () => readdirSync("/proc/self/fd").length
      const before = open()
      for (let i = 0; i < 100; i++) valueOf("NAME")
      assert.isBelow(open(), before + 50, "files stay open")
    })
  )

  it("is undefined for one that does not exist", () => {
    assert.isUndefined(ProcessTable.infoOf(4_194_305))
    assert.isUndefined(ProcessTable.variableOf(4_194_305, "PATH"))
    assert.isFalse(ProcessTable.isOwnUser(4_194_305))
    assert.isFalse(ProcessTable.isAlive(undefined))
  })

  it("distinguishes running processes from zombies", () => {
    const info = { pid: 1, parent: 0, group: 1, started: "1" }
    for (const state of ["R", "S", "D", "T"]) assert.isTrue(ProcessTable.isAlive({ ...info, state }), state)
    for (const state of ["Z", "X"]) assert.isFalse(ProcessTable.isAlive({ ...info, state }), state)
  })

  it("identifies the system by its boot and its container", () => {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
    assert.match(ProcessTable.system ?? "", new RegExp(`^${boot} pid:\\[\\d+\\]$`))
  })
})

describe.skipIf(process.platform === "win32")("the user of this process", () => {
  it("is its current effective user and group, and the user who ran sudo", () => {
    const before = own["SUDO_UID"]
    try {
      own["SUDO_UID"] = "77"
      assert.deepInclude(self(), { uid: process.geteuid?.(), gid: process.getegid?.(), sudoUid: "77" })
      delete own["SUDO_UID"]
      assert.isUndefined(self().sudoUid)
    } finally {
      if (before !== undefined) own["SUDO_UID"] = before
    }
  })

  it("has a name, a home with an owner, and groups", () => {
    const { groups, homeOwner, userName } = self()
    assert.isAbove(userName().length, 0)
    assert.strictEqual(homeOwner(), statSync(own["HOME"] ?? "/").uid)
    assert.strictEqual(groups(), readFileSync("/etc/group", "utf8"))
  })
})
