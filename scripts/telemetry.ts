// Shows the telemetry of one round (two tools and a retry), and measures what a chunk costs with telemetry on and off.
// usage: node scripts/telemetry.ts [--chunks 20000] [--rounds 7] [--write]
import { writeFileSync } from "node:fs"
import { cpus, loadavg, release, type } from "node:os"
import process from "node:process"
import { parseArgs } from "node:util"
import { DateTime, Effect, Layer, Stream } from "effect"
import { Overloaded } from "../packages/domain/src/ModelError.ts"
import { PromptManager } from "../packages/domain/src/PromptManager.ts"
import { SessionManager } from "../packages/domain/src/SessionManager.ts"
import { SessionCoordinator } from "../packages/session/src/round/SessionCoordinator.ts"
import { telemetry } from "../packages/session/test/support/Telemetry.ts"
import { Chunks, ScriptedModel, ScriptedTools } from "../packages/testing/src/index.ts"

const { values } = parseArgs({
  options: {
    chunks: { type: "string", default: "20000" },
    rounds: { type: "string", default: "7" },
    write: { type: "boolean", default: false }
  }
})
const { call, finish, text } = Chunks
const { failing, turn } = ScriptedModel

const world = (turns: ReadonlyArray<ScriptedModel.Turn>, layer: Layer.Layer<never>) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge([
      ScriptedModel.layer(turns, { price: { input: 3, output: 15 } }),
      ScriptedTools.layer({ read: ScriptedTools.says("content"), search: ScriptedTools.echo }),
      SessionManager.layerMemory,
      PromptManager.layerMemory({ instructions: "Be brief." })
    ]),
    Layer.provideMerge(layer)
  )

const inside = <A, E, R, L>(layer: Layer.Layer<L>, effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(Layer.build(layer), (built) => Effect.provideContext(effect, built)))

const send = Effect.gen(function* () {
  const { id } = yield* Effect.flatMap(SessionManager, (sessions) => sessions.create({}))
  return yield* SessionCoordinator.use((coordinator) => coordinator.handleMessage({ sessionId: id, request: "go" }))
})

const shown = () => {
  const { layer, lines, metrics, tree } = telemetry()
  const turns = [
    failing(new Overloaded({ detail: "529" })),
    turn(text(0, "Looking."), call(1, "read", { path: "a" }), call(2, "search", { query: "b" }), [
      finish("tool-calls")
    ]),
    turn(text(0, "Done."), [finish("end")])
  ]
  const seen = Effect.gen(function* () {
    yield* send
    const block = (title: string, all: ReadonlyArray<string>) => `## ${title}\n\n\`\`\`\n${all.join("\n")}\n\`\`\`\n`
    return [block("Spans", tree()), block("Log lines", lines), block("Metrics", yield* metrics)].join("\n")
  })
  return inside(world(turns, layer), seen)
}

/** CPU microseconds of a round whose response has this many chunks, each as if it came in a network read of its own. */
const cost = (layer: Layer.Layer<never>, chunks: number) => {
  const stream = Stream.fromIterable([...Array.from({ length: chunks }, () => text(0, "word ")), [finish("end")]]).pipe(
    Stream.rechunk(1),
    Stream.flatMap((some) => Stream.fromArray(some))
  )
  const used = Effect.gen(function* () {
    const before = process.cpuUsage()
    yield* send
    const { system, user } = process.cpuUsage(before)
    return system + user
  })
  return inside(world([stream], layer), used)
}

const median = (all: ReadonlyArray<number>): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

const measured = Effect.gen(function* () {
  const chunks = Number(values.chunks)
  const perChunk = (layer: () => Layer.Layer<never>) =>
    Effect.gen(function* () {
      const few = yield* cost(layer(), 1)
      return ((yield* cost(layer(), chunks + 1)) - few) / chunks
    })
  const on: Array<number> = []
  const off: Array<number> = []
  for (let round = 0; round < Number(values.rounds); round++) {
    off.push(yield* perChunk(() => Layer.empty))
    on.push(yield* perChunk(() => telemetry().layer))
  }
  const [without, with_] = [median(off.slice(1)), median(on.slice(1))]
  return `## Cost of a chunk

${chunks} chunks of a response, each in a read of its own, in memory; median of ${on.length - 1} interleaved rounds after a first one.

| telemetry | CPU µs per chunk |
| --- | ---: |
| off | ${without.toFixed(2)} |
| on: all spans, metrics, log lines at debug level | ${with_.toFixed(2)} |
| ratio | ${(with_ / without).toFixed(2)} |
`
})

const output = await Effect.runPromise(
  Effect.gen(function* () {
    const machine = `${type()} ${release()}, ${cpus().length} cores, Node ${process.versions.node}`
    const head = `# Telemetry of a round\n\n\`node scripts/telemetry.ts\`, ${DateTime.formatIsoDateUtc(yield* DateTime.now)}, ${machine}, load average ${loadavg()[0]?.toFixed(1)}.\n`
    return [head, yield* shown(), yield* measured].join("\n")
  })
)
process.stdout.write(output)
if (values.write) writeFileSync(new URL("../docs/evidence/telemetry.md", import.meta.url), output)
