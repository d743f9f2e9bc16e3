import { type Provenance, together } from "@parley/domain/Provenance"
import type { PinKind } from "@parley/domain/SessionEvent"
import { type Section, titled } from "./Section.ts"

/** What a user wants kept in view, whatever is left out of the history. */
export interface Pin {
  readonly kind: PinKind
  readonly text: string
  /** Who wrote it: the user when absent. */
  readonly provenance?: Provenance
}

const words: { readonly [K in PinKind]: string } = {
  goal: "Goal",
  constraint: "Constraint",
  "open-work": "Open work"
}

/** What is pinned, goals first; each kind in the order it was pinned. */
export const pins = (all: ReadonlyArray<Pin>): Section =>
  titled("Pinned by the user", {
    source: "pinned",
    text: (["goal", "constraint", "open-work"] as const)
      .flatMap((kind) => all.filter((pin) => pin.kind === kind))
      .map(({ kind, text }) => `- ${words[kind]}: ${text.trim()}`)
      .join("\n"),
    why: "the user pinned it",
    provenance: together(
      all.map(({ provenance = "user" }) => ({ provenance })),
      "user"
    )
  })
