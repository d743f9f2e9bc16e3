import type { Declared, Program, SlotId } from "./SlotPrograms.ts"

/** What the tool of a slot says, told apart by the call's tool and input. */
export const valueOf = (value: string, { tool, version }: Declared): string => `${value} ${tool}${version}`

/** What the last word on a slot must be in the next request. */
export type Expected =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Failure" }
  | { readonly _tag: "Gone" }

interface Known {
  readonly text: string
  readonly at: number
  readonly files: number
  readonly call: string
}

/** The policies by the book, beside the engine: who is asked, and what each slot comes to. */
export class SlotOracle {
  readonly declared = new Map<SlotId, Declared>()
  readonly values = new Map<SlotId, string>()
  files = 1
  now = 0
  private readonly known = new Map<SlotId, Known>()

  constructor({ declared }: Program) {
    this.declared.set("a", declared.a).set("b", declared.b)
  }

  private due(id: SlotId, { refresh }: Declared, known: Known | undefined, asked: string): boolean {
    if (known === undefined || asked === "*" || asked === id) return true
    if (typeof refresh === "object") return this.now < known.at || this.now - known.at >= refresh.seconds * 1000
    return refresh === "change" ? known.files !== this.files : refresh !== "demand"
  }

  round(refresh: string) {
    const asked: Array<SlotId> = []
    const expected = new Map<SlotId, Expected>()
    let fails = false
    for (const [id, declared] of this.declared) {
      const call = `${declared.tool}${declared.version}`
      const last = this.known.get(id)
      const known = last?.call === call ? last : undefined
      const keep = (text: string | undefined): Expected =>
        text === undefined ? { _tag: "Failure" } : { _tag: "Text", text }
      if (!this.due(id, declared, known, refresh)) {
        expected.set(id, keep(known?.text))
        continue
      }
      asked.push(id)
      const value = this.values.get(id) ?? "one"
      if (value !== "fails") {
        const text = valueOf(value, declared)
        this.known.set(id, { text, at: this.now, files: this.files, call })
        expected.set(id, keep(text))
        continue
      }
      if (declared.onFailure === "fail") fails = true
      if (declared.onFailure === "drop") expected.set(id, { _tag: "Gone" })
      else expected.set(id, keep(declared.onFailure === "stale" ? known?.text : undefined))
    }
    return { asked, expected, fails }
  }
}
