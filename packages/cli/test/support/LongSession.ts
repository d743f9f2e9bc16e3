import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Engine from "@parley/app/Engine"
import * as EngineRecording from "@parley/app/EngineRecording"
import * as Setup from "@parley/app/Setup"
import { SessionManager } from "@parley/domain/SessionManager"
import * as Events from "@parley/harness/Events"
import { type Reply, serve } from "@parley/harness/SseServer"
import { apiError } from "@parley/harness/wire"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import { Effect, Stream } from "effect"
import { encode } from "./Caller.ts"

export const key = "sk-ant-key-of-the-recorded-session"

/** The bytes of a response in pieces that end anywhere, also within a character. */
const pieces = (text: string): ReadonlyArray<Uint8Array> => {
  const bytes = new TextEncoder().encode(text)
  return Array.from({ length: Math.ceil(bytes.length / 97) }, (_, i) => bytes.subarray(i * 97, (i + 1) * 97))
}

const reply = (text: string): Reply => ({ body: pieces(text) })

const thinking = (index: number, text: string): string =>
  Events.blockStart(index, { type: "thinking", thinking: "", signature: "" }) +
  Events.blockDelta(index, { type: "thinking_delta", thinking: text }) +
  Events.blockDelta(index, { type: "signature_delta", signature: "c2lnbmVk" }) +
  Events.blockStop(index)

const calling = (round: number): string =>
  Events.message(
    "tool_use",
    thinking(0, `Wird überlegt: ${round}`),
    Events.text(1, `Ich sehe ${round} Dateien an: éüß😀`),
    Events.toolUse(2, `toolu_${round}a`, "workspace__list_files", "{", "}"),
    Events.toolUse(3, `toolu_${round}b`, "workspace__read_file", '{"path":', round % 7 === 0 ? '"gone.md"}' : '"a.md"}')
  )

const answering = (round: number): string => Events.message("end_turn", Events.text(0, `Runde ${round} ist fertig.`))

/** The rounds of the session. In `retried`, the provider is overloaded first; in `cancelled`, it never ends its answer. */
export const rounds = 52
const retried = 3
export const cancelled = 20

const replies: ReadonlyArray<Reply> = Array.from({ length: rounds }, (_, i) => i + 1).flatMap((round) => {
  const overloaded: Reply = {
    status: 529,
    headers: { "content-type": "application/json" },
    body: [apiError("overloaded_error")]
  }
  const hanging: Reply = { body: pieces(calling(round).slice(0, 900)), last: "hang" }
  if (round === cancelled) return [hanging]
  const answered = [reply(calling(round)), reply(answering(round))]
  return round === retried ? [overloaded].concat(answered) : answered
})

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "parley-record-")))),
  (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

/**
 * Records a session of more than a hundred turns with the configured engine: thinking, parallel calls, calls that fail, a
 * retry, a cancellation, and a file that changes between rounds. The provider and the workspace are gone afterwards.
 */
export const record = Effect.gen(function* () {
  const root = yield* temporary
  const [home, workspace, file] = [join(root, "home"), join(root, "ws"), join(root, "session.jsonl")]
  const prompt = encode({ instructions: "Be brief.", includeDateTime: true })
  const written = Effect.gen(function* () {
    const server = yield* serve(...replies)
    for (const directory of [home, workspace, join(workspace, ".parley"), join(home, ".config/parley")])
      mkdirSync(directory, { recursive: true })
    const config = { model: "anthropic/claude-sonnet-5-5", permissions: { "*": "allow" } }
    writeFileSync(join(home, ".config/parley/config.json"), encode(config), { mode: 0o600 })
    writeFileSync(join(workspace, ".parley/prompt.json"), prompt)
    writeFileSync(join(workspace, ".parley/context.json"), encode({ include: ["a.md"] }))
    writeFileSync(join(workspace, "a.md"), "The file a.\n")
    const env = { HOME: home, ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: server.url, TZ: "UTC" }
    const setup = yield* Setup.load({ env, directory: workspace, isExact: true })
    const id = yield* Effect.gen(function* () {
      const sessions = yield* SessionManager
      const coordinator = yield* SessionCoordinator
      const { id } = yield* sessions.create({ workspace })
      for (let round = 1; round <= rounds; round++) {
        if (round % 5 === 0) writeFileSync(join(workspace, "a.md"), `The file a in round ${round}.\n`)
        const message = { sessionId: id, request: `Nachricht ${round}: @a.md` }
        if (round !== cancelled) yield* Stream.runDrain(coordinator.stream(message))
        else {
          yield* coordinator.submit(message)
          yield* Stream.runDrain(
            Stream.takeUntil(
              coordinator.events(id),
              ({ event }) => event._tag === "TurnDelta" && event.turnId === `r${round}t1`
            )
          )
          yield* coordinator.cancel(id)
        }
      }
      return id
    }).pipe(Effect.provide(Engine.layer(setup, "stored", EngineRecording.layer(setup, file))))
    return { id, database: setup.user.databaseFile, requests: server.received.length }
  }).pipe(Effect.scoped)
  const done = yield* written
  rmSync(workspace, { recursive: true, force: true })
  return { ...done, file, root }
})
