import { isTainted, type Segment } from "./ContextManifest.ts"
import type { Message } from "./Message.ts"
import type { Origins } from "./Origins.ts"
import type { Baseline } from "./SessionEvent.ts"

/**
 * Whether requests are tainted. What is added costs work for itself; the messages are looked through again only after
 * something was taken out of them.
 */
export class Taint {
  private stable = false
  private messages: boolean | undefined = false
  /** Of the request of the latest turn. A turn whose beginning the log does not hold counts as tainted. */
  turn = true
  private readonly origins: Origins

  constructor(origins: Origins) {
    this.origins = origins
  }

  copy(): Taint {
    return Object.assign(new Taint(this.origins), this)
  }

  /** A new stable part. Definitions of tools are reviewed, and taint nothing. */
  rebase({ baseline, manifest }: { readonly baseline?: Baseline; readonly manifest: ReadonlyArray<Segment> }): void {
    if (baseline !== undefined) this.stable = isTainted(manifest.filter(({ part }) => part === "system"))
  }

  add(message: Pick<Message, "content">): void {
    if (this.origins.fromOutside(message)) this.messages = true
  }

  /** Some of the messages are not sent any more, or are sent again. */
  changed(): void {
    this.messages = undefined
  }

  /** Of the request that holds these messages. `whole` are all that were added, as they are sent. */
  of(whole: () => ReadonlyArray<Message>): boolean {
    if (this.stable) return true
    this.messages ??= whole().some((message) => this.origins.fromOutside(message))
    return this.messages
  }
}
