/** Milliseconds that are spent on what a server says before anything else may run. */
const slice = 3

/**
 * Handles what comes in one after the other. A server that never stops talking has its turn again when everybody else has had
 * theirs, and is held until then, so that what waits stays small.
 */
export const makeInbox = <A>(handle: (item: A) => void, hold: (held: boolean) => void) => {
  let waiting: Array<A> = []
  let next = 0
  const turn = { begun: false, until: 0, over: false }

  /** Whether nothing is left. */
  const drain = (until: number): boolean => {
    for (const item of waiting.slice(next)) {
      if (performance.now() >= until) return false
      next += 1
      handle(item)
    }
    waiting = []
    next = 0
    return true
  }
  // The slice is that of a whole turn of the loop: in one turn a pipe may be read dozens of times.
  const read = (): void => {
    if (!turn.begun) {
      turn.begun = true
      turn.until = performance.now() + slice
      setImmediate(end)
    }
    turn.over = !drain(turn.until)
    hold(turn.over)
  }
  const end = (): void => {
    turn.begun = false
    if (turn.over) read()
  }
  return {
    add: (item: A): void => void waiting.push(item),
    /** To be called when something has been added. */
    read: (): void => {
      if (!turn.over) read()
    },
    /** Handles all that is left, at once. */
    finish: (): void => void drain(Infinity)
  }
}
