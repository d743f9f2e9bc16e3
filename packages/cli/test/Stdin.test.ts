import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { env as inherited, platform } from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Round } from "@parley/domain/Session"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { main, place } from "./support/Cli.ts"

const decodeRound = Schema.decodeUnknownSync(Schema.fromJsonString(Round))

/** Runs a script of the shell in which `list` holds the lines a, b and c, and `run` runs the command for a file of its own. */
const shell = Effect.fnUntraced(function* (script: string) {
  const here = yield* place
  writeFileSync(join(here.workspace, "list"), "a\nb\nc\n")
  const run = `run() { name=$1; shift; '${process.execPath}' '${main}' run -f json "$@" > "out.$name"; }`
  const { status, stderr } = spawnSync("bash", ["-c", `${run}\n${script}`], {
    cwd: here.workspace,
    env: { PATH: inherited["PATH"], HOME: here.home },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"]
  })
  assert.strictEqual(status, 0, stderr)
  /** The message of each run, as it was sent. */
  const sent = ["a", "b", "c"].map((name) => {
    const path = join(here.workspace, `out.${name}`)
    if (!existsSync(path)) return undefined
    return decodeRound(readFileSync(path, "utf8")).request.map((block) => (block._tag === "Text" ? block.text : ""))
  })
  return { sent, stderr }
})

const each = [["look at a"], ["look at b"], ["look at c"]]
const begun = /standard input is a file of which 2 bytes were already read/

describe("standard input of a run that has a message", () => {
  // Only Linux says how far a file has been read.
  it.live.runIf(platform === "linux")("a loop over the lines of a file keeps its lines", () =>
    Effect.gen(function* () {
      const { sent, stderr } = yield* shell(`while read x; do run "$x" "look at $x"; done < list`)
      assert.deepStrictEqual(sent, each)
      assert.match(stderr, begun)
    })
  )

  it.live.runIf(platform === "linux")("a script that the shell reads from a file is not added", () =>
    Effect.gen(function* () {
      const { sent } = yield* shell(
        `{ declare -f run; printf '%s\\n' 'run a "look at a"' 'run b "look at b"' 'run c "look at c"'; } > script; bash < script`
      )
      assert.deepStrictEqual(sent, each)
    })
  )

  it.live("--no-stdin leaves the lines of a pipe to the loop, without a notice", () =>
    Effect.gen(function* () {
      const { sent, stderr } = yield* shell(`cat list | while read x; do run "$x" "look at $x" --no-stdin; done`)
      assert.deepStrictEqual(sent, each)
      assert.notInclude(stderr, "standard input")
    })
  )

  it.live("a pipe is added, and so is a file from its beginning", () =>
    Effect.gen(function* () {
      const { sent } = yield* shell(`cat list | run a "look at"; run b "look at" < list`)
      assert.deepStrictEqual(sent, [["look at\n\na\nb\nc\n"], ["look at\n\na\nb\nc\n"], undefined])
    })
  )

  it.live("the rest of a file is the message if there is no other, and is added with --stdin", () =>
    Effect.gen(function* () {
      const { sent, stderr } = yield* shell(
        `{ read x; run a; } < list; { read x; run b "look at" --stdin; } < list; { read x; run c hi --no-stdin; } < list`
      )
      assert.deepStrictEqual(sent, [["b\nc\n"], ["look at\n\nb\nc\n"], ["hi"]])
      assert.notMatch(stderr, begun)
    })
  )

  it.live("--stdin waits for a slow pipe, and the notice of a silent pipe names it", () =>
    Effect.gen(function* () {
      const { sent, stderr } = yield* shell(`(sleep 9; cat list) | run a "look at" --stdin`)
      assert.deepStrictEqual(sent[0], ["look at\n\na\nb\nc\n"])
      assert.match(stderr, /added to the message \(6 characters\); --no-stdin leaves it unread/)
    })
  )

  it.live("--no-stdin without a message is rejected", () =>
    Effect.gen(function* () {
      const here = yield* place
      const ended = yield* here.run(["run", "--no-stdin"], { input: "hello" })
      assert.deepStrictEqual([ended.code, ended.stdout], [2, ""])
      assert.match(ended.stderr, /^parley: No message/m)
    })
  )
})
