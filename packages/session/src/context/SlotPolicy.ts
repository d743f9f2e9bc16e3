import type { DynamicSlot } from "@parley/domain/DynamicContextManager"
import type { SessionState, SlotMemory } from "../log/SessionState.ts"

/** The circumstances under which a slot's policy is evaluated. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Digest of the files of the context. */
  readonly files: string
  /** Ids of slots that the message requests to refresh; `*` means all. */
  readonly refresh: ReadonlyArray<string>
}

export const inputOf = (slot: DynamicSlot): string => JSON.stringify(slot.input)

/**
 * The slot's last value, if it came from the same tool and input. Otherwise the declaration has changed and there is no
 * value.
 */
export const remembered = ({ slots }: SessionState, slot: DynamicSlot): SlotMemory | undefined => {
  const memory = slots.get(slot.id)
  return memory?.tool === slot.tool && memory.input === inputOf(slot) ? memory : undefined
}

/** Describes to people when a value was resolved. */
export const since = ({ at, roundId }: SlotMemory, now: number): string =>
  now < at ? `in ${roundId}, when the clock was ahead of now` : `in ${roundId}, ${Math.floor((now - at) / 1000)} s ago`

/** Whether a slot's tool is called now, with the reason for people. */
export interface Decision {
  readonly asks: boolean
  readonly why: string
}

const asks = (why: string): Decision => ({ asks: true, why })

/**
 * Applies a slot's `refresh` policy. If the clock went backwards, the age of the value is unknown and it counts as
 * expired.
 */
export const decide = (
  slot: DynamicSlot,
  memory: SlotMemory | undefined,
  { files, now, refresh }: Moment
): Decision => {
  const policy = slot.refresh ?? "round"
  if (policy === "round") return asks("resolved for this round")
  if (refresh.includes("*") || refresh.includes(slot.id))
    return asks("resolved for this round: the message asks for it")
  if (memory === undefined) return asks("resolved for this round: it has no value yet")
  const kept = (when: string): Decision => ({ asks: false, why: `kept: resolved ${since(memory, now)}; ${when}` })
  if (policy === "demand") return kept("refreshed when a message asks for it")
  if (policy === "change")
    return memory.files === files
      ? kept("refreshed when a file of the context changes")
      : asks("resolved for this round: files of the context have changed")
  const age = now - memory.at
  return age >= 0 && age < policy.seconds * 1000
    ? kept(`refreshed every ${policy.seconds} s`)
    : asks(`resolved for this round: what was resolved ${since(memory, now)}, is kept for ${policy.seconds} s at most`)
}
