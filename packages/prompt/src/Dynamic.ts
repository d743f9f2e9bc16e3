import { type ResultContent, textOf, type UserBlock } from "@parley/domain/Content"
import type { DynamicResult } from "@parley/domain/SessionContext"
import { absent, digest, segment } from "./Digest.ts"
import { fence } from "./Fence.ts"
import type { Digests, Part } from "./Part.ts"

const words = (result: ReadonlyArray<ResultContent>): string => {
  const other = result.filter((block) => block._tag !== "Text").map((block) => `[${block.mediaType}, below]`)
  return [textOf(result), ...other].filter((text) => text !== "").join("\n")
}

/** Results and error messages of tools come from outside, no matter who declared the slot. */
const provenance = "outside"

const textFor = (entry: DynamicResult): string =>
  fence(
    "context",
    { name: entry.slot, tool: entry.toolName, ...(entry.isError ? { error: "true" } : {}) },
    words(entry.result)
  )

const one = (entry: DynamicResult): { readonly digest: string; readonly part: Part } => {
  const source = `dynamic:${entry.slot}`
  const text = textFor(entry)
  const media = entry.result.flatMap((block): ReadonlyArray<Exclude<UserBlock, { readonly _tag: "Text" }>> =>
    block._tag === "Text" ? [] : [block]
  )
  return {
    digest: digest([text, ...media.map(({ data }) => data)].join("\n")),
    part: {
      blocks: [{ _tag: "Text", text }, ...media],
      segments: [
        segment("round", { source, text, why: entry.why, provenance }),
        ...media.map(({ data }) => segment("round", { source, text: data, provenance }))
      ]
    }
  }
}

/**
 * Renders the values of slots that the model has not received in their current form. `shown` has the digests of what it has
 * received; `slots` of the result has the digests to add to these.
 *
 * @since 0.1.0
 * @category conversions
 */
export const render = (entries: ReadonlyArray<DynamicResult>, shown: Digests): Part & { readonly slots: Digests } => {
  const blocks: Array<UserBlock> = []
  const segments: Array<Part["segments"][number]> = []
  const slots: Record<string, string> = {}
  const add = (part: Part) => {
    blocks.push(...part.blocks)
    segments.push(...part.segments)
  }
  const present = entries.filter(({ state }) => state !== "dropped")
  for (const entry of entries) {
    const source = `dynamic:${entry.slot}`
    if (entry.state === "dropped") {
      segments.push(absent("round", source, entry.why))
      continue
    }
    const { digest, part } = one(entry)
    if (shown[entry.slot] === digest) {
      segments.push(absent("round", source, `${entry.why}; the same as shown before, so not sent again`))
      continue
    }
    slots[entry.slot] = digest
    add(part)
  }
  const there = new Set(present.map(({ slot }) => slot))
  for (const slot of Object.keys(shown)
    .filter((slot) => shown[slot] !== "" && !there.has(slot))
    .sort()) {
    slots[slot] = ""
    const text = `The context ${JSON.stringify(slot)} is no longer there.`
    add({
      blocks: [{ _tag: "Text", text }],
      segments: [
        segment("round", {
          source: `dynamic:${slot}`,
          text,
          why: "the model was shown a value that counts no more",
          provenance
        })
      ]
    })
  }
  return { blocks, segments, slots }
}
