// Measures which part of its requests a prompt cache can serve: one session of 200 rounds through the real engine, with
// files that change between the rounds.
//   pnpm cache [--rounds 200] [--seed 1]      --write   put the result into docs/evidence/cache.md
import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import * as Plan from "./plan.ts"
import * as Prompt from "./prompt.ts"
import { type Row, report } from "./report.ts"
import { serve } from "./server.ts"
import { dateOf, run } from "./session.ts"
import * as Simulation from "./simulation.ts"
import { workspace } from "./workspace.ts"

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false }
  }
})
const [count, seed] = [Number(values.rounds), Number(values.seed)]

const unmarked = (body: string): Buffer => Buffer.from(body.replaceAll(',"cache_control":{"type":"ephemeral"}', ""))

/** The length in bytes of the common prefix of two texts. */
const common = (a: Buffer, b: Buffer): number => {
  let [from, to] = [0, Math.min(a.length, b.length)]
  while (from < to) {
    const middle = Math.ceil((from + to) / 2)
    if (a.subarray(from, middle).equals(b.subarray(from, middle))) from = middle
    else to = middle - 1
  }
  return from
}

const program = Effect.gen(function* () {
  const plan = Plan.make(seed, count)
  const here = yield* workspace(plan)
  const caches = {
    parley: Simulation.make(),
    automatic: Simulation.make(),
    naive: Simulation.make(),
    naiveByDay: Simulation.make()
  }
  const rows: Array<Row> = []
  let round = 0
  let turn = 0
  let before: Buffer = Buffer.alloc(0)

  const url = yield* serve((body) => {
    const prompt = Prompt.sent(body)
    const date = dateOf(round)
    const now = unmarked(body)
    const charged = caches.parley(prompt)
    rows.push({
      round: round + 1,
      body: Buffer.byteLength(body),
      same: common(before, now),
      rest: before.length - common(before, now),
      markers: prompt.marked.length,
      parley: charged,
      automatic: caches.automatic(Prompt.automatic(prompt)),
      naive: caches.naive(Prompt.naive(body, here.system(date.slice(0, 16)))),
      naiveByDay: caches.naiveByDay(Prompt.naive(body, here.system(date.slice(0, 10))))
    })
    before = now
    const answer = plan.rounds[round]?.answers[turn++] ?? { text: "There is nothing more.", calls: [] }
    const tokens = (bytes: number) => Math.ceil(bytes / 4)
    return {
      answer,
      usage: {
        input_tokens: tokens(charged.bytes - charged.read - charged.written),
        cache_read_input_tokens: tokens(charged.read),
        cache_creation_input_tokens: tokens(charged.written)
      }
    }
  })
  const { compactions, session } = yield* run({
    plan,
    workspace: here,
    url,
    time: { now: 0 },
    onRound: (i) => {
      round = i
      turn = 0
    }
  })
  return report(rows, { plan, compactions, session, seed, write: values.write })
})

process.exitCode = await program.pipe(Effect.scoped, Effect.runPromise)
