import * as Http from "@parley/http/Http"
import { listening } from "@parley/harness/listening"
import { all, start, stop, text } from "@parley/harness/wire"
import { Deferred, Effect, Schema, Stream } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import process, { env as ownEnvironment } from "node:process"

/** A Messages API that takes a tenth of a second for a response, or never ends it if the message contains `slow`. */
const model = Effect.gen(function* () {
  const server = createServer((request, response) => {
    const parts: Array<Buffer> = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => {
      response.setHeader("content-type", "text/event-stream")
      response.write(all(start()))
      if (Buffer.concat(parts).toString().includes("slow")) return
      // @effect-diagnostics-next-line globalTimers:off -- a Node callback, outside of any Effect
      setTimeout(() => response.end(all(...text(0, "Twelve apples."), ...stop("end_turn"))), 100)
    })
  })
  return `http://127.0.0.1:${yield* listening(server)}`
})

export const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parley-service-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

export interface Service {
  readonly url: string
  readonly process: ChildProcess
  /** The exit code; -1 if a signal ended the process. */
  readonly exited: Effect.Effect<number>
}

/** Runs the service in a directory, on a free port. */
export const serve = Effect.fnUntraced(function* (cwd: string, grace: string) {
  const env = {
    PATH: ownEnvironment["PATH"],
    HOME: cwd,
    PORT: "0",
    GRACE: grace,
    ANTHROPIC_API_KEY: "sk-ant-none",
    ANTHROPIC_BASE_URL: yield* model
  }
  const listens = yield* Deferred.make<string>()
  const exit = yield* Deferred.make<number>()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [resolve(import.meta.dirname, "../../http.ts")], {
        cwd,
        env,
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  let output = ""
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString()
    const [, url] = /Listening on (http:\S+)/.exec(output) ?? []
    if (url !== undefined) Deferred.doneUnsafe(listens, Effect.succeed(url))
  })
  child.once("exit", (code) => Deferred.doneUnsafe(exit, Effect.succeed(code ?? -1)))
  const service: Service = { url: yield* Deferred.await(listens), process: child, exited: Deferred.await(exit) }
  return service
})

export class Refused extends Schema.TaggedError<Refused>()("Refused", { status: Schema.Int }) {}

const client = Http.make()
const request = (url: string, init: RequestInit) =>
  Effect.tryPromise({
    try: (signal) => client.fetch(url, { ...init, signal }),
    catch: () => new Refused({ status: 0 })
  })
const checked = (response: Response) =>
  response.ok ? Effect.succeed(response) : Effect.fail(new Refused({ status: response.status }))

const Reply = Schema.fromJsonString(
  Schema.Struct({ id: Schema.optionalKey(Schema.String), roundId: Schema.optionalKey(Schema.String) })
)
const body = (message: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(message)
})

/** Sends JSON, and returns what the service answers. `Refused` has the status, or 0 if there was no response. */
export const post = (url: string, message: unknown = {}) =>
  request(url, body(message)).pipe(
    Effect.flatMap(checked),
    Effect.flatMap((response) =>
      Effect.tryPromise({ try: () => response.text(), catch: () => new Refused({ status: 0 }) })
    ),
    Effect.flatMap((reply) => Effect.orDie(Schema.decodeEffect(Reply)(reply)))
  )

export interface ServerSentEvent {
  readonly id: number
  readonly event: string
}

/** The events of a response. When the stream is not read further, the connection is closed. */
const events = (url: string, init: RequestInit): Stream.Stream<ServerSentEvent, Refused> =>
  Stream.unwrap(
    Effect.map(Effect.flatMap(request(url, init), checked), ({ body }) =>
      Stream.fromReadableStream({
        evaluate: () => body ?? new ReadableStream<Uint8Array>(),
        onError: () => new Refused({ status: 0 })
      })
    )
  ).pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((line) => /^(id|event): /.test(line)),
    Stream.grouped(2),
    Stream.map(([id, event]) => ({ id: Number(id?.slice(4)), event: event?.slice(7) ?? "" }))
  )

export const follow = (url: string, after?: number) =>
  events(url, after === undefined ? {} : { headers: { "last-event-id": String(after) } })
export const stream = (url: string, message: unknown) => events(url, body(message))
