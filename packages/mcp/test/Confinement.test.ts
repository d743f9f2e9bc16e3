import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { isInside } from "@parley/os/ConfinedFile"
import { confine, openConfined } from "../src/builtin/Confinement.ts"
import { directory } from "./support.ts"

/** `ws` is the workspace; its sibling `ws-evil` is not, although its name has the same prefix. */
const world = Effect.gen(function* () {
  const base = yield* directory
  const root = join(base, "ws")
  fs.mkdirSync(join(root, "sub", "deep"), { recursive: true })
  fs.mkdirSync(join(base, "ws-evil"))
  fs.writeFileSync(join(base, "ws-evil", "secret"), "TOP SECRET")
  fs.writeFileSync(join(base, "outside"), "TOP SECRET")
  fs.writeFileSync(join(root, "a.txt"), "inside")
  fs.writeFileSync(join(root, "..dots"), "inside")
  fs.symlinkSync("a.txt", join(root, "good-link"))
  fs.symlinkSync("sub", join(root, "good-directory"))
  fs.symlinkSync("../outside", join(root, "bad-link"))
  fs.symlinkSync("../ws-evil", join(root, "evil"))
  fs.symlinkSync("/etc", join(root, "sub", "etc"))
  fs.symlinkSync("loop-b", join(root, "loop-a"))
  fs.symlinkSync("loop-a", join(root, "loop-b"))
  fs.symlinkSync("nowhere", join(root, "dangling"))
  fs.symlinkSync("/dev/zero", join(root, "device"))
  execFileSync("mkfifo", [join(root, "fifo")])
  return root
})

describe("confinement", () => {
  it("compares whole path segments, not prefixes", () => {
    assert.isTrue(isInside("/ws", "/ws"))
    assert.isTrue(isInside("/ws", "/ws/a"))
    assert.isFalse(isInside("/ws", "/ws-evil/a"))
    assert.isFalse(isInside("/ws", "/w"))
    assert.isTrue(isInside("/", "/anything"))
  })

  const refused: ReadonlyArray<readonly [string, RegExp]> = [
    ["..", /cannot contain/],
    ["../outside", /cannot contain/],
    ["sub/../../outside", /cannot contain/],
    ["sub\\..\\..\\outside", /cannot contain/],
    ["/etc/passwd", /absolute/],
    ["\\\\server\\share", /absolute/],
    ["C:\\Windows", /absolute/],
    ["C:outside", /absolute/],
    ["//?/C:/Windows", /absolute/],
    ["file:///etc/passwd", /absolute/],
    ["~", /~ is not understood/],
    ["~root/.ssh", /~ is not understood/],
    ["a.txt\u0000.png", /NUL/],
    ["\ud83d", /Unicode/],
    ["bad-link", /leads out/],
    ["evil/secret", /leads out/],
    ["../ws-evil/secret", /cannot contain/],
    ["sub/etc/passwd", /leads out/],
    ["loop-a", /in a circle/],
    ["dangling", /There is no/],
    ["nothing", /There is no/],
    ["a.txt/below", /There is no/],
    ["device", /leads out/],
    ["fifo", /not a file/],
    ["x".repeat(5000), /cannot be read/],
    ["", /is a directory/],
    ["sub", /is a directory/]
  ]

  it.live("refuses paths outside the workspace, with a sentence for the model", () =>
    Effect.gen(function* () {
      const root = yield* world
      for (const [path, problem] of refused) {
        const { problem: said } = yield* Effect.flip(Effect.scoped(openConfined(root, path)))
        assert.match(said, problem, path)
        assert.isFalse(said.includes("TOP SECRET"), path)
      }
    })
  )

  it.live("permits files of the workspace, also through links that stay inside", () =>
    Effect.gen(function* () {
      const root = yield* world
      for (const [path, shown] of [
        ["a.txt", "a.txt"],
        ["./a.txt", "a.txt"],
        ["..dots", "..dots"],
        ["good-link", "a.txt"],
        ["good-directory/deep", "sub/deep"],
        ["", ""],
        [".", ""]
      ] as const) {
        assert.strictEqual((yield* confine(root, path)).shown, shown, path)
      }
    })
  )

  it.live("applies if the workspace itself is reached through a link", () =>
    Effect.gen(function* () {
      const root = yield* world
      const link = join(root, "..", "link-to-ws")
      fs.symlinkSync(root, link)
      assert.strictEqual((yield* openConfined(link, "a.txt")).size, 6)
      assert.match((yield* Effect.flip(confine(link, "bad-link"))).problem, /leads out/)
    })
  )

  it.live("refuses a socket without opening it", () =>
    Effect.gen(function* () {
      const root = yield* world
      yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer().listen(join(root, "socket"), () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      assert.match((yield* Effect.flip(openConfined(root, "socket"))).problem, /not a file/)
    })
  )

  it.live("never reads a file outside that replaces the path while it is opened", () =>
    Effect.gen(function* () {
      const root = yield* world
      // Swaps a directory and a link to the outside as fast as possible while files are opened through it.
      const inside = join(root, "swap")
      const spare = join(root, "spare")
      fs.mkdirSync(inside)
      fs.writeFileSync(join(inside, "secret"), "inside")
      const swap = Effect.sync(() => {
        fs.renameSync(inside, spare)
        fs.symlinkSync("../ws-evil", inside)
      }).pipe(
        Effect.andThen(Effect.yieldNow),
        Effect.andThen(
          Effect.sync(() => {
            fs.unlinkSync(inside)
            fs.renameSync(spare, inside)
          })
        ),
        Effect.andThen(Effect.yieldNow)
      )
      const read = Effect.scoped(
        Effect.flatMap(openConfined(root, "swap/secret"), ({ handle }) => Effect.promise(() => handle.readFile("utf8")))
      ).pipe(Effect.orElseSucceed(() => "refused"))
      yield* Effect.forkScoped(Effect.forever(swap))
      const seen = yield* Effect.forEach(Array.from({ length: 200 }), () => read)
      assert.isFalse(seen.includes("TOP SECRET"))
      assert.isTrue(seen.some((text) => text === "inside" || text === "refused"))
    })
  )
})
