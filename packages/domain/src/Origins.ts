import type { Block, ToolResult, UserBlock } from "./Content.ts"
import type { RoundId } from "./Ids.ts"
import type { Message } from "./Message.ts"
import { pieces, type Provenance, type Stretch, together } from "./Provenance.ts"
import type { EventOf } from "./SessionEvent.ts"

/**
 * The origin of a block of a history: its source, its round and its author.
 *
 * @since 0.1.0
 * @category models
 */
export interface Origin {
  /** For example `file:a.md`, `request`, `answer:r2t1` or `result:fs_read:r2t1c1`. */
  readonly source: string
  readonly roundId: RoundId
  readonly why?: string | undefined
  /** Who wrote it. `outside` also if only a part of it comes from outside. */
  readonly provenance: Provenance
  /** For a block of a user message: the parts of it that come from outside. */
  readonly outside?: ReadonlyArray<Stretch>
}

/**
 * Records the origins of blocks. Blocks are compared by identity, because blocks with equal text may have different
 * origins.
 *
 * @since 0.1.0
 * @category models
 */
export class Origins {
  private readonly known = new WeakMap<Block, Origin>()

  /** The origin of this block; undefined if none was recorded. */
  get(block: Block): Origin | undefined {
    return this.known.get(block)
  }

  /** Records the origin of these blocks. */
  note(blocks: ReadonlyArray<Block>, origin: Origin): void {
    for (const block of blocks) this.known.set(block, origin)
  }

  /**
   * Records a user message. If it was stored before provenance existed, its author is unknown and it counts as `outside`.
   */
  noteRequest({ outside, request, roundId }: EventOf<"RoundStarted">): void {
    this.noteUser(request, outside, { source: "request", roundId })
  }

  /** Records a message that was delivered during the round. */
  noteDelivered({ messageId, outside, request, roundId }: EventOf<"MessageDelivered">): void {
    this.noteUser(request, outside, { source: `steer:${messageId}`, roundId, why: "the user sent it during the round" })
  }

  private noteUser(
    request: ReadonlyArray<UserBlock>,
    outside: ReadonlyArray<Stretch> | undefined,
    origin: Pick<Origin, "source" | "roundId" | "why">
  ): void {
    for (const [i, block] of request.entries()) {
      const own = outside?.filter((stretch) => stretch.block === i)
      const text = block._tag === "Text" ? block.text : block.data
      const provenance = own === undefined ? "outside" : together(pieces(text, own), "user")
      this.note([block], { ...origin, provenance, ...(own === undefined ? {} : { outside: own }) })
    }
  }

  /** Records that Parley's own text replaces the content of a result. Returns the replacement. */
  replace(result: ToolResult, instead: ToolResult): ToolResult {
    const origin = this.known.get(result)
    if (origin !== undefined) this.known.set(instead, { ...origin, provenance: "parley" })
    return instead
  }

  /** Who wrote the block. A block without a recorded origin is from outside. */
  provenance(block: Block): Provenance {
    return this.known.get(block)?.provenance ?? "outside"
  }

  /** Whether any block of the message is from outside. */
  fromOutside(message: Pick<Message, "content">): boolean {
    return message.content.some((block) => this.provenance(block) === "outside")
  }
}
