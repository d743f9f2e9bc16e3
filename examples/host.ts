// A second host, without a terminal: JSON lines on standard input and output.
//   in:  {"message":"Hello"}   {"approve":"r1t1c1","allow":true}
//   out: {"session":…}   {"event":…}   {"question":…}   {"notice":…}   {"error":…}
import { Engine, HostProcess, Notices, Questions, RunRound, SessionChoice, Setup } from "@parley/app"
import { CallId } from "@parley/domain/Ids"
import { Deferred, Effect, FiberSet, Layer, Schema, Stream } from "effect"
import { argv, env, stdin, stdout } from "node:process"
import { createInterface } from "node:readline"

const Message = Schema.Struct({ message: Schema.String })
const Approval = Schema.Struct({ approve: CallId, allow: Schema.Boolean })
const decode = Schema.decodeEffect(Schema.fromJsonString(Schema.Union([Message, Approval])))
const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))
const write = (line: { readonly [kind: string]: unknown }) => Effect.sync(() => void stdout.write(`${encode(line)}\n`))

/** Open questions, each of which waits for a line of standard input with its call id. */
const open = new Map<CallId, Deferred.Deferred<boolean>>()
const nobody = Deferred.makeUnsafe<boolean>()
const refused = { allowed: false, reason: "the user said no" } as const
const questions: Questions = {
  available: true,
  approve: ({ callId, input, roundId, sessionId, tool }) =>
    Effect.gen(function* () {
      const allowed = yield* Deferred.make<boolean>()
      open.set(callId, allowed)
      yield* write({ question: { sessionId, roundId, callId, tool: tool.name, input } })
      return (yield* Deferred.await(allowed)) ? ({ allowed: true, scope: "once" } as const) : refused
    }).pipe(Effect.ensuring(Effect.sync(() => open.delete(callId)))),
  elicit: () => Effect.succeed({ _tag: "Decline" }),
  allowSampling: () => Effect.succeed(refused)
}

const ports = Layer.mergeAll(
  Layer.succeed(Questions, questions),
  Layer.succeed(Notices, { notify: (notice) => write({ notice }) }),
  Layer.succeed(HostProcess, { clientInfo: { name: "json-lines", version: "1.0.0" } })
)

const conversation = Effect.fnUntraced(function* (root: string) {
  const { id: sessionId } = yield* SessionChoice.findOrCreate({ _tag: "New" }, root)
  yield* write({ session: sessionId })
  const rounds = yield* FiberSet.make()
  const take = Effect.fnUntraced(function* (line: typeof Message.Type | typeof Approval.Type) {
    if ("approve" in line) return yield* Deferred.succeed(open.get(line.approve) ?? nobody, line.allow)
    return yield* RunRound.run({ sessionId, request: line.message }, (event) => write({ event })).pipe(
      Effect.catch(({ message }) => write({ error: message })),
      FiberSet.run(rounds)
    )
  })
  const lines = Stream.fromAsyncIterable(createInterface({ input: stdin }), (cause) => new Error(String(cause)))
  const one = (line: string) => Effect.catch(Effect.flatMap(decode(line), take), () => write({ error: "unreadable" }))
  yield* Stream.runForEach(lines, one)
  yield* FiberSet.awaitEmpty(rounds)
}, Effect.scoped)

const main = Effect.gen(function* () {
  const setup = yield* Setup.load({ env, directory: argv[2] ?? "." })
  yield* conversation(setup.workspace.root).pipe(Effect.provide(Layer.provide(Engine.layer(setup), ports)))
})
await Effect.runPromise(main)
