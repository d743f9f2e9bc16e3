import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { env as inherited } from "node:process"
import { Effect } from "effect"
import { main, place } from "./support/Cli.ts"
import { ending, keyed, provider, streaming } from "./support/Provider.ts"
import { eventually } from "./support/Terminal.ts"

describe("piping", () => {
  it.live("a failing standard output is reported, and the response is stored", () =>
    Effect.gen(function* () {
      const here = yield* place
      const model = yield* provider(200, streaming + ending)
      const full = openSync("/dev/full", "w")
      const child = spawn(process.execPath, [main, "run", "hi"], {
        cwd: here.workspace,
        env: { PATH: inherited["PATH"], HOME: here.home, ...keyed(model.url) },
        stdio: ["ignore", full, "pipe"]
      })
      closeSync(full)
      let errors = ""
      child.stderr?.on("data", (data: Buffer) => (errors += data.toString()))
      yield* eventually("its end", () => child.exitCode !== null && child.stderr?.readableEnded === true)
      assert.strictEqual(child.exitCode, 1)
      const lines = errors
        .trim()
        .split("\n")
        .filter((line) => !line.startsWith("session "))
      assert.deepStrictEqual(lines, [
        "parley: cannot write to standard output (ENOSPC); everything stored so far is kept"
      ])
    })
  )

  it.live("piped input that is added to a message is reported, but not if it is the whole message", () =>
    Effect.gen(function* () {
      const here = yield* place
      const told =
        /^parley: standard input was read to its end and added to the message \(4 characters\); --no-stdin leaves it unread/m
      assert.match((yield* here.run(["run", "look at a"], { input: "b\nc\n" })).stderr, told)
      assert.notInclude((yield* here.run(["run"], { input: "b\nc\n" })).stderr, "standard input")
      assert.notInclude((yield* here.run(["run", "look at a"])).stderr, "standard input")
    })
  )

  it.live("an invalid message is rejected before a session is created", () =>
    Effect.gen(function* () {
      const here = yield* place
      for (const [args, input, words] of [
        [["run", "hi"], "\0\0", /not text/],
        [["run"], " \n\t", /No message/],
        [["run", "and this"], "a".repeat(9_999_999), /the limit is 10000000/]
      ] as const) {
        const ended = yield* here.run([...args], { input })
        assert.strictEqual(ended.code, 2, ended.stderr)
        assert.match(ended.stderr, words)
      }
      const { stdout } = yield* here.run(["sessions", "list", "-f", "json"])
      assert.strictEqual(stdout, "[]\n", "a rejected message leaves no session")
    })
  )

  it.live("a pipe is read only as fast as its lines are handled, and two presses of Ctrl-C end the conversation", () =>
    Effect.gen(function* () {
      const here = yield* place
      const model = yield* provider(200, streaming, true)
      const child = spawn(process.execPath, [main, "chat"], {
        cwd: here.workspace,
        env: { PATH: inherited["PATH"], HOME: here.home, ...keyed(model.url) },
        stdio: ["pipe", "pipe", "pipe"]
      })
      let output = ""
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (data: Buffer) => (output += data.toString()))
      child.stdin.on("error", () => {})
      const block = Buffer.from("hello\n".repeat(10_000))
      let blocks = 0
      const more = (): void => {
        blocks++
        if (child.stdin.write(block)) more()
        else child.stdin.once("drain", more)
      }
      more()
      yield* eventually(
        "the answer",
        () => output.includes("Thinking"),
        () => output
      )
      // As long as it took to come so far, it could have read a great deal by now.
      yield* Effect.sleep(500)
      assert.isBelow(blocks * block.length, 2_000_000)
      child.kill("SIGINT")
      yield* eventually(
        "the cancel",
        () => output.includes("parley: cancelled"),
        () => output
      )
      yield* Effect.sleep(60)
      child.kill("SIGINT")
      yield* eventually(
        "its end",
        () => child.exitCode !== null,
        () => output
      )
      assert.strictEqual(child.exitCode, 130)
    })
  )
})
