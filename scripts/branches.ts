// Measures what a session sends while the person switches between the commits of a repository, with diffs and without.
// usage: pnpm branches [--rounds 60] [--include "crates/**/*.rs"] [--spacing 8] [--write] CLONE
// The clone is not touched: commits are checked out in a copy. With --write the table goes to docs/evidence/branches.md.
// Exits with 1 if a request does not lead to the current content of a file.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { release, tmpdir, type } from "node:os"
import { basename, join } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { FilesManager, type WorkspaceFile } from "../packages/domain/src/FilesManager.ts"
import { McpManager } from "../packages/domain/src/McpManager.ts"
import { type ModelInfo, type ModelRequest, ModelsManager } from "../packages/domain/src/ModelsManager.ts"
import { PromptManager } from "../packages/domain/src/PromptManager.ts"
import { SessionManager } from "../packages/domain/src/SessionManager.ts"
import { patched } from "../packages/prompt/src/FileChange.ts"
import { FileDiffs } from "../packages/session/src/context/EarlierFiles.ts"
import { SessionCoordinator } from "../packages/session/src/round/SessionCoordinator.ts"
import { Chunks, ScriptedModel } from "../packages/testing/src/index.ts"
import * as Files from "../packages/workspace/src/files/Files.ts"

const { positionals, values } = parseArgs({
  options: {
    rounds: { type: "string", default: "60" },
    include: { type: "string", default: "crates/**/*.rs" },
    spacing: { type: "string", default: "8" },
    write: { type: "boolean", default: false }
  },
  allowPositionals: true
})
const [clone = "."] = positionals
const [rounds, spacing] = [Number(values.rounds), Number(values.spacing)]
const window = 600_000

const git = (root: string, ...args: ReadonlyArray<string>): string =>
  execFileSync("git", ["-C", root, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "ignore"]
  })

/** Two lines of development: every other round goes back to the older one, and both move on. */
const commitsOf = (root: string): ReadonlyArray<string> => {
  const all = git(root, "rev-list", "--first-parent", "HEAD").trim().split("\n")
  return Array.from({ length: rounds }, (_, i) => {
    const step = Math.floor(i / 2) * spacing
    return all[Math.max(0, rounds * spacing - step + (i % 2 === 0 ? 0 : 5))] ?? all.at(-1) ?? "HEAD"
  })
}

const bodyOf = ({ messages, system, tools }: ModelRequest): Buffer =>
  Buffer.from(
    JSON.stringify(tools) + JSON.stringify(system) + messages.map((message) => JSON.stringify(message)).join(",")
  )

const common = (a: Buffer, b: Buffer): number => {
  let [from, to] = [0, Math.min(a.length, b.length)]
  while (from < to) {
    const middle = Math.ceil((from + to) / 2)
    if (a.subarray(from, middle).equals(b.subarray(from, middle))) from = middle
    else to = middle - 1
  }
  return from
}

/** What a request shows of each file, whole or by diffs. */
const shownIn = (request: ModelRequest): ReadonlyMap<string, string | undefined> => {
  const texts = [
    request.system,
    ...request.messages.flatMap(({ content }) =>
      content.flatMap((block) => (block._tag === "Text" ? [block.text] : []))
    )
  ].join("\n\n")
  const shown = new Map<string, string | undefined>()
  for (const [, tag, , name = "", inside = ""] of texts.matchAll(
    /<(file|file-change)-([0-9a-f]{8}) path="([^"]*)">\n([\s\S]*?)\n<\/\1-\2>/g
  )) {
    const before = shown.get(name)
    shown.set(name, tag === "file" ? inside : before === undefined ? undefined : patched(before, inside))
  }
  return shown
}

interface Result {
  readonly name: string
  readonly bytes: number
  readonly same: number
  readonly fresh: number
  readonly naive: number
  readonly breaks: number
  readonly diffs: number
  readonly refused: number
  readonly wrong: number
  readonly millis: number
}

const run = (root: string, commits: ReadonlyArray<string>, diffs: boolean) => {
  const requests: Array<ModelRequest> = []
  const info: ModelInfo = { ref: ScriptedModel.ref, description: "Says ok", maxOutput: 8000, contextWindow: window }
  const models = Layer.succeed(ModelsManager, {
    models: Effect.succeed([info]),
    preferred: Effect.succeed(info.ref),
    describe: () => Effect.succeed(info),
    stream: (request) =>
      Stream.suspend(() => {
        requests.push(request)
        const usage = { inputTokens: Math.ceil(bodyOf(request).length / 4) }
        const answer = ScriptedModel.turn(Chunks.text(0, "ok"), [Chunks.finish()])
        return Stream.map(answer, (chunk) =>
          chunk._tag === "Finish" ? { ...chunk, usage: { ...chunk.usage, ...usage } } : chunk
        )
      })
  })
  const layer = SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      models,
      McpManager.layerMemory({}),
      SessionManager.layerMemory,
      PromptManager.layerMemory({ instructions: "Be brief." })
    ]),
    Layer.provideMerge(Files.layer({ root }))
  )
  return Effect.gen(function* () {
    const coordinator = yield* SessionCoordinator
    const files = yield* FilesManager
    const { id: sessionId } = yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({}))
    let [bytes, same, fresh, naive, breaks, refused, wrong, millis] = [0, 0, 0, 0, 0, 0, 0, 0]
    let before: Buffer = Buffer.alloc(0)
    for (const [round, commit] of commits.entries()) {
      git(root, "checkout", "-q", "--force", commit)
      mkdirSync(join(root, ".parley"), { recursive: true })
      writeFileSync(join(root, ".parley/context.json"), JSON.stringify({ include: values.include.split(",") }))
      const count = requests.length
      const started = performance.now()
      const outcome = yield* Effect.result(
        coordinator.handleMessage({ sessionId, request: `What about round ${round}?` })
      )
      millis += performance.now() - started
      const request = requests.at(-1)
      if (
        outcome._tag === "Failure" ||
        outcome.success.status !== "completed" ||
        request === undefined ||
        requests.length === count
      ) {
        refused += 1
        continue
      }
      const now = bodyOf(request)
      const prefix = common(before, now)
      bytes += now.length
      same += prefix
      fresh += now.length - prefix
      // The brackets around the last message differ.
      if (round > 0 && prefix < before.length - 8) breaks += 1
      before = now
      const current: ReadonlyArray<WorkspaceFile> = (yield* files.read).files
      const shown = shownIn(request)
      wrong += current.filter(({ path, text }) => shown.get(path) !== text).length
      // A naive client sends all files with each message, and the conversation.
      naive += current.reduce((sum, { path, text }) => sum + Buffer.byteLength(path) + Buffer.byteLength(text), 0)
    }
    const shownAsDiffs = requests.reduce(
      (most, one) => Math.max(most, bodyOf(one).toString().split("<file-change-").length - 1),
      0
    )
    const name = diffs ? "with diffs" : "without diffs"
    return { name, bytes, same, fresh, naive, breaks, diffs: shownAsDiffs, refused, wrong, millis } satisfies Result
    // @effect-diagnostics-next-line strictEffectProvide:off -- this is where the script begins
  }).pipe(Effect.provide(layer), Effect.provideService(FileDiffs, diffs), Effect.scoped, Effect.runPromise)
}

const root = mkdtempSync(join(tmpdir(), "parley-branches-"))
try {
  const copy = join(root, basename(clone))
  execFileSync("git", ["clone", "-q", "--shared", clone, copy])
  const commits = commitsOf(copy)
  const results = [await run(copy, commits, true), await run(copy, commits, false)]
  const number = (n: number): string => Math.round(n).toLocaleString("en-US")
  const row = ({ breaks, bytes, diffs, fresh, millis, naive, name, refused, same, wrong }: Result): string =>
    `| ${name} | ${number(bytes)} | ${((100 * same) / bytes).toFixed(1)} % | ${number(fresh)} | ${number(naive)} | ${(naive / fresh).toFixed(1)} | ${breaks} | ${diffs} | ${refused} | ${wrong} | ${number(millis / rounds)} |`
  const text = `# Switching between branches

\`pnpm branches --rounds ${rounds} --include "${values.include}" --spacing ${spacing} ${basename(clone)}\`, ${new Intl.DateTimeFormat("sv").format()}, Node ${process.versions.node}, ${type()} ${release()}.

A session of ${rounds} messages in a copy of a public repository. Before each, another commit is checked out: two lines of development in
turns, both moving on by ${spacing} commits. All files that the pattern finds are part of the context; the model takes ${number(window)} tokens. "The same" is
the share of the bytes with which the request before began, so that a provider's cache serves it; "new" is the rest. A naive client
sends all files with each message. A break is a request that does not begin with the one before it: a new baseline. "Wrong" counts files whose
content, as the request shows it whole or by diffs, is not that on the disk.

| | bytes sent | the same | new bytes | naive bytes | naive to new | breaks | diffs in one request | refused | wrong | ms a round |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${results.map(row).join("\n")}
`
  console.log(text)
  if (values.write) writeFileSync(join(import.meta.dirname, "../docs/evidence/branches.md"), text)
  process.exitCode = results.every(({ refused, wrong }) => refused + wrong === 0) ? 0 : 1
} finally {
  rmSync(root, { recursive: true, force: true })
}
