/** Milliseconds that are spent on the messages of one server before other work may run. */
const slice = 3

/**
 * Handles incoming items in order, in slices of time, so that a server that sends without pause does not block other work.
 * When a slice is over, the rest is handled in a later turn of the event loop. Until then `pauseReading` pauses the server's
 * output, which keeps the queue small.
 */
export const makeInbox = <A>(handle: (item: A) => void, pauseReading: (isPaused: boolean) => void) => {
  let waiting: Array<A> = []
  let next = 0
  const turn = { begun: false, until: 0, over: false }

  /** Returns whether the queue is empty. */
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
  // One slice covers a whole turn of the event loop, because a pipe may be read dozens of times in one turn.
  const read = (): void => {
    if (!turn.begun) {
      turn.begun = true
      turn.until = performance.now() + slice
      setImmediate(end)
    }
    turn.over = !drain(turn.until)
    pauseReading(turn.over)
  }
  const end = (): void => {
    turn.begun = false
    if (turn.over) read()
  }
  return {
    add: (item: A): void => void waiting.push(item),
    /** Call this after adding items. */
    read: (): void => {
      if (!turn.over) read()
    },
    /** Handles all remaining items immediately. */
    finish: (): void => void drain(Infinity)
  }
}
