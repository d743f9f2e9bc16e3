import type { Block, ToolResult } from "./Content.ts"
import type { RoundId } from "./Ids.ts"
import type { Message } from "./Message.ts"
import { pieces, type Provenance, type Stretch, together } from "./Provenance.ts"
import type { EventOf } from "./SessionEvent.ts"

/** Where a block of a history comes from. */
export interface Origin {
  /** Such as `file:a.md`, `request`, `answer:r2t1` or `result:fs_read:r2t1c1`. */
  readonly source: string
  readonly roundId: RoundId
  readonly why?: string | undefined
  /** Who wrote it; `outside` also when only a part of it is. */
  readonly provenance: Provenance
  /** Of the user's message: which part of the block that is. */
  readonly outside?: ReadonlyArray<Stretch>
}

/** Where the blocks of a history come from. Blocks are told apart as objects: two with the same words may differ in it. */
export class Origins {
  private readonly known = new WeakMap<Block, Origin>()

  get(block: Block): Origin | undefined {
    return this.known.get(block)
  }

  note(blocks: ReadonlyArray<Block>, origin: Origin): void {
    for (const block of blocks) this.known.set(block, origin)
  }

  /** The user's message. Of one that was stored before provenance was, nobody knows who wrote it. */
  noteRequest({ outside, request, roundId }: EventOf<"RoundStarted">): void {
    for (const [i, block] of request.entries()) {
      const own = outside?.filter((stretch) => stretch.block === i)
      const text = block._tag === "Text" ? block.text : block.data
      const provenance = own === undefined ? "outside" : together(pieces(text, own), "user")
      this.note([block], { source: "request", roundId, provenance, ...(own === undefined ? {} : { outside: own }) })
    }
  }

  /** Parley's own words stand in place of what a result held. */
  replace(result: ToolResult, instead: ToolResult): ToolResult {
    const origin = this.known.get(result)
    if (origin !== undefined) this.known.set(instead, { ...origin, provenance: "parley" })
    return instead
  }

  /** What nothing is known of is from outside. */
  provenance(block: Block): Provenance {
    return this.known.get(block)?.provenance ?? "outside"
  }

  /** Whether any block of the message is from outside. */
  fromOutside(message: Pick<Message, "content">): boolean {
    return message.content.some((block) => this.provenance(block) === "outside")
  }
}
