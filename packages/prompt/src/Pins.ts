import { type Provenance, together } from "@parley/domain/Provenance"
import type { PinKind } from "@parley/domain/SessionEvent"
import { type Section, titled } from "./Section.ts"

/**
 * Pinned text: the user keeps it in the context through compactions.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pin {
  readonly kind: PinKind
  readonly text: string
  /** Who wrote it. Default: the user. */
  readonly provenance?: Provenance
}

const words: { readonly [K in PinKind]: string } = {
  goal: "Goal",
  constraint: "Constraint",
  "open-work": "Open work"
}

/**
 * Renders the pinned texts: goals first, then constraints, then open work, each in the order in which they were pinned.
 *
 * @since 0.1.0
 * @category functions
 */
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
