import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import process, { env as ownEnvironment } from "node:process"

const Line = Schema.fromJsonString(
  Schema.Struct({
    question: Schema.optionalKey(Schema.Struct({ callId: Schema.String, tool: Schema.String, input: Schema.Unknown })),
    event: Schema.optionalKey(Schema.Struct({ event: Schema.Struct({ _tag: Schema.String }) })),
    error: Schema.optionalKey(Schema.String)
  })
)
const decode = Schema.decodeUnknownSync(Line)

/** A home whose configuration requires approval for reading files, and a workspace with a file. */
const surroundings = Effect.acquireRelease(
  Effect.sync(() => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "parley-host-")))
    const [home, workspace] = [join(root, "home"), join(root, "ws")]
    mkdirSync(join(home, ".config/parley"), { recursive: true })
    mkdirSync(workspace)
    writeFileSync(join(home, ".config/parley/config.json"), '{"permissions":{"workspace__read_file":"ask"}}')
    writeFileSync(join(workspace, "a.txt"), "from the file\n")
    return { root, home, workspace }
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

/** Runs the host for one message, answers its question, and returns the lines that it wrote. */
const conversation = ({ home, workspace }: { readonly home: string; readonly workspace: string }, allow: boolean) =>
  Effect.callback<ReadonlyArray<string>>((resume) => {
    const host = spawn(process.execPath, [resolve(import.meta.dirname, "../host.ts"), workspace], {
      env: { PATH: ownEnvironment["PATH"], HOME: home },
      stdio: ["pipe", "pipe", "inherit"]
    })
    const seen: Array<string> = []
    let rest = ""
    const say = (line: unknown) => host.stdin.write(`${JSON.stringify(line)}\n`)
    host.stdout.on("data", (data: Buffer) => {
      const lines = (rest + data.toString()).split("\n")
      rest = lines.pop() ?? ""
      seen.push(...lines)
      for (const line of lines) {
        const { event, question } = decode(line)
        if (question !== undefined) say({ approve: question.callId, allow })
        if (event?.event._tag === "RoundCompleted") host.stdin.end()
      }
    })
    host.on("close", () => resume(Effect.succeed(seen)))
    host.stdin.write("this is no JSON\n")
    say({ message: "read a.txt" })
    return Effect.sync(() => host.kill("SIGKILL"))
  })

it.live("a second host runs a round and answers an approval through the Questions port", () =>
  Effect.gen(function* () {
    const here = yield* surroundings
    const allowed = yield* conversation(here, true)
    const { question } = decode(allowed.find((line) => line.startsWith('{"question"')) ?? "{}")
    assert.deepStrictEqual(question, { callId: "r1t1c1", tool: "workspace__read_file", input: { path: "a.txt" } })
    assert.match(allowed.join("\n"), /"_tag":"ToolSettled".*from the file/)
    assert.include(allowed.at(-1) ?? "", "RoundCompleted")
    assert.isTrue(
      allowed.some((line) => decode(line).error === "unreadable"),
      "a line that is no JSON"
    )
    const denied = yield* conversation(here, false)
    assert.match(denied.join("\n"), /"_tag":"Denied","reason":"the user said no"/)
    assert.notInclude(denied.join("\n"), "from the file")
  })
)
