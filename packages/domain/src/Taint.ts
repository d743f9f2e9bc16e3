import { isTainted, type Segment } from "./ContextManifest.ts"
import type { Message } from "./Message.ts"
import type { Origins } from "./Origins.ts"
import type { Baseline } from "./SessionEvent.ts"

/**
 * Tracks whether requests are tainted. Adding a message costs work for that message only; all messages are checked again
 * only after something was removed from them.
 */
export class Taint {
  private stable = false
  private messages: boolean | undefined = false
  /**
   * Whether the request of the latest turn was tainted. If the log does not contain the start of the turn, it counts as
   * tainted.
   */
  turn = true
  private readonly origins: Origins

  constructor(origins: Origins) {
    this.origins = origins
  }

  copy(): Taint {
    return Object.assign(new Taint(this.origins), this)
  }

  /** Takes a new baseline into account. Tool definitions are reviewed, so they do not taint it. */
  rebase({ baseline, manifest }: { readonly baseline?: Baseline; readonly manifest: ReadonlyArray<Segment> }): void {
    if (baseline !== undefined) this.stable = isTainted(manifest.filter(({ part }) => part === "system"))
  }

  add(message: Pick<Message, "content">): void {
    if (this.origins.fromOutside(message)) this.messages = true
  }

  /** To be called when messages are removed from requests, or included again. */
  changed(): void {
    this.messages = undefined
  }

  /** Whether a request with these messages is tainted. `whole` returns all its messages and is called only if needed. */
  of(whole: () => ReadonlyArray<Message>): boolean {
    if (this.stable) return true
    this.messages ??= whole().some((message) => this.origins.fromOutside(message))
    return this.messages
  }
}
